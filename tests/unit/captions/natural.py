"""What people really say, short and odd as it may be: no guard may take it from a reader.

Of each utterance the seconds that it takes when it is said quickly.
"""

from __future__ import annotations

from pathlib import Path

NATURAL: list[tuple[str, str, float]] = [
    # Short answers
    ("en", "Yes.", 0.25),
    ("en", "No.", 0.25),
    ("en", "Okay.", 0.3),
    ("de", "Ja, genau.", 0.5),
    ("fr", "Oui, d'accord.", 0.5),
    ("es", "Sí, claro.", 0.4),
    ("it", "Va bene.", 0.35),
    ("pt-BR", "Tá bom.", 0.35),
    ("ru", "Да.", 0.2),
    ("pl", "Tak, dokładnie.", 0.6),
    ("ja", "はい。", 0.25),
    ("ja", "そうですね。", 0.5),
    ("ko", "네.", 0.2),
    ("zh", "好的。", 0.3),
    ("ar", "نعم.", 0.25),
    ("hi", "हाँ जी।", 0.4),
    ("th", "ใช่ครับ", 0.4),
    # Thanks, greetings, goodbyes: what models also invent
    ("en", "Thank you.", 0.3),
    ("en", "Thank you. Thank you very much.", 1.0),
    ("en", "Thanks for watching!", 0.7),
    ("en", "Bye bye.", 0.35),
    ("en", "You.", 0.2),
    ("en", "Please subscribe to our channel.", 1.1),
    ("de", "Vielen Dank.", 0.4),
    ("de", "Guten Morgen zusammen, schön, dass Sie da sind.", 1.8),
    ("fr", "Merci d'avoir regardé cette vidéo.", 1.1),
    ("es", "Muchas gracias a todos por venir.", 1.3),
    ("ru", "Спасибо за внимание.", 0.8),
    ("ru", "Продолжение следует.", 0.9),
    ("ja", "ご視聴ありがとうございました", 1.3),
    ("ja", "ありがとうございました。", 0.9),
    ("ko", "시청해주셔서 감사합니다.", 1.2),
    ("zh", "谢谢大家。", 0.5),
    ("tr", "Abone olmayı unutmayın.", 1.0),
    # Laughter, hesitation, insistence
    ("en", "Ha ha ha ha ha ha ha ha.", 1.4),
    ("en", "ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha", 3.2),
    ("en", "Hahahahahahahaha!", 1.4),
    ("en", "No no no, that is not what I said.", 1.5),
    ("en", "No, no, no, no, no, no.", 1.0),
    ("en", "It was very very very very good.", 1.3),
    ("en", "Um, um, I, I, I think, uh, I think so.", 2.0),
    ("en", "Yeah, yeah, yeah, yeah, yeah.", 1.1),
    ("en", "Noooooooo!", 1.0),
    ("de", "Ja ja ja ja ja, schon gut.", 1.4),
    ("es", "Ja ja ja ja ja ja.", 1.2),
    ("zh", "哈哈哈哈哈哈哈哈", 1.4),
    ("zh", "对对对对对，没错。", 1.2),
    ("ja", "はいはいはいはい、わかりました。", 1.6),
    ("ja", "いやいやいやいや", 1.0),
    ("ko", "ㅋㅋㅋㅋㅋㅋ", 1.0),
    ("pt", "kkkkkkkkkk", 1.0),
    # Counting, spelling, trying the microphone
    ("en", "One, two, three, four, five, six, seven, eight, nine, ten.", 2.2),
    ("en", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20", 5.0),
    ("en", "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z", 4.0),
    ("en", "W-W-W dot example dot org slash A-B-C", 2.4),
    ("en", "zero zero zero zero one two three four", 1.9),
    ("en", "One two, one two, test, test, test, one two.", 2.2),
    ("en", "five six seven eight one two three four one two three four one two three four", 4.0),
    ("ru", "Раз, раз, раз-два-три, раз, раз.", 1.5),
    ("zh", "一二三四五六七八九十", 1.8),
    ("en", "100%", 0.9),
    ("en", "+", 0.4),
    # Songs, poems, chants, prayers
    (
        "en",
        "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily",
        8.0,
    ),
    ("en", "Happy birthday to you, happy birthday to you, happy birthday, dear Ana", 9.0),
    ("en", "La la la la la la la la la la", 2.4),
    ("en", "Jingle bells, jingle bells, jingle all the way", 3.0),
    ("en", "USA! USA! USA! USA! USA! USA!", 5.0),
    ("en", "Holy, holy, holy, Lord God Almighty", 3.0),
    ("en", "Tomorrow, and tomorrow, and tomorrow, creeps in this petty pace from day to day.", 4.0),
    ("fr", "Frère Jacques, Frère Jacques, dormez-vous, dormez-vous ? Ding, ding, dong.", 11.0),
    ("it", "Bella ciao, bella ciao, bella ciao ciao ciao", 3.0),
    ("de", "Alle meine Entchen schwimmen auf dem See, schwimmen auf dem See", 4.0),
    # Long words, fast speech, other scripts
    ("de", "Das Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz.", 3.0),
    ("fi", "Lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas.", 3.5),
    ("es", "Pues es que no sé qué te ha dicho que no te lo he dicho yo ya.", 2.6),
    ("ja", "私たちは来週の月曜日に新しいバージョンを公開する予定です。", 3.2),
    ("zh", "我们计划下周一发布新版本，请大家提前做好测试。", 3.2),
    ("th", "สวัสดีครับ วันนี้เราจะมาคุยกันเรื่องแผนงานของสัปดาห์หน้า", 3.2),
    ("ko", "다음 주 월요일에 새 버전을 공개할 예정입니다.", 2.4),
    ("en", "Привет, Анна.", 0.7),
    ("ru", "Kubernetes и PostgreSQL.", 1.4),
    # Talk of what guards look for
    ("en", "Whisper writes subtitles by the Amara.org community where nobody speaks.", 3.8),
    ("en", "We had the subtitles made by the community on Amara.org.", 2.8),
    ("en", "The subtitles were made by Anna.", 1.5),
    ("de", "Die Untertitel im ersten Programm sind vom WDR.", 2.3),
    ("fr", "Merci d'avoir regardé le rapport avant la réunion.", 2.2),
    ("en", "Silence!", 0.5),
    ("en", "[inaudible]", 0.8),
    ("en", "[laughter]", 0.8),
    ("en", "Copyright is a difficult matter.", 1.5),
]

DEMO = (Path(__file__).parents[3] / "captioner" / "demo" / "speech.txt").read_text(encoding="utf-8")
DEMO_WORDS_A_SECOND = 2.8

TECHNICAL = (
    "Kubernetes Kubeflow Postgres Grafana Prometheus Terraform Ansible Jenkins Docker GitHub Redis "
    "Kafka Elasticsearch TensorFlow PyTorch Airflow Cassandra Snowflake Databricks OpenShift "
    "CloudFormation GraphQL WebAssembly MongoDB RabbitMQ Nginx Consul Vector Captioner"
).split() + ["machine learning"]
"""What an organiser may expect to be said."""

"""What models of speech write where nobody speaks, learnt from the subtitles of films.

Sentences are compared by their words alone, without case, punctuation or spaces.
"""

from __future__ import annotations

import re

from captioner.captions.pace import script_of
from captioner.captions.words import clean, words

_EMOJI_STYLE = "\ufe0f"
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])\s*")

# Only names that models are known to write: "subtitles by Anna" may well be said.
_CREDITS = re.compile(
    "|".join(
        (
            r"(subtitles|captions)(created|made|provided)?by(the)?amaraorg(community)?",
            r"(subtitles|captioning|transcription)by(aimedia|castingwords|cbcradiocanada)",
            r"(transcribed|transcripted|captioned|subtitled)by(https?)?(otterai|aimedia)",
            r"untertitel(ung)?(der|von|durchdie)?(amaraorgcommunity|stephaniegeiges|aimedia)",
            r"untertitel(ung)?(des|imauftragdes)(zdf|wdr|swr|ndr|mdr|br|ard)(fürfunk)?(\d{4})?",
            r"(ardtext)imauftragvonfunk(\d{4})?|copyright(wdr|swr|ndr)(\d{4})?",
            r"soustitr(es|age)(créés|faits|réalisés)?par(a)?(lacommunautéd|lessoustitreurs|l)?amaraorg",
            r"soustitrage(st501|fr(\d{4})?)|(soustitr(age|es))?parsoustitreurcom",
            r"soustitrage(fournis?)?(parla|par)?(société)?radiocanada",
            r"(subtítulos|subtitulos)(creados|realizados|hechos)?porlacomunidaddeamaraorg",
            r"(legendas(pela|dapela)?|legendado)comunidade(de)?amaraorg",
            r"sottotitoli(creatidallacomunità|acuradi|erevisioneacuradi)(amaraorg|qtss)",
            r"ondertitel(d|s|ing)(ingediend)?door(de)?(amaraorg)?gemeenschap|tvgelderland\d{4}",
            r"(undertexter|undertekster)(från|frå|fra|av|af)(amaraorg\w{0,12}|aimedia)",
            r"(tekstet|teksting)avnicolaiwinther|svensktextningnu|undertextningnu",
            r"dansketeksterafjesperbuhlscandinaviantextservice(\d{4})?",
            r"napisystworzoneprzezspołecznośćamaraorg|altyazımk|υπότιτλοιauthorwave",
            r"титрысделалdimatorzok|субтитры\w{4,12}dimatorzok",
            r"редакторсубтитров[а-яё]{2,20}корректор[а-яё]{2,20}|субтитрыподогналкоронован",
            r"(中文)?字幕由amaraorg(社区|社區|社群)提供|字幕by索兰娅|(中文)?字幕志愿者\w{2,8}",
            r"[请請]不吝[点點赐賜][赞贊讚][订訂][阅閱][转轉][发發]打[赏賞]支持明[镜鏡]\w{1,6}",
            r"明镜需要您的支持欢迎收看订阅明镜|优优独播剧场yoyo\w*",
            r"mbc뉴스이덕영입니다|한글자막by한효정|한글자막제공및자막싱크\w*",
            r"ترجمةنانسيقنقر|hãysubscribechokênhlalaschool\w*",
        )
    )
)

_ABOUT_SILENCE = re.compile(
    r"[\[(*]\s*(blank[_ ]audio|silence|no speech|no audio)\s*[\])*]", re.IGNORECASE
)

# People end meetings and broadcasts with the same words. Short answers (yes, okay) are left out:
# a detector may miss them, and they matter.
_ALSO_SAID = (
    # English
    "You|Thank you|Thanks|Thank you very much|Thank you so much|Thank you all|Bye|Bye bye|Goodbye",
    "Oh|I'm sorry|The end|Peace|See you|See you next time|Bye for now|Thank you for your time",
    "Thanks for watching|Thank you for watching|Thank you for watching the video",
    "Thank you so much for watching|Thanks for listening|Thank you for listening|Subscribe",
    "Please subscribe|Please subscribe to my channel|Please subscribe to our channel",
    "Like and subscribe|Don't forget to subscribe|See you in the next video",
    "I'll see you in the next video|We'll be right back|We'll be back in a minute",
    # German, Dutch, Swedish, Danish, Norwegian
    "Vielen Dank|Danke|Danke schön|Tschüss|Vielen Dank fürs Zuschauen|Danke fürs Zuschauen",
    "Vielen Dank für's Zuschauen|Vielen Dank für Ihre Aufmerksamkeit|Bis zum nächsten Mal",
    "Abonniert den Kanal|Dank u wel|Bedankt|Bedankt voor het kijken|Tack|Tack för nu|Hej då",
    "Tack för att ni har tittat|Tack för att ni har tittat på den här videon|Tak fordi du så med",
    # French, Spanish, Portuguese, Italian, Romanian
    "Merci|Merci beaucoup|Au revoir|Merci d'avoir regardé|Merci d'avoir regardé cette vidéo",
    "Merci d'avoir regardé la vidéo|Merci de votre attention|Abonnez-vous|À la prochaine",
    "Abonnez-vous à la chaîne|N'oubliez pas de vous abonner",
    "Gracias|Muchas gracias|Adiós|Gracias por ver el video|Gracias por ver el vídeo",
    "Gracias por ver|Suscríbete|Suscríbete al canal|Nos vemos en el próximo video",
    "Obrigado|Obrigada|Tchau|Obrigado por assistir|E aí|Grazie|Ciao|Grazie per la visione",
    "Grazie per aver guardato il video|Nu uitați să dați like și subscribe",
    # Polish, Turkish, Greek, Russian, Ukrainian
    "Dziękuję|Dziękuję za oglądanie|Dziękuję za uwagę|Teşekkürler|Teşekkür ederim",
    "İzlediğiniz için teşekkürler|İzlediğiniz için teşekkür ederim|Abone olmayı unutmayın",
    "Ευχαριστώ|Ευχαριστώ που παρακολουθήσατε|Спасибо|Пока|Спасибо за внимание|Спасибо за просмотр",
    "Продолжение следует|Продолжение|Подписывайтесь на канал|До свидания|До новых встреч",
    "Дякую|Дякую за перегляд|Дякуємо за перегляд і до зустрічі у наступному відео",
    # Japanese, Chinese, Korean
    "ありがとうございました|ありがとうございます|ありがとう|ご視聴ありがとうございました|おやすみなさい",
    "ご視聴ありがとうございます|ご清聴ありがとうございました|次の動画でお会いしましょう",
    "チャンネル登録をお願いします|チャンネル登録をお願いいたします|チャンネル登録よろしくお願いします",
    "谢谢|謝謝|谢谢大家|謝謝大家|谢谢观看|謝謝觀看|感谢观看|感謝觀看|再见|再見|拜拜",
    "감사합니다|고맙습니다|시청해주셔서 감사합니다|구독과 좋아요 부탁드립니다|다음 영상에서 만나요",
    # Arabic, Hindi
    "شكرا|شكرا على المشاهدة|شكرا للمشاهدة|اشتركوا في القناة|धन्यवाद|शुक्रिया",
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, as its punctuation parts them."""
    return [sentence for sentence in _SENTENCE_END.split(clean(text)) if sentence]


def is_credit(text: str) -> bool:
    """Whether the text is a subtitler's signature, or a note that there is nothing to hear."""
    return bool(_CREDITS.fullmatch(_bare(text)) or _ABOUT_SILENCE.fullmatch(clean(text)))


def is_often_invented(text: str) -> bool:
    """Whether the text is what models write into silence, and people say as well."""
    return _bare(text) in ALSO_SAID


def is_foreign(text: str, language: str) -> bool:
    """Whether no letter of the text can belong to a language (BCP 47); Latin letters always can."""
    scripts = {script_of(letter) for letter in text if letter.isalpha()}
    own = SCRIPTS.get(language.partition("-")[0].lower())
    return own is not None and bool(scripts) and scripts <= _JUDGED - own


def _bare(text: str) -> str:
    return "".join(word.key for word in words(clean(text))).replace(_EMOJI_STYLE, "")


ALSO_SAID = frozenset(_bare(phrase) for line in _ALSO_SAID for phrase in line.split("|"))

_LATIN_ONLY = (
    "af bs ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms mt nb nl nn no pl pt ro "
    "sk sl sq sv sw tl tr vi"
)
SCRIPTS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_LATIN_ONLY.split(), frozenset[str]()),
    **dict.fromkeys("be bg kk mk ru sr uk".split(), frozenset({"CYRILLIC"})),
    **dict.fromkeys("ar fa ur".split(), frozenset({"ARABIC"})),
    **dict.fromkeys("hi mr ne".split(), frozenset({"DEVANAGARI"})),
    "el": frozenset({"GREEK"}),
    "he": frozenset({"HEBREW"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "ko": frozenset({"CJK", "HANGUL"}),
    "th": frozenset({"THAI"}),
    "zh": frozenset({"CJK"}),
}
"""The scripts of a language beside Latin; languages that are not here are not judged."""
_JUDGED = frozenset[str]().union(*SCRIPTS.values())

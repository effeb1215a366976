"""What recognisers make up, and what people say. Made-up text names where it was reported."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.guards import Claim, Verdict, verdict, without_credits, without_loop
from captioner.captions.words import clean
from tests.unit.captions.natural import DEMO, DEMO_WORDS_A_SECOND, NATURAL

PROMPT = "한국어와 English가 섞인 받아쓰기. 영어 단어는 영문으로, 숫자는 아라비아 숫자로 적습니다."
GLOSSARY = "A meeting of engineers about the release. Glossary: Kubernetes, Grafana, etcd, Helm."
KEYWORDS = ("Kubernetes", "Ana Pérez", "Grafana", "etcd", "Helm", "Postgres")


def heard(
    text: str,
    audio_s: float = 5.0,
    voiced_s: float | None = 0.0,
    *,
    language: str = "auto",
    keywords: tuple[str, ...] = (),
    prompt: str = "",
) -> Verdict | None:
    return verdict(Claim(text, audio_s, voiced_s, language, keywords, prompt))


@pytest.mark.parametrize("voiced_s", [None, 0.0, 4.0])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Subtitles by the Amara.org community", id="silverstein/minutes#242"),
        pytest.param("Sous-titres réalisés par la communauté d'Amara.org", id="whisper.cpp#2660"),
        pytest.param("Sous-titres réalisés para la communauté d’Amara.org", id="misspelt"),
        pytest.param("Sottotitoli creati dalla comunità Amara.org.", id="whisper-standalone#144"),
        pytest.param("Ondertitels ingediend door de Amara.org gemeenschap", id="ithaka#96"),
        pytest.param("中文字幕由 Amara.org 社群提供", id="openai/whisper#1838"),
        pytest.param("字幕由Amara.org社区提供", id="simplified"),
        pytest.param("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", id="mpv-sub-fastwhisper#9"),
        pytest.param(
            "请不吝赐赞、订阅、转发、打赏支持《明镜与点点》栏目", id="mpv-sub-fastwhisper#9b"
        ),
        pytest.param("明镜需要您的支持 欢迎收看订阅明镜", id="mpv-sub-fastwhisper#9c"),
        pytest.param("Untertitel im Auftrag des ZDF, 2020", id="faster-whisper#949"),
        pytest.param("Untertitelung des ZDF für funk, 2017.", id="openai/whisper#2608"),
        pytest.param("Untertitel der Amara.org-Community", id="german"),
        pytest.param("ترجمة نانسي قنقر", id="openai/whisper#2608-arabic"),
        pytest.param("Субтитры делал DimaTorzok", id="video-subtitle-generator#29"),
        pytest.param("Субтитры сделал DimaTorzok", id="russian"),
        pytest.param("Редактор субтитров А. Семкин Корректор А. Егорова", id="russian-editor"),
        pytest.param("MBC 뉴스 이덕영입니다.", id="meta-lens-ai#26"),
        pytest.param("Undertekster av Ai-Media", id="zachlatta/freeflow#281"),
        pytest.param("❤️ par SousTitreur.com", id="french-emoji"),
        pytest.param("[ Silence ]", id="whisper_desktop#3"),
        pytest.param("[BLANK_AUDIO]", id="whisper.cpp"),
        pytest.param("SUBTITLES BY THE AMARA.ORG COMMUNITY", id="capitals"),
        pytest.param(".", id="full-stop"),
        pytest.param("…", id="dots"),
        pytest.param("♪♪♪", id="notes"),
        pytest.param("🎵 🎶", id="emoji"),
    ],
)
def test_a_signature_and_text_without_a_word_are_said_by_nobody(
    text: str, voiced_s: float | None
) -> None:
    assert heard(text, voiced_s=voiced_s) == "hallucination"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("you", id="machinelearningZH/audio-transcription#7"),
        pytest.param("Thank you.", id="zachlatta/freeflow#68"),
        pytest.param("Thanks for watching!", id="faster-whisper#826"),
        pytest.param("Thank you for watching! Please subscribe to our channel!", id="minutes#242"),
        pytest.param("See you next time!", id="vocalinux#331"),
        pytest.param("ご視聴ありがとうございました", id="amical#71"),
        pytest.param("おやすみなさい", id="amical#71b"),
        pytest.param("次の動画でお会いしましょう", id="Vexa#617"),
        pytest.param("Abone olmayı unutmayın", id="Vexa#617-turkish"),
        pytest.param("시청해주셔서 감사합니다!", id="pocketshell#452"),
        pytest.param("Tack för nu!\n Tack för nu!\n Tack för nu!", id="whisper.cpp#2539"),
        pytest.param("(Tack för att ni har tittat på den här videon!)", id="whisper.cpp#2539b"),
        pytest.param("Продолжение следует...", id="openwhispr#1458"),
        pytest.param("Спасибо за внимание!", id="video-subtitle-generator#29"),
        pytest.param("nu uitați să dați like și subscribe", id="openai/whisper#2608-romanian"),
        pytest.param("Vielen Dank. Untertitelung des ZDF, 2020", id="with-a-signature"),
    ],
)
def test_thanks_and_goodbyes_are_invented_only_where_nobody_spoke(text: str) -> None:
    assert heard(text, 4.0, 0.0) == "hallucination"
    assert heard(text, 4.0, 3.5) is None or "ZDF" in text
    assert heard(text, 4.0, None) is None


@pytest.mark.parametrize(
    ("text", "language", "voiced_s", "expected"),
    [
        ("나는", "en", 0.0, "hallucination"),  # chidiwilliams/buzz#1500
        ("Только", "en", 0.1, "hallucination"),  # chidiwilliams/buzz#1500
        ("就這樣子", "de-AT", 0.1, "hallucination"),
        ("就這樣子", "ja", 0.1, None),
        ("就這樣子", "auto", 0.1, None),
        ("就這樣子", "xx", 0.1, None),
        ("나는", "en", 1.0, None),  # somebody speaks Korean
        ("Hello", "ja", 0.1, None),  # Latin letters belong everywhere
        ("Hello 나는", "en", 0.1, None),
        ("7", "en", 0.0, None),
    ],
)
def test_a_script_that_the_language_lacks_is_invented_where_nobody_spoke(
    text: str, language: str, voiced_s: float, expected: Verdict | None
) -> None:
    assert heard(text, 4.0, voiced_s, language=language) == expected


@pytest.mark.parametrize(
    ("text", "audio_s", "voiced_s", "expected"),
    [
        # jongwony/cc-plugin#91, y0sif/whisrs#21
        (PROMPT, 3.0, None, "echo"),
        (PROMPT, 8.0, 1.0, "echo"),
        ("영어 단어는 영문으로, 숫자는 아라비아 숫자로 적습니다.", 3.0, 0.3, "echo"),
        (PROMPT + " " + PROMPT, 20.0, 2.0, "echo"),
        # NousResearch/hermes-agent#87157: nearly the prompt
        ("숫자는 아라비아 숫자로 적습니다", 3.0, 0.0, "echo"),
        ("영어 단어는 영문으로 쓰고 숫자도 적습니다.", 4.0, 3.0, None),
        (PROMPT, 8.0, 7.0, None),  # somebody may read it out
        (PROMPT + " " + PROMPT, 16.0, 15.0, "echo"),
        ("그러니까 영어 단어는 제가 다시 확인해 보겠습니다.", 4.0, None, None),
    ],
)
def test_a_run_of_the_prompt_without_a_word_of_its_own_is_an_echo(
    text: str, audio_s: float, voiced_s: float | None, expected: Verdict | None
) -> None:
    assert heard(text, audio_s, voiced_s, prompt=PROMPT) == expected


@pytest.mark.parametrize(
    ("text", "audio_s", "voiced_s", "expected"),
    [
        ("Kubernetes, Ana Pérez, Grafana, etcd, Helm, Postgres", 6.0, 0.4, "echo"),
        ("Kubernetes, Ana Pérez, Grafana, etcd, Helm", 6.0, None, "echo"),
        ("Helm, Postgres, Kubernetes, Ana Pérez", 6.0, None, "echo"),  # round the end
        ("Grafana etcd Helm", 6.0, 0.0, "echo"),
        ("Kubernetes.", 6.0, 0.0, "echo"),
        ("Kubernetes.", 1.0, 0.6, None),
        ("Kubernetes, Ana Pérez.", 6.0, None, None),
        ("Kubernetes, Ana Pérez, Grafana, etcd, Helm, Postgres", 6.0, 4.0, None),  # a roll call
        ("Ana Pérez moved Grafana and Postgres to Kubernetes with Helm.", 4.0, None, None),
        ("Helm, etcd, Grafana, Kubernetes.", 4.0, None, None),
        ("Kubernetes, Ana Pérez, Grafana and etcd", 6.0, None, None),
    ],
)
def test_keywords_in_their_order_and_nothing_else_are_an_echo(
    text: str, audio_s: float, voiced_s: float | None, expected: Verdict | None
) -> None:
    assert heard(text, audio_s, voiced_s, keywords=KEYWORDS) == expected


def test_a_sentence_that_shares_words_with_the_prompt_passes() -> None:
    for text in (
        "This is a meeting of engineers about the release, and I will be short.",
        "Kubernetes and Grafana are in the glossary.",
        "A meeting of engineers about the release.",
    ):
        assert heard(text, 4.0, 3.5, prompt=GLOSSARY) is None


@pytest.mark.parametrize(
    ("text", "audio_s", "voiced_s"),
    [
        pytest.param("you " * 40, 30.0, None, id="screenpipe#4070"),
        pytest.param(
            "I'm going to use the other side of the screen. " * 11, 30.0, None, id="screenpipe#86"
        ),
        pytest.param("I'm going to do this. " * 11, 30.0, 2.0, id="screenpipe#86b"),
        pytest.param("it... " * 100, 20.0, 15.0, id="tinyhumansai/openhuman#553"),
        pytest.param("はい" * 60, 20.0, 15.0, id="amical#154"),
        pytest.param("Oh, " * 15, 8.0, 0.3, id="futo-org/voice-input#19"),
        pytest.param("90\n" * 50, 30.0, None, id="Whisper-WebUI#152"),
        pytest.param("我會在你身邊 做一個很好的朋友 " * 10, 20.0, None, id="Const-me/Whisper#232"),
        pytest.param("Transcribe em estático. " * 28, 81.0, None, id="app-vox/vox#381"),
        pytest.param("So we ship. " + "and then " * 40, 12.0, 9.0, id="after-speech"),
        pytest.param("a" * 400, 10.0, 8.0, id="a-word-without-end"),
        pytest.param(
            " ".join(f"It is used to support the content of this {n}." for n in "abcd" * 20),
            200.0,
            200.0,
            id="minutes#242-with-variations",
        ),
    ],
)
def test_what_goes_round_and_round_is_a_loop(
    text: str, audio_s: float, voiced_s: float | None
) -> None:
    assert heard(text, audio_s, voiced_s) == "loop"


@pytest.mark.parametrize(
    ("text", "audio_s", "voiced_s", "expected"),
    [
        (DEMO, 10.0, 8.0, "rate"),
        (DEMO, 50.0, 40.0, None),
        (DEMO, 50.0, 1.0, "rate"),
        (DEMO, 50.0, 12.0, None),  # a detector hears little of a hoarse voice
        ("We should talk about the release on Monday.", 5.0, 0.0, "rate"),
        ("We should talk about the release on Monday.", 1.6, 1.2, None),
        ("We should talk.", 5.0, 0.0, None),  # a voice may be too faint for a detector
        ("我们计划下周一发布新版本，请大家提前做好测试。", 5.0, 0.1, "rate"),
        ("สวัสดีครับ วันนี้เราจะมาคุยกันเรื่องแผนงานของสัปดาห์หน้า", 5.0, 0.0, "rate"),
    ],
)
def test_more_than_anybody_can_say_in_the_time_is_not_said(
    text: str, audio_s: float, voiced_s: float | None, expected: Verdict | None
) -> None:
    assert heard(text, audio_s, voiced_s) == expected


@pytest.mark.parametrize(
    ("language", "text", "seconds"), NATURAL, ids=lambda value: str(value)[:24]
)
def test_what_people_say_passes(language: str, text: str, seconds: float) -> None:
    for audio_s, voiced_s in (
        (seconds, None),
        (seconds, 0.8 * seconds),
        (seconds + 1.0, seconds),
        (2 * seconds, 1.5 * seconds),
        (30.0, None),
    ):
        claim = Claim(text, audio_s, voiced_s, language, KEYWORDS, GLOSSARY)
        assert verdict(claim) is None


@pytest.mark.parametrize("words", [1, 2, 3, 5, 8, 13, 21, 34])
def test_every_piece_of_real_speech_passes(words: int) -> None:
    spoken = DEMO.split()
    seconds = words / DEMO_WORDS_A_SECOND
    for at in range(len(spoken) - words + 1):
        piece = " ".join(spoken[at : at + words])
        for voiced_s in (None, seconds, 0.6 * seconds):
            assert heard(piece, seconds, voiced_s, language="en", prompt=GLOSSARY) is None


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_no_text_is_no_claim(text: str) -> None:
    assert heard(text) is None


VOCABULARY = sorted({word for _, text, _ in NATURAL if text.isascii() for word in text.split()})
ORDINARY = st.lists(st.sampled_from(VOCABULARY), min_size=2, max_size=60, unique=True)


@given(ORDINARY, st.floats(1.0, 4.5), st.booleans(), st.lists(st.sampled_from(VOCABULARY)))
def test_ordinary_words_at_an_ordinary_rate_pass(
    said: list[str], rate: float, detected: bool, keywords: list[str]
) -> None:
    text = "We " + " ".join(said)
    seconds = max(1.0, len(text.split()) / rate, len(text) / 20)
    voiced_s = seconds if detected else None
    assert heard(text, seconds + 0.5, voiced_s, language="en", keywords=tuple(keywords)) is None


TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from([text for _, text, _ in NATURAL]),
    st.just("é ご, がん " * 20),
)


@given(TEXTS, st.text(" \t\n\u3000\u00a0\u2028", max_size=3), st.floats(0, 30), st.booleans())
def test_neither_space_around_nor_composition_changes_a_verdict(
    text: str, space: str, seconds: float, detected: bool
) -> None:
    voiced_s = seconds / 2 if detected else None
    judged = heard(text, seconds, voiced_s, language="en", prompt=GLOSSARY)
    for form in ("NFC", "NFD"):
        other = space + unicodedata.normalize(form, text) + space
        assert heard(other, seconds, voiced_s, language="en", prompt=GLOSSARY) == judged


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("So we ship. " + "and then " * 40, "So we ship. and then"),
        ("you " * 40, "you"),
        ("Well, it... it... it... it... it... it... went on.", "Well, it... went on."),
        ("はい" * 60 + "。終わり", "はい終わり"),
        ("No, no, no.", "No, no, no."),
        ("a" * 400 + "h", "aaah"),
        ("one two " * 5 + "one", "one two"),
        ("", ""),
    ],
)
def test_of_a_loop_its_first_round_stays_and_what_surrounds_it(text: str, left: str) -> None:
    assert without_loop(text) == left


@given(st.lists(st.sampled_from(["so", "we", "ship", "はい", "ok."]), max_size=60).map(" ".join))
def test_what_is_left_of_loops_has_none_and_adds_nothing(text: str) -> None:
    left = without_loop(text)
    assert without_loop(left) == left
    assert len(left) <= len(clean(text))


def test_a_signature_behind_speech_is_taken_off() -> None:
    # OpenWhispr/openwhispr#1458: a tail on what was really said
    speech = "Il faut déployer jeudi matin. Merci."
    credit = "Sous-titres réalisés par la communauté d'Amara.org"
    assert without_credits(f"{speech} {credit}") == speech
    assert heard(f"{speech} {credit}", 4.0, 3.5) is None
    assert without_credits("今日は以上です。字幕由Amara.org社区提供") == "今日は以上です。"
    assert without_credits(DEMO) == clean(DEMO)

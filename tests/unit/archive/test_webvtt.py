"""The WebVTT file, as players read it."""

from __future__ import annotations

import html
import io
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import webvtt as webvtt_py
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.archive import srt, webvtt
from captioner.captions.layout import layout
from captioner.captions.model import Caption, Gap
from captioner.captions.words import clean


def caption(
    id: str, text: str, start: float, end: float, speaker: str | None = None, track: str = "mic"
) -> Caption:
    return Caption(id, "en", 1, text, len(text), True, start, end, track, speaker)


MEETING = [
    caption("u1", "Good morning.", 1.0, 2.5, "Ana"),
    caption(
        "u2",
        "So the first point for today is the remote control, and whether it is "
        "made of rubber or of plastic.",
        3.0,
        10.0,
        "Ben & Co <b>",
    ),
    caption("u3", "If a < b && b --> c, then\u00a0what?", 12.0, 15.25),
]
GAP = Gap("en", 10.0, 11.75, "engine --> unavailable")


def test_a_file_is_what_the_contract_says() -> None:
    assert webvtt.render(MEETING, [GAP], "en") == (
        "WEBVTT\n"
        "Kind: captions\n"
        "Language: en\n"
        "\n"
        "u1\n"
        "00:00:01.000 --> 00:00:02.500\n"
        "<v Ana>Good morning.\n"
        "\n"
        "u2\n"
        "00:00:03.000 --> 00:00:06.677\n"
        "<v Ben ＆ Co ＜b＞>So the first point\n"
        "for today is the remote control,\n"
        "\n"
        "u2.2\n"
        "00:00:06.677 --> 00:00:10.000\n"
        "<v Ben ＆ Co ＜b＞>and whether it is made\n"
        "of rubber or of plastic.\n"
        "\n"
        "NOTE gap 00:00:10.000 to 00:00:11.750 engine → unavailable\n"
        "\n"
        "u3\n"
        "00:00:12.000 --> 00:00:15.250\n"
        "If a &lt; b &amp;&amp; b --&gt; c, then what?\n"
    )


def test_nothing_said_is_a_valid_file_too() -> None:
    text = webvtt.render([], [], "es")
    assert text == "WEBVTT\nKind: captions\nLanguage: es\n"
    assert len(webvtt_py.from_string(text)) == 0


def test_long_meetings_have_hours() -> None:
    text = webvtt.render([caption("u1", "Still here.", 36_000.0, 36_001.5)], [], "en")
    assert "10:00:00.000 --> 10:00:01.500" in text


def read(text: str) -> list[tuple[str | None, float, float, str | None, str]]:
    """The cues as webvtt-py reads them."""
    cues = []
    for cue in webvtt_py.from_buffer(io.StringIO(text)).captions:
        voice = re.match(r"<v ([^>]+)>", cue.raw_text)
        speaker = voice.group(1) if voice else None
        said = html.unescape(cue.raw_text[voice.end() if voice else 0 :])
        cues.append((cue.identifier, seconds(cue.start), seconds(cue.end), speaker, said))
    return cues


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


speakers = st.none() | st.sampled_from(["Ana", "Ben Li", "李"])
texts = st.lists(
    st.sampled_from(["so", "1 < 2", "a & b", "-->", "<i>", "&amp;", "今日は", "naïve,", "end."]),
    min_size=1,
    max_size=20,
).map(" ".join)


@st.composite
def meetings(draw: st.DrawFn) -> list[Caption]:
    captions = []
    clock = 0
    for number in range(draw(st.integers(0, 5))):
        start = clock + draw(st.integers(0, 5000))
        clock = start + draw(st.integers(0, 9000))
        captions.append(
            caption(
                f"u{number}", clean(draw(texts)), start / 1000, clock / 1000,
                draw(speakers), draw(st.sampled_from(["mic", "phone"])),
            )
        )  # fmt: skip
    return captions


@settings(max_examples=40)
@given(meetings(), st.booleans())
def test_other_software_reads_what_was_written(captions: list[Caption], interrupted: bool) -> None:
    text = webvtt.render(captions, [GAP] if interrupted else [], "en")
    assert read(text) == [
        (cue.id, cue.start, cue.end, cue.speaker, "\n".join(cue.lines)) for cue in layout(captions)
    ]


def test_ffmpeg_reads_what_was_written() -> None:
    converted = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "webvtt", "-i", "-", "-f", "srt", "-"],
        input=webvtt.render(MEETING, [GAP], "en").encode(),
        capture_output=True,
        check=True,
    )
    assert converted.stderr == b""
    blocks = converted.stdout.decode().replace("\r", "").split("\n\n")
    assert [block.split("\n", 2)[1:] for block in blocks if block.strip()] == [
        ["00:00:01,000 --> 00:00:02,500", "Good morning."],
        ["00:00:03,000 --> 00:00:06,677", "So the first point\nfor today is the remote control,"],
        ["00:00:06,677 --> 00:00:10,000", "and whether it is made\nof rubber or of plastic."],
        ["00:00:12,000 --> 00:00:15,250", "If a < b && b --> c, then what?"],
    ]


ARABIC = [
    replace(MEETING[0], language="ar", text="صباح الخير.", stable=11),
    replace(MEETING[2], language="ar", text="إذا كان a < b؟", stable=14),
    replace(MEETING[2], id="u4", language="ar", text="نعم.", stable=4, start=20.0, end=21.0),
]


def test_a_second_language_is_below_and_runs_its_own_way() -> None:
    english = read(webvtt.render(MEETING, [], "en"))
    both = read(webvtt.render(MEETING, [], "en", ARABIC))
    assert [cue[:4] for cue in both[:-1]] == [cue[:4] for cue in english]
    assert [cue[4] for cue in both] == [
        "Good morning.\n\u2067صباح الخير.\u2069",
        *(cue[4] for cue in english[1:3]),
        f"{english[3][4]}\n\u2067إذا كان a < b؟\u2069",
        "\u2067نعم.\u2069",
    ]


def test_ffprobe_finds_every_cue_of_both_languages(tmp_path: Path) -> None:
    for name, render in (("both.vtt", webvtt.render), ("both.srt", srt.render)):
        file = tmp_path / name
        file.write_text(render(MEETING, [GAP], "en", ARABIC), encoding="utf-8")
        probed = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,duration_time", "-of",
             "csv=p=0", str(file)],
            capture_output=True,
            check=True,
        )  # fmt: skip
        assert probed.stderr == b""
        times = [tuple(map(float, row.split(b",")[:2])) for row in probed.stdout.split()]
        assert times == [
            (cue.start, round(cue.end - cue.start, 3)) for cue in layout(MEETING, ARABIC)
        ]

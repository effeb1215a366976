"""What holds however people speak, and however slow the voice is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captioner.captions.model import Caption
from captioner.speech.plan import BACKLOG_S, FASTEST, LATE_S, TOO_LATE_S, Part, Plan
from tests.unit.speech.speaking import caption, speak

Meeting = list[tuple[float, Caption]]

SENTENCES = st.sampled_from(["Sí.", "Hola a todos.", "Hoy no hay nada nuevo que decir.", "¿Y?"])


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    """Captions of up to three people at once, each open for a while, then final."""
    told: Meeting = []
    number = 0
    for _ in range(draw(st.integers(1, 3))):
        now = draw(st.floats(0, 10))
        for _ in range(draw(st.integers(0, 8))):
            number += 1
            text = " ".join(draw(st.lists(SENTENCES, min_size=1, max_size=4)))
            end = now + draw(st.floats(0.5, 8))
            told += draw(revisions(number, text, now, end))
            now = end + draw(st.floats(0, 20))
    return told


@st.composite
def revisions(draw: st.DrawFn, number: int, text: str, start: float, end: float) -> Meeting:
    told: Meeting = []
    stables = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    for rev, stable in enumerate(stables, 1):
        at = start + (end - start) * rev / (len(stables) + 1)
        tail = draw(st.text("ab .", max_size=5)) if stable < len(text) else ""
        open = caption(number, text[:stable] + tail, start=start, end=at, rev=rev, stable=stable)
        told.append((at, open))
    if draw(st.integers(0, 9)) == 0 and not any(stables):
        text = ""
    final = caption(number, text, start=start, end=end, rev=9)
    told.append((end + draw(st.floats(0, 3)), final))
    if draw(st.booleans()):
        corrected = caption(number, "Otra cosa.", start=start, end=end, rev=10, correction=True)
        told.append((end + draw(st.floats(3, 9)), corrected))
    return told


def finals(meeting: Meeting) -> dict[str, set[str]]:
    """What each caption came to be: the final, or what it was corrected to; without spaces."""
    wanted: dict[str, set[str]] = {}
    for _, told in meeting:
        if told.final:
            wanted.setdefault(told.id, set()).add("".join(told.text.split()))
    return wanted


@given(meetings(), st.floats(0.01, 0.3))
def test_every_final_is_said_exactly_once_or_marked_as_skipped(
    meeting: Meeting, pace: float
) -> None:
    speech = speak(meeting, lambda part: pace * len(part.text), Plan())
    skipped = {one.id for one in speech.skipped}
    for id, wanted in finals(meeting).items():
        assert speech.of(id) in wanted or id in skipped


@given(meetings(), st.floats(0.01, 1.0))
def test_no_two_parts_are_said_at_once_and_none_before_it_was_heard(
    meeting: Meeting, pace: float
) -> None:
    speech = speak(meeting, lambda part: pace * len(part.text), Plan())
    for before, after in zip(speech.said, speech.said[1:], strict=False):
        assert before.end <= after.begin
    for one in speech.said:
        heard = [at for at, told in meeting if told.id == one.part.caption.id]
        assert one.begin >= min(heard)


@given(
    st.lists(st.tuples(st.floats(0, 8), st.floats(0, 40)), min_size=2, max_size=30),
    st.floats(0, 60),
)
def test_nothing_is_said_far_too_late_while_newer_speech_waits(
    captions: list[tuple[float, float]], delay: float
) -> None:
    meeting: Meeting = []
    now = 0.0
    for number, (length, _) in enumerate(captions):
        meeting.append((now + length + delay, caption(number, "Sí.", start=now, end=now + length)))
        now += length
    lengths = {told.id: length for (_, told), (_, length) in zip(meeting, captions, strict=True)}
    speech = speak(meeting, lambda part: lengths[part.caption.id], Plan())
    for at, one in enumerate(speech.said):
        later = [other.part.caption for other in speech.said[at + 1 :]]
        waited = [c.end for when, c in meeting if c in later and when <= one.begin]
        newest = max(waited, default=one.part.end)
        assert one.lag <= TOO_LATE_S or newest - one.part.end <= BACKLOG_S
    # The newest is always said.
    assert speech.said[-1].part.caption == meeting[-1][1]


@given(
    st.lists(st.tuples(st.floats(0.5, 8), st.floats(0, 1)), min_size=1, max_size=60),
    st.floats(0, 2),
)
def test_the_lag_is_bounded_where_speech_fits_into_the_fastest_tempo(
    captions: list[tuple[float, float]], delay: float
) -> None:
    lengths: dict[str, float] = {}
    meeting: Meeting = []
    now = 0.0
    for number, (length, share) in enumerate(captions):
        told = caption(number, f"Frase {number}", start=now, end=now + length)
        # At worst, the voice needs all of the time, at its fastest.
        lengths[told.id] = FASTEST * length * share
        now += length
        meeting.append((now + delay, told))

    def length_of(part: Part) -> float:
        return lengths[part.caption.id]

    speech = speak(meeting, length_of, Plan())
    assert speech.skipped == []
    longest = max(lengths.values())
    assert max(one.lag for one in speech.said) <= LATE_S + delay + longest

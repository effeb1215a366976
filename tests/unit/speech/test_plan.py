"""What is said next, when and how fast."""

from __future__ import annotations

from captioner.speech.plan import BACKLOG_S, FASTEST, IN_TIME_S, LATE_S, TOO_LATE_S, Plan
from tests.unit.speech.speaking import caption, texts


def plan_of(*revisions: object) -> Plan:
    plan = Plan()
    for revision in revisions:
        plan.hear(revision)  # type: ignore[arg-type]
    return plan


def test_captions_are_said_in_the_order_of_their_starts() -> None:
    assert texts(plan_of(caption(2, "dos"), caption(1, "uno"), caption(3, "tres"))) == [
        "uno",
        "dos",
        "tres",
    ]


def test_an_open_caption_is_said_as_far_as_its_sentences_are_sure() -> None:
    plan = plan_of(caption(1, "Hola. Hoy habla", stable=9))
    assert texts(plan) == ["Hola."]
    plan.hear(caption(1, "Hola. Hoy hablamos. De", rev=2, stable=21))
    assert texts(plan) == ["Hoy hablamos."]
    plan.hear(caption(1, "Hola. Hoy hablamos. De todo", rev=3))
    assert texts(plan) == ["De todo"]


def test_what_was_said_is_not_said_again_when_the_final_comes() -> None:
    plan = plan_of(caption(1, "Hola.", stable=5))
    assert texts(plan) == ["Hola."]
    plan.hear(caption(1, "Hola.", rev=2))
    plan.hear(caption(1, "Hola.", rev=3))
    assert texts(plan) == []


def test_an_older_revision_changes_nothing() -> None:
    assert texts(plan_of(caption(1, "Hola.", rev=5), caption(1, "Ho", rev=4, stable=0))) == [
        "Hola."
    ]


def test_a_correction_of_what_was_said_is_not_said() -> None:
    plan = plan_of(caption(1, "Vendemos en mayo."))
    assert texts(plan) == ["Vendemos en mayo."]
    plan.hear(caption(1, "Vendemos en junio.", rev=2, correction=True))
    plan.hear(caption(1, "Vendemos en mayo. Y más.", rev=3, correction=True))
    assert texts(plan) == []


def test_a_correction_before_it_is_said_is_what_is_said() -> None:
    plan = plan_of(caption(1, "en mayo"), caption(1, "en junio", rev=2, correction=True))
    assert texts(plan) == ["en junio"]


def test_a_caption_that_was_begun_goes_on_as_corrected_only_where_it_can() -> None:
    plan = plan_of(caption(1, "Hola. Uno."), caption(2, "Hola. Uno."))
    first = plan.take()
    assert first is not None and first.text == "Hola."
    plan.hear(caption(1, "Hola. Dos.", rev=2, correction=True))
    assert texts(plan) == ["Dos.", "Hola.", "Uno."]
    plan = plan_of(caption(1, "Hola. Uno."))
    plan.take()
    plan.hear(caption(1, "Adiós. Dos.", rev=2, correction=True))
    assert texts(plan) == ["Uno."]


def test_what_was_said_before_anybody_listened_is_not_said_when_corrected() -> None:
    assert texts(plan_of(caption(1, "Hola.", rev=7, correction=True))) == []


def test_a_withdrawn_caption_is_not_said() -> None:
    assert texts(plan_of(caption(1, "eh", stable=0), caption(1, "", rev=2))) == []
    assert texts(plan_of(caption(1, "eh"), caption(1, "", rev=2, correction=True))) == []


def test_it_speaks_faster_when_it_is_late_until_it_has_caught_up() -> None:
    plan = plan_of(caption(1, "Hola.", end=10.0), caption(2, "Y más."))
    part = plan.take()
    assert part is not None
    lags = [LATE_S, LATE_S + 0.1, IN_TIME_S + 0.1, IN_TIME_S, LATE_S]
    assert [plan.tempo(part, 10.0 + lag) for lag in lags] == [1.0, FASTEST, FASTEST, 1.0, 1.0]


def test_it_has_caught_up_where_nothing_else_waits() -> None:
    plan = plan_of(caption(1, "Hola.", end=10.0))
    part = plan.take()
    assert part is not None
    lags = [LATE_S + 0.1, IN_TIME_S + 0.1]
    assert [plan.tempo(part, 10.0 + lag) for lag in lags] == [FASTEST, 1.0]


def test_what_is_far_too_late_is_skipped_oldest_first() -> None:
    plan = plan_of(
        *(caption(n, f"número {n}", start=10.0 * n, end=10.0 * n + 5) for n in (3, 2, 1))
    )
    now = 25.0 + TOO_LATE_S
    assert [skipped.id for skipped in plan.skip(now)] == ["u1"]
    assert plan.skip(now) == ()
    assert texts(plan) == ["número 2", "número 3"]


def test_the_rest_of_a_caption_that_was_begun_is_skipped() -> None:
    plan = plan_of(caption(1, "Uno. Dos."), caption(2, "Tres.", start=30.0))
    plan.take()
    assert [skipped.id for skipped in plan.skip(40.0)] == ["u1"]
    assert texts(plan) == ["Tres."]


def test_what_comes_late_is_said_late_where_nothing_newer_waits() -> None:
    late = caption(1, "Hola.", end=5.0)
    nearly = caption(2, "Y más.", start=4.0, end=5.0 + BACKLOG_S)
    plan = plan_of(late, nearly)
    assert plan.skip(500.0) == ()
    assert texts(plan) == ["Hola.", "Y más."]


def test_of_what_was_said_off_the_record_nothing_is_said() -> None:
    plan = plan_of(caption(1, "antes"), caption(5, "después"))
    plan.pause(4.0)
    assert plan.paused
    plan.hear(caption(6, "secreto"))
    plan.resume(10.0)
    assert not plan.paused
    plan.hear(caption(7, "secreto también"))
    plan.hear(caption(10, "otra vez"))
    assert texts(plan) == ["antes", "otra vez"]


def test_what_was_said_off_the_record_stays_unsaid_when_it_is_corrected() -> None:
    plan = Plan()
    plan.pause(4.0)
    plan.hear(caption(5, "secreto"))
    plan.resume(10.0)
    plan.pause(20.0)
    plan.resume(30.0)
    plan.hear(caption(5, "muy secreto", rev=2, correction=True))
    assert texts(plan) == []


def test_a_pause_that_is_told_twice_begins_once() -> None:
    plan = Plan()
    plan.pause(4.0)
    plan.pause(8.0)
    plan.resume(10.0)
    plan.resume(20.0)
    plan.hear(caption(5, "secreto"))
    plan.hear(caption(15, "público"))
    assert texts(plan) == ["público"]


def test_it_is_over_when_all_is_said_of_a_room_that_ended() -> None:
    plan = plan_of(caption(1, "Uno. Dos."))
    plan.end()
    plan.take()
    assert not plan.over
    plan.take()
    assert plan.over


def test_the_memory_of_captions_is_bounded() -> None:
    plan = Plan()
    for number in range(3_000):
        plan.hear(caption(number, "Hola."))
        assert texts(plan) == ["Hola."]
    plan.hear(caption(2_999, "Hola.", rev=2))
    assert texts(plan) == []


def test_a_part_is_as_late_as_its_own_words() -> None:
    plan = plan_of(caption(1, "Diez diez. Veinte veinte.", start=0.0, end=25.0))
    first, second = plan.take(), plan.take()
    assert first is not None and second is not None
    assert (first.end, second.end) == (11.0, 25.0)


def test_of_a_long_caption_only_what_is_too_late_is_skipped() -> None:
    sentences = [f"Frase {letter}{letter}." for letter in "abcdef"]
    plan = plan_of(caption(1, " ".join(sentences), start=0.0, end=60.0))
    assert [skipped.id for skipped in plan.skip(65.0)] == ["u1"]
    assert texts(plan) == sentences[4:]


def test_what_was_said_before_anybody_listened_is_passed_over() -> None:
    plan = Plan()
    plan.pass_over(caption(1, "Hola a todos. Hoy", stable=14))
    plan.hear(caption(1, "Hola a todos. Hoy empezamos.", rev=2))
    assert texts(plan) == ["Hoy empezamos."]


def test_a_caption_waits_for_the_end_of_the_one_before_it_of_the_same_track() -> None:
    plan = plan_of(caption(1, "Hola. Hoy", stable=6), caption(2, "De todo."))
    assert texts(plan) == ["Hola."]
    plan.hear(caption(3, "¿Qué?", track="other"))
    assert texts(plan) == ["¿Qué?"]
    plan.hear(caption(1, "Hola. Hoy hablamos.", rev=2))
    assert texts(plan) == ["Hoy hablamos.", "De todo."]


def test_nothing_waits_for_a_caption_that_was_withdrawn_or_when_all_is_over() -> None:
    plan = plan_of(caption(1, "Ho", stable=0), caption(2, "Uno."))
    assert texts(plan) == []
    plan.hear(caption(1, "", rev=2))
    assert texts(plan) == ["Uno."]
    plan = plan_of(caption(1, "Ho", stable=0), caption(2, "Uno."))
    plan.end()
    assert (texts(plan), plan.over) == (["Uno."], True)


def test_nothing_waits_for_a_caption_that_was_never_closed() -> None:
    plan = plan_of(caption(1, "Ho", stable=0), caption(2, "Uno."))
    plan.hear(caption(3, "Dos.", start=2.0 + TOO_LATE_S))
    assert texts(plan) == ["Dos."]
    plan.hear(caption(1, "", rev=2))
    assert texts(plan) == ["Uno."]

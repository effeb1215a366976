"""The translation of a room into one language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from captioner.captions.glossary import Term
from captioner.captions.model import Caption, Gap
from captioner.errors import BudgetSpent, NoSuchPair
from captioner.rooms.room import RoomSettings
from captioner.translation.attempts import Attempts
from captioner.translation.progress import Progress
from captioner.translation.session import Session
from captioner.translation.translator import Sentence
from tests.unit.translation.conftest import World, said, until

pytestmark = pytest.mark.anyio

DEMO = RoomSettings("demo", title="Budget", language="en", keywords=("Kubeflow",))


@asynccontextmanager
async def translating(
    world: World, language: str = "es", *, timeout_s: float = 5.0
) -> AsyncIterator[Session]:
    """A session at work; a room that is there goes on as it is."""
    room = await world.rooms.get_or_create(DEMO)
    session = Session(
        lambda: room.settings,
        language,
        bus=world.bus,
        kept=lambda: world.kept("demo", language),
        duty=room,
        attempts=Attempts(world.translator, timeout_s=timeout_s, again_s=0.0),
    )
    task = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def say(world: World, *captions: Caption | Gap) -> None:
    room = await world.rooms.get_or_create(DEMO)
    for caption in captions:
        await room.publish(caption)


async def test_what_is_said_is_translated_under_the_same_id(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hello."), said("u2", "We begin."))
        await session.finish()
    found = await world.captions("demo", "es")
    assert {id_: c.text for id_, c in found.items()} == {"u1": "HELLO.", "u2": "WE BEGIN."}
    assert [(c.source, c.start, c.end, c.speaker) for c in found.values()] == [
        ("en", 1.0, 1.9, "Ana"),
        ("en", 2.0, 2.9, "Ana"),
    ]


async def test_translations_are_in_the_journal_before_a_reader_sees_them(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
    transcript = await world.store.transcript("demo")
    assert [caption.text for caption in transcript.captions("es")] == ["HELLO."]


async def test_the_translator_is_told_of_the_room_and_of_what_was_said_before(
    world: World,
) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hello. We begin."))
        await session.finish()
    first, second = world.translator.asked
    assert (first.text, first.source, first.target) == ("Hello.", "en", "es")
    assert (first.title, first.keywords, first.context) == ("Budget", ("Kubeflow",), ())
    assert second.context == (("Hello.", "HELLO."),)


async def test_the_translator_is_told_of_the_terms_that_occur(world: World) -> None:
    terms = (Term("bus", {"es": "autobús"}), Term("queue", {"es": "cola"}))
    await world.rooms.create(replace(DEMO, glossary=terms))
    async with translating(world) as session:
        await say(world, said("u1", "The bus is late."))
        await session.finish()
        await world.rooms.change("demo", {"glossary": []})
        await say(world, said("u2", "The bus is here."))
        await session.finish()
    first, second = world.translator.asked
    assert (first.terms, second.terms) == ((("bus", "autobús"),), ())


async def test_what_was_said_before_is_made_up(world: World) -> None:
    await say(world, said("u1", "Hello."), said("u2", "We begin."))
    async with translating(world) as session:
        await session.finish()
    assert await world.texts("demo", "es") == {"u1": "HELLO.", "u2": "WE BEGIN."}


async def test_a_session_that_goes_on_translates_nothing_twice(world: World) -> None:
    await say(world, said("u1", "Hello."))
    async with translating(world) as session:
        await session.finish()
    async with translating(world) as session:
        await say(world, said("u2", "We begin."))
        await session.finish()
    assert [sentence.text for sentence in world.translator.asked] == ["Hello.", "We begin."]


async def test_a_caption_that_a_session_left_open_is_gone_on_with(world: World) -> None:
    spoken = "So we begin. The budget, as you know"
    async with translating(world) as session:
        await say(world, said("u1", spoken, final=False))
        await session.finish()
    before = (await world.captions("demo", "es"))["u1"]
    assert before.stable and not before.final
    async with translating(world) as session:
        await say(world, said("u1", f"{spoken}, is late.", 2))
        await session.finish()
    after = (await world.captions("demo", "es"))["u1"]
    assert after.final and after.rev > before.rev
    assert after.text == "SO WE BEGIN. THE BUDGET, AS YOU KNOW, IS LATE."


async def test_what_is_spoken_in_the_language_is_not_translated(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hola.", language="es"))
        await session.finish()
    assert world.translator.asked == []
    assert (await world.captions("demo", "es"))["u1"].source is None


async def test_another_variety_of_the_language_is_passed_on_as_it_is(world: World) -> None:
    async with translating(world, "es-MX") as session:
        await say(world, said("u1", "Hola.", language="es"))
        await session.finish()
    assert world.translator.asked == []
    passed = (await world.captions("demo", "es-MX"))["u1"]
    assert (passed.text, passed.source, passed.untranslated) == ("Hola.", "es", False)


async def test_a_sentence_that_fails_is_tried_once_more(world: World) -> None:
    world.translator.failures = 1
    async with translating(world) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
    assert await world.texts("demo", "es") == {"u1": "HELLO."}


async def test_what_cannot_be_translated_is_shown_as_it_was_said_and_marked(world: World) -> None:
    world.translator.failures = 2
    async with translating(world) as session:
        await say(world, said("u1", "Hello."), said("u2", "We begin."))
        await session.finish()
    found = await world.captions("demo", "es")
    assert (found["u1"].text, found["u1"].untranslated) == ("Hello.", True)
    assert (found["u2"].text, found["u2"].untranslated) == ("WE BEGIN.", False)


async def test_how_it_goes_is_told_until_it_goes_well_again(world: World) -> None:
    world.translator.free.clear()
    async with translating(world) as session:
        await say(world, said("u1", "Hello."), said("u2", "We begin."))
        await until(lambda: session.progress == Progress("shouter", behind=2))
        world.translator.trouble = NoSuchPair("nobody translates en to es")
        world.translator.free.set()
        await session.finish()
        assert session.progress == Progress("shouter", "nobody translates en to es")
        world.translator.trouble = None
        await say(world, said("u3", "Good."))
        await session.finish()
        assert session.progress == Progress("shouter")


async def test_where_a_budget_is_spent_captions_say_what_was_said_and_the_log_says_it_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.translator.trouble = BudgetSpent("the room's budget of 5.00 USD is spent")
    async with translating(world) as session:
        await say(world, said("u1", "Hello."), said("u2", "We begin."))
        await session.finish()
    found = await world.captions("demo", "es")
    assert {id_: (caption.text, caption.untranslated) for id_, caption in found.items()} == {
        "u1": ("Hello.", True),
        "u2": ("We begin.", True),
    }
    assert {sentence.room for sentence in world.translator.asked} == {"demo"}
    assert caplog.text.count("the room's budget of 5.00 USD is spent") == 1


async def test_where_a_budget_is_spent_a_sentence_is_not_tried_once_more(world: World) -> None:
    world.translator.trouble = BudgetSpent("the day's budget is spent")
    with pytest.raises(BudgetSpent):
        await Attempts(world.translator, again_s=0.0).translate(Sentence("Hello.", "en", "es"))
    assert len(world.translator.asked) == 1


async def test_a_translator_that_hangs_holds_up_nobody(world: World) -> None:
    world.translator.free.clear()
    async with translating(world, timeout_s=0.02) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
    assert (await world.captions("demo", "es"))["u1"].untranslated


async def test_a_language_that_nobody_knows_is_not_asked_for_twice(world: World) -> None:
    world.translator.trouble = NoSuchPair("nobody translates en to es")
    async with translating(world) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
    assert len(world.translator.asked) == 1
    assert (await world.captions("demo", "es"))["u1"].untranslated


async def test_what_was_given_up_is_translated_by_the_next_session(world: World) -> None:
    world.translator.failures = 2
    async with translating(world) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
    async with translating(world) as session:
        await session.finish()
    made = (await world.captions("demo", "es"))["u1"]
    assert (made.text, made.correction, made.untranslated) == ("HELLO.", True, False)


async def test_a_correction_has_that_caption_alone_translated_again(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hello."), said("u2", "We begin."))
        await session.finish()
        await say(world, replace(said("u1", "Good morning.", 2), correction=True))
        await session.finish()
    assert [s.text for s in world.translator.asked] == ["Hello.", "We begin.", "Good morning."]
    corrected = (await world.captions("demo", "es"))["u1"]
    assert (corrected.text, corrected.rev, corrected.correction) == ("GOOD MORNING.", 2, True)


async def test_a_correction_that_came_while_nobody_translated_is_made_up(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
    await say(world, replace(said("u1", "Good morning.", 2), correction=True))
    async with translating(world) as session:
        await session.finish()
    assert await world.texts("demo", "es") == {"u1": "GOOD MORNING."}


async def test_a_persons_correction_of_a_translation_stays(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "Hello."))
        await session.finish()
        made = (await world.captions("demo", "es"))["u1"]
        await say(world, replace(made, rev=2, text="¡Hola!", stable=6, correction=True))
        await session.finish()
    async with translating(world) as session:
        await session.finish()
    assert await world.texts("demo", "es") == {"u1": "¡Hola!"}


async def test_gaps_are_told_in_the_language_too(world: World) -> None:
    async with translating(world) as session:
        await say(world, Gap("en", 3.0, 4.0, "engine_unavailable", "mic"))
        await session.finish()
    gaps = (await world.store.transcript("demo")).gaps("es")
    assert gaps == (Gap("es", 3.0, 4.0, "engine_unavailable", "mic", source="en"),)


async def test_open_captions_follow_what_is_said_clause_by_clause(world: World) -> None:
    async with translating(world) as session:
        await say(world, said("u1", "The budget, as", final=False))
        await session.finish()
        assert (await world.captions("demo", "es"))["u1"].text == "THE BUDGET,"
        await say(world, said("u1", "The budget, as you know, is", 2, final=False))
        await session.finish()
        shown = (await world.captions("demo", "es"))["u1"]
        assert (shown.text, shown.final) == ("THE BUDGET, AS YOU KNOW,", False)


async def test_what_is_said_now_goes_before_what_was_said_long_ago(world: World) -> None:
    await say(world, *(said(f"u{number}", "Old.") for number in range(1, 6)))
    world.translator.free.clear()
    async with translating(world) as session:
        await asyncio.sleep(0.01)
        await say(world, said("u9", "New."))
        await asyncio.sleep(0.01)
        world.translator.free.set()
        await session.finish()
    assert [sentence.text for sentence in world.translator.asked][:3] == ["Old.", "New.", "Old."]

"""Revisions that were shown before the bus could number them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captioner.rooms.shared.unsent import Unsent
from tests.unit.rooms.conftest import final, partial


def test_the_newest_revision_of_each_caption_is_sent_once() -> None:
    unsent = Unsent()
    for caption in (partial("u1"), replace(partial("u1"), rev=2), partial("u2")):
        unsent.add(caption)
    assert [(c.id, c.rev) for c in unsent.take()] == [("u1", 2), ("u2", 1)]
    assert unsent.take() == []


def test_what_has_a_final_is_not_sent() -> None:
    unsent = Unsent()
    unsent.add(partial("u1"))
    unsent.drop(final("u1"))
    assert unsent.take() == []


def test_a_final_that_was_shown_is_followed_by_a_higher_revision() -> None:
    unsent = Unsent()
    shown = final("u1")
    sent = unsent.one_more(shown)
    assert sent.rev == shown.rev + 1
    correction = replace(shown, rev=shown.rev + 1, correction=True)
    assert unsent.numbered(correction).rev == sent.rev + 1
    assert unsent.numbered(final("u2")).rev == 1


@pytest.mark.anyio
async def test_one_waits_until_something_is_unsent() -> None:
    unsent = Unsent()
    unsent.add(partial("u1"))
    await unsent.some()

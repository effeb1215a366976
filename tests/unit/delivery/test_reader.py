from __future__ import annotations

import pytest

from captioner.captions.model import Gap, Position, RoomChange
from captioner.delivery.reader import Asked
from captioner.errors import BadInput
from tests.unit.delivery.speaking import caption


@pytest.mark.parametrize("languages", [[], ["*"], ["es", "*"]])
def test_without_a_language_everything_is_read(languages: list[str]) -> None:
    assert Asked.of(languages).wants(caption(1, 1, "ja", language="de"))


def test_only_the_languages_asked_for_are_read() -> None:
    asked = Asked.of(["ES", "pt-BR"])
    assert asked.wants(caption(1, 1, "sí", language="es"))
    assert asked.wants(Gap("pt-BR", 0.0, 1.0, "paused"))
    assert not asked.wants(caption(1, 1, "yes", language="en"))
    assert asked.wants(RoomChange("paused", ("en",)))


def test_a_position_is_a_seq_and_its_epoch() -> None:
    assert Asked.of(after="17", epoch="k3f9").after == Position("k3f9", 17)
    assert Asked.of(epoch="k3f9").after is None


@pytest.mark.parametrize("after", ["", "-1", "1.5", "yesterday", "٣", "9" * 30])
def test_a_seq_that_is_none_is_refused(after: str) -> None:
    with pytest.raises(BadInput):
        Asked.of(after=after)


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="fast, stable, final"):
        Asked.of(mode="sideways")

"""Recognition events played into an assembly, and what readers would see of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from captioner.captions.assembly import Assembly, Released
from captioner.captions.model import Caption
from captioner.captions.recognition import Delta, Recognition


def assembly(language: str = "en") -> Assembly:
    """One whose captions are called u1, u2, …"""
    numbers = count(1)
    return Assembly("mic", language, "Ana", lambda: f"u{next(numbers)}")


def provisional(event: Recognition) -> Recognition:
    """The event, of a recogniser that may take back what its deltas say."""
    return replace(event, provisional=True) if isinstance(event, Delta) else event


def play(into: Assembly, *events: Recognition) -> list[Caption]:
    """The revisions that these events make."""
    return [released.caption for event in events for released in into.feed(event)]


def told(captions: Iterable[Caption]) -> list[str]:
    """Revisions as one reads them: `u1 stable|rest`, and `u1 final.` for finals."""
    return [
        f"{c.id} {c.text}." if c.final else f"{c.id} {c.text[: c.stable]}|{c.text[c.stable :]}"
        for c in captions
    ]


def finals(captions: Iterable[Caption]) -> list[str]:
    """The texts of the finals, in the order they came; corrections and withdrawn ones left out."""
    return [c.text for c in captions if c.final and c.text and not c.correction]


def check_laws(released: Iterable[Released]) -> None:
    """What holds for any revisions of an assembly, whatever the recogniser said."""
    newest: dict[str, Caption] = {}
    settled = 0.0
    for revision in released:
        caption, before = revision.caption, newest.get(revision.caption.id)
        newest[caption.id] = caption
        assert revision.settled_until is None or caption.final
        if revision.settled_until is not None:
            assert revision.settled_until >= settled
            settled = revision.settled_until
        if before is None:
            assert caption.rev == 1 and caption.text
            continue
        assert caption.rev == before.rev + 1
        assert caption.language == before.language
        assert caption.correction or not before.final, "a final is followed by corrections alone"
        if not caption.correction:
            assert caption.text.startswith(before.text[: before.stable]), "stable text changed"
            assert caption.stable >= before.stable

"""What each server that converses can do, as a table; the rest never asks which it is.

Facts of November 2026: the servers' own documentation, and what clients have measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Partner:
    """One server with one model that answers in text or in sound. Times are seconds.

    `name`: for people, metrics and the log. `model`: for prices; its address names it already.
    `prompts`: it is made for this and is told by prompts of its own, `translate` and `speak`;
    otherwise by instructions. `tools`: it can call functions. `at_once`: how many requests of one
    session it answers at the same time. `keeps_voice`: a session that has spoken goes on with that
    voice. `reasoning`: how much it is to think, where it does. `lifetime`: how long a session may
    last, where the server does not say (`expires_at`). `opens`, `configures`: how long each may
    take. `silent`: how long it may say nothing about a request. `within`: how long a request may
    take in all, a second try included: until its text is whole, or its sound begins.
    """

    name: str
    model: str = ""
    prompts: bool = False
    tools: bool = False
    at_once: int = 1
    keeps_voice: bool = True
    reasoning: str = ""
    lifetime: float = 3600.0
    opens: float = 10.0
    configures: float = 10.0
    silent: float = 6.0
    within: float = 15.0


CAPTIONER = Partner(
    "captioner",
    prompts=True,
    at_once=4,
    keeps_voice=False,
    lifetime=float("inf"),
    opens=20.0,
    configures=120.0,  # its models are loading
    silent=20.0,  # a machine with too much to do is late, and late is better than never
    within=45.0,
)
"""A `captioner engine`, on this machine or another."""
OWN_TRANSLATION, OWN_VOICE = "captioner-translate", "captioner-voice"
"""The models that one has."""


@dataclass(frozen=True, slots=True)
class HearingPartner:
    """One server with one model that hears speech and writes it in another language.

    Times are seconds. `languages`: into which it translates, by their first subtag; None: it says
    so itself, and takes whole tags. `lag`: how far what it says of the time of its words lies
    behind when their original was said. `pace`: how many seconds of audio it takes in one. The
    others are those of `Partner`.
    """

    name: str
    model: str
    languages: frozenset[str] | None = None
    lag: float = 1.0
    pace: float | None = None
    lifetime: float = 3600.0
    opens: float = 10.0
    configures: float = 10.0

    def spelt(self, language: str) -> str | None:
        """What it calls a language (a BCP 47 tag); None: it does not translate into that."""
        if self.languages is None:
            return language
        first = language.split("-")[0]
        return first if first in self.languages else None


OWN_LIVE_TRANSLATION = "captioner-live-translate"
OPENAI_LIVE_TRANSLATION = "gpt-realtime-translate"
"""What the names of its models begin with that hear what they translate."""

_OPENAI_LANGUAGES = frozenset("es pt fr ja ru zh de ko hi id vi it en".split())


def hears(name: str, model: str) -> HearingPartner | None:
    """The server called `name` with that model, if it is one that hears what it translates."""
    if model == OWN_LIVE_TRANSLATION:
        return HearingPartner(name, model, lifetime=float("inf"), opens=20.0, configures=120.0)
    if model.startswith(OPENAI_LIVE_TRANSLATION):
        # It was never measured how far behind its times are; an interpreter is 2 s behind.
        return HearingPartner(name, model, _OPENAI_LANGUAGES, lag=2.0, pace=3.0)
    return None


OPENAI = Partner("openai", tools=True, at_once=4)
OPENAI_MODEL = "gpt-realtime-2.1-mini"
"""What is used where nobody chose."""
_REASONING = ("gpt-realtime-2",)
"""What the names of models begin with that think before they answer."""

ANY = Partner("realtime")
"""A server of the protocol of which nothing more is known."""


def embedded(model: str) -> Partner:
    """The engine on this machine, with one of its models."""
    return replace(CAPTIONER, name="embedded", model=model)


def openai(model: str = "") -> Partner:
    """OpenAI with one of its models."""
    return _of_model(model or OPENAI_MODEL)


def azure(deployment: str) -> Partner:
    """Azure OpenAI; a deployment that is called as its model is taken to be that model."""
    return replace(_of_model(deployment), name="azure")


def elsewhere(model: str) -> Partner:
    """Whoever answers at an address; the model in it tells whether it is one of ours."""
    known = CAPTIONER if model.startswith("captioner-") else ANY
    return replace(known, model=model)


def _of_model(model: str) -> Partner:
    return replace(OPENAI, model=model, reasoning="minimal" if model.startswith(_REASONING) else "")

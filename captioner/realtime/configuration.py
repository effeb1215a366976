"""What a session is asked to do: a room's wishes in the words of a provider, less what it refuses.

A refused option must never cost the captions: a session whose update was refused goes on without
any transcription, and is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from captioner.realtime.providers import Provider, without_turns

MOST_KEYWORDS = 100
LONGEST_KEYWORD = 40
LONGEST_PROMPT = 1000
"""Characters; servers publish no limit, and refuse the whole session beyond it."""

_TAGS = {"zh-cn", "zh-tw", "zh-hk"}
"""Those that servers of ISO 639-1 codes know beside them."""
_OPTIONAL = (
    "keywords",
    "prompt",
    "languages",
    "language",
    "delay",
    "noise_reduction",
    "include",
    "turn_detection",
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a room wants of its captions. `language`: a BCP 47 tag, or `auto`."""

    language: str = "auto"
    keywords: tuple[str, ...] = ()
    prompt: str = ""


class Configuration:
    """One session's, until the server has taken it."""

    def __init__(self, provider: Provider, wishes: Wishes) -> None:
        self.provider = provider
        self.wishes = wishes
        self._refused: set[str] = set()

    def session(self) -> dict[str, Any]:
        """The session object, as the GA interface has it."""
        provider = self.provider
        audio: dict[str, Any] = {
            "format": {"type": "audio/pcm", "rate": provider.sample_rate},
            "transcription": {
                name: value
                for name, value in self._transcription().items()
                if value and name not in self._refused
            },
        }
        if "turn_detection" not in self._refused:
            audio["turn_detection"] = dict(provider.vad) if provider.vad else None
        if provider.noise_reduction and "noise_reduction" not in self._refused:
            audio["noise_reduction"] = {"type": provider.noise_reduction}
        session: dict[str, Any] = {"type": "transcription", "audio": {"input": audio}}
        if provider.include and "include" not in self._refused:
            session["include"] = list(provider.include)
        return session

    def leave_out(self, error: Mapping[str, Any]) -> str | None:
        """Do without the option that an error names; None where nothing is left to leave out."""
        name = _named(error)
        if name is None or name in self._refused:
            return None
        if name == "turn_detection" and self.provider.turns == "server":
            self.provider = without_turns(self.provider)
        else:
            self._refused.add(name)
        return name

    def _transcription(self) -> dict[str, Any]:
        provider, wishes = self.provider, self.wishes
        keywords = _keywords(wishes.keywords)
        prompt = wishes.prompt if provider.prompt else ""
        if provider.keywords == "prompt" and keywords:
            prompt = " ".join(filter(None, [prompt, f"{', '.join(keywords)}."]))
        fields: dict[str, Any] = {"model": provider.model, "prompt": prompt[:LONGEST_PROMPT]}
        if provider.keywords == "keywords":
            fields["keywords"] = keywords
        if wishes.language != "auto" and provider.language:
            tag = wishes.language if provider.full_tags else _code(wishes.language)
            fields[provider.language] = [tag] if provider.language == "languages" else tag
        return fields | {"delay": provider.delay}


def _keywords(words: tuple[str, ...]) -> list[str]:
    """One line each, without the marks that servers refuse."""
    plain = (" ".join(word.replace("<", " ").replace(">", " ").split()) for word in words)
    return [word for word in plain if 0 < len(word) <= LONGEST_KEYWORD][:MOST_KEYWORDS]


def _code(tag: str) -> str:
    return tag.lower() if tag.lower() in _TAGS else tag.split("-")[0].lower()


def _named(error: Mapping[str, Any]) -> str | None:
    """The option that an error is about, by its `param` or by its words."""
    parts = str(error.get("param") or "").replace("[", ".").split(".")
    found = next((name for name in _OPTIONAL if any(part.endswith(name) for part in parts)), None)
    if found is not None or parts[-1] == "model":
        return found
    message = str(error.get("message") or "").lower().replace(" ", "_")
    return next((name for name in _OPTIONAL if name in message), None)

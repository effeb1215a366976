"""What each Realtime server can do, as a table; the rest of the code never asks which it is.

Facts of November 2026: the servers' own documentation, and what clients have measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from captioner.audio.pcm import SAMPLE_RATE, SPEECH_RATE

DialectName = Literal["ga", "flat", "preview", "localai", "vllm"]
HYPOTHESIS = "item.input_audio_transcription.hypothesis"
SEGMENTS = "item.input_audio_transcription.segments"


@dataclass(frozen=True, slots=True)
class Provider:
    """One server with one model. Times are seconds.

    `name`: for people and metrics. `model`: of the transcription; empty, the server's own.
    `dialect`: how its events look. `sample_rate`: of what it is sent, in Hz.
    `turns`: `server`, it finds the utterances; `manual`, the client does and commits each.
    `vad`: what a server that finds them is told, every field of it: defaults differ.
    `live`: deltas come while audio is appended; otherwise after each commit.
    `promised`: what a delta said is never taken back.
    `language`, `keywords`, `prompt`, `delay`: the fields for them, where it has such; keywords may
    go into a prompt. `full_tags`: languages are BCP 47 tags, otherwise ISO 639-1 codes.
    `include`: what more it is asked to tell.
    `greets`: what it is shows in its first event. `probes`: an update that changes nothing is
    answered behind all audio before it, and leaves that alone (elsewhere it would swallow it).
    `serial`: nothing is appended to the
    next utterance until the one before is complete.
    `trusted`: it has guards of its own against words that nobody said.
    `metered`: its minutes are paid for, so silence is not sent.
    `lifetime`: how long a session may last, where the server does not say (`expires_at`).
    `opens`, `configures`, `completes`: how long each may take before something must be wrong.
    `pace`: seconds of audio that it takes in one; None, as many as it reads.
    `ahead`: of audio that it has not answered, at most; for one that can be probed.
    """

    name: str
    model: str = ""
    dialect: DialectName = "ga"
    sample_rate: int = SAMPLE_RATE
    turns: Literal["server", "manual"] = "server"
    vad: Mapping[str, object] | None = None
    live: bool = False
    promised: bool = False
    language: Literal["language", "languages", ""] = "language"
    full_tags: bool = False
    keywords: Literal["keywords", "prompt", ""] = ""
    prompt: Literal["prompt", ""] = ""
    delay: str = ""
    noise_reduction: str = ""
    include: tuple[str, ...] = ()
    greets: bool = False
    probes: bool = False
    serial: bool = False
    trusted: bool = False
    metered: bool = False
    lifetime: float = 3600.0
    opens: float = 10.0
    configures: float = 10.0
    completes: float = 20.0
    pace: float | None = 3.0
    ahead: float = 10.0


_SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
}

EMBEDDED = Provider(
    "embedded",
    "captioner-live",
    sample_rate=SPEECH_RATE,
    vad={"type": "server_vad"},  # its own defaults are measured on its own models
    live=True,
    promised=True,
    full_tags=True,
    keywords="keywords",
    prompt="prompt",
    include=(HYPOTHESIS, SEGMENTS),
    probes=True,
    trusted=True,
    lifetime=float("inf"),
    opens=20.0,
    configures=120.0,  # its models are loading
    completes=300.0,  # a machine with too many tracks is late, and late words are better than none
    pace=None,
)

OPENAI = Provider("openai", vad=_SERVER_VAD, metered=True)
"""A model of OpenAI's that is not in the table: what all of its older ones can do."""

_LIVE = replace(OPENAI, turns="manual", vad=None, live=True, delay="low")
_OPENAI_MODELS = {
    "gpt-live-transcribe": replace(
        _LIVE, language="languages", keywords="keywords", prompt="prompt"
    ),
    "gpt-realtime-whisper": _LIVE,
    "gpt-transcribe": replace(OPENAI, language="languages", keywords="keywords", prompt="prompt"),
    "gpt-4o-transcribe": replace(OPENAI, keywords="prompt", prompt="prompt"),
    "gpt-4o-mini-transcribe": replace(OPENAI, keywords="prompt", prompt="prompt"),
    "gpt-4o-transcribe-diarize": OPENAI,
    "whisper-1": replace(OPENAI, keywords="prompt", prompt="prompt"),
}
OPENAI_MODEL = "gpt-live-transcribe"
"""What is used where nobody chose."""

SPEACHES = Provider(
    "speaches",
    dialect="flat",
    turns="manual",
    # Its detector cannot be switched off, and a commit inside one of its turns breaks the
    # connection; at this threshold it never finds one. Without all four fields nothing is taken.
    vad={
        "type": "server_vad",
        "threshold": 1.0,
        "silence_duration_ms": 500,
        "prefix_padding_ms": 0,
        "create_response": False,
    },
    lifetime=1800.0,
    completes=60.0,
)
LOCALAI = Provider(
    "localai",
    dialect="localai",
    sample_rate=SPEECH_RATE,  # what it writes for its models, whatever it is told
    turns="manual",  # the times of its own are those of its wall clock, without an item
    serial=True,  # a commit cancels the one before
    prompt="prompt",
    completes=60.0,
)
VLLM = Provider(
    "vllm",
    dialect="vllm",
    sample_rate=SPEECH_RATE,
    turns="manual",
    live=True,
    language="",
    serial=True,
    completes=60.0,
)
ANY = Provider("realtime", vad=_SERVER_VAD, greets=True, completes=60.0)
"""A server of the protocol of which nothing more is known."""

DIALECTS = {"localai": LOCALAI, "speaches": SPEACHES, "vllm": VLLM, "captioner": EMBEDDED}
"""Servers that people run themselves, by the name before `+ws://`."""


def openai(model: str = "") -> Provider:
    """OpenAI with one of its models."""
    model = model or OPENAI_MODEL
    return replace(_of_model(model), model=model)


def azure(deployment: str, *, preview: bool = False) -> Provider:
    """Azure OpenAI; a deployment that is called as its model is taken to be that model."""
    name = "azure-preview" if preview else "azure"
    dialect: DialectName = "preview" if preview else "ga"
    return replace(_of_model(deployment), name=name, model=deployment, dialect=dialect)


def _of_model(model: str) -> Provider:
    """By its name, or by that which a dated version of it begins with."""
    if model in _OPENAI_MODELS:
        return _OPENAI_MODELS[model]
    known = [name for name in _OPENAI_MODELS if model.startswith(f"{name}-")]
    return _OPENAI_MODELS[max(known, key=len)] if known else OPENAI


def recognised(provider: Provider, session: Mapping[str, Any]) -> Provider:
    """The provider as its `session.created` shows it: our own engine may run anywhere."""
    if not provider.greets:
        return provider
    try:
        model = session["audio"]["input"]["transcription"]["model"]
    except (KeyError, TypeError):
        return provider
    if not str(model).startswith("captioner-"):
        return provider
    return replace(EMBEDDED, name=provider.name, model=model, sample_rate=provider.sample_rate)


def without_turns(provider: Provider) -> Provider:
    """The same, for a model that turned out to find no turns itself."""
    return replace(provider, turns="manual", vad=None, live=True)


def for_recordings(provider: Provider) -> Provider:
    """The same, where nobody waits for the words and the caller knows where they are cut."""
    if provider.probes:  # ours: it has a model with all the time in the world
        provider = replace(provider, model="captioner-accurate", live=False)
    return replace(
        provider, turns="manual", vad=provider.vad if provider.dialect == "flat" else None
    )

"""Every setting of the server: name, unit, default and a sentence. Read once, by `cli` or `app`.

A setting `data` is the option `--data` and the environment variable `CAPTIONER_DATA`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from captioner.errors import BadInput

PREFIX = "CAPTIONER_"

ROLES = frozenset({"gateway", "ingest", "translate", "archive"})
"""What there is to do; several processes may share it."""


def _setting(default: Any, description: str, *, unit: str = "", **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"unit": unit}, **limits)


_NO_KEY = SecretStr("")


def _secret(variable: str, description: str, default: Any = _NO_KEY) -> Any:
    """Of the environment alone: options are seen by everybody who lists processes."""
    return Field(
        default,
        description=description,
        validation_alias=variable,
        json_schema_extra={"unit": ""},
    )


class Settings(BaseSettings):
    """What whoever runs the server chose. It does not change while the server runs."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    host: str = _setting("127.0.0.1", "Address to listen on; this machine's own for now.")
    port: int = _setting(8000, "Port to listen on; 0 takes a free one.", ge=0, le=65535)
    data: Path = _setting(Path("data"), "Folder for journals and transcripts.")
    redis: SecretStr = _setting(
        _NO_KEY,
        "Redis that several servers share: redis://host:port, redis+sentinel://host:port/MASTER or "
        "redis+cluster://host:port; rediss:// over TLS. With a password, give the variable.",
    )
    engine: str = _setting(
        "embedded",
        "Who recognises speech: `embedded`, `openai`, `openai/MODEL`, `azure/DEPLOYMENT`, or a "
        "Realtime server's ws:// address; several, in the order in which they are wanted.",
    )
    translator: str = _setting(
        "",
        "Who translates: `embedded`, `openai`, `openai/MODEL`, `azure/DEPLOYMENT`, a Realtime "
        "server's ws:// address, or `chat+http://host:port/v1#MODEL`; empty, the first engine.",
    )
    voice: str = _setting(
        "",
        "Who speaks translations: `embedded`, `openai`, `openai/MODEL`, `azure/DEPLOYMENT`, or a "
        "Realtime server's ws:// address; empty, the first engine.",
    )
    session_minutes: float = _setting(
        50.0,
        "How old a session with one of them may become; the next takes over in a pause.",
        unit="min",
        ge=0.5,
        le=1440,
    )
    role: str = _setting(
        "all",
        "What this process does: all, or some of gateway, ingest, translate and archive, with "
        "commas; less than all needs --redis.",
    )
    model: str = _setting(
        "", "Model of the embedded engine: a folder or a faster-whisper name; empty, the best here."
    )
    device: Literal["auto", "cpu", "cuda"] = _setting(
        "auto", "What the embedded engine computes on."
    )
    cache: Path | None = _setting(
        None, "Folder for models that are downloaded; left out, the user's cache."
    )
    grace: float = _setting(
        30.0, "How long a publisher that lost its connection is waited for.", unit="s", ge=0
    )
    prices: Annotated[Mapping[str, float | tuple[float, ...]], NoDecode] = _setting(
        {},
        "What models cost besides what is known: model=usd a minute, or model=in/out or "
        "model=in/out/spoken in USD a million tokens; several with commas.",
    )
    budget_room: float = _setting(
        0.0,
        "The most that recognition, translation and speech may cost in a room; 0, no limit.",
        unit="USD",
        ge=0,
        allow_inf_nan=False,
    )
    budget_day: float = _setting(
        0.0,
        "The most that they may cost a day (UTC), in all rooms; 0, no limit.",
        unit="USD",
        ge=0,
        allow_inf_nan=False,
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "The least that is worth a line in the log."
    )

    engine_key: SecretStr = _secret(
        "CAPTIONER_ENGINE_KEY", "Key of the recognisers that were chosen by their address."
    )
    translator_key: SecretStr = _secret(
        "CAPTIONER_TRANSLATOR_KEY", "Key of a translator that was chosen by its address."
    )
    voice_key: SecretStr = _secret(
        "CAPTIONER_VOICE_KEY", "Key of a voice that was chosen by its address."
    )
    openai_api_key: SecretStr = _secret("OPENAI_API_KEY", "Key of OpenAI.")
    openai_base_url: str = _secret(
        "OPENAI_BASE_URL", "OpenAI's address in another region.", "https://api.openai.com/v1"
    )
    azure_openai_endpoint: str = _secret(
        "AZURE_OPENAI_ENDPOINT", "Address of your Azure OpenAI resource.", ""
    )
    azure_openai_api_key: SecretStr = _secret("AZURE_OPENAI_API_KEY", "Key of that resource.")

    @field_validator("redis")
    @classmethod
    def _redis_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and "://" not in value.get_secret_value():
            raise ValueError("it must be an address such as redis://127.0.0.1:6379")
        return value

    @field_validator("role")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        for word in value.split(","):
            if word.strip() not in ("all", *ROLES):
                raise ValueError(f"{word.strip()!r} is not one of all, {', '.join(sorted(ROLES))}")
        return value

    @model_validator(mode="after")
    def _parts_need_redis(self) -> Settings:
        if not self.redis.get_secret_value() and self.roles != ROLES:
            raise ValueError(
                "--role: a process that does not do all shares its rooms with others over Redis; "
                "name it with --redis"
            )
        return self

    @property
    def roles(self) -> frozenset[str]:
        """What this process does."""
        words = {word.strip() for word in self.role.split(",")}
        return ROLES if "all" in words else frozenset(words)

    @field_validator("prices", mode="before")
    @classmethod
    def _price_list(cls, value: object) -> object:
        return _prices(value) if isinstance(value, str) else value

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        for word in map(str.strip, value.split(",")):
            named = word.partition("/")[0] in ("embedded", "openai", "azure", "azure-preview")
            if not named and not re.match(r"([a-z]+\+)?wss?://[^/?#]", word):
                name = word.partition("?")[0]  # what follows may be a key
                raise ValueError(
                    f"{name!r} is neither embedded, openai or azure/DEPLOYMENT, "
                    "nor an address such as ws://host:port"
                )
        return value

    @field_validator("translator", "voice")
    @classmethod
    def _known_interpreter(cls, value: str, info: ValidationInfo) -> str:
        word = value.strip()
        chat = info.field_name == "translator" and re.match(r"chat\+https?://[^/?#]", word)
        named = word.partition("/")[0] in ("", "embedded", "openai", "azure")
        if not named and not chat and not re.match(r"(captioner\+)?wss?://[^/?#]", word):
            name = re.split(r"[?#]", word)[0]  # what follows may be a key
            raise ValueError(
                f"{name!r} is neither embedded, openai or azure/DEPLOYMENT, "
                "nor an address such as ws://host:port"
            )
        return word


def _prices(text: str) -> dict[str, float | tuple[float, ...]]:
    """`model=usd,model=in/out/spoken` as a price by model; raises `ValueError`.

    A number is USD a minute, two or three are USD a million tokens.
    """
    prices: dict[str, float | tuple[float, ...]] = {}
    for part in text.split(",") if text.strip() else ():
        model, _, usd = (word.strip() for word in part.rpartition("="))
        if not model:
            raise ValueError(f"{part.strip()!r} is not model=usd, such as gpt-transcribe=0.0045")
        if model in prices:
            raise ValueError(f"{model} has two prices")
        prices[model] = _price(model, usd) if "/" not in usd else _token_prices(model, usd)
    return prices


def _token_prices(model: str, text: str) -> tuple[float, ...]:
    prices = tuple(_number(part) for part in text.split("/"))
    if len(prices) > 3 or not all(0 <= price < math.inf for price in prices):
        raise ValueError(
            f"the price of {model} must be in USD a million tokens, in/out or in/out/spoken, "
            f"such as 0.6/2.4/20, not {text!r}"
        )
    return prices


def _price(model: str, usd: str) -> float:
    price = _number(usd)
    if not 0 <= price < math.inf:
        raise ValueError(
            f"the price of {model} must be in USD a minute, such as 0.0045, not {usd!r}"
        )
    return price


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as the documentation lists it; without an option it is a variable alone."""

    variable: str
    option: str
    default: str
    unit: str
    description: str


def every_setting() -> list[Setting]:
    """All settings, in the order in which they are worth reading."""
    return [
        Setting(
            variable=str(field.validation_alias or PREFIX + name.upper()),
            option="" if field.validation_alias else "--" + name.replace("_", "-"),
            default="" if field.default in (None, {}, SecretStr("")) else str(field.default),
            unit=str((field.json_schema_extra or {})["unit"]),  # type: ignore[index]
            description=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def read_settings(
    given: Mapping[str, Any] | None = None, *, also_known: Iterable[str] = ()
) -> Settings:
    """The settings: those `given` by name, the rest from the environment, the rest by default.

    `also_known`: variables with our prefix that something else reads. Raises `BadInput`, in a line
    a setting, for a value that cannot be and for a variable that nobody reads.
    """
    known = [*(setting.variable for setting in every_setting()), *also_known]
    unknown = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    if unknown:
        raise BadInput("\n".join(_unknown(name, known) for name in sorted(unknown)))
    try:
        return Settings(**(given or {}))
    except ValidationError as error:
        raise BadInput("\n".join(_told(problem) for problem in error.errors())) from error


def _unknown(variable: str, known: list[str]) -> str:
    nearest = get_close_matches(variable, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{variable} is not a setting{hint}"


def _told(problem: Any) -> str:
    name = "_".join(str(part) for part in problem["loc"])
    message = str(problem["msg"].removeprefix("Value error, "))
    return f"--{name.replace('_', '-')}: {message}" if name else message

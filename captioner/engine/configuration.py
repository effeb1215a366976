"""What the configurations of all sessions have in common: checking, and the sparse merge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from captioner.engine.protocol_error import ProtocolError

_BRANCHES = re.compile(
    r"audio/pcm|audio/pcm[ua]|message|item_reference|str|[A-Z]\w+|constrained-\w+|literal\[.*"
)
"""Pydantic names the branch of a union in the path; the client does not know it."""
_CODES = {
    "extra_forbidden": ("unknown_parameter", "Unknown parameter."),
    "missing": ("missing_required_parameter", "Missing required parameter."),
    "none_required": ("unsupported_parameter", "Not supported by this server; only null is."),
}

Refusals = Mapping[tuple[str, ...], tuple[str, str]]
"""Code and message by the beginning of the path that is wrong."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def is_language_tag(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", text) is not None


def _language(tag: str) -> str:
    if not is_language_tag(tag):
        raise ValueError(f"'{tag}' is not a language tag such as 'en' or 'pt-BR'")
    return tag


LanguageTag = Annotated[str, AfterValidator(_language)]


def primary(tag: str) -> str:
    """The language of a tag, without its region or script."""
    return tag.partition("-")[0].lower()


def check_type(patch: Mapping[str, Any], type_: str, session: str) -> None:
    """A session's type must be repeated in every update, and cannot change."""
    if "type" not in patch:
        raise ProtocolError(
            "missing_required_parameter",
            "Missing required parameter: 'session.type'.",
            param="session.type",
        )
    if patch["type"] != type_ and patch["type"] in ("realtime", "transcription", "translation"):
        raise ProtocolError(
            "invalid_parameter",
            f"Passing a {patch['type']} session update to a {session} session is not allowed.",
            param="session.type",
        )


def merged(current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Sparse merge; an object of another `type` replaces the old one as a whole."""
    result = dict(current)
    for name, value in patch.items():
        old = current.get(name)
        if (
            isinstance(value, dict)
            and isinstance(old, dict)
            and value.get("type", old.get("type")) == old.get("type")
        ):
            value = merged(old, value)
        result[name] = value
    return result


def refusal(error: ValidationError, root: str, refusals: Refusals) -> ProtocolError:
    """The first thing that is wrong below `root`, in the protocol's words."""
    first = error.errors(include_url=False, include_input=False)[0]
    named = map(str, first["loc"])
    path = tuple(name for name in named if not _BRANCHES.fullmatch(name))
    param = ".".join((root, *path))
    for prefix, (code, message) in refusals.items():
        if path[: len(prefix)] == prefix:
            return ProtocolError(code, message, param=param)
    code, message = _CODES.get(first["type"], ("invalid_value", first["msg"]))
    return ProtocolError(code, message, param=param)

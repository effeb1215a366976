"""The one function that a model may call: what a term of the room's is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

_NAME = "lookup_term"
LOOKUP_TERM: dict[str, Any] = {
    "type": "function",
    "name": _NAME,
    "description": "What a term is called in the language of the translation.",
    "parameters": {
        "type": "object",
        "properties": {"term": {"type": "string", "description": "As it was said."}},
        "required": ["term"],
        "additionalProperties": False,
    },
}


def looked_up(function: str, arguments: str, terms: Sequence[tuple[str, str]]) -> str:
    """The function's answer, as JSON: for what is not in the glossary the translation is null."""
    if function != _NAME:
        return _encoded({"error": f"there is no function {function[:60]!r}"})
    try:
        asked = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        asked = None
    term = asked.get("term") if isinstance(asked, dict) else None
    if not isinstance(term, str):
        return _encoded({"error": 'the arguments must be {"term": "…"}'})
    known = {name.casefold(): translation for name, translation in terms}
    return _encoded({"term": term, "translation": known.get(term.strip().casefold())})


def _encoded(answer: dict[str, Any]) -> str:
    return orjson.dumps(answer).decode()

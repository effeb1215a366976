"""What a response is to do: named by a prompt, or told in the instructions.

The instructions are read for three kinds of lines, wherever they stand and whatever is around:

    Translate from en to es.            or: Translate … from English (en) to Spanish (es) …
    Read aloud in es.                   or: Say … in Spanish (es) …
    "captioning" => "subtitulado"       a term and what it must be called, for translations
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson
from pydantic import TypeAdapter, ValidationError

from captioner.engine.configuration import LanguageTag
from captioner.engine.conversation.config import Prompt, VariableText
from captioner.engine.protocol_error import ProtocolError

Terms = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """`source`, `target`: BCP 47 tags. `terms`: what must be called what."""

    source: str
    target: str
    terms: Terms = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The text is spoken as it is. What is empty or None is as the session has it."""

    language: str
    voice: str = ""
    speed: float | None = None


Task = Translation | Reading

_TAG = r"(?:[^\n()]{{1,40}}\()?(?P<{}>[A-Za-z]{{2,3}}(?:-[A-Za-z0-9]{{1,8}})*)\b\)?"
_TRANSLATE = re.compile(
    rf"\btranslate\b[^\n]{{0,80}}?\bfrom\s+{_TAG.format('source')}\s+(?:in)?to\s+{_TAG.format('target')}"
    r"(?![\w-])",
    re.IGNORECASE,
)
_READ = re.compile(
    rf"\b(?:read|say|speak)\b[^\n]{{0,80}}?\bin\s+{_TAG.format('language')}(?![\w-])",
    re.IGNORECASE,
)
_TERM = re.compile(r'"(?P<term>[^"\n]+)"\s*=>\s*"(?P<called>[^"\n]+)"')

_TERMS = TypeAdapter(list[tuple[str, str]])
_LANGUAGE = TypeAdapter(LanguageTag)


def prompted(prompt: Prompt) -> Task:
    """Raises ProtocolError where the prompt is none of ours, or its variables are not."""
    variables = {
        name: value.text if isinstance(value, VariableText) else value
        for name, value in prompt.variables.items()
    }
    match prompt.id:
        case "translate":
            _check(variables, {"source", "target"}, {"terms"})
            source, target = (_language(variables, name) for name in ("source", "target"))
            return Translation(source, target, _terms(variables.get("terms", "[]")))
        case "speak":
            _check(variables, {"language"}, {"voice", "speed"})
            speed = _speed(variables["speed"]) if "speed" in variables else None
            return Reading(_language(variables, "language"), variables.get("voice", ""), speed)
        case _:
            raise ProtocolError(
                "invalid_value", "There are the prompts 'translate' and 'speak'.", param="prompt.id"
            )


def instructed(instructions: str) -> Task | None:
    """None: the instructions say nothing of the kind."""
    if found := _TRANSLATE.search(instructions):
        terms = tuple((term["term"], term["called"]) for term in _TERM.finditer(instructions))
        return Translation(found["source"], found["target"], terms)
    if found := _READ.search(instructions):
        return Reading(found["language"])
    return None


def _check(variables: dict[str, str], needed: set[str], optional: set[str]) -> None:
    for name in sorted(needed - variables.keys()):
        raise ProtocolError(
            "missing_required_parameter",
            f"Missing required parameter: 'prompt.variables.{name}'.",
            param=f"prompt.variables.{name}",
        )
    for name in sorted(variables.keys() - needed - optional):
        raise _wrong(name, "Unknown parameter.", "unknown_parameter")


def _wrong(name: str, message: str, code: str = "invalid_value") -> ProtocolError:
    return ProtocolError(code, message, param=f"prompt.variables.{name}")


def _language(variables: dict[str, str], name: str) -> str:
    try:
        return _LANGUAGE.validate_python(variables[name])
    except ValidationError as error:
        raise _wrong(name, "Not a language tag such as 'en' or 'pt-BR'.") from error


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError as error:
        raise _wrong("speed", "Not a number.") from error
    if not 0.25 <= speed <= 1.5:
        raise _wrong("speed", "A speed is between 0.25 and 1.5.")
    return speed


def _terms(text: str) -> Terms:
    try:
        return tuple(_TERMS.validate_python(orjson.loads(text)))
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise _wrong("terms", 'Terms are JSON text: [["term", "what it is called"], …].') from error

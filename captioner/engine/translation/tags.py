"""Language tags (BCP 47): which language of a model serves a language that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_SAME_LANGUAGE = {"iw": "he", "in": "id", "ji": "yi", "no": "nb", "cmn": "zh", "tl": "fil"}
_SCRIPT_BY_REGION = {
    ("zh", "TW"): "Hant",
    ("zh", "HK"): "Hant",
    ("zh", "MO"): "Hant",
    ("sr", "ME"): "Latn",
    ("pa", "PK"): "Arab",
}
_USUAL_SCRIPT = {
    "zh": "Hans",
    "sr": "Cyrl",
    "uz": "Latn",
    "az": "Latn",
    "kk": "Cyrl",
    "mn": "Cyrl",
    "pa": "Guru",
    "bs": "Latn",
    "sh": "Latn",
}
"""Of languages that are written in several; all others have one script, whatever a tag says."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag's parts. `script` is filled in where it tells two ways to write the language apart."""

    language: str
    script: str
    region: str


@lru_cache(maxsize=1024)
def parsed(tag: str) -> Tag:
    first, *rest = tag.replace("_", "-").split("-")
    language = _SAME_LANGUAGE.get(first.lower(), first.lower())
    script = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), "")
    region = next((part.upper() for part in rest if len(part) == 2 and part.isalpha()), "")
    if language not in _USUAL_SCRIPT:
        script = ""
    elif not script:
        script = _SCRIPT_BY_REGION.get((language, region), _USUAL_SCRIPT[language])
    return Tag(language, script, region)


def same_language(one: str, other: str) -> bool:
    """Whether there is nothing to translate between them: dialects count as one, scripts do not."""
    return distance(one, other) is not None


def distance(asked: str, offered: str) -> int | None:
    """How well `offered` serves who asks for `asked`: 0 is best; None: it is another language.

    The region that is asked for comes before none in particular, and that before another one.
    """
    want, have = parsed(asked), parsed(offered)
    if (want.language, want.script) != (have.language, have.script):
        return None
    if want.region == have.region:
        return 0
    return 2 if want.region and have.region else 1

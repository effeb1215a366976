"""Language tags, checked by their syntax (BCP 47) and written the one usual way."""

from __future__ import annotations

import re

from captioner.errors import BadInput

AUTO = "auto"
"""In the place of a room's or a publisher's language: whatever is spoken."""

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)
_LONGEST = 35


def language_tag(text: object) -> str:
    """The tag in its usual case (`pt-BR`, `zh-Hans`); raises `BadInput` where it is none."""
    if not isinstance(text, str) or len(text) > _LONGEST or not _TAG.fullmatch(text):
        raise BadInput(f"{shown(text)} is not a language tag such as en, es or pt-BR")
    first, *others = text.lower().split("-")
    private = False
    subtags = [first]
    for subtag in others:
        private = private or len(subtag) == 1
        subtags.append(subtag if private else _cased(subtag))
    return "-".join(subtags)


def is_same_language(one: str, other: str) -> bool:
    """Whether whoever reads the one reads the other: `pt` and `pt-BR`, not `zh-Hans` and `zh-Hant`.

    Tags are in their usual case; a script that is not named may be any.
    """
    if one.split("-")[0] != other.split("-")[0]:
        return False
    scripts = [_script(tag) for tag in (one, other)]
    return None in scripts or scripts[0] == scripts[1]


def _script(tag: str) -> str | None:
    found = next((part for part in tag.split("-")[1:] if len(part) == 4 and part.istitle()), None)
    return found or _SCRIPTS.get(tag)


_SCRIPTS = {"zh-CN": "Hans", "zh-SG": "Hans", "zh-TW": "Hant", "zh-HK": "Hant", "zh-MO": "Hant"}


def shown(value: object) -> str:
    """A value as an error message quotes it: short, on one line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _cased(subtag: str) -> str:
    if len(subtag) == 4 and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == 2 else subtag

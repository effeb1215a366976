"""Right-to-left lines, marked so that players show them rightly whatever is around them.

The marks are those of the Unicode Bidirectional Algorithm (UAX 9); no reader sees them.
"""

from __future__ import annotations

import unicodedata

from captioner.captions.layout import Cue

_RTL_ISOLATE = "\u2067"
_FIRST_STRONG_ISOLATE = "\u2068"
_POP_ISOLATE = "\u2069"

_LANGUAGES = frozenset("ar arc ckb dv fa he iw ks ps sd syr ug ur yi".split())
_SCRIPTS = frozenset("adlm arab aran hebr mand nkoo rohg samr syrc thaa".split())
_STRONG = {"L": False, "R": True, "AL": True}
"""Whether letters run to the left, by their bidirectional class."""


def is_rtl(language: str, text: str = "") -> bool:
    """Whether text in a language (BCP 47) runs to the left; where it is unknown, by its letters."""
    primary, *subtags = language.lower().split("-")
    if primary == "und":
        return _runs_left(text)
    scripts = [subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()]
    return scripts[0] in _SCRIPTS if scripts else primary in _LANGUAGES


def shown_lines(cue: Cue, *, named: bool = False) -> list[str]:
    """A cue's lines, the translation's last, each marked where it runs to the left.

    `named`: the first begins with who speaks, if that is known.
    """
    lines: list[str] = []
    for texts, language in ((cue.lines, cue.language), (cue.below, cue.below_language)):
        rtl = is_rtl(language or cue.language, " ".join(texts))
        for line in texts:
            if named and cue.speaker and not lines:
                line = f"{_embedded(' '.join(cue.speaker.split()), rtl=rtl)}: {line}"
            lines.append(f"{_RTL_ISOLATE}{line}{_POP_ISOLATE}" if rtl else line)
    return lines


def _embedded(name: str, *, rtl: bool) -> str:
    """A name inside a line: marked where it runs the other way."""
    other_way = any(_STRONG.get(unicodedata.bidirectional(letter), rtl) != rtl for letter in name)
    return f"{_FIRST_STRONG_ISOLATE}{name}{_POP_ISOLATE}" if other_way else name


def _runs_left(text: str) -> bool:
    classes = [unicodedata.bidirectional(letter) for letter in text]
    strong = [_STRONG[kind] for kind in classes if kind in _STRONG]
    return 2 * sum(strong) > len(strong)

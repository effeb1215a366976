"""Apertium's pairs on this machine: translation by rules, in processes of its own (it is GPL).

A mode file of Apertium is a shell pipeline. It is run here without a shell, every program with
-z, which makes it answer text by text instead of at the end of its input.
"""

from __future__ import annotations

import logging
import re
import shlex
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

from captioner.engine.translation.pairs import Pair
from captioner.engine.translation.pipeline import Pipeline, PipelineBroken
from captioner.errors import TranslationUnavailable

_log = logging.getLogger(__name__)

MODES = Path("/usr/share/apertium/modes")
PATIENCE_S = 5.0
"""A sentence takes some milliseconds."""
_STARTING = 3
"""How many times as long the first may take: its programs load their dictionaries."""

_TWO_LETTERS = dict(
    code.split(":")
    for code in (
        "afr:af arg:an bel:be ben:bn bre:br bul:bg cat:ca ces:cs cos:co cym:cy dan:da deu:de "
        "ell:el eng:en epo:eo est:et eus:eu fao:fo fas:fa fin:fi fra:fr gle:ga glg:gl hbs:sh "
        "heb:he hin:hi hun:hu hye:hy ina:ia ind:id isl:is ita:it kaz:kk kir:ky lat:la lav:lv "
        "lit:lt mkd:mk mlt:mt mar:mr msa:ms nld:nl nno:nn nob:nb oci:oc pol:pl por:pt roh:rm "
        "ron:ro rus:ru slk:sk slv:sl sme:se spa:es sqi:sq srd:sc srp:sr swe:sv tat:tt tel:te "
        "tgl:tl tur:tr ukr:uk urd:ur zho:zh"
    ).split()
)
"""ISO 639-3 as Apertium has it: the shorter code is the one for tags, where there is one."""

# eng-spa or cat-por_BR; other variants (cat_valencia, por_pre1990) have no region to ask for.
_NAME = re.compile(r"([a-z]{2,3})(_[A-Z]{2})?-([a-z]{2,3})(_[A-Z]{2})?")
_RESERVED = re.compile(r"[\[\]{}^$/\\@<>*#~+]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Apertium lets go of the last word when it sees that the text is over. What is in brackets comes
# out as it is: an answer without it is what is left of one when a program died in the middle.
_END = b"[][\n]"


@dataclass(slots=True)
class _Mode:
    """A direction: its programs, and them running once it was used."""

    name: str
    commands: list[list[str]]
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: Pipeline | None = None


class Apertium:
    """The programs of a pair are started when it is first needed (0.1 to 0.2 s) and then stay."""

    def __init__(self, modes: Path = MODES, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._modes = dict(_found(modes))

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(self._modes)

    def translate(self, text: str, pair: Pair) -> str:
        mode = self._modes[pair]
        asked = _RESERVED.sub(r"\\\g<0>", " ".join(text.replace("\0", " ").split())).encode()
        with mode.lock:
            try:
                answer = self._answer(mode, asked)
            except (PipelineBroken, TimeoutError) as error:
                raise TranslationUnavailable(f"Apertium {mode.name} failed: {error}") from error
        return _ESCAPED.sub(r"\1", answer.decode(errors="replace")).strip()

    def processes(self, pair: Pair) -> tuple[int, ...]:
        """The process ids of a pair's programs; none before it is first used."""
        running = self._modes[pair].running
        return running.processes if running else ()

    def close(self) -> None:
        for mode in self._modes.values():
            with mode.lock:
                _end(mode)

    def _answer(self, mode: _Mode, asked: bytes) -> bytes:
        """A program that died since it was last asked is started again; a hang is not waited for.

        Twice the same death is the text's doing, or a broken installation's.
        """
        try:
            return self._asked_once(mode, asked)
        except PipelineBroken:
            return self._asked_once(mode, asked)

    def _asked_once(self, mode: _Mode, asked: bytes) -> bytes:
        patience_s = self._patience_s
        try:
            if mode.running is None:
                mode.running = Pipeline(mode.commands)
                patience_s *= _STARTING
            answer = mode.running.ask(asked + _END, patience_s)
            if not answer.endswith(_END):
                raise PipelineBroken("it ended in the middle")
        except (PipelineBroken, TimeoutError):
            _end(mode)
            raise
        return answer.removesuffix(_END)


def _end(mode: _Mode) -> None:
    if mode.running is not None:
        mode.running.close()
        mode.running = None


def _found(folder: Path) -> list[tuple[Pair, _Mode]]:
    return [
        (Pair(*languages, "rules", origin=f"Apertium {path.stem}"), _Mode(path.stem, commands))
        for path in sorted(folder.glob("*.mode"))
        if (languages := _languages(path.stem)) and (commands := _commands(path))
    ]


def _languages(name: str) -> tuple[str, str] | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    source, source_region, target, target_region = match.groups(default="")
    return _tag(source, source_region), _tag(target, target_region)


def _tag(language: str, region: str) -> str:
    return _TWO_LETTERS.get(language, language) + region.replace("_", "-")


def _commands(path: Path) -> list[list[str]]:
    """The programs of a mode, none if it cannot be used here."""
    # $1 tells how to generate: -n leaves the marks for unknown words out. $2 is for the tagger.
    try:
        line = path.read_text(encoding="utf-8").replace("$1", "-n").replace("$2", "")
        stages = [shlex.split(stage) for stage in line.split("|")]
    except (OSError, ValueError) as error:
        _log.warning("Apertium's %s cannot be read: %s", path, error)
        return []
    if not any("-b" in stage for stage in stages):
        return []  # it analyses a language, and translates nothing
    missing = [stage[0] for stage in stages if not shutil.which(stage[0])]
    missing += [word for stage in stages for word in stage if _is_missing_file(word)]
    if missing:
        _log.warning("Apertium's %s cannot be used: %s is missing", path.stem, missing[0])
        return []
    return [[stage[0], "-z", *stage[1:]] for stage in stages]


def _is_missing_file(word: str) -> bool:
    return word.startswith("/") and not Path(word).exists()

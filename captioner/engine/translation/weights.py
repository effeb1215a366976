"""Whether the weights of a CTranslate2 model are complete, found out without loading them."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

_VERSIONS = range(2, 100)
"""Versions of the format; from the first of them on a file names what it holds. 6 is today's."""
_SIZES_IN_BYTES = 4
"""Before this version sizes were counted in items."""
_TRANSLATES = "TransformerSpec"


def trouble(path: Path) -> str | None:
    """What is wrong with a model.bin, in plain words; None if it is a whole translation model.

    The file is a list of arrays with their sizes; these are followed to its end, without reading
    the arrays.
    """
    try:
        with path.open("rb") as file:
            (version,) = _numbers(file, "I")
            if version not in _VERSIONS:
                return "it is no model of CTranslate2, or of a very old one"
            name = _string(file)
            if name != _TRANSLATES:
                return f"it is no translation model ({name})"
            _skip_arrays(file, version)
            return None if file.tell() <= os.fstat(file.fileno()).st_size else "it is cut off"
    except (struct.error, UnicodeDecodeError):
        return "it is cut off"
    except OSError as error:
        return str(error.strerror)


def _skip_arrays(file: BinaryIO, version: int) -> None:
    _revision, arrays = _numbers(file, "II")
    for _ in range(arrays):
        _string(file)
        (dimensions,) = _numbers(file, "B")
        file.seek(4 * dimensions, os.SEEK_CUR)
        kind, size = _numbers(file, "BI")
        file.seek(size if version >= _SIZES_IN_BYTES else size * kind, os.SEEK_CUR)


def _string(file: BinaryIO) -> str:
    (length,) = _numbers(file, "H")
    return file.read(length).rstrip(b"\0").decode()


def _numbers(file: BinaryIO, kinds: str) -> tuple[int, ...]:
    layout = struct.Struct(f"<{kinds}")
    return layout.unpack(file.read(layout.size))

"""Files and folders that a crash finds whole: as they were before, or as they are to be."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Put the data in the place of what is there; whoever reads sees the one or the other."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_folder(folder: Path) -> None:
    """Remove it with all that is in it: gone at once, erased right after."""
    doomed = folder.with_name(f"{folder.name}{ERASED}")
    folder.replace(doomed)
    sync_folder(folder.parent)
    shutil.rmtree(doomed)


ERASED = ".erased"
"""Ends the name of a folder that is being erased."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a loss of power, as `fsync` does the contents."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

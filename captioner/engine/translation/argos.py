"""Models from the public index of Argos Translate, into the models folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from captioner.engine.models import Progress
from captioner.engine.translation.archives import LARGEST_BYTES, SUFFIX, BadArchive
from captioner.engine.translation.packages import ARGOS_CODES, BadModel, ModelFiles, model_at
from captioner.engine.translation.tags import distance
from captioner.errors import NoSuchPair, TranslationUnavailable

INDEX = "https://raw.githubusercontent.com/argosopentech/argospm-index/main/index.json"
_PATIENCE_S = 30.0
"""For a server to say something."""

_Entry = dict[str, Any]


def fetch(
    source: str, target: str, folder: Path, *, cache: Path, progress: Progress, index: str = INDEX
) -> ModelFiles:
    """Download the newest model for a pair into `folder`; check it before it is put there.

    Raises NoSuchPair where the index has none, TranslationUnavailable where it, or the model,
    cannot be had.
    """
    with httpx.Client(follow_redirects=True, timeout=_PATIENCE_S) as client:
        entries = _entries(client, index, folder)
        chosen = _chosen(entries, source, target)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".downloading-", dir=folder) as place:
            archive = Path(place) / _name(chosen)
            _download(client, chosen, archive, progress, folder)
            found = _checked(archive, chosen, cache)
            os.replace(archive, folder / archive.name)
    return found


def _entries(client: httpx.Client, index: str, folder: Path) -> list[_Entry]:
    with _network("the index of Argos Translate", index, folder):
        response = client.get(index).raise_for_status()
    try:
        content = response.json()
    except ValueError as error:
        raise TranslationUnavailable(f"{index} is no index of Argos Translate.") from error
    found = [entry for entry in content if _is_entry(entry)] if isinstance(content, list) else []
    if not found:
        raise TranslationUnavailable(f"{index} is no index of Argos Translate.")
    return found


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), str) for key in ("from_code", "to_code"))
        and isinstance(entry.get("links"), list)
    )


def _chosen(entries: Sequence[_Entry], source: str, target: str) -> _Entry:
    pairs = [(entry, *_languages(entry)) for entry in entries]
    fitting = [
        (near + far, entry)
        for entry, begins, ends in pairs
        if (near := distance(source, begins)) is not None
        and (far := distance(target, ends)) is not None
    ]
    if not fitting:
        known = sorted({ends for _, begins, ends in pairs if distance(source, begins) is not None})
        raise NoSuchPair(
            f"Argos Translate has no model from {source} to {target}. "
            + (
                f"From {source} it has: {', '.join(known)}."
                if known
                else f"It has none from {source}."
            )
        )
    closest = min(far for far, _ in fitting)
    return max((entry for far, entry in fitting if far == closest), key=_version)


def _languages(entry: _Entry) -> tuple[str, str]:
    source, target = str(entry["from_code"]), str(entry["to_code"])
    return ARGOS_CODES.get(source, source), ARGOS_CODES.get(target, target)


def _version(entry: _Entry) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", str(entry.get("package_version", "")))))


def _name(entry: _Entry) -> str:
    """What the index says must not lead out of the folder."""
    source, target = (re.sub(r"\W", "_", entry[key]) for key in ("from_code", "to_code"))
    return f"translate-{source}_{target}{SUFFIX}"


def _download(
    client: httpx.Client, entry: _Entry, archive: Path, progress: Progress, folder: Path
) -> None:
    links = [link for link in entry["links"] if str(link).startswith(("https://", "http://"))]
    if not links:
        raise TranslationUnavailable("The index names no address to download that model from.")
    stage = f"Downloading {archive.name}"
    with (
        _network("the model", links[0], folder),
        client.stream("GET", links[0]) as response,
        archive.open("wb") as out,
    ):
        size = int(response.raise_for_status().headers.get("content-length", 0))
        progress(stage, 0.0)
        for piece in response.iter_bytes():
            out.write(piece)
            if out.tell() > LARGEST_BYTES:
                raise TranslationUnavailable(f"{links[0]} is larger than any model.")
            progress(stage, min(response.num_bytes_downloaded / max(size, 1), 1.0))


def _checked(archive: Path, entry: _Entry, cache: Path) -> ModelFiles:
    try:
        found = model_at(archive, cache)
    except (BadArchive, BadModel) as error:
        raise TranslationUnavailable(f"What was downloaded cannot be used: {error}.") from error
    if (found.source, found.target) != _languages(entry):
        raise TranslationUnavailable(
            f"What was downloaded is for another pair, {found.source} to {found.target}."
        )
    return found


@contextmanager
def _network(what: str, address: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise TranslationUnavailable(
            f"{address} answers {error.response.status_code} instead of {what}."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TranslationUnavailable(
            f"{address} cannot be reached ({error or type(error).__name__}). Check the network, or "
            f"copy an {SUFFIX} file from elsewhere into {folder}."
        ) from error

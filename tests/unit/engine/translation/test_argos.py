"""Downloads from an index of Argos Translate, by a real server."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from captioner.engine.translation.argos import fetch
from captioner.engine.translation.packages import models_in
from captioner.errors import NoSuchPair, TranslationUnavailable
from tests.processes import free_port
from tests.unit.engine.translation.tiny import cut_off, save_archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "translation"


@pytest.fixture
def site(tmp_path: Path, package: Path) -> Iterator[str]:
    """A server with packages; all of them are the same model from English into German."""
    place = tmp_path / "site"
    place.mkdir()
    save_archive(place / "old.argosmodel", package)
    save_archive(place / "new.argosmodel", package)
    with serving(place) as address:
        entries = [
            entry("en", "de", "1.9", f"{address}/old.argosmodel"),
            entry("en", "de", "1.10", f"{address}/new.argosmodel"),
            entry("en", "de", "1.2", f"{address}/missing.argosmodel"),
            entry("en", "es", "1.0", f"{address}/new.argosmodel"),
            entry("en", "it", "1.0", f"{address}/missing.argosmodel"),
            entry("en", "fr", "1.0", f"{address}/broken.argosmodel"),
            entry("en", "zt", "1.0", f"{address}/new.argosmodel"),
            entry("en", "sv_/../../../escaped", "1.0", f"{address}/new.argosmodel"),
            entry("en", "pl", "1.0", "ipfs://bafybei"),
            {"type": "sbd"},
            "nonsense",
        ]
        (place / "index.json").write_text(json.dumps(entries))
        shutil.copy(place / "new.argosmodel", place / "broken.argosmodel")
        cut_off(place / "broken.argosmodel")
        yield address


def entry(source: str, target: str, version: str, link: str) -> Mapping[str, object]:
    return {"from_code": source, "to_code": target, "package_version": version, "links": [link]}


@contextmanager
def serving(place: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *words: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(place))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def fetched(site: str, source: str, target: str, folder: Path) -> list[tuple[str, float]]:
    told: list[tuple[str, float]] = []
    fetch(
        source,
        target,
        folder,
        cache=folder / "../cache",
        progress=lambda stage, fraction: told.append((stage, fraction)),
        index=f"{site}/index.json",
    )
    return told


def test_the_newest_model_of_a_pair_comes_into_the_folder(
    site: str, folder: Path, tmp_path: Path
) -> None:
    told = fetched(site, "en-US", "de", folder)
    (archive,) = folder.iterdir()
    assert archive.read_bytes() == (tmp_path / "site/new.argosmodel").read_bytes()
    assert [(model.source, model.target) for model in models_in(folder, tmp_path)] == [("en", "de")]
    assert {stage for stage, _ in told} == {f"Downloading {archive.name}"}
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


def test_fetching_again_replaces_what_was_there(site: str, folder: Path) -> None:
    fetched(site, "en", "de", folder)
    (archive,) = folder.iterdir()
    archive.write_bytes(b"damaged")
    fetched(site, "en", "de", folder)
    assert [path.name for path in folder.iterdir()] == [archive.name]
    assert archive.stat().st_size > 1000


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("es", "is for another pair, en to de"),
        ("it", "missing.argosmodel answers 404"),
        ("fr", "cannot be used: it is damaged"),
        ("pl", "names no address"),
        ("zh-Hant", "is for another pair"),
        ("sv", "is for another pair"),
    ],
)
def test_what_is_not_the_model_asked_for_does_not_get_into_the_folder(
    site: str, folder: Path, tmp_path: Path, target: str, said: str
) -> None:
    with pytest.raises(TranslationUnavailable, match=said):
        fetched(site, "en", target, folder)
    assert list(folder.iterdir()) == []
    assert not list(tmp_path.rglob("escaped*"))


def test_a_pair_that_is_not_in_the_index_is_refused_with_those_that_are(
    site: str, folder: Path
) -> None:
    with pytest.raises(NoSuchPair, match="From en it has: de, es, fr, it, pl, .*zh-Hant"):
        fetched(site, "en", "ja", folder)
    with pytest.raises(NoSuchPair, match="no model from ja to en. It has none from ja"):
        fetched(site, "ja", "en", folder)
    assert not folder.exists()


@pytest.mark.parametrize("content", ["<html>", "{}", "[]", "[1]"])
def test_an_index_that_is_none_is_said(tmp_path: Path, folder: Path, content: str) -> None:
    (tmp_path / "index.json").write_text(content)
    with serving(tmp_path) as address, pytest.raises(TranslationUnavailable, match="is no index"):
        fetched(address, "en", "de", folder)


def test_without_a_network_it_says_what_else_can_be_done(folder: Path) -> None:
    with pytest.raises(TranslationUnavailable, match=f"cannot be reached.*into {folder}"):
        fetched(f"http://127.0.0.1:{free_port()}", "en", "de", folder)
    assert not folder.exists()

"""Files that are replaced whole, folders that go at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from captioner.archive.files import remove_folder, replace_file


def test_a_replaced_file_is_the_new_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "en.vtt"
    for data in (b"before", b"after"):
        replace_file(path, data)
        assert path.read_bytes() == data
    assert [file.name for file in tmp_path.iterdir()] == ["en.vtt"]


def test_a_file_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(file: int) -> None:
        raise OSError("broken disk")

    path = tmp_path / "en.vtt"
    replace_file(path, b"before")
    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="broken disk"):
        replace_file(path, b"after")
    assert path.read_bytes() == b"before"


def test_a_removed_folder_is_gone_with_all_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "room"
    folder.mkdir()
    (folder / "journal.jsonl").write_bytes(b"{}\n")
    remove_folder(folder)
    assert list(tmp_path.iterdir()) == []

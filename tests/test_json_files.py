"""What can be read of a JSON file, whatever stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.json_files import read_object


def test_an_object_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text('{"名": [1, null]}', encoding="utf-8")
    assert read_object(path) == {"名": [1, None]}


@pytest.mark.parametrize("content", [b"", b'{"cut": ', b"[1, 2]", b"null", b"\xff\xfe{}", b"NaN"])
def test_of_anything_else_nothing_is_known(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "note.json"
    path.write_bytes(content)
    assert read_object(path) == {}


def test_nor_of_a_file_that_is_not_there_or_of_a_folder(tmp_path: Path) -> None:
    assert read_object(tmp_path / "lost.json") == read_object(tmp_path) == {}

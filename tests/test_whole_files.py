"""A file is there whole, or as it was before."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from loresmith.whole_files import OWNER_ONLY, whole_file, write_once, write_whole


def test_what_breaks_off_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    write_whole(path, "港口\n")
    with pytest.raises(ValueError, match="broken off"), whole_file(path) as stream:
        stream.write(b"half")
        raise ValueError("broken off")
    assert path.read_text(encoding="utf-8") == "港口\n"
    assert list(tmp_path.iterdir()) == [path]


def test_until_it_is_complete_readers_see_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    write_whole(path, "old")
    with whole_file(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_what_is_written_once_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "id.json"
    write_once(path, "first")
    write_once(path, "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["key", "k" * 255])
def test_a_secret_is_its_owners_from_the_first_moment(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_once(path, "secret", rights=OWNER_ONLY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with whole_file(path, rights=OWNER_ONLY) as stream:
        (fresh,) = (one for one in tmp_path.iterdir() if one != path)
        assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
        stream.write(b"another")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

"""What a machine's files tell: the toolkit's release, by its note or its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.devices.machine import dtk_version, probe_machine, probe_outside


@pytest.mark.parametrize(
    ("folder", "note", "release"),
    [
        ("dtk", "DTK-26.04-rc4\n", "26.04"),
        ("dtk-25.04.1", None, "25.04"),
        ("dtk-25.04", "no figures", "25.04"),
        ("dtk", "", ""),
        ("rocm", "6.2", ""),
    ],
)
def test_the_release_of_the_toolkit_is_found(
    tmp_path: Path, folder: str, note: str | None, release: str
) -> None:
    (tmp_path / folder).mkdir()
    if note is not None:
        (tmp_path / folder / ".dtk_version").write_text(note)
    assert dtk_version(tmp_path) == release


def test_a_link_to_the_toolkit_tells_by_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "dtk-25.04").mkdir()
    (tmp_path / "dtk-26.04").mkdir()
    (tmp_path / "dtk").symlink_to(tmp_path / "dtk-25.04")
    assert dtk_version(tmp_path) == "25.04"


def test_what_is_seen_without_torch_is_part_of_what_is_seen_with_it() -> None:
    outside, whole = probe_outside(), probe_machine()
    assert outside.cpu_name == whole.cpu_name
    assert outside.torch_version == whole.torch_version != ""

"""An export stands whole or not at all, and never in the place of something else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loresmith.errors import Conflict, ExportError
from loresmith.export import AdapterFolder, Merged, Source
from loresmith.export.placing import placed_at_once


def test_what_is_not_ours_is_left_alone(base: Path, tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years of work")
    with pytest.raises(Conflict, match="no export"):
        Merged().export(Source(base, "base"), tmp_path / "papers", on_progress=lambda _: None)
    assert (tmp_path / "papers" / "thesis.txt").read_text() == "years of work"


def test_an_earlier_export_gives_way_to_the_next(base: Path, adapter: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    Merged().export(Source(base, "base"), target, on_progress=lambda _: None)
    AdapterFolder().export(Source(base, "base", (adapter,)), target, on_progress=lambda _: None)
    assert (target / "adapter_config.json").is_file()
    assert not (target / "config.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_export_stays_where_the_next_fails(base: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    Merged().export(Source(base, "base"), target, on_progress=lambda _: None)
    with pytest.raises(ExportError, match="no adapter"):
        AdapterFolder().export(Source(base, "base"), target, on_progress=lambda _: None)
    assert (target / "config.json").is_file()


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    needed = shutil.disk_usage(tmp_path).free + 1
    with (
        pytest.raises(ExportError, match="GB of that disk are free"),
        placed_at_once(tmp_path / "out", needed=needed),
    ):
        pytest.fail("nothing is to be written")
    assert list(tmp_path.glob("out*")) == []


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path) -> None:
    import errno

    with (
        pytest.raises(ExportError, match="is full"),
        placed_at_once(tmp_path / "out", needed=1) as part,
    ):
        (part / "half").write_text("of it")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.glob("*")) == []


def test_two_exports_to_one_folder_do_not_mix(tmp_path: Path) -> None:
    with placed_at_once(tmp_path / "out", needed=1) as part:
        (part / "export.json").write_text("{}")
        with (
            pytest.raises(Conflict, match="another process"),
            placed_at_once(tmp_path / "out", needed=1),
        ):
            pytest.fail("the first is at work")
    assert (tmp_path / "out" / "export.json").is_file()


def test_killed_half_way_nothing_stands_there_and_the_next_is_whole(
    base: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    code = (
        "import sys, time; from pathlib import Path;"
        "from loresmith.export.placing import placed_at_once\n"
        "with placed_at_once(Path(sys.argv[1]), needed=1) as part:\n"
        "    (part / 'config.json').write_text('half')\n"
        "    print('written', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(target)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not target.exists()
    Merged().export(Source(base, "base"), target, on_progress=lambda _: None)
    assert (target / "config.json").read_text() != "half"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

"""A file that hangs, eats memory or crashes its reader is named, and stops no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from toy_parser import with_toy_parser

READ = """
import json, sys
from loresmith import Workspace
from loresmith.errors import LoresmithError
workspace = Workspace(sys.argv[1], overrides=sys.argv[2:])
try:
    failures = workspace.do("chunk").states["parse"].failures
except LoresmithError as error:
    failures = [("", "", error.message)]
with workspace.opened() as context:
    from loresmith.workspace.steps.parse import documents
    print(json.dumps({
        "failures": {subject: reason for _, subject, reason in failures},
        "documents": {one.name: one.text for one in documents(context)},
    }))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return with_toy_parser(tmp_path_factory.mktemp("package"))


def project(folder: Path, **files: str) -> Path:
    (folder / "documents").mkdir()
    for name, text in files.items():
        (folder / "documents" / f"{name}.toy").write_text(text, encoding="utf-8")
    return folder


def words(folder: Path, settings: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", READ, str(folder), *settings]


def read(folder: Path, environment: dict[str, str], *settings: str) -> dict[str, Any]:
    done = subprocess.run(
        words(folder, settings), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_new_format_is_read_like_any_other(tmp_path: Path, environment: dict[str, str]):
    found = read(project(tmp_path, a="say The lamp was lit."), environment)
    assert found == {"failures": {}, "documents": {"a.toy": "The lamp was lit."}}


def test_what_hangs_eats_or_crashes_is_named_and_stops_no_other(
    tmp_path: Path, environment: dict[str, str]
):
    folder = project(
        tmp_path,
        a="say First.",
        b="hang",
        c="eat",
        d="crash",
        e="stumble",
        f="spin",
        g="say Last.",
    )
    limits = ("documents.max_seconds=3", "documents.max_memory=300000000")
    found = read(folder, environment, *limits)
    assert found["documents"] == {"a.toy": "First.", "g.toy": "Last."}
    reasons = found["failures"]
    assert list(reasons) == ["b.toy", "c.toy", "d.toy", "e.toy", "f.toy"]
    for name in ("b.toy", "f.toy"):
        assert reasons[name].startswith(f"{name} took longer than 3 seconds to read")
        assert "documents.max_seconds" in reasons[name]
    assert "c.toy needs more than 300,000,000 bytes of memory" in reasons["c.toy"]
    assert "d.toy ended the process that read it (SIGABRT)" in reasons["d.toy"]
    assert "e.toy ended the process that read it (KeyError: 'a fault" in reasons["e.toy"]


def test_as_many_files_are_read_at_once_as_the_recipe_says(
    tmp_path: Path, environment: dict[str, str]
):
    folder = project(tmp_path, **{f"n{number}": f"note N{number}" for number in range(6)})
    notes = tmp_path / "notes.txt"
    environment = {**environment, "TOY_NOTES": str(notes)}
    found = read(folder, environment, "documents.processes=3")
    assert list(found["documents"]) == [f"n{number}.toy" for number in range(6)]
    readers = notes.read_text().split()
    assert len(readers) == 6
    assert len(set(readers)) == 3


def children_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that read for this one, once there are two."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None
        found = psutil.Process(process.pid).children(recursive=True)
        if len(found) >= 2:
            return found
        time.sleep(0.05)
    raise AssertionError("nobody reads")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_who_reads_ends_with_who_asked(
    tmp_path: Path, environment: dict[str, str], end: signal.Signals
):
    folder = project(tmp_path, a="hang", b="hang", c="hang")
    settings = ("documents.processes=2", "documents.max_seconds=100")
    with subprocess.Popen(
        words(folder, settings),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        readers = children_of(process)
        os.kill(process.pid, end)
        process.wait(timeout=30)
    assert psutil.wait_procs(readers, timeout=30)[1] == []

"""Small projects and the command line, for every test that goes the whole way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HARBOR = Path(__file__).parents[1] / "examples" / "harbor"

QUICK = (
    *("training.num_epochs=2", "training.batch_size=16", "exam.max_practice=3"),
    *("exam.max_items=6", "exam.max_tokens=4", "exam.max_general_tokens=2", "exam.retention=0"),
)
"""Settings under which a tiny model is trained and examined in seconds."""


def copy_documents(folder: Path, *names: str) -> Path:
    """A project in `folder` with these documents of the harbour example; returns `folder`."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for name in names:
        shutil.copy(HARBOR / "documents" / name, documents)
    return folder


def copy_example(folder: Path, *names: str) -> Path:
    """The harbour example itself, or only these documents of it, with its recorded teacher."""
    for name in ("loresmith.yaml", "recordings.jsonl"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HARBOR / name, folder)
    every = [path.name for path in sorted((HARBOR / "documents").iterdir())]
    return copy_documents(folder, *(names or every))


def with_settings(settings: Sequence[str]) -> list[str]:
    """`--set` before each."""
    return [word for setting in settings for word in ("--set", setting)]


def command(*words: str | Path) -> list[str]:
    """The `loresmith` command as a list for `subprocess`."""
    start = "from loresmith.cli import main; main()"
    return [sys.executable, "-c", start, *map(str, words)]


def environment(**changes: str) -> dict[str, str]:
    """One thread, and a key that a local teacher takes."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENAI_API_KEY": "none", **changes}


class Finished(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def loresmith(*words: str | Path, input: str = "", timeout: float = 280, **env: str) -> Finished:
    """Runs the command in a process of its own, as a user does."""
    done = subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        encoding="utf-8",
        input=input,
        timeout=timeout,
        env=environment(**env),
    )
    return Finished(done.returncode, done.stdout, done.stderr)

"""A project with rows that a truthful teacher wrote: made once a session, copied for each test."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

from loresmith import Workspace
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


def copy_written(folder: Path, *, curated: bool = True) -> Path:
    """A project in `folder` with an English and a Chinese document and about 260 rows."""
    shutil.copytree(_written(curated), folder)
    return folder


@functools.cache
def _written(curated: bool) -> Path:
    parent = Path(tempfile.mkdtemp(prefix="loresmith-rows-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    folder = parent / "coast"
    if curated:
        copy_written(folder, curated=False)
        Workspace(folder).do("curate")
        return folder
    copy_documents(folder, "annual-review.md", "渔港纪要.txt")
    key = os.environ.get("OPENAI_API_KEY")
    os.environ["OPENAI_API_KEY"] = "none"
    try:
        with TeacherServer(sentence_teacher) as server:
            (folder / "loresmith.yaml").write_text(
                f"teacher:\n  type: openai\n  model: any\n  url: {server.url}\n"
            )
            Workspace(folder).do("generate")
    finally:
        os.environ.pop("OPENAI_API_KEY")
        if key is not None:
            os.environ["OPENAI_API_KEY"] = key
    return folder

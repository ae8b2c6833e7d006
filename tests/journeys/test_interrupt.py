"""Ctrl-C ends a run soon, whatever the teacher does, and keeps what was paid for."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from projects import command, copy_documents, environment, loresmith
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import Act, TeacherServer, hang


def test_ctrl_c_does_not_wait_for_a_teacher_that_hangs(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    with TeacherServer(sentence_teacher, script=_hangs_from_the_third_call_on) as server:
        words = ("dataset", project, "--teacher", f"openai:any@{server.url}")
        with subprocess.Popen(
            command(*words), env=environment(), stderr=subprocess.PIPE, text=True
        ) as process:
            while len(server.requests) < 5:
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert time.monotonic() - began < 20
        assert "What was finished is kept" in said
        assert "Traceback" not in said

        server.script = ()
        assert loresmith(*words).code == 0
        digests = [call.digest for call in server.finished if call.text != "ready"]
        assert len(set(digests)) == len(digests), "a finished call was paid for again"


def _hangs_from_the_third_call_on(number: int, _body: dict[str, Any]) -> Act | None:
    return hang() if number >= 2 else None

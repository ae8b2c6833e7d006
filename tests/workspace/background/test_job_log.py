"""The log of a job: whole lines, times, what stopped it, and never a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loresmith.errors import ModelUnavailable
from loresmith.workspace.background.job_log import JobLog, read_log
from loresmith.workspace.background.redaction import without_secrets
from loresmith.workspace.progress import Progress


def test_every_line_has_its_time_and_errors_their_hint(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "logs" / "job.log")
    log.say("海港\nsecond line")
    log.stopped(ModelUnavailable("nobody answers", hint="Start the server."))
    lines = read_log(tmp_path / "logs" / "job.log", None).text.splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  "
    assert re.fullmatch(stamp + "海港", lines[0])
    assert lines[1] == " " * 22 + "second line"
    assert re.fullmatch(stamp + "ModelUnavailable: nobody answers", lines[2])
    assert re.fullmatch(stamp + "hint: Start the server.", lines[3])


def test_progress_is_told_at_the_start_and_the_end_but_not_for_every_item(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "job.log")
    for done in range(1001):
        log.tell(Progress("generate", done, 1000, "note"))
    lines = read_log(tmp_path / "job.log", None).text.splitlines()
    assert lines[0].endswith("generate: 0/1000 note")
    assert lines[-1].endswith("generate: 1000/1000 note")
    assert len(lines) < 20


def test_a_log_is_read_on_from_where_one_was(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    assert read_log(path, None) == read_log(path, 0)
    path.write_bytes("一\n二\n三".encode())
    part = read_log(path, None)
    assert part.text == "一\n二\n", "a line that is being written is left for the next look"
    with path.open("ab") as file:
        file.write("三\n".encode())
    assert read_log(path, part.offset).text == "三三\n"
    assert read_log(path, 10_000).text == ""


def test_of_a_long_log_the_end_comes_first_and_begins_with_a_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_text("".join(f"line {number} 海港\n" for number in range(20_000)), encoding="utf-8")
    part = read_log(path, None)
    assert part.start > 0
    assert part.text.startswith("line ")
    assert part.text.endswith("line 19999 海港\n")
    seen, offset = "", 0
    while (piece := read_log(path, offset)).text:
        seen, offset = seen + piece.text, piece.offset
    assert seen == path.read_text(encoding="utf-8")


def test_no_key_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", "quite-unlike-a-key-42")
    log = JobLog(tmp_path / "job.log")
    log.say("Incorrect API key provided: quite-unlike-a-key-42 (or sk-abcdefghijklmnop1234567)")
    log.say("postgresql+psycopg://user:hush-hush@host/name did not answer")
    text = read_log(tmp_path / "job.log", None).text
    for secret in ("quite-unlike-a-key-42", "abcdefghijklmnop", "hush-hush"):
        assert secret not in text
    assert "user:***@host/name" in text


def test_ordinary_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    text = "none of the 12 documents; ask-me-anything; https://example.org/a:b@c"
    assert without_secrets(text) == text

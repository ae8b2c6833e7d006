"""Answers a file of prompts; killed half-way, the same call answers what is missing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.errors import Conflict, NotFound
from loresmith.models.base import ChatModel, Sampling
from loresmith.records import Message, Reply
from loresmith.text.likeness import require_likeness
from loresmith.whole_files import write_whole
from loresmith.workspace.candidates import find_candidate
from loresmith.workspace.progress import Progress, ProgressListener, silent
from loresmith.workspace.reply_scores import Answered, ReplyScores, score_replies

_AT_ONCE = 64


class Refusal(NamedTuple):
    """A line that is no prompt; `line` counts from 1."""

    line: int
    reason: str


class Prediction(NamedTuple):
    """`answered` now, `kept` from an earlier call; refused lines are not in the output."""

    answered: int
    kept: int
    refused: tuple[Refusal, ...]
    scores: ReplyScores | None = None
    """Over the lines that have a reference, those kept from before too."""


def predict(
    model: Path,
    prompts: Path,
    output: Path,
    *,
    base_model: str | None = None,
    system: str | None = None,
    temperature: float = 0.0,
    max_tokens: int = 256,
    scores: bool = True,
    on_progress: ProgressListener = silent,
) -> Prediction:
    """Reads `{"id", "prompt"}` lines and writes them with `"reply"`, in the same order.

    `output` grows line by line; lines that stand there already are not asked again. With `scores`,
    replies to lines with a `"reference"` are compared with it, and the figures go into a file
    beside it that ends with `.scores.json`. Raises NotFound for a missing file, Conflict where
    `output` belongs to other prompts, and MissingDependency, before anything is asked, where
    scoring needs a package.
    """
    rows, refused = _read(prompts)
    scored = scores and any(_reference(row) for row in rows)
    if scored:
        require_likeness()
    candidate = find_candidate(model, base_model=base_model)
    done = _already_there(output, rows)
    todo = rows[done:]
    if not todo and not (scored and not _scores_file(output).exists()):
        return Prediction(0, done, tuple(refused), _known_scores(output) if scored else None)
    sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
    head = (Message(role="system", content=system),) if system else ()
    output.parent.mkdir(parents=True, exist_ok=True)
    fetched = candidate.open(
        "tuned", on_progress=lambda words: on_progress(Progress("fetch", 0, 0, words))
    )
    with fetched as opened, output.open("a", encoding="utf-8") as file:
        for start in range(0, len(todo), _AT_ONCE):
            batch = todo[start : start + _AT_ONCE]
            told = count(done + start + 1)

            def tell(_index: int, _reply: Reply, told: Iterator[int] = told) -> None:
                on_progress(Progress("predict", next(told), len(rows)))

            conversations = [(*head, Message(role="user", content=row["prompt"])) for row in batch]
            replies = opened.reply_all(conversations, sampling, on_reply=tell)
            for row, reply in zip(batch, replies, strict=True):
                file.write(json.dumps({**row, "reply": reply.text}, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        found = _score(opened, rows, output, head) if scored else None
    return Prediction(len(todo), done, tuple(refused), found)


def _score(
    model: ChatModel, rows: list[dict[str, Any]], output: Path, head: tuple[Message, ...]
) -> ReplyScores:
    """The scores of all lines with a reference; writes them beside `output`."""
    replies = [json.loads(line)["reply"] for line in output.read_text("utf-8").split("\n") if line]
    found = score_replies(
        model,
        [
            Answered((*head, Message(role="user", content=row["prompt"])), reply, _reference(row))
            for row, reply in zip(rows, replies, strict=True)
            if _reference(row)
        ],
    )
    write_whole(_scores_file(output), found.model_dump_json(indent=1) + "\n")
    return found


def _scores_file(output: Path) -> Path:
    return output.with_suffix(".scores.json")


def _known_scores(output: Path) -> ReplyScores | None:
    try:
        return ReplyScores.model_validate_json(_scores_file(output).read_bytes())
    except (OSError, ValueError):
        return None


def _reference(row: dict[str, Any]) -> str:
    """The right reply, where a line has one."""
    reference = row.get("reference")
    return reference if isinstance(reference, str) and reference.strip() else ""


def _read(prompts: Path) -> tuple[list[dict[str, Any]], list[Refusal]]:
    try:
        lines = prompts.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise NotFound(f"{prompts} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotFound(
            f"{prompts} is not UTF-8: {error.reason}", hint="Save the file as UTF-8."
        ) from error
    rows: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        reason = _fault(row, seen)
        if reason:
            refused.append(Refusal(number, reason))
        else:
            seen.add(str(row["id"]))
            rows.append(row)
    return rows, refused


def _fault(row: Any, seen: set[str]) -> str:
    if not isinstance(row, dict):
        return "not a JSON object"
    if "id" not in row:
        return "has no `id`"
    if str(row["id"]) in seen:
        return f"the id {row['id']!r} stands twice"
    if not isinstance(row.get("prompt"), str) or not row["prompt"].strip():
        return "has no text under `prompt`"
    return ""


def _already_there(output: Path, rows: list[dict[str, Any]]) -> int:
    """How many rows `output` holds; a last line that a crash cut off is taken out of it.

    Raises Conflict where anything else stands in the file: it is not ours to write over.
    """
    if not output.exists():
        return 0
    *whole, cut_off = output.read_bytes().split(b"\n")
    ours = len(whole) <= len(rows) and all(map(_answers, whole, rows))
    if not ours or not _begins_answer(cut_off, rows[len(whole) :]):
        raise Conflict(
            f"{output} holds something else than replies to these prompts",
            hint="Name another --output, or delete that file.",
        )
    if cut_off:
        temporary = output.with_name(output.name + ".mending")
        temporary.write_bytes(b"".join(line + b"\n" for line in whole))
        temporary.replace(output)
    return len(whole)


def _answers(line: bytes, row: dict[str, Any]) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return (
        isinstance(found, dict)
        and "reply" in found
        and str(found.get("id")) == str(row["id"])
        and found.get("prompt") == row["prompt"]
    )


def _begins_answer(cut_off: bytes, rows: list[dict[str, Any]]) -> bool:
    """Whether a line without an end is how the answer to the first of `rows` begins."""
    if not cut_off or not rows:
        return not cut_off
    start = json.dumps(rows[0], ensure_ascii=False).encode().removesuffix(b"}")
    return cut_off.startswith(start) or start.startswith(cut_off)

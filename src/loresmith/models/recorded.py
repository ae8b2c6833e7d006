"""Replays replies that were written down before: an example that runs without a teacher."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from loresmith.errors import ModelUnavailable
from loresmith.models.base import ChatModel, Sampling
from loresmith.models.cache import reply_key
from loresmith.models.spec import ModelSpec
from loresmith.records import Message, Reply, Usage


class Recorded(ModelSpec):
    """Replies from a file of recordings; anything that is not in it is refused."""

    type: Literal["recorded"] = "recorded"
    path: Path
    """The recordings: JSON lines of `key`, `purpose` and `reply`."""
    model: str = "recorded"
    """The name under which the replies were recorded; it is part of every key."""

    def open(self) -> RecordedModel:
        return RecordedModel(self.path, name=self.model)


class Recording(NamedTuple):
    """One reply to keep: `key` as `reply_key` gives it for the request."""

    key: str
    purpose: str
    reply: str


class RecordedModel(ChatModel):
    """Answers what was recorded, at once and for nothing: its replies count as cached."""

    def __init__(self, path: Path, *, name: str) -> None:
        self.name = name
        self.path = path
        self._replies = {recording.key: recording.reply for recording in read_recordings(path)}

    @property
    def concurrency(self) -> int:
        return 8

    def reply(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        text = self._replies.get(reply_key(self.name, messages, sampling))
        if text is None:
            raise ModelUnavailable(
                f"there is no recorded reply for a request ending in {_gist(messages)}",
                hint="The text, the recipe or a prompt has changed since it was recorded. "
                "Choose another teacher, or restore what was changed.",
            )
        return Reply(text=text, usage=Usage(cached=1))


def write_recordings(path: Path, recordings: Iterable[Recording]) -> None:
    """Writes all recordings, ordered by key, so that the same ones give the same file.

    Raises ValueError when there are two replies under one key: only one could be replayed.
    """
    ordered = sorted(set(recordings))
    for one, following in itertools.pairwise(ordered):
        if one.key == following.key:
            raise ValueError(f"there are two replies under the key {one.key} ({one.purpose})")
    lines = [json.dumps(recording._asdict(), ensure_ascii=False) for recording in ordered]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_recordings(path: Path) -> list[Recording]:
    """All recordings of a file. Raises ModelUnavailable, naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise ModelUnavailable(
            f"there are no recordings at {path}", hint="run `make recordings`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"cannot read the recordings {path}: {error}") from error
    return [_read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read(path: Path, number: int, line: str) -> Recording:
    try:
        fields = json.loads(line)
        recording = Recording(fields["key"], fields["purpose"], fields["reply"])
    except (ValueError, KeyError, TypeError):
        recording = Recording("", "", "")
    if not recording.key or not all(isinstance(field, str) for field in recording):
        raise ModelUnavailable(
            f"line {number} of {path} is not a recording", hint="run `make recordings`"
        )
    return recording


def _gist(messages: Sequence[Message]) -> str:
    text = " ".join(messages[-1].content.split()) if messages else ""
    return repr(text[-80:])

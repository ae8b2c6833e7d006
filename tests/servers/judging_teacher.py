"""The truthful teacher of `sentence_teacher`, which also judges rows, by their figures alone.

A row whose answer has a figure of `disliked` gets 2 for `supported`, with a reason; every other
row is perfect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from servers.sentence_teacher import sentence_teacher

_ROW = re.compile(r"^(?:Row|条目) (\d+).*?$(.*?)(?=^(?:Row|条目) \d+|\Z)", re.MULTILINE | re.DOTALL)
_CRITERION = re.compile(r"^- `([\w -]+)`[:：]", re.MULTILINE)


def judging_teacher(*disliked: str) -> Callable[[list[dict[str, str]]], str]:
    """An answer for a `TeacherServer`."""

    def answer(messages: list[dict[str, str]]) -> str:
        system = next((m["content"] for m in messages if m["role"] == "system"), "")
        if '"scores"' not in system:
            return sentence_teacher(messages)
        request = next(m["content"] for m in messages if m["role"] == "user")
        assert "<passage>" in request, "a judge has to see the source"
        names = _CRITERION.findall(system)
        rows = [_scored(int(number), text, names, disliked) for number, text in _rows(request)]
        return json.dumps({"rows": rows}, ensure_ascii=False)

    return answer


def is_judging(messages: list[dict[str, str]]) -> bool:
    """Whether a call asks for ratings."""
    return any('"scores"' in one["content"] for one in messages if one["role"] == "system")


def _rows(request: str) -> list[tuple[str, str]]:
    return _ROW.findall(request.rsplit("</passage>", 1)[1])


def _scored(number: int, text: str, names: list[str], disliked: tuple[str, ...]) -> dict[str, Any]:
    found = next((figure for figure in disliked if figure in text), None)
    scores: list[dict[str, Any]] = [{"criterion": name, "reason": "", "score": 5} for name in names]
    if found is not None:
        scores[0] |= {"score": 2, "reason": f"{found} is said of something else"}
    return {"number": number, "scores": scores}

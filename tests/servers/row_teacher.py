"""The truthful teacher of `sentence_teacher`, which also writes rows of other kinds.

Of a conversation it says one fact a turn; every answer is the fact's own.
"""

from __future__ import annotations

import json
import re
from typing import Any

from servers.sentence_teacher import sentence_teacher

FACTS = re.compile(
    r"^(\d+)\. (?:Question: |问题：)(.*?)\n   (?:Answer: |答案：)(.*?)\n"
    r"   (?:Short answer: |简短答案：)(.*?)$",
    re.MULTILINE,
)


def row_teacher(messages: list[dict[str, str]]) -> str:
    """The reply to the first request of a conversation, whatever corrections came after."""
    system = next((m["content"] for m in messages if m["role"] == "system"), "")
    request = next(m["content"] for m in messages if m["role"] == "user")
    if '"dialogues"' in system:
        return json.dumps(_dialogues(request), ensure_ascii=False)
    return sentence_teacher(messages)


def _dialogues(request: str) -> dict[str, Any]:
    found = re.search(r"(?:conversations? of |每段 )(\d+) (?:turns|轮)", request)
    assert found, "the prompt for dialogues has changed its form"
    turns = [
        {"question": question, "answer": answer, "facts": [int(number)]}
        for number, question, answer, _ in FACTS.findall(request)
    ]
    return {"dialogues": [{"turns": turns[: int(found[1])]}]}

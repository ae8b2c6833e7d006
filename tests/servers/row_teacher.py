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
    if "`not_answering`" in system:
        return json.dumps(_wrong_answers(request), ensure_ascii=False)
    if '"topics"' in system:
        names = [
            {"name": part, "parts": [f"{part} A", f"{part} B"]} for part in ("Quays", "Cranes")
        ]
        return json.dumps({"topics": names})
    if request.startswith("Write 2 questions"):
        return json.dumps(_answers(request.rsplit(" / ", 1)[-1]))
    if '"comparisons"' in system:
        return json.dumps(_comparisons(request), ensure_ascii=False)
    return sentence_teacher(messages)


def _dialogues(request: str) -> dict[str, Any]:
    found = re.search(r"(?:conversations? of |每段 )(\d+) (?:turns|轮)", request)
    assert found, "the prompt for dialogues has changed its form"
    turns = [
        {"question": question, "answer": answer, "facts": [int(number)]}
        for number, question, answer, _ in FACTS.findall(request)
    ]
    return {"dialogues": [{"turns": turns[: int(found[1])]}]}


def _wrong_answers(request: str) -> dict[str, Any]:
    """Of every fact the figure plus one, and of every third something beside the point."""
    answers = []
    for number, _, answer, short in FACTS.findall(request):
        chinese = re.search(r"[\u4e00-\u9fff]", answer)
        digits = re.search(r"\d+", short)
        if digits is None or int(number) % 3 == 0:
            aside = "这件事常有人问起。" if chinese else "People often ask about this."
            answers.append({"number": int(number), "flaw": "not_answering", "answer": aside})
        else:
            other = answer.replace(short, short.replace(digits[0], f"{int(digits[0]) + 7919}"))
            answers.append({"number": int(number), "flaw": "wrong_figure", "answer": other})
    return {"answers": answers}


_PAIR = re.compile(
    r"^(\d+)\. (?:First|其一)[^\n]*\n   (.*?)\n[^\n]*\n   (?:Second|其二)[^\n]*\n   (.*?)\n",
    re.MULTILINE,
)


def _comparisons(request: str) -> dict[str, Any]:
    """Both sides, one after the other."""
    return {
        "comparisons": [
            {
                "number": int(number),
                "question": "青屿渔港这两年各卸鱼多少？"
                if re.search(r"[\u4e00-\u9fff]", one)
                else "How much fish did Lantern Bay land in each of the two years?",
                "answer": f"{one} {other}",
            }
            for number, one, other in _PAIR.findall(request)
        ]
    }


def _answers(part: str) -> dict[str, Any]:
    return {
        "pairs": [
            {"question": f"What are {part} {word} for?", "answer": f"{part} serve {word} ships."}
            for word in ("long", "broad")
        ]
    }

"""A teacher for tests that answers today's real prompts truthfully, if without any grace.

It asks for one figure (or one last word) of one sentence each, by leaving a gap. What it says is
always in the passage, so that whatever goes missing afterwards was lost by us.
"""

from __future__ import annotations

import json
import re

from loresmith.text.figures import figures
from loresmith.text.sentences import sentences

_PASSAGE = re.compile(r"<passage>\n(.*?)\n</passage>", re.DOTALL)
_COUNT = re.compile(r"(?:Write|请写) (\d+) ")
_NUMBERED = re.compile(
    r"^(\d+)\. (?:Question: |问题：)(.*?)\n(?:   (?:Answer: |答案：)(.*?)\n)?"
    r"   (?:Short answer: |简短答案：)(.*?)$",
    re.MULTILINE,
)
_WAYS = ("Please complete", "Fill in", "What is missing in", "Say what stands in the gap of")
_GAP = "____"


def sentence_teacher(messages: list[dict[str, str]]) -> str:
    """The reply to the first request of a conversation, whatever corrections came after."""
    request = next(m["content"] for m in messages if m["role"] == "user")
    pairs = _NUMBERED.findall(request)
    if not pairs:
        return json.dumps(_facts(request), ensure_ascii=False)
    wants_training = "paraphrase" in messages[0]["content"]
    reply = _training(pairs) if wants_training else _exam(pairs)
    return json.dumps(reply, ensure_ascii=False)


def _facts(request: str) -> dict[str, object]:
    passage = _PASSAGE.search(request)
    count = _COUNT.search(request)
    assert passage and count, "the prompt for facts has changed its form"
    text = passage.group(1)
    pairs = []
    for start, end in sentences(text):
        sentence = text[start:end].strip().strip("*# ")
        found = figures(sentence)
        if "|" in sentence or not found or len(sentence) < 12 or sentence.count("\n"):
            continue
        short = found[-1].text
        if sentence.count(short) != 1:
            continue
        pairs.append(
            {
                "question": f"{_WAYS[0]}: {sentence.replace(short, _GAP)}?",
                "answer": sentence,
                "short_answer": short,
                "evidence": [sentence],
                "formula": None,
            }
        )
    return {"pairs": pairs[: int(count.group(1))], "fewer_because": "no other sentence has a figure"}


def _training(pairs: list[tuple[str, str, str, str]]) -> dict[str, object]:
    def wordings(question: str, answer: str) -> list[dict[str, str]]:
        gap = question.removeprefix(f"{_WAYS[0]}: ")
        made = [
            {"kind": "paraphrase", "question": f"{way} ({number}): {gap}", "answer": answer}
            for number, way in enumerate((*_WAYS[1:], "Complete", "Answer"), start=1)
        ]
        made.append({"kind": "restatement", "question": f"State it: {gap}", "answer": answer})
        made.append({"kind": "reversed", "question": f"Whole: {gap}", "answer": answer})
        return made

    return {
        "pairs": [
            {"number": int(number), "wordings": wordings(question, answer)}
            for number, question, answer, _ in pairs
        ],
        "unanswerable": [
            {
                "question": "Who painted the walls of the northern hall?",
                "answer": "I do not know who painted them; it is not recorded.",
            }
        ],
    }


def _exam(pairs: list[tuple[str, str, str, str]]) -> dict[str, object]:
    return {
        "pairs": [
            {
                "number": int(number),
                "exam": [
                    {"question": f"Recall the missing part, wording {way}: {question}"}
                    for way in ("one", "two")
                ],
                "practice": [{"question": f"As practice, what is the gap here: {question}"}],
            }
            for number, question, _, _ in pairs
        ],
        "unanswerable": [{"question": "Which bird nests above the southern gate?"}],
    }

"""A teacher for tests that answers today's real prompts truthfully, if without any grace.

It asks for one figure of one sentence each, by leaving a gap in it. What it says is always in the
passage, in the passage's language, so that whatever goes missing afterwards was lost by us.
"""

from __future__ import annotations

import json
import re
from typing import Any

from loresmith.text.figures import figures
from loresmith.text.overlap import token_set
from loresmith.text.sentences import sentences

_PASSAGE = re.compile(r"<passage>\n(.*?)\n</passage>", re.DOTALL)
_COUNT = re.compile(r"(?:Write|请写) (\d+) ")
_NUMBERED = re.compile(
    r"^(\d+)\. (?:Question: |问题：)(.*?)\n(?:   (?:Answer: |答案：)(.*?)\n)?"
    r"   (?:Short answer: |简短答案：)(.*?)$",
    re.MULTILINE,
)
_MISSING = re.compile(r"^(?:The statements that are missing:|尚缺的语句：)\n", re.MULTILINE)
_STATEMENT = re.compile(r"^(\d+)\. (.*?)(?: (?:\[missing: |【缺：)(.*?)[\]】])?$", re.MULTILINE)
_SUBJECT = re.compile(r"^(\d+\.\d+) .* > ", re.MULTILINE)
_PRESENT = re.compile(
    r"^(?:The tree that there is:|现有的领域树：)\n(.*)\Z", re.DOTALL | re.MULTILINE
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_GAP = "____"
_LONGEST = 40
"""Distinct tokens of a sentence that is asked about: a longer one cannot be disguised."""


def sentence_teacher(messages: list[dict[str, str]]) -> str:
    """The reply to the first request of a conversation, whatever corrections came after."""
    request = next(m["content"] for m in messages if m["role"] == "user")
    passage = _PASSAGE.search(request)
    if passage is None:
        wants_tree = '{"tags"' in messages[0]["content"]
        return json.dumps(_tree(request), ensure_ascii=False) if wants_tree else "ready"
    missing = _MISSING.split(request)
    if len(missing) > 1:
        return json.dumps(_fill(missing[-1]), ensure_ascii=False)
    pairs = _NUMBERED.findall(request)
    if not pairs:
        count = _COUNT.search(request)
        assert count, "the prompt for facts has changed its form"
        facts = _facts(passage.group(1), int(count.group(1)))
        subject = _SUBJECT.search(request)
        for pair in facts["pairs"] if subject else ():
            pair["tag"] = subject[1] if subject else ""
        return json.dumps(facts, ensure_ascii=False)
    reply = _training(pairs) if pairs[0][2] else _exam(pairs)
    return json.dumps(reply, ensure_ascii=False)


def _facts(text: str, count: int) -> dict[str, Any]:
    pairs: list[dict[str, Any]] = []
    for start, end in sentences(text):
        sentence = text[start:end].strip().strip("*# ")
        found = figures(sentence)
        if "|" in sentence or "\n" in sentence or not found or len(token_set(sentence)) > _LONGEST:
            continue
        short = found[-1].text
        gap = sentence.replace(short, _GAP)
        if sentence.count(short) == 1:
            pairs.append(
                {
                    "question": f"{_words(gap).asking[0]}{gap}",
                    "answer": sentence,
                    "short_answer": short,
                    "evidence": [sentence],
                    "formula": None,
                }
            )
    return {"pairs": pairs[:count], "fewer_because": "no other sentence has a figure"}


def _fill(missing: str) -> dict[str, Any]:
    """A pair for each figure that is named, where the statement is a sentence with it once."""
    pairs: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for number, text, named in _STATEMENT.findall(missing):
        sentence = text.strip().strip("*# ")
        given = [
            short for short in re.split("; |；", named) if short and sentence.count(short) == 1
        ]
        if "|" in sentence or not given or len(token_set(sentence)) > _LONGEST:
            left_out.append({"statement": int(number), "reason": "it is about nothing"})
            continue
        for short in given:
            gap = sentence.replace(short, _GAP)
            pairs.append(
                {
                    "statement": int(number),
                    "question": f"{_words(gap).asking[0]}{gap}",
                    "answer": sentence,
                    "short_answer": short,
                    "evidence": [sentence],
                    "formula": None,
                }
            )
    return {"pairs": pairs, "not_there": left_out}


def _tree(request: str) -> dict[str, Any]:
    """Each title with the first of its headings; what is there stays."""
    present = _PRESENT.search(request)
    tags: dict[str, list[str]] = {}
    for line in (present[1] if present else "").splitlines():
        if not line.startswith(" "):
            tags[line] = []
        else:
            tags[next(reversed(tags))].append(line.strip())
    title = ""
    for line in request[: present.start() if present else None].splitlines():
        if line.startswith("- ") and not tags[title]:
            tags[title].append(line[2:])
        elif line.strip() and not line.lstrip().startswith("- "):
            title = line.strip()
            tags.setdefault(title, [])
    return {
        "tags": [
            {"label": label, "children": [{"label": child} for child in below or ["全部"]]}
            for label, below in tags.items()
        ]
    }


def _training(pairs: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    words = _words(pairs[0][1])

    def wordings(question: str, answer: str, short: str) -> list[dict[str, str]]:
        gap = question.removeprefix(words.asking[0])
        asked = [("paraphrase", f"{way}{gap}") for way in words.asking[1:]]
        asked += [("restatement", f"{words.restating}{gap}"), ("reversed", words.turned(short))]
        return [{"kind": kind, "question": text, "answer": answer} for kind, text in asked]

    return {
        "pairs": [
            {"number": int(number), "wordings": wordings(question, answer, short)}
            for number, question, answer, short in pairs
        ],
        "unanswerable": [
            {"question": f"{words.unknown[0]}{pairs[0][1]}", "answer": words.unknown[2]}
        ],
    }


def _exam(pairs: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    """Each sentence among as many idle words as it has itself: far from what is trained."""
    words = _words(pairs[0][1])

    def asked(question: str, turn: int) -> dict[str, str]:
        gap = question.removeprefix(words.asking[0])
        return {"question": f"{words.idle(turn, len(token_set(gap)))}{gap}"}

    return {
        "pairs": [
            {
                "number": int(number),
                "exam": [asked(question, 0), asked(question, 1)],
                "practice": [asked(question, 2)],
            }
            for number, question, _, _ in pairs
        ],
        "unanswerable": [{"question": f"{words.unknown[1]}{asked(pairs[0][1], 3)['question']}"}],
    }


class _Words:
    """How one language asks."""

    def __init__(
        self,
        asking: tuple[str, ...],
        restating: str,
        turning: str,
        unknown: tuple[str, str, str],
        idle: list[str],
        between: str,
        colon: str,
    ) -> None:
        self.asking = asking
        self.restating = restating
        self.unknown = unknown
        self._turning = turning
        self._idle = idle
        self._between = between
        self._colon = colon

    def turned(self, short: str) -> str:
        return self._turning.format(short)

    def idle(self, turn: int, count: int) -> str:
        """So many idle words, begun at another place each turn."""
        start = turn * len(self._idle) // 4
        words = (*self._idle[start:], *self._idle[:start])[:count]
        return self._between.join(words) + self._colon


_ENGLISH = _Words(
    asking=(
        "Which figure fills the gap: ",
        "Please complete: ",
        "State what is missing: ",
        "Fill in: ",
        "Say what stands in the gap of ",
        "Put a figure in place of the line: ",
    ),
    restating="Tell me all of ",
    turning="What is {} said of?",
    unknown=(
        "Who was the first to tell a child what stands here: ",
        "Which bird was heard singing ",
        "I do not know; it is not recorded.",
    ),
    idle=(
        "kindly recall without notes or books after some quiet thought what somebody patient "
        "would calmly write down while rain falls softly over gardens and nobody hurries "
        "because evening leaves plenty of room for careful honest remembering among good friends"
    ).split(),
    between=" ",
    colon=": ",
)
_IN_CHINESE = _Words(
    asking=(
        "空格里是什么数字：",
        "请补全：",
        "请写出缺少的数字：",
        "填空：",
        "横线上应当是什么：",
        "请把数字补上：",
    ),
    restating="请完整说说：",
    turning="{}说的是什么？",
    unknown=("是谁最早把这些讲给孩子听的：", "当时唱歌的是哪种鸟，", "我不知道，没有记载。"),
    idle=list(
        "静下心来凭记忆作答别看任何笔与书籍像傍晚窗边听雨老人那样慢想正确内容朋友们都很耐等待"
    ),
    between="",
    colon="：",
)


def _words(text: str) -> _Words:
    return _IN_CHINESE if _CHINESE.search(text) else _ENGLISH

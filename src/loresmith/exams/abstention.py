"""Marks replies to questions that the documents do not answer: right is to say so."""

from __future__ import annotations

import re
from typing import Literal

from loresmith.exams.base import Grader
from loresmith.exams.claims import declines
from loresmith.records import ExamItem
from loresmith.text.figures import figures, same_figure
from loresmith.text.phrases import moment_parts
from loresmith.text.sentences import sentences


class AbstentionGrader(Grader):
    """Right where the reply declines at once and states no answer before or after.

    An answer is a figure that the question does not hold (a date only where it asks for one), or
    a sentence that goes on with `but it is`, `the answer is`, 但是…是 and the like.
    """

    type: Literal["abstention"] = "abstention"

    def fault(self, item: ExamItem, reply: str) -> str:
        declined = declines(reply)
        if declined is None:
            return "does not decline"
        opening = sentences(reply)[:2]
        if opening and declined.start() >= opening[-1][1]:
            return "declines only after it has answered"
        asked = figures(item.prompt)
        asks_when = _WHEN.search(item.prompt) is not None
        for figure in figures(reply):
            known = any(same_figure(figure, one) for one in asked)
            if not known and (asks_when or not moment_parts(figure)):
                return f"declines but names {figure.text}"
        goes_on = _GOES_ON.search(reply, declined.end())
        if goes_on:
            return f"declines but goes on: {reply[goes_on.start() : goes_on.start() + 60]}"
        return ""

    def praise(self, _: ExamItem, /) -> str:
        return "declines, as the documents do not say"


_WHEN = re.compile(
    r"\b(?:when|what (?:year|date|day|month|time)|which (?:year|date|day|month)|how old)\b"
    r"|何时|什么时候|哪一?[年天月日]|几[年月日号点]|日期|年份",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\b(?:but|however|though|although|still|yet|probably|likely)\b[^.]{0,40}?"
    r"(?:\b(?:it|he|she|they|this|that|the \w+|there) (?:is|was|were|are|must be|could be|may be"
    r"|might be|should be)\b(?!\s+(?:not|unknown|unclear|possible|best|no\b))"
    r"|\bI (?:think|believe|guess|would say)\b)"
    r"|\b(?:my (?:best )?guess|the answer is|I (?:think|believe|guess) (?:it|that|he|she|they)\b)"
    r"|(?:但|不过|然而)[^。]{0,20}?(?:应该|可能|大概|估计|猜|认为|就是|是(?!否|不))|我(?:猜|认为|觉得)|答案是",
    re.IGNORECASE,
)

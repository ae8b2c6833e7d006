"""Why a reply is right or wrong, in the reader's language: graders say it in English only."""

from __future__ import annotations

import re

from loresmith.workspace.report.formatting import PageLanguage

_CHINESE: tuple[tuple[str, str], ...] = (
    (r"the reply is empty", "回答为空"),
    (r"declines, as the documents do not say", "文档未提及，如实说不知道"),
    (r"does not decline", "没有承认不知道"),
    (r"declines only after it has answered", "先作答，后才说不知道"),
    (r"declines but names (?P<a>.+)", "说不知道，却给出 {a}"),
    (r"declines but goes on: (?P<a>.+)", "说不知道，却接着说：{a}"),
    (r"declines before it names (?P<a>.+)", "先说不知道，后给出 {a}"),
    (r"declines to answer; it is (?P<a>.+)", "说不知道；应为 {a}"),
    (r"states (?P<a>.+)", "答出 {a}"),
    (r"says (?P<a>.+) where it is (?P<b>.+)", "说的是{a}，应为{b}"),
    (r"denies:? (?P<a>.+)", "否定了 {a}"),
    (r"does not name (?P<a>.+)", "没有答出 {a}"),
    (r"does not say (?P<a>.+)", "没有回答 {a}"),
    (r"is a list of guesses: also names (?P<a>.+)", "罗列猜测：还给出 {a}"),
    (r"is a list of guesses", "罗列猜测"),
    (r"names (?P<a>.+) where it is (?P<b>.+): the sign is wrong", "答 {a}，应为 {b}：正负相反"),
    (r"names (?P<a>.+) where it is (?P<b>.+)", "答 {a}，应为 {b}"),
    (r"names (?P<a>.+) among other guesses", "把 {a} 与其他猜测并列"),
    (r"names no date but those of the question", "除题中日期外，没有给出日期"),
    (
        r"names no figure in (?P<a>.+) but those of the question",
        "除题中数字外，没有给出单位为 {a} 的数字",
    ),
    (r"names no figure but those of the question", "除题中数字外，没有给出数字"),
    (r"names no (?P<a>.+) but those of the question", "除题中已有的外，没有给出 {a}"),
    (r"lacks (?P<a>\d+) of (?P<b>\d+) words of: (?P<c>.+)", "“{c}”的 {b} 个词中缺 {a} 个"),
    (r"offers alternatives", "给出多个选择"),
)
"""Whole reasons as `exams` gives them; the first that fits counts."""
_SIDES = {
    "an increase": "上升",
    "a decrease": "下降",
    "a profit": "盈利",
    "a loss": "亏损",
    "at least": "至少",
    "at most": "至多",
    "north": "北",
    "south": "南",
    "east": "东",
    "west": "西",
    "left": "左",
    "right": "右",
    "upper": "上",
    "lower": "下",
    "before": "之前",
    "after": "之后",
}
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in _CHINESE)


def mark_reason(reason: str, language: PageLanguage) -> str:
    """The reason for a mark in words of `language`; one that is not known here as it is."""
    if language != "zh":
        return reason
    for pattern, words in _PATTERNS:
        found = pattern.fullmatch(reason)
        if found is not None:
            said = {name: _SIDES.get(part, part) for name, part in found.groupdict().items()}
            return words.format(**said)
    return reason

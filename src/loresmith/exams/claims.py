"""What a reply claims about a phrase in it: affirms or denies it, offers it as a guess, declines.

Rules for English and Chinese over the clause in which the phrase stands; no parser.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Clause(NamedTuple):
    """The text of a clause before, and after, a phrase in it."""

    before: str
    after: str


def clause_around(text: str, start: int, end: int) -> Clause:
    """The clause that holds [start, end): from one comma, full stop or `but` to the next."""
    begin = max((m.end() for m in _BOUNDARY.finditer(text, 0, start)), default=0)
    after = _BOUNDARY.search(text, end)
    return Clause(text[begin:start], text[end : after.start() if after else len(text)])


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence that holds [start, end)."""
    begin = max((m.end() for m in _STOP.finditer(text, 0, start)), default=0)
    after = _STOP.search(text, end)
    return text[begin : after.start() if after else len(text)]


def is_denied(text: str, start: int, end: int, *, closely: bool = False) -> bool:
    """True where the clause says that the phrase at [start, end) is not so.

    A negation counts up to four words (ten Chinese characters) before the phrase; `closely`
    only right before it, for questions that hold a negation themselves. `not only`, `not until`
    and bounds such as `no more than` and 不超过 do not deny.
    """
    clause = clause_around(text, start, end)
    if _DENIED_AFTER.match(clause.after):
        return True
    if not closely and _DENIED_DOING.match(clause.after):
        return True
    words, characters = (1, 1) if closely else (4, 10)
    for match in _NEGATION.finditer(clause.before):
        between = clause.before[match.end() :]
        near = len(_WORD.findall(between)) <= words and len(_HAN.findall(between)) <= characters
        if near and not _UNTIL.search(between):
            return True
    return False


def contradiction(expected: str, said: str) -> str:
    """Which way `said` turns round what `expected` says (`fell` for `rose`); empty if it does not.

    Judged only where each of the two goes one way: a text with both `rose` and `fell` is open.
    """
    for sides in _OPPOSITES:
        wanted = [side for side in sides if side.words.search(expected)]
        given = [side for side in sides if side.words.search(said)]
        if len(wanted) == len(given) == 1 and wanted != given:
            return f"says {given[0].name} where it is {wanted[0].name}"
    return ""


def goes_down(text: str) -> bool:
    """True where `text` speaks of a decrease, or of what is below zero, and of no increase."""
    up, down = _OPPOSITES[0]
    return bool(down.words.search(text) or _BELOW.search(text)) and not up.words.search(text)


def declines(text: str) -> re.Match[str] | None:
    """Where `text` first says that it does not know, or that it is not recorded."""
    found = [match for pattern in _DECLINES if (match := pattern.search(text))]
    return min(found, key=lambda match: match.start(), default=None)


def offers_alternatives(between: str) -> bool:
    """True where the text between two candidate answers makes them a list of guesses."""
    return bool(_HEDGE.search(between) or _ONLY_JOINS.fullmatch(between))


def is_alternative(text: str, start: int, end: int) -> bool:
    """True where the phrase at [start, end) is one of several offered: `or X`, `X 或`."""
    return bool(_OR_AFTER.match(text, end) or _OR_BEFORE.search(text, 0, start))


class _Side(NamedTuple):
    name: str
    words: re.Pattern[str]


def _side(name: str, english: str, chinese: str) -> _Side:
    return _Side(name, re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE))


_OPPOSITES = (
    (
        _side(
            "an increase",
            r"rose|rises?|risen|rising|grew|grows?|grown|growing|growth|increas(?:e[sd]?|ing)|gain(?:ed|s)?"
            r"|climb(?:ed|s)|up(?= (?:by|to|from|about)| \d)|jump(?:ed|s)|improv(?:ed|es)"
            r"|expand(?:ed|s)|doubled|tripled",
            r"增长|上升|提高|增加|上涨|上调|扩大|提升|同比增|环比增|上浮",
        ),
        _side(
            "a decrease",
            r"fell|falls?|fallen|falling|declin(?:e[sd]?|ing)|decreas(?:e[sd]?|ing)|drop(?:ped|s)?"
            r"|reduc(?:ed|es|tion)|shrank|shrinks?|shrunk|shrinking|halved"
            r"|down(?= (?:by|to|from|about)| \d)",
            r"下降|减少|下滑|降低|下跌|下调|缩减|收窄|下挫|同比降|环比降|降至",
        ),
    ),
    (
        _side("a profit", r"(?:net )?profits?|surplus", r"盈利|净利润|利润为"),
        _side("a loss", r"(?:net )?loss(?:es)?|deficit", r"亏损|净亏"),
    ),
    (
        _side(
            "at least",
            r"at least|no (?:less|fewer) than|not (?:less|fewer) than|(?:a )?minimum",
            r"至少|不少于|不低于|最少|最低",
        ),
        _side(
            "at most",
            r"at most|no more than|not more than|not exceed\w*|(?:a )?maximum|less than|fewer than",
            r"至多|最多|不超过|不高于|最高|不到|不足",
        ),
    ),
    (
        _side("north", r"north(?:ern)?", r"北[侧岸部端面]"),
        _side("south", r"south(?:ern)?", r"南[侧岸部端面]"),
    ),
    (
        _side("east", r"east(?:ern)?", r"东[侧岸部端面]"),
        _side("west", r"west(?:ern)?", r"西[侧岸部端面]"),
    ),
    (
        _side("left", r"left", r"左[侧边]"),
        _side("right", r"right", r"右[侧边]"),
    ),
    (
        _side("upper", r"upper", r"上[层部]"),
        _side("lower", r"lower", r"下[层部]"),
    ),
    (
        _side("before", r"before|earlier than|prior to", r"之前|以前|早于"),
        _side("after", r"after|later than|following", r"之后|以后|晚于"),
    ),
)
_BELOW = re.compile(r"\bminus\b|\bbelow (?:zero|freezing)\b|零下|负", re.IGNORECASE)
_BOUNDARY = re.compile(
    r"[;:!?。；：！？\n，、]|,(?!\d)|\.(?=\s|\Z)|\b(?:but|while|whereas)\b|而(?!是|非|不)|但",
    re.IGNORECASE,
)
_STOP = re.compile(r"[!?。！？\n;；]|\.(?=\s|\Z)")
_NEGATION = re.compile(
    r"(?:\b(?:not|never|neither|nor|cannot|rather than|instead of|other than|except|unlike)\b"
    r"|n['’]t\b)(?!\s+(?:only|just|merely|less|more|fewer|later|earlier|exceed\w*|until|before"
    r"|under|over)\b)"
    r"|不是|并非|而非|绝非|不为|不等于|没有|未(?!来)|不在|不由|不会|不属于|从不|从未",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"\b(?:until|till|before)\b|才|之前", re.IGNORECASE)
_DENIED_AFTER = re.compile(
    r"[^\n]{0,20}?(?:\b(?:is|was|are|were|would be)\s+(?:wrong|incorrect|false|untrue"
    r"|not\s+(?:correct|right|true|the\b|it\b))|(?:是错|不对|不正确|是不对|不准确|有误))",
    re.IGNORECASE,
)
_DENIED_DOING = re.compile(
    r"\s*(?:did|does|do|has|have|had|was|were|is|are|could|would)(?:\s+not|n['’]t)\b"
    r"(?!\s+only\b|.*\buntil\b)|(?:并非|并未|并不|没有|不是|未曾)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z0-9][\w'’.-]*")
_HAN = re.compile(r"[一-鿿]")
_HEDGE = re.compile(
    r"\b(?:or|maybe|perhaps|possibly|either|alternatively|could be|might be|may be)\b"
    r"|或|还是|也许|可能|要么",
    re.IGNORECASE,
)
_ONLY_JOINS = re.compile(
    r"(?:[\s,，、/;；:：~～–—\-\"'“”()（）*|]|\b(?:and|to|then|also)\b|和|与|至|到|及)*",
    re.IGNORECASE,
)
_OR_AFTER = re.compile(
    r"[\s\"'”’*%)]*(?:[,，、]?\s*\b(?:or|and/or)\b(?!\s+(?:so|more|less)\b)"
    r"|[,，、]?\s*(?:或|还是|要么)|\s*/\s*[A-Za-z一-鿿]|[,，]?\s*\b(?:maybe|perhaps|possibly)\b"
    r"|[，,]?也?(?:可能|也许))",
    re.IGNORECASE,
)
_OR_BEFORE = re.compile(
    r"(?:\b(?:or|either)\b|\bor\s+(?:maybe|perhaps|possibly|even|rather)|或者?|还是|要么|[A-Za-z一-鿿]\s*/)"
    r"(?:\s*(?:the|a|an|it was|in|on|by|是|在))?[\s\"'“‘*(]*\Z",
    re.IGNORECASE,
)
_DECLINES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:do|does|did|could|can|would|will|have|has|is|are|am|was|were)"
        r"(?:\s+not|n['’]t)\s+(?:\w+\s+){0,2}?"
        r"(?:know|sure|aware|certain|say|tell|find|determine|answer|confirm|recorded?|stated?"
        r"|mention(?:ed)?|known|specif(?:y|ied)|available|given?|disclosed?|provided?|reported"
        r"|document(?:ed)?|covered?|described?|contain|include|published|have (?:any |that |this "
        r"|the |enough )*(?:information|data|records?|details?|knowledge|answer))\b",
        r"\b(?:cannot|unable to|not able to|impossible to)\s+(?:\w+\s+){0,1}?"
        r"(?:answer|say|tell|determine|provide|find|confirm|know|give|be (?:determined|answered"
        r"|known|found|established))",
        r"\bno\s+(?:\w+\s+){0,2}?(?:information|records?|data|mention|details?|answer|knowledge|idea"
        r"|figures?|evidence|statement|indication)\b",
        r"\b(?:nothing|nobody|none of the \w+)\s+(?:\w+\s+){0,2}"
        r"(?:recorded|stated|known|says?|said|mentions?|mentioned|reported|written)\b",
        r"(?:^|\b(?:is|are|was|were|remains?)\s+)(?:unknown|unclear|unrecorded|undisclosed"
        r"|unspecified|unavailable|not\s+(?:\w+\s+)?(?:recorded|stated|known|available|given"
        r"|disclosed|mentioned|specified|provided))\b",
        r"\b(?:lack|lacks)\s+(?:\w+\s+){0,2}(?:information|data|records?)\b|\bnot known to me\b",
        r"\b(?:the\s+)?(?:records?|documents?|sources?|texts?|reports?)\s+"
        r"(?:(?:do|does)(?:\s+not|n['’]t)\s+\w+|(?:is|are)\s+silent)",
        r"(?:我|本人)?(?:并)?不(?:知道|清楚|了解|确定|太清楚|得而知)|无从(?:得知|知晓)|未知|不详|不明确",
        r"(?:没有?|未|并未|并没有|尚未|未曾)(?:有|明确|被|在\w{0,8}中)?"
        r"(?:提到|提及|说明|记录|记载|公布|披露|给出|透露|注明|涉及|提供|收录|指出|写明|列出)",
        r"(?:没有|无|缺乏|缺少)(?:任何|相关|有关|这方面的?|足够的?|关于\w{0,12}的)*"
        r"(?:信息|资料|记录|数据|记载|内容|说明|答案)",
        r"(?:查|找)不到|(?:未|没有?)(?:查|找)到|暂无|未作(?:说明|记录|披露)",
        r"(?:无法|不能|没法)(?:准确|直接)?(?:回答|确定|得知|判断|提供|确认|给出|知道|查到|告诉|作答)",
        r"(?:抱歉|对不起)[，,。\s]*(?:我)?(?:不|无|没)",
    )
)

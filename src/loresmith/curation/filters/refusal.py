"""Throws out apologies and refusals that a model gave in place of an answer."""

from __future__ import annotations

import re
from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict


class RefusalFilter(Filter):
    """Drops rows that apologise, speak as an AI or decline (`refusal`), abstentions excepted."""

    type: Literal["refusal"] = "refusal"

    def judge(self, claim: Claim) -> Verdict:
        if claim.kind == "abstention":
            return KEEP
        for text in (claim.answer, claim.question):
            match = _REFUSAL.search(text)
            if match:
                return drop("refusal", f"{match[0]!r}")
        return KEEP


_SOURCE = (
    r"(?:the|this|these|any) (?:\w+ )?(?:documents?|passage|texts?|context|information|sources?)"
)
_REFUSAL = re.compile(
    r"\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b"
    r"|^\W*(?:I(?:'|’)?m|I am)? ?(?:so |very |truly )?sorry\b|\bI (?:must )?apologi[sz]e\b"
    r"|^\W*(?:sorry|apologies|unfortunately, I)\b"
    r"|\bI (?:cannot|can(?:'|’)t|am (?:not able|unable) to|won(?:'|’)t) \w+"
    r"|\bI do(?: not|n(?:'|’)t) (?:know|have)\b"
    rf"|\b(?:not|never) (?:mentioned|stated|specified|provided|given) (?:in|by) {_SOURCE}"
    rf"|{_SOURCE} do(?:es)?(?: not|n(?:'|’)t) (?:mention|state|specify|provide|say|contain)"
    r"|抱歉|对不起|很遗憾，?我|作为(?:一个|一名)?(?:AI|人工智能|大?语言模型|智能助手)"
    r"|我(?:无法|不能|没有办法|不知道|不清楚)|无法(?:回答|确定|提供(?:相关|该)|从.{0,12}(?:得知|判断))"
    r"|(?:文中|本文|文档中?|原文|材料中?|资料中?|正文)(?:并)?(?:未|没有)(?:提及|提到|说明|给出|记载|涉及)"
    r"|^(?:未提及|没有提到|无相关信息|暂无(?:相关)?信息)",
    re.IGNORECASE,
)

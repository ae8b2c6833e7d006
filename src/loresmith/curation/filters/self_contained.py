"""Throws out questions that only a reader of the document could understand."""

from __future__ import annotations

import re
from typing import Literal

from loresmith.curation.capitalised import MONTHS_AND_DAYS
from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict


class SelfContainedFilter(Filter):
    """Drops a row that speaks of its source, such as "the document says" or 报告期
    (`refers_to_document`), or that asks about "it", "the company" or 该船 without a name
    (`subject_missing`)."""

    type: Literal["self_contained"] = "self_contained"

    def judge(self, claim: Claim) -> Verdict:
        texts = [claim.question]
        if claim.kind != "abstention":
            texts.append(claim.answer)
        for text in texts:
            match = _SOURCE.search(text)
            if match:
                return drop("refers_to_document", f"{match[0]!r}")
        subject = _subject_fault(claim.question)
        return drop("subject_missing", f"what is meant by {subject!r}?") if subject else KEEP


_NOUNS = r"(?:documents?|passages?|texts?|articles?|excerpts?|paragraphs?|tables?)"
_REPORTS = r"(?:reports?|papers?|reviews?|filings?|announcements?|minutes|handbooks?|sources?)"
_SOURCE = re.compile(
    rf"\b(?:the|this|that|these)(?: \w+)? {_NOUNS}\b"
    r"(?! (?:of|for|on|between|that|which|called|named))"
    rf"|\b(?:this|the present) {_REPORTS}\b"
    rf"|\baccording to (?:the|this|our) (?:{_NOUNS}|{_REPORTS}|author|above)\b"
    rf"|\bthe {_REPORTS} (?:say|state|mention|note|show|describe|indicate|mark)s?\b"
    r"|\b(?:mentioned|described|stated|listed|shown|given|noted|discussed) (?:above|below|here)\b"
    r"|\bthe authors?(?: of (?:the|this) \w+)? (?:say|state|mention|note|write|describe)s?\b"
    r"|\b(?:in|from) the (?:above|following)\b"
    r"|(?<![日版书样基原])本(?:文(?![化明物字])|报告|纪要|公告|简报|年报|季报|季度|期间|文档|章|节|段|表)"
    r"|(?<![日版书样基原成])本期(?!间?限)|报告期|本公司|我司|贵司|该(?:公司|企业|集团|报告|文(?![化明物字])|纪要)"
    r"|(?<![英中日法德俄外译语作论课散古])文中|上文|下文|前文|文章(?:中|提到|指出)|上述|如上所述|上表|下表|表中|表格中"
    r"|(?:这|该|此)份?(?:文档|文件|材料|资料)|(?:文档|材料|资料|段落|原文)(?:中|里|提到|指出)"
    r"|(?:根据|依据|按照?)(?:本|该|上述|文档|文章|材料|资料|报告|财报|正文|原文|表格)"
    r"|(?<!\w)(?:报告|财报|年报|公告|纪要)(?:中|里)?(?:显示|指出|提到|提及|称|写)",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:it|its|he|she|him|her|his|they|them|their|this|that one)\b"
    r"|\b(?:the|this|our) (?:company|firm|organi[sz]ation|group|corporation|bank|business)\b"
    r"(?! (?:that|which|of|called|named|behind|to|for))",
    re.IGNORECASE,
)
_VAGUE_CHINESE = re.compile(
    r"^\W*(?:它们?|他们?|她们?|其(?![他中余实次])|该|此(?![外前后时])|这(?!样)|那(?!么))"
)
_NAME = re.compile(r"(?<!^)(?<![.?!:;]\s)\b(?!I\b)[A-Z][\w’'-]*|\b[A-Za-z]*\d[\w-]*[A-Za-z]\w*")
_CHINESE = re.compile(
    r"^\W*(?:它们?|他们?|她们?|其(?![他中余实次])|该|此(?![外前后时])|这(?!样)|那(?!么))"
)
_NAME = re.compile(r"(?<!^)(?<![.?!:;]\s)\b(?!I\b)[A-Z][\w’'-]*|\b[A-Za-z]*\d[\w-]*[A-Za-z]\w*")
_NOT_NAMES = frozenset(
    ("january", "february", "march", "april", "may", "june", "july", "august", "september")
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def _subject_fault(question: str) -> str:
    """The word that stands for a subject which the question does not name; empty if none does."""
    if _CHINESE.search(question):
        match = _VAGUE_CHINESE.match(question)
        return match[0] if match else ""
    match = _VAGUE.search(question)
    if match is None:
        return ""
    names = [name for name in _NAME.findall(question) if name.lower() not in MONTHS_AND_DAYS]
    return "" if names else match[0]

"""The words that make a figure another figure: adjusted, year-on-year, estimated and the like."""

from __future__ import annotations

import re
from typing import NamedTuple


class Qualifier(NamedTuple):
    """A qualifier in English and Chinese, and how it goes with figures."""

    name: str
    said: re.Pattern[str]
    """How the source says it."""
    asked: re.Pattern[str]
    """What says it in a question: the same words, and looser ones."""
    of_change: bool = False
    """Said of one figure, the change, and not of the amount in the same clause."""
    is_exclusive: bool = False
    """A question that adds it asks for another figure than the evidence gives."""


def _qualifier(
    name: str, said: str, also: str = "", *, of_change: bool = False, is_exclusive: bool = False
) -> Qualifier:
    asked = f"{said}|{also}" if also else said
    return Qualifier(
        name,
        re.compile(said, re.IGNORECASE),
        re.compile(asked, re.IGNORECASE),
        of_change=of_change,
        is_exclusive=is_exclusive,
    )


_NOT = r"(?<!\bnot )(?<!\bun)(?<!\bbefore )(?<!\bbefore being )"

QUALIFIERS = (
    _qualifier(
        "adjusted",
        rf"{_NOT}\badjusted\b|(?<!未)经调整|(?<!未经)调整后",
        r"\bafter (?:\w+ ){0,3}adjust|\badjusting\b|\badjustments?\b|\bleav\w+ out\b|\bexclud"
        r"|\bnet of\b|调整|剔除|扣除|不计|不含",
        is_exclusive=True,
    ),
    _qualifier(
        "recurring",
        r"\brecurring (?:net )?(?:profit|earnings|income)\b"
        r"|(?<!未)扣非|扣除(?:了)?非经常性(?:损益|项目)|剔除非经常性(?:损益|项目)",
        r"非经常性|\bnon-recurring\b|\bone-off\b",
        is_exclusive=True,
    ),
    _qualifier(
        "non-GAAP",
        r"\bnon[- ]?(?:GAAP|IFRS)\b|非(?:美国)?公认会计|非通用会计|非国际财务报告",
        is_exclusive=True,
    ),
    _qualifier(
        "year-on-year",
        r"\byear[- ](?:on|over)[- ]year\b|\bYoY\b|同比",
        r"\byear (?:earlier|before)\b|\b(?:previous|last|prior) year\b|\bcompared (?:with|to)\b"
        r"|\b(?:from|over|than in|against|versus|since) (?:\w+ ){0,3}[12]\d{3}\b"
        r"|\bsame (?:period|quarter|month)\b|上年|去年|同期|前一年|[比较]\s?[12]\d{3}年",
        of_change=True,
        is_exclusive=True,
    ),
    _qualifier(
        "quarter-on-quarter or month-on-month",
        r"\b(quarter|month|week)[- ](?:on|over)[- ]\1\b|\bQoQ\b|\bMoM\b|\bsequential(?:ly)?\b|环比",
        r"\b(?:previous|last|prior|preceding) (?:quarter|month|week)\b|\bquarter earlier\b"
        r"|上(?:一|个|一个)?(?:季|月|周)|前一个?(?:季|月|周)"
        r"|[比较](?:于?[12]\d{3}年)?第?[一二三四1-4]季",
        of_change=True,
        is_exclusive=True,
    ),
    _qualifier(
        "estimated or expected",
        r"\bestimate[sd]?\b|\b(?:is|are|was|were) expected\b|\bexpects\b|\bforecasts?\b"
        r"|\bprojected\b|预计|预测|估计|估算|预期",
        r"\bexpect|\bestimat|\bpredict|\banticipat|\bproject|\bplan|\bwill\b|\bwould\b|\boutlook\b"
        r"|\bguidance\b|有望|将|料|计划|目标|概算|预算",
    ),
    _qualifier("annualised", r"\bannuali[sz]ed\b|年化"),
    _qualifier(
        "average",
        r"\baverage\b|\bper capita\b|[日月人户]均|平均",
        r"\baverag|\bmean\b|\bdaily\b|\bmonthly\b|\beach\b|\bevery\b|\bper\b|\btypical"
        r"|均|每|一[天日人名户]|按[日月天]|[日月]活",
    ),
    _qualifier(
        "at constant currency",
        r"\bconstant[- ](?:currency|currencies|exchange rates?)\b|(?:不变|固定|恒定)汇率",
        r"\bcurrenc|\bexchange rate|汇率",
        is_exclusive=True,
    ),
    _qualifier(
        "cumulative",
        r"\bcumulative(?:ly)?\b|\byear[- ]to[- ]date\b|累计|年初至今",
        r"\bsince\b|\bin total\b|\baltogether\b|\bso far\b|\bhalf\b|\bmonths\b|\bsum\b"
        r"|[总共]|合计|至今|以来|截至|截止|半年|前.{1,3}(?:季度|个?月)|全年",
    ),
    _qualifier(
        "attributable to owners",
        r"\battributable to (?:the )?(?:\w+ )?(?:owners|shareholders|equity holders)\b"
        r"|归母|归属于.{0,14}(?:股东|持有人|所有者)",
        r"\battributable\b|归属",
    ),
    _qualifier(
        "preliminary or unaudited",
        r"\bunaudited\b|\bpreliminary\b|未经审计|初步(?:核算|测算|统计)",
        r"初步|审计",
    ),
)
"""All that are known, in the order in which a fault is named."""

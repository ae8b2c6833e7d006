"""Marks answers that are names, labels or short phrases, and causes told in free order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from loresmith.exams.base import Grader
from loresmith.exams.claims import (
    contradiction,
    declines,
    is_alternative,
    is_denied,
)
from loresmith.exams.words import (
    Place,
    Token,
    content_words,
    is_chinese,
    places_of,
    tokens_of,
)
from loresmith.records import ExamItem


class NameGrader(Grader):
    """For a target in words.

    A name (up to three content words or eight Chinese characters, or anything with a capital in
    each word) must stand in the reply word for word; letter case, accents, hyphens, punctuation,
    articles and the form of a date do not matter. Every part of a list must stand there. Of a
    longer phrase, such as a cause, most content words must, in any order: of those that the
    question does not hold already, one in four may be missing (of Chinese character pairs, two in
    five), and no figure. Denied mentions and lists of guesses are wrong.
    """

    type: Literal["name"] = "name"

    def fault(self, item: ExamItem, reply: str) -> str:
        target = item.key.short_answer
        polar = _polarity(target)
        if polar is not None:
            said = _polarity(reply)
            return "" if said == polar else f"does not say {target}"
        if _is_free(target):
            return _fault_of_free(item, reply)
        parts = _parts(target)
        for part in parts:
            fault = _fault_of_name(part, item, reply, alone=len(parts) == 1)
            if fault:
                return fault
        return ""


def fault_of_mention(name: str, item: ExamItem, reply: str) -> str:
    """What is wrong with how `reply` states `name` word for word; empty when nothing is."""
    return _fault_of_name(name, item, reply, alone=True)


def _fault_of_name(name: str, item: ExamItem, reply: str, *, alone: bool) -> str:
    places = [p for p in places_of(tokens_of(name), tokens_of(reply)) if _is_whole(p, reply)]
    if not places:
        declined = declines(reply)
        return f"declines to answer; it is {name}" if declined else f"does not name {name}"
    for place in places:
        if _is_denied(place, name, item, reply):
            return f"denies {name}"
    first = places[0]
    if declines(reply[: first.start]):
        return f"declines before it names {name}"
    if alone and any(is_alternative(reply, *place) or _in_list(reply, place) for place in places):
        return f"names {name} among other guesses"
    return ""


def _is_denied(place: Place, name: str, item: ExamItem, reply: str) -> bool:
    """A denial in the reply that neither the expected answer nor the question explains."""
    closely = _NOT.search(item.prompt) is not None
    if not is_denied(reply, *place, closely=closely):
        return False
    answer = item.key.answer
    expected = places_of(tokens_of(name), tokens_of(answer))
    return not any(is_denied(answer, *other, closely=closely) for other in expected)


def _is_whole(place: Place, reply: str) -> bool:
    """False for a Chinese name of two characters that goes on: 王明 in 王明远."""
    name = reply[place.start : place.end]
    if len(name) != 2 or name[0] not in _SURNAMES:
        return True
    following = reply[place.end : place.end + 1]
    return not is_chinese(following) or following in _AFTER_NAMES


def _in_list(reply: str, place: Place) -> bool:
    """True where the name is one of several in a row: `A, B, C`, `A and B.`, 甲、乙."""
    before, after = reply[: place.start], reply[place.end :]
    if after.startswith("、") or before.endswith("、"):
        return True
    if _PAIRED_AFTER.match(after) or _PAIRED_BEFORE.search(before):
        return True
    row_before, row_after = _ROW_BEFORE.search(before), _ROW_AFTER.match(after)
    others = len(_NAME.findall(row_before[0])) if row_before else 0
    return others + (len(_NAME.findall(row_after[0])) if row_after else 0) >= 2


def _is_free(target: str) -> bool:
    """True for a phrase that may be told in other order: long, and no name throughout."""
    tokens = tokens_of(target)
    chinese = sum(is_chinese(token.form) for token in tokens)
    if chinese:
        return chinese > 8 and len(_parts(target)) == 1
    words = content_words(tokens)
    capitals = all(
        target[token.start].isupper() or target[token.start].isdigit() for token in words
    )
    return len(words) > 3 and not capitals and not _is_list(target)


def _fault_of_free(item: ExamItem, reply: str) -> str:
    target = item.key.short_answer
    pieces = _pieces(tokens_of(target))
    asked = _pieces(tokens_of(item.prompt))
    fresh = pieces - asked
    wanted = fresh if len(fresh) >= 2 else pieces
    said = _pieces(tokens_of(reply))
    missing = wanted - said
    figures_missing = {piece for piece in missing if piece[0].isdigit()}
    chinese = any(is_chinese(piece[0]) for piece in wanted)
    allowed = int(len(wanted) * 0.4) if chinese else len(wanted) // 4
    if len(missing) > allowed or figures_missing:
        if declines(reply):
            return f"declines to answer; it is {target}"
        return f"lacks {len(missing)} of {len(wanted)} words of: {target}"
    if _EITHER.search(reply) and not _EITHER.search(f"{target} {item.key.answer}"):
        return "offers alternatives"
    if _is_cause_denied(reply, wanted & said) and not _NOT.search(f"{target} {item.prompt}"):
        return f"denies: {target}"
    return contradiction(target, reply)


def _pieces(tokens: Sequence[Token]) -> set[str]:
    """Stems of content words; of Chinese, pairs of neighbouring characters."""
    pieces = set()
    for token, following in _neighbours(tokens):
        if not is_chinese(token.form):
            if content_words([token]):
                pieces.add(_stem(token.form))
        elif (
            following is not None
            and is_chinese(following.form)
            and content_words([token, following])
        ):
            pieces.add(token.form + following.form)
    return pieces


def _neighbours(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """Each token with the next one; the last with an empty one."""
    return zip_longest(tokens, tokens[1:], fillvalue=Token("", 0, 0))


def _stem(form: str) -> str:
    """A crude English stem: `closing`, `closed` and `closes` are one."""
    if form[0].isdigit():
        return form
    for ending in ("ing", "ed", "es", "ly", "e"):
        if len(form) - len(ending) >= 4 and form.endswith(ending):
            return form[: -len(ending)]
    return form


def _is_list(target: str) -> bool:
    return bool(re.search(r"[,，、;；]", target))


def _parts(target: str) -> list[str]:
    """The names of a list: split at commas, and at `and`."""
    pieces = re.split(
        r"\s*[、;；]\s*|\s*[,，](?!\d)\s*(?:and\s+)?|\s+and\s+|(?<=[一-鿿]{2})[和与及](?=[一-鿿]{2})",
        target,
    )
    return [piece for piece in pieces if piece] or [target]


def _polarity(text: str) -> bool | None:
    """True for a text that opens with yes, False for no; None where it does neither."""
    match = _YES_NO.match(text.strip())
    return None if match is None else match["yes"] is not None


def _is_cause_denied(reply: str, found: set[str]) -> bool:
    """True for `not because of X` and for `not X`, X beginning with the first word found."""
    if _NOT_BECAUSE.search(reply):
        return True
    for token, following in _neighbours(tokens_of(reply)):
        if {_stem(token.form), token.form + following.form} & found:
            return is_denied(reply, token.start, token.end)
    return False


_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁"
    "任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔"
)
_AFTER_NAMES = frozenset("是为在的了担任和与及、先女士等主总说曾于从由也已负就将兼同把被对设领")
_ONE_NAME = r"[A-Z][\w'’.-]*(?: (?:of |the )?[A-Z][\w'’-]*){0,3}"
_NAME = re.compile(_ONE_NAME)
_ENDS = r"\s*(?:[.;,]|\Z)"
_PAIRED_AFTER = re.compile(rf"\s*(?:,\s*)?(?:\band\b|&)\s*{_ONE_NAME}{_ENDS}")
_PAIRED_BEFORE = re.compile(rf"(?:\A|[.:]\s*|\b(?:by|was|is)\s+){_ONE_NAME}\s+(?:and|&)\s+\Z")
_ROW_AFTER = re.compile(rf"(?:\s*(?:,\s*(?:and\b)?|\band\b|&)\s*{_ONE_NAME})+(?={_ENDS})")
_ROW_BEFORE = re.compile(rf"(?:{_ONE_NAME}\s*,\s*)+(?:and\s+)?\Z")
_YES_NO = re.compile(
    r"(?:(?P<yes>yes|true|correct)\b|(?P<no>no|false|incorrect)\b(?!\s+\w+\s+(?:information|record))"
    r"|(?P<zh_no>不是|否|没有|不对|不会|不能)|(?P<zh_yes>是的|是[，,。]|对[，,。]|是\Z|有\Z|对\Z))",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|neither|nor)\b|n['’]t\b|不是|并非|没有|未(?!来)|不(?!过|断|同|仅|少)",
    re.IGNORECASE,
)
_NOT_BECAUSE = re.compile(
    r"(?:\b(?:not|never)|n['’]t)\s+(?:\w+\s+){0,2}(?:because|due|owing|caused|result)\b"
    r"|(?:不是|并非|并不是|不|非)(?:\w{0,2}?)(?:因|由于)",
    re.IGNORECASE,
)
_EITHER = re.compile(
    r"\beither\b|\bor (?:maybe|perhaps|because|due)\b|或者?(?:是|因|由)|要么", re.IGNORECASE
)

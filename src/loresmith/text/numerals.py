"""Numbers written in words: English (`forty-eight`) and Chinese (`三千一百万`)."""

from __future__ import annotations

from decimal import Decimal

CHINESE_DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2}
CHINESE_MAGNITUDES = {
    "十": 10,
    "百": 100,
    "千": 1000,
    "万": 10**4,
    "萬": 10**4,
    "亿": 10**8,
    "億": 10**8,
    "兆": 10**12,
}
ENGLISH_MAGNITUDES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ENGLISH_NUMBERS = {
    **{word: value for value, word in enumerate(_SMALL.split(" "))},
    **{word: 10 * place for place, word in enumerate(_TENS.split(" "), start=2)},
}


def chinese_number(text: str) -> Decimal:
    """The value of a Chinese numeral: `三千一百万`, `二〇三一`, `七十三点七`, `三万五` (35000)."""
    whole, _, fraction = text.partition("点")
    value = Decimal(_chinese_whole(whole))
    if fraction:
        value += Decimal("0." + "".join(str(CHINESE_DIGITS[c]) for c in fraction))
    return value


def english_number(text: str) -> Decimal:
    """The value of English number words: `forty-eight`, `two hundred and five`, `a million`."""
    total = group = 0
    for word in text.lower().replace("-", " ").split():
        if word in ENGLISH_NUMBERS:
            group += ENGLISH_NUMBERS[word]
        elif word == "hundred":
            group = max(group, 1) * 100
        elif word in ENGLISH_MAGNITUDES:
            total += max(group, 1) * ENGLISH_MAGNITUDES[word]
            group = 0
    return Decimal(total + group)


def _chinese_whole(text: str) -> int:
    """Digits and magnitudes read from the left; 万 and 亿 close a section of thousands."""
    if not any(character in CHINESE_MAGNITUDES for character in text):
        return int("".join(str(CHINESE_DIGITS[c]) for c in text) or "0")
    total = section = digit = 0
    last = 1
    for character in text:
        if character in CHINESE_DIGITS:
            digit = CHINESE_DIGITS[character]
            last = 1 if digit == 0 else last
            continue
        last = CHINESE_MAGNITUDES[character]
        if last < 10**4:
            section += (digit or 1) * last
        elif last == 10**4:
            total, section = total + (section + digit or 1) * last, 0
        else:
            total, section = (total + section + digit or 1) * last, 0
        digit = 0
    return total + section + digit * max(1, last // 10)

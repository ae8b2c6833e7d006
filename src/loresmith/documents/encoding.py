"""Turns bytes of unknown encoding into text, and says what was guessed and what was lost."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from loresmith.errors import DocumentError


class Decoded(NamedTuple):
    """Text with the encoding that it was in."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, *, name: str, declared: str | None = None) -> Decoded:
    """The text of `data`; raises DocumentError where the bytes are no text at all.

    A byte order mark decides; then UTF-8, if the bytes are valid; then `declared` (what the file
    says of itself); then the likeliest of UTF-16, GB18030, Big5, Shift-JIS, EUC-KR and
    Windows-1252. What had to be guessed or replaced is told in `warnings`.
    """
    refuse_binary(data, name=name)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, name=name, guessed=False)
    for encoding in ("UTF-8", *([declared] if declared and _is_known(declared) else [])):
        text = None if _looks_wide(data) else _strictly(data, encoding)
        if text is not None:
            return _checked(Decoded(text, encoding), name=name)
    return _decoded(data, _likeliest(data), name=name, guessed=True)


def refuse_binary(data: bytes, *, name: str) -> None:
    """Raises DocumentError where `data` begins as a well-known binary format does."""
    for magic, kind in _BINARY_FORMATS:
        if data.startswith(magic):
            raise DocumentError(
                f"{name} is not text but {kind}",
                hint="Give the text itself: export it as PDF, docx, HTML or plain text.",
            )


_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
_BINARY_FORMATS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"GGUF", "a model file"),
)
_SAMPLE = 60_000
_FREQUENT = {
    "GB18030": "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动"
    "同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自"
    "二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日"
    "那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变"
    "条只没结解问意建月公无系军很情者最立代想已通并提直题程展五果料象员，。、：；“”"
    "（）《》",
    "Big5": "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動"
    "同工也能下過子說產種面而方後多定行學法所民得經十三之進著等部度家電力裡如水化高自"
    "二理起小物現實加量都兩體制機當使點從業本去把性好應開它合還因由其些然前外天政四日"
    "那社義事平形相全表間樣與關各重新線內數正心反你明看原又麼利比或但質氣第向道命此變"
    "條只沒結解問意建月公無系軍很情者最立代想已通並提直題程展五果料象員，。、：；「」"
    "（）《》",
    "Shift-JIS": "あいうえおかがきくけこさしすせそただちっつてでとどなにのはばへほまみめもやよらり"
    "るれろわをんアイカキクグコシジスセタダットドナニハバパフプマミムメモャュョラリル"
    "レロンー日本年月人大会国社、。「」・",
    "EUC-KR": "이다는의에을가고하지한도로은를서기사어자대시나리아그인들해라정과일있수보전부것만"
    "구주제여원동상장성년월했습니면",
}
"""The commonest characters of running text in each encoding's language."""
_CODECS = {
    "GB18030": "gb18030",
    "Big5": "big5hkscs",
    "Shift-JIS": "cp932",
    "EUC-KR": "cp949",
    "Windows-1252": "cp1252",
}
_ISOLATED = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LIVING = re.compile(
    r"[\t\n\r -~\u2010-\u2027\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]"
)
_WIDE = ("UTF-16-LE", "UTF-16-BE")


def _decoded(data: bytes, encoding: str, *, name: str, guessed: bool) -> Decoded:
    text = data.decode(_CODECS.get(encoding, encoding), errors="replace")
    replaced = text.count("\ufffd") - data.count("\ufffd".encode()) * (encoding == "UTF-8")
    warnings = []
    if guessed:
        warnings.append(f"the encoding was guessed to be {encoding}")
    if replaced > 0:
        characters = "1 character" if replaced == 1 else f"{replaced} characters"
        warnings.append(f"{characters} could not be decoded as {encoding} and became �")
    return _checked(Decoded(text, encoding, tuple(warnings)), name=name, replaced=replaced)


def _checked(decoded: Decoded, *, name: str, replaced: int = 0) -> Decoded:
    """Refuses a text of which more than one character in ten is a control or a lost character."""
    odd = len(_CONTROL.findall(decoded.text)) + max(replaced, 0)
    if odd > 4 and odd * 10 > len(decoded.text):
        raise DocumentError(
            f"{name} is not text: {odd:,} of {len(decoded.text):,} characters cannot be read",
            hint="It seems to be a binary file. Give the text itself, best as UTF-8.",
        )
    return decoded


def _strictly(data: bytes, encoding: str) -> str | None:
    """The text if every byte is valid."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_known(encoding: str) -> bool:
    try:
        "".encode(encoding)
    except LookupError:
        return False
    return True


def _looks_wide(data: bytes) -> bool:
    """Whether a fifth of the bytes are NUL and on one side only, as in UTF-16 of western text."""
    even, odd = data[:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
    fewer, more = sorted((even, odd))
    return more * 5 > min(len(data), _SAMPLE) and fewer * 20 < more


def _likeliest(data: bytes) -> str:
    """The encoding whose reading of a sample holds most frequent characters and fewest faults."""
    sample = data[:_SAMPLE]
    pairs = sample[: len(sample) // 2 * 2]
    if b"\x00" in sample:
        shares = {encoding: _living_share(pairs, encoding) for encoding in _WIDE}
        wide = max(_WIDE, key=lambda encoding: shares[encoding])
        if shares[wide] > 0.8:
            return wide
    high = len(_HIGH.findall(sample)) or 1
    scores = {name: _score(sample, name, frequent) for name, frequent in _FREQUENT.items()}
    scores |= {name: _score(pairs, name, "".join(_FREQUENT.values())) for name in _WIDE}
    scores["Windows-1252"] = 0.9 * len(_ISOLATED.findall(sample)) / high
    scores["UTF-8"] = _utf8_score(sample)
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.02 else "GB18030"


def _score(sample: bytes, name: str, frequent: str) -> float:
    text = sample.decode(_CODECS.get(name, name), errors="replace")
    foreign = [character for character in text if character > "\x7f"]
    characters = frozenset(frequent)
    hits = sum(character in characters for character in foreign)
    return (hits - 2 * foreign.count("\ufffd")) / (len(foreign) or 1)


def _utf8_score(sample: bytes) -> float:
    """Valid sequences of several bytes are never chance: a few broken ones do not refute UTF-8."""
    text = sample.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    valid = sum(character > "\x7f" for character in text) - lost
    return (valid - 5 * lost) / (valid + lost or 1)


def _living_share(sample: bytes, encoding: str) -> float:
    """How much of the sample, so decoded, is in scripts that documents are written in."""
    text = sample.decode(encoding, errors="replace")
    return len(_LIVING.findall(text)) / (len(text) or 1)

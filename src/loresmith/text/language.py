"""Which language a text is in, by its script and its commonest words: cheap, and good enough."""

from __future__ import annotations

import re

UNDETERMINED = "und"
"""The code for a text without letters (ISO 639-2; ISO 639-1 has none)."""


def language_of(text: str) -> str:
    """The ISO 639-1 code of the main language of `text`, or `und` where it holds no letters.

    A Chinese character weighs as much as two Latin letters, so that a Chinese report full of
    product names stays Chinese. Looks at no more than 20,000 characters.
    """
    sample = text[:_SAMPLE]
    weights = {code: weight for code, weight in _script_weights(sample).items() if weight}
    if not weights:
        return UNDETERMINED
    main = max(weights, key=lambda code: weights[code])
    if main == "latin":
        return _latin_language(sample)
    kana = len(_SCRIPTS["ja"].findall(sample))
    if main == "zh" and kana * 10 > weights["zh"] // 2:
        return "ja"
    return main


_SAMPLE = 20_000
_SCRIPTS = {
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "ja": re.compile(r"[\u3041-\u3096\u30a1-\u30fa]"),
    "ko": re.compile(r"[\u1100-\u11ff\uac00-\ud7a3]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "latin": re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"),
}
_DENSE_SCRIPTS = ("zh", "ja", "ko")
_STOP_WORDS = {
    "en": "the of and to in is was for that with on by it as at from were be are this which",
    "de": "der die das und ist nicht von mit den dem ein eine für auf im zu des sich auch wurde",
    "fr": "le la les des et est une du dans pour que qui sur par au pas avec plus ce sont",
    "es": "el los las y es una del para que con por su se al como más fue son lo entre",
    "it": "il gli di che è una del della per con non nel alla sono le dei anche più ha si",
    "pt": "os as e é uma do da para com não por mais dos das ao foi são na no em",
    "nl": "de het een van en is niet met voor op dat zijn aan door ook bij te naar uit werd",
}
_WORDS_OF = {code: frozenset(words.split()) for code, words in _STOP_WORDS.items()}
_CODES_OF = {
    word: tuple(code for code, words in _WORDS_OF.items() if word in words)
    for word in frozenset().union(*_WORDS_OF.values())
}
_WORD = re.compile(r"[^\W\d_]+")


def _script_weights(sample: str) -> dict[str, int]:
    if sample.isascii():  # nothing but Latin letters can be in it
        return {"latin": len(_SCRIPTS["latin"].findall(sample))}
    return {
        code: len(letters.findall(sample)) * (2 if code in _DENSE_SCRIPTS else 1)
        for code, letters in _SCRIPTS.items()
    }


def _latin_language(sample: str) -> str:
    """The language whose stop words are most frequent; English where none stands out."""
    scores = dict.fromkeys(_WORDS_OF, 0)
    for word in _WORD.findall(sample.lower()):
        for code in _CODES_OF.get(word, ()):
            scores[code] += 1
    return max(scores, key=lambda code: scores[code])

"""Why: how close replies come to references, in the figures that papers and other tools give.

They count words in common, so a reply that is right in other words scores low, and one that is
wrong in one figure scores high: an exam tells more. Chinese is cut into characters for BLEU and
into words for ROUGE; rouge-score's own tokenizer would drop it without a word.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Sequence

from loresmith.errors import MissingDependency
from loresmith.records import Record

_PACKAGES = ("sacrebleu", "rouge_score", "jieba")
_ROUGE = {"rouge1": "rouge_1", "rouge2": "rouge_2", "rougeL": "rouge_l"}


class Likeness(Record):
    """Of replies to their references; all but `n` from 0 to 100."""

    n: int
    bleu_4: float
    """Corpus BLEU of sacrebleu (Papineni et al. 2002; Post 2018), tokenised as `zh`."""
    rouge_1: float
    """Mean F1 of single words in common (Lin 2004)."""
    rouge_2: float
    """The same of pairs of words."""
    rouge_l: float
    """The same of the longest run of words in the same order."""
    exact_match: float
    """Share of the replies that say what the reference says, but for case, width and spaces."""


def require_likeness() -> None:
    """Raises MissingDependency where a package that counts is not installed."""
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingDependency(package.replace("_", "-"), extra="metrics")


def likeness(replies: Sequence[str], references: Sequence[str]) -> Likeness:
    """How close each of `replies` comes to the reference at its place. Raises MissingDependency."""
    require_likeness()
    from sacrebleu.metrics.bleu import BLEU

    equal = sum(map(_equal, replies, references))
    bleu = BLEU(tokenize="zh").corpus_score(list(replies), [list(references)])
    return Likeness(
        n=len(replies),
        bleu_4=bleu.score,
        exact_match=100 * equal / max(len(replies), 1),
        **_rouge(replies, references),
    )


def words_of(text: str) -> list[str]:
    """The words of Chinese and other text, in lower case; punctuation is none."""
    import jieba

    jieba.setLogLevel("ERROR")  # it tells how long its dictionary takes
    words = jieba.lcut(unicodedata.normalize("NFKC", text).lower())
    return [word for word in words if any(sign.isalnum() for sign in word)]


def _rouge(replies: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    from rouge_score.rouge_scorer import RougeScorer

    class Words:
        def tokenize(self, text: str) -> list[str]:
            return words_of(text)

    scorer = RougeScorer(list(_ROUGE), tokenizer=Words())
    found = [scorer.score(one, other) for one, other in zip(references, replies, strict=True)]
    return {
        ours: 100 * sum(one[theirs].fmeasure for one in found) / max(len(found), 1)
        for theirs, ours in _ROUGE.items()
    }


def _equal(reply: str, reference: str) -> bool:
    return _plain(reply) == _plain(reference)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

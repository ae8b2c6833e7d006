"""How much two texts share."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from loresmith.text.overlap import OverlapIndex, jaccard, token_set, tokens

WORDS = st.lists(
    st.sampled_from(["alpha", "beta", "gamma", "delta", "北", "港", "31", "32.5"]), max_size=8
)


def test_tokens_are_words_whole_numbers_and_single_chinese_characters() -> None:
    assert tokens("北港 grew 3,100.5 ％ in Café's") == [
        "北",
        "港",
        "grew",
        "3,100.5",
        "in",
        "café",
        "s",
    ]


def test_width_and_case_do_not_matter() -> None:
    assert token_set("Ship ２０３１") == token_set("ship 2031")


def test_jaccard_is_shared_over_all() -> None:
    assert jaccard(token_set("a b c"), token_set("b c d")) == 0.5
    assert jaccard(token_set("a"), token_set("b")) == 0.0
    assert jaccard(token_set(""), token_set("")) == 1.0


@given(st.lists(WORDS, max_size=12), WORDS, st.sampled_from([0.2, 0.5, 0.6, 0.9]))
def test_the_index_finds_what_comparing_with_all_would_find(
    texts: list[list[str]], wanted: list[str], above: float
) -> None:
    index: OverlapIndex[int] = OverlapIndex()
    for number, words in enumerate(texts):
        index.add(number, " ".join(words))
    target = token_set(" ".join(wanted))
    shares = [jaccard(target, token_set(" ".join(words))) for words in texts]
    best = max(shares, default=0.0)
    found = index.nearest(" ".join(wanted), above=above)
    if target and best > above:
        assert found is not None
        assert (found.key, found.jaccard) == (shares.index(best), best)
    elif target:
        assert found is None


def test_a_large_index_answers_at_once() -> None:
    draw = random.Random(7)
    words = [f"word{number}" for number in range(2000)]
    index: OverlapIndex[int] = OverlapIndex()
    for number in range(5000):
        index.add(number, " ".join(draw.choices(words, k=12)))
    index.add("copy", "word1 word2 word3 word4 word5")  # type: ignore[arg-type]
    near = index.nearest("word1 word2 word3 word4 word6", above=0.6)
    assert near is not None
    assert near.key == "copy"


def test_a_known_key_keeps_its_first_text() -> None:
    index: OverlapIndex[str] = OverlapIndex()
    index.add("k", "alpha beta")
    index.add("k", "gamma delta")
    assert len(index) == 1
    assert index.nearest("gamma delta", above=0.5) is None

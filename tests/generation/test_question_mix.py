"""So many questions of each type are asked for as the shares say, and never more or fewer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loresmith.generation.question_mix import Difficulties, QuestionTypes, apportioned

SHARES = st.dictionaries(
    st.sampled_from("abcdef"), st.floats(0.0, 100.0), min_size=1, max_size=6
).filter(lambda shares: sum(shares.values()) > 1e-6)


@given(SHARES, st.integers(0, 60))
def test_whole_numbers_add_up_and_are_within_one_of_their_share(
    shares: dict[str, float], total: int
) -> None:
    counts = apportioned(shares, total)
    assert sum(counts.values()) == total
    weight = sum(shares.values())
    for name, share in shares.items():
        assert abs(counts.get(name, 0) - total * share / weight) < 1 + 1e-6


def test_nothing_but_facts_needs_no_word_about_types() -> None:
    assert QuestionTypes().wanted() == ()
    assert QuestionTypes().counts(8) == {}
    assert QuestionTypes(fact=3, analysis=1).counts(8) == {"fact": 6, "analysis": 2}


def test_one_type_at_least_has_to_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="every share is 0"):
        QuestionTypes(fact=0)


def test_difficulty_is_asked_for_where_it_has_shares() -> None:
    assert Difficulties().counts(5) == {}
    assert Difficulties(easy=1, hard=1).counts(3) == {"easy": 2, "hard": 1}

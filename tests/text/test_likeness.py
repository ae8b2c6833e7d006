"""How close a reply comes to its reference, in English and in Chinese."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.errors import MissingDependency
from loresmith.text.likeness import likeness, words_of

SAYINGS = ["港务局局长是林海舟，二〇二三年上任。", "The harbour master is Ilse Brandt since 2021."]


@pytest.mark.parametrize("said", SAYINGS)
def test_the_reference_itself_is_worth_everything(said: str) -> None:
    found = likeness([said], [said])
    assert (found.n, found.exact_match) == (1, 100.0)
    for value in (found.bleu_4, found.rouge_1, found.rouge_2, found.rouge_l):
        assert value == pytest.approx(100.0)


def test_chinese_counts_as_other_languages_do() -> None:
    """rouge-score's own tokenizer finds no word in it, and so no likeness."""
    close = likeness(["港务局局长是林海舟。"], ["港务局局长是林海涛。"])
    far = likeness(["今天天气很好。"], ["港务局局长是林海涛。"])
    assert close.rouge_1 > 40 > far.rouge_1 == 0.0
    assert close.bleu_4 > far.bleu_4
    assert close.exact_match == 0.0


def test_case_width_and_spaces_do_not_make_a_reply_another() -> None:
    assert likeness(["ILSE  Brandt "], ["Ilse Brandt"]).exact_match == 100.0
    assert likeness(["２０２３年"], ["2023年"]).exact_match == 100.0


def test_the_order_of_words_is_what_rouge_2_and_l_see() -> None:
    found = likeness(["Brandt Ilse is who"], ["who is Ilse Brandt"])
    assert found.rouge_1 == pytest.approx(100.0)
    assert found.rouge_2 == 0.0
    assert found.rouge_l < 50


def test_means_are_over_all_replies() -> None:
    found = likeness(["Ilse Brandt", "nobody"], ["Ilse Brandt", "Ilse Brandt"])
    assert (found.n, found.exact_match, found.rouge_1) == (2, 50.0, pytest.approx(50.0))


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=1, max_size=4))
def test_any_text_can_be_scored_and_stays_between_nothing_and_all(
    pairs: list[tuple[str, str]],
) -> None:
    found = likeness([one for one, _ in pairs], [other for _, other in pairs])
    for value in (found.bleu_4, found.rouge_1, found.rouge_2, found.rouge_l, found.exact_match):
        assert 0.0 <= value <= 100.0 + 1e-9


def test_chinese_is_cut_into_words_and_punctuation_is_none() -> None:
    assert words_of("港务局局长，是 Ilse！") == ["港务局", "局长", "是", "ilse"]


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "rouge_score" else there(name)
    )
    with pytest.raises(MissingDependency, match="rouge-score") as raised:
        likeness(["a"], ["a"])
    assert raised.value.hint == "pip install 'loresmith[metrics]'"

"""The general questions that ship with the package."""

from __future__ import annotations

from collections import Counter

from loresmith.exams import mark, retention_items
from loresmith.exams.words import places_of, tokens_of


def test_there_are_general_questions_in_english_and_chinese() -> None:
    counts = Counter(item.language for item in retention_items())
    assert counts["en"] >= 120
    assert counts["zh"] >= 45


def test_a_general_question_is_asked_once_and_never_holds_its_answer() -> None:
    items = retention_items()
    assert len({item.prompt for item in items}) == len(items)
    given_away = [
        (item.prompt, form)
        for item in items
        for form in item.key.accepted
        if any(places_of(tokens_of(form), tokens_of(item.prompt)))
    ]
    assert not given_away


def test_every_accepted_answer_is_right_and_a_parrot_is_wrong() -> None:
    for item in retention_items():
        for form in item.key.accepted:
            assert mark(item, form).score == 1.0, (item.prompt, form, mark(item, form).reason)
        assert mark(item, item.prompt).score == 0.0, item.prompt


def test_items_can_be_had_for_one_language_only() -> None:
    assert {item.language for item in retention_items({"zh"})} == {"zh"}
    assert retention_items({"fr"}) == ()

"""Prompts are readable files; what a teacher is shown is complete and inert."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from loresmith.generation.passages import Passage
from loresmith.generation.prompts import Prompt, prompt_for, prompts_version

PASSAGE = Passage("Annual Review", "Cargo\nFish", "Fish grew to 57,200 tonnes.", "en")


def test_the_instruction_comes_first_and_does_not_change_with_the_passage() -> None:
    prompt = prompt_for("facts", "en")
    first = prompt.messages(passage=PASSAGE, count=3)
    second = prompt.messages(passage=PASSAGE._replace(text="Another."), count=1)
    assert [message.role for message in first] == ["system", "user"]
    assert first[0] == second[0]
    assert first[1].content.endswith("<passage>\nFish grew to 57,200 tonnes.\n</passage>")
    assert "Write 3 pairs." in first[1].content
    assert "Write 1 pair." in second[1].content


def test_title_headings_and_passage_are_shown() -> None:
    user = prompt_for("facts", "en").messages(passage=PASSAGE, count=1)[1].content
    assert "Annual Review" in user
    assert "Cargo\nFish" in user


def test_a_chinese_passage_is_asked_about_in_chinese_and_others_in_english() -> None:
    assert (
        "你负责编写问答" in prompt_for("facts", "zh").messages(passage=PASSAGE, count=1)[0].content
    )
    assert prompt_for("facts", "fr") is not prompt_for("facts", "zh")
    assert prompt_for("facts", "fr").version == prompt_for("facts", "en").version


def test_template_marks_in_a_document_are_not_executed() -> None:
    hostile = PASSAGE._replace(text="{{ 7 * 7 }} {% raw %} <!-- user -->")
    user = prompt_for("facts", "en").messages(passage=hostile, count=1)[1].content
    assert "{{ 7 * 7 }} {% raw %} <!-- user -->" in user


def test_a_changed_prompt_has_another_version() -> None:
    assert Prompt("one", "Do this.\n<!-- user -->\n{{ x }}").version != Prompt("one", "Do.").version
    assert prompts_version() == prompts_version()


def test_a_forgotten_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        prompt_for("facts", "en").messages(passage=PASSAGE)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_prompt_shows_the_json_that_it_wants(language: str) -> None:
    values = {
        "passage": PASSAGE,
        "facts": (),
        "count": 1,
        "paraphrases": 5,
        "restatements": 1,
        "reversed": 1,
        "exam": 2,
        "practice": 1,
        "abstentions": 1,
        "with_abstentions": True,
    }
    wanted = {"facts": '"short_answer"', "training": '"wordings"', "exam": '"practice"'}
    for task, member in wanted.items():
        system = prompt_for(task, language).messages(**values)[0].content  # type: ignore[arg-type]
        assert member in system

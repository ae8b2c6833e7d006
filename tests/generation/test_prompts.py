"""Prompts are readable files; what a teacher is shown is complete and inert."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from loresmith.errors import RecipeError
from loresmith.generation import FactWriter
from loresmith.generation.facts import FactPrompts
from loresmith.generation.passages import Passage
from loresmith.generation.prompts import Prompt, Task
from loresmith.recipe import Recipe


def prompt_for(task: Task, language: str) -> Prompt:
    generation = Recipe().generation
    prompts = {
        "facts": generation.facts.prompt,
        "training": generation.training.prompt,
        "exam": generation.exam.prompt,
    }
    return prompts[task].of(language)


PASSAGE = Passage("Annual Review", "Cargo\nFish", "Fish grew to 57,200 tonnes.", "en")


def asked(**values: object) -> dict[str, object]:
    """The values of a call for facts, where only `values` matter."""
    return {**FactPrompts.samples[0], "passage": PASSAGE, **values}


def test_the_instruction_comes_first_and_does_not_change_with_the_passage() -> None:
    prompt = prompt_for("facts", "en")
    first = prompt.messages(**asked(count=3))
    second = prompt.messages(**asked(passage=PASSAGE._replace(text="Another."), count=1))
    assert [message.role for message in first] == ["system", "user"]
    assert first[0] == second[0]
    assert first[1].content.endswith("<passage>\nFish grew to 57,200 tonnes.\n</passage>")
    assert "Write 3 pairs." in first[1].content
    assert "Write 1 pair." in second[1].content


def test_title_headings_and_passage_are_shown() -> None:
    user = prompt_for("facts", "en").messages(**asked(count=1))[1].content
    assert "Annual Review" in user
    assert "Cargo\nFish" in user


def test_a_chinese_passage_is_asked_about_in_chinese_and_others_in_english() -> None:
    assert "你负责编写问答" in prompt_for("facts", "zh").messages(**asked(count=1))[0].content
    assert prompt_for("facts", "fr") is not prompt_for("facts", "zh")
    assert prompt_for("facts", "fr").version == prompt_for("facts", "en").version


def test_template_marks_in_a_document_are_not_executed() -> None:
    hostile = PASSAGE._replace(text="{{ 7 * 7 }} {% raw %} <!-- user -->")
    user = prompt_for("facts", "en").messages(**asked(passage=hostile, count=1))[1].content
    assert "{{ 7 * 7 }} {% raw %} <!-- user -->" in user


def test_a_changed_prompt_has_another_version() -> None:
    assert Prompt("one", "Do this.\n<!-- user -->\n{{ x }}").version != Prompt("one", "Do.").version


def test_a_forgotten_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        prompt_for("facts", "en").messages(passage=PASSAGE)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_prompt_shows_the_json_that_it_wants(language: str) -> None:
    values = {
        **asked(),
        "facts": (),
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


OWN = "Write pairs.\n<!-- user -->\n{{ count }} about {{ passage.text }}\n"


def refused(text: str, task: str = "facts") -> str:
    with pytest.raises(RecipeError) as error:
        Recipe.build({"generation": {task: {"prompt": {"en": text}}}})
    (fault,) = error.value.faults
    assert fault.startswith(f"generation.{task}.prompt.en: ")
    return fault


def test_a_prompt_of_ones_own_is_sent_and_has_a_version_of_its_own() -> None:
    recipe = Recipe.build({"generation": {"facts": {"prompt": {"en": OWN}}}})
    own = recipe.generation.facts.prompt.of("fr")
    assert own.messages(passage=PASSAGE, count=2)[1].content == (
        "2 about Fish grew to 57,200 tonnes."
    )
    assert own.version != prompt_for("facts", "en").version
    assert recipe.generation.facts.prompt.of("zh").version == prompt_for("facts", "zh").version
    assert recipe.generation.facts.fingerprint() == FactWriter().fingerprint()


def test_an_empty_prompt_is_that_of_this_version() -> None:
    recipe = Recipe.build({"generation": {"exam": {"prompt": {"zh": " \n"}}}})
    assert recipe.generation.exam.prompt.of("zh").version == prompt_for("exam", "zh").version


def test_a_prompt_that_would_fail_later_is_refused_at_once() -> None:
    assert "<!-- user -->" in refused("Write pairs about {{ passage.text }}.")
    assert "<!-- user -->" in refused(OWN + "<!-- user -->\nagain")
    assert "there is no variable passsage" in refused(OWN + "{{ passsage.title }}")
    assert "passage.title" in refused(OWN + "{{ passage.titel }}")
    assert "no Jinja template" in refused(OWN + "{% if count %}")
    assert "it cannot be filled in" in refused(OWN + "{{ count + passage.title }}")


def test_a_prompt_has_to_show_the_passage_and_the_pairs() -> None:
    assert "passage.text" in refused("A {{ passage.text }}\n<!-- user -->\n{{ count }}")
    assert "facts[0].question" in refused("Do.\n<!-- user -->\n{{ passage.text }}", "training")


def test_a_prompt_cannot_reach_what_lies_behind_its_variables() -> None:
    assert "unsafe" in refused(OWN + "{{ count.__class__.__mro__ }}")

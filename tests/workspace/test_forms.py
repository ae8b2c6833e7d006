"""A form follows from the schema, and what is typed into it becomes changes of the recipe."""

from __future__ import annotations

import pytest

from loresmith.errors import NotFound
from loresmith.models import OpenAICompatible
from loresmith.recipe import Recipe
from loresmith.training import Freeze
from loresmith.training.stages import Dpo
from loresmith.workspace.forms import Form, FormField, form_as_typed, form_of, submission_of


def fields_of(form: Form) -> dict[str, FormField]:
    return {field.path: field for field in form.fields()}


def test_every_setting_of_the_recipe_is_in_the_whole_form() -> None:
    def paths(data: object, path: str) -> set[str]:
        if not isinstance(data, dict) or path == "teacher.extra_body":
            return {path}
        return {found for name, one in data.items() for found in paths(one, f"{path}.{name}")}

    recipe = Recipe(teacher=OpenAICompatible(model="any"))
    everything = {found for name, one in recipe.model_dump().items() for found in paths(one, name)}
    single = {path for path in everything if path.endswith(".type")}  # a family of one: no choice
    assert everything - single <= set(fields_of(form_of(recipe)))
    assert {"training.type", "chunking.type", "teacher.type"} <= set(fields_of(form_of(recipe)))


def test_every_field_has_a_label_help_and_a_value_as_the_recipe_has_it() -> None:
    for field in form_of(Recipe()).fields():
        assert field.label and field.help, field.path
        assert not field.changed, field.path


def test_bounds_kinds_and_options_come_from_the_annotations() -> None:
    fields = fields_of(form_of(Recipe(), "training", "exam", "curation"))
    rank, dropout = fields["training.rank"], fields["training.dropout"]
    assert (rank.kind, rank.ge, rank.le) == ("integer", 1, 1024)
    assert (dropout.kind, dropout.le) == ("number", 0.9)
    assert (rank.bounds, fields["exam.max_items"].bounds) == ("1–1,024", "≥ 1")
    assert fields["training.learning_rate"].bounds == "> 0, ≤ 1"
    assert fields["training.target_modules"].bounds == ""
    assert [one.value for one in fields["training.packing"].options] == ["auto", "on", "off"]
    assert fields["training.early_stopping"].kind == "flag"
    assert fields["training.learning_rate"].optional
    assert fields["training.target_modules"].kind == "list"
    assert fields["exam.system_prompt"].kind == "long_text"
    assert fields["curation.filters"].kind == "members"
    assert fields["curation.filters.duplicate.similarity"].value == 0.8


def test_common_settings_come_first_and_the_others_are_folded() -> None:
    group, stage = form_of(Recipe(), "training").groups
    assert [field.name for field in group.common][:1] == ["type"]
    assert {"learning_rate", "num_epochs", "rank"} <= {field.name for field in group.common}
    assert "pass_tokens" in {field.name for field in group.folded}
    assert [field.path for field in stage.common] == ["training.stage.type"]


def test_a_part_of_a_part_has_the_settings_of_the_type_that_was_chosen() -> None:
    typed = {"training.type": ["full"], "training.stage.type": ["dpo"]}
    typed |= {"training.stage.loss": ["ipo"], "training.stage.beta": ["0.3"]}
    submitted = submission_of(Recipe(), typed, "training")
    assert submitted.recipe is not None, submitted.faults
    training = submitted.recipe.training
    assert (training.type, training.stage) == ("full", Dpo(loss="ipo", beta=0.3))


def test_only_what_was_changed_becomes_a_change() -> None:
    typed = {"training.rank": ["64"], "training.num_epochs": [" 3 "], "seed": ["7"]}
    submitted = submission_of(Recipe(), typed, "training", "seed")
    assert submitted.changes == {"training.num_epochs": 3.0, "seed": 7}
    assert submitted.recipe is not None and submitted.recipe.seed == 7


def test_an_emptied_field_goes_back_to_its_default() -> None:
    recipe = Recipe.build({"training": {"rank": 8, "learning_rate": 0.01}, "seed": 7})
    typed = {"training.rank": [""], "training.learning_rate": [""], "seed": [""]}
    submitted = submission_of(recipe, typed, "training", "seed")
    assert submitted.changes == {
        "training.rank": None,
        "training.learning_rate": None,
        "seed": None,
    }
    assert submitted.recipe == Recipe()


def test_lists_flags_and_blocks_are_read_as_people_type_them() -> None:
    typed = {
        "training.target_modules": ["q_proj，v_proj, "],
        "training.early_stopping": ["false"],
        "training.rank_stabilized": ["false", "true"],
    }
    assert submission_of(Recipe(), typed, "training").changes == {
        "training.target_modules": ["q_proj", "v_proj"],
        "training.early_stopping": False,
        "training.rank_stabilized": True,
    }
    teacher = Recipe(teacher=OpenAICompatible(model="any"))
    body = {"teacher.extra_body": ['{"enable_thinking": false}']}
    assert submission_of(teacher, body, "teacher").changes == {
        "teacher.extra_body": {"enable_thinking": False}
    }


def test_every_fault_stands_at_its_field() -> None:
    typed = {
        "training.rank": ["0"],
        "training.num_epochs": ["many"],
        "training.batch_size": ["1.5"],
        "training.dropout": ["nan"],
        "training.scheduler": ["sideways"],
        "exam.max_overlap": ["1"],
    }
    submitted = submission_of(Recipe(), typed, "training", "exam")
    assert submitted.recipe is None
    kinds = {path: fault.kind for path, fault in submitted.faults.items()}
    assert kinds == {
        "training.rank": "ge",
        "training.num_epochs": "number",
        "training.batch_size": "integer",
        "training.dropout": "number",
        "exam.max_overlap": "lt",
        "training.scheduler": "other",
    }
    wrong = submission_of(Recipe(), {"training.scheduler": ["sideways"]}, "training")
    assert set(wrong.faults) == {"training.scheduler"}


def test_a_fault_between_two_settings_belongs_to_no_field() -> None:
    submitted = submission_of(Recipe(), {"chunking.min_length": ["9000"]}, "chunking")
    assert set(submitted.faults) == {""}
    assert "max_length" in submitted.faults[""].message


def test_another_type_brings_its_own_fields_and_leaves_those_of_the_old_one() -> None:
    typed = {"training.type": ["full"], "training.rank": ["8"], "training.batch_size": ["4"]}
    assert "training.rank" not in fields_of(form_as_typed(Recipe(), typed, "training"))
    submitted = submission_of(Recipe(), typed, "training")
    assert submitted.changes == {"training.type": "full", "training.batch_size": 4}


def test_a_type_with_a_setting_that_is_needed_asks_for_it() -> None:
    typed = {"teacher.type": ["openai"], "teacher.model": [""]}
    assert fields_of(form_as_typed(Recipe(), typed, "teacher"))["teacher.model"].text == ""
    assert submission_of(Recipe(), typed, "teacher").faults["teacher.model"].kind == "needed"
    typed["teacher.model"] = ["deepseek-chat"]
    assert submission_of(Recipe(), typed, "teacher").changes == {
        "teacher.type": "openai",
        "teacher.model": "deepseek-chat",
    }


def test_filters_are_ticked_and_keep_their_order_and_settings() -> None:
    typed = {
        "curation.filters": ["", "duplicate", "empty"],
        "curation.filters.duplicate.similarity": ["0.5"],
    }
    assert submission_of(Recipe(), typed, "curation").changes == {
        "curation.filters": [{"type": "duplicate", "similarity": 0.5}, {"type": "empty"}]
    }
    none = submission_of(Recipe(), {"curation.filters": [""]}, "curation")
    assert none.changes == {"curation.filters": []}


@pytest.mark.parametrize("path", ["training.rnak", "nothing", "seed.x"])
def test_a_path_that_is_no_setting_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        form_of(Recipe(), path)


def test_a_type_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        submission_of(Recipe(), {"training.type": ["magic"]}, "training")


def test_a_choice_of_numbers_is_read_as_numbers() -> None:
    typed = {"training.quantization": ["4"]}
    submitted = submission_of(Recipe(), typed, "training")
    assert submitted.changes == {"training.quantization": 4}
    assert submitted.recipe is not None
    unset = submission_of(submitted.recipe, {"training.quantization": [""]}, "training")
    assert unset.changes == {"training.quantization": None}


def test_a_form_of_freeze_has_its_fields_and_reads_lists_of_names() -> None:
    typed = {
        "training.type": ["freeze"],
        "training.trainable_layers": ["-2"],
        "training.trainable_modules": ["self_attn, mlp"],
        "training.extra_modules": [""],
        "training.optimizer": ["adafactor"],
    }
    submitted = submission_of(Recipe(), typed, "training")
    assert submitted.recipe is not None
    assert submitted.recipe.training == Freeze(
        trainable_layers=-2, trainable_modules=("self_attn", "mlp"), optimizer="adafactor"
    )
    typed["training.optimizer"] = ["adamw_troch"]
    wrong = submission_of(Recipe(), typed, "training").faults
    assert "did you mean adamw_torch?" in wrong["training.optimizer"].message


def test_a_member_that_is_ticked_brings_its_settings_and_one_that_is_not_leaves_them() -> None:
    typed = {"generation.rows": ["", "preference", "dialogue"]}
    form = form_as_typed(Recipe(), typed, "generation.rows")
    members = fields_of(form)["generation.rows"]
    assert members.value == ["preference", "dialogue"]
    shown = [option.value for option in members.in_order]
    assert shown.index("preference") < shown.index("dialogue"), "as they were put in order"
    assert sorted(shown) == sorted(option.value for option in members.options)
    assert fields_of(form)["generation.rows.dialogue.rounds"].value == 3
    typed |= {
        "generation.rows.dialogue.rounds": ["5"],
        "generation.rows.preference.flaws": ["", "wrong_figure", "wrong_period"],
    }
    submitted = submission_of(Recipe(), typed, "generation.rows")
    assert submitted.changes == {
        "generation.rows": [
            {"type": "preference", "flaws": ["wrong_figure", "wrong_period"]},
            {"type": "dialogue", "rounds": 5},
        ]
    }
    assert submitted.recipe is not None
    fewer = submission_of(submitted.recipe, {"generation.rows": ["dialogue"]}, "generation.rows")
    assert fewer.changes == {"generation.rows": [{"type": "dialogue", "rounds": 5}]}


def test_a_part_keeps_what_the_form_does_not_show() -> None:
    own = "Write.\n<!-- user -->\n{{ passage.text }}{% for fact in facts %}{{ fact.question }}"
    own += "{{ fact.short_answer }}{% endfor %}\n"
    rows = [{"type": "dialogue", "prompt": {"zh": own}}]
    recipe = Recipe.build({"generation": {"rows": rows}})
    typed = {"generation.rows": ["dialogue"], "generation.rows.dialogue.rounds": ["4"]}
    submitted = submission_of(recipe, typed, "generation.rows")
    assert submitted.changes == {"generation.rows": [{**rows[0], "rounds": 4}]}


def test_parts_of_texts_are_typed_a_line_each() -> None:
    typed = {
        "generation.rows": ["audience"],
        "generation.rows.audience.audiences": ["a letter | neighbours\r\n论坛｜新手\n\n"],
    }
    submitted = submission_of(Recipe(), typed, "generation.rows")
    assert submitted.recipe is not None, submitted.faults
    (audience,) = submitted.recipe.generation.rows
    pairs = [(one.genre, one.audience) for one in audience.audiences]  # type: ignore[union-attr]
    assert pairs == [("a letter", "neighbours"), ("论坛", "新手")]
    shown = fields_of(form_of(submitted.recipe, "generation.rows"))
    field = shown["generation.rows.audience.audiences"]
    assert (field.kind, field.columns) == ("lines", ("genre", "audience"))
    assert field.text == "a letter | neighbours\n论坛 | 新手"
    typed["generation.rows.audience.audiences"] = ["a letter"]
    wrong = submission_of(Recipe(), typed, "generation.rows").faults
    assert "genre | audience" in wrong["generation.rows.audience.audiences"].message


def test_a_fault_of_a_group_or_of_a_part_stands_there() -> None:
    typed = {
        "generation.facts.types.fact": ["0"],
        "generation.rows": ["audience"],
        "generation.rows.audience.audiences": [f"{'long ' * 60}| neighbours"],
    }
    faults = submission_of(Recipe(), typed, "generation.facts", "generation.rows").faults
    assert "every share is 0" in faults["generation.facts.types"].message
    assert "at most 200" in faults["generation.rows.audience.audiences"].message
    assert set(faults) == {"generation.facts.types", "generation.rows.audience.audiences"}


def test_the_default_choice_is_written_out_where_a_part_of_it_is_not_as_by_default() -> None:
    kinds = [one.type for one in Recipe().curation.filters]
    recipe = Recipe.build({"curation": {"filters": [{"type": "duplicate", "similarity": 0.5}]}})
    submitted = submission_of(recipe, {"curation.filters": kinds}, "curation")
    assert submitted.recipe is not None
    found = {one.type: one for one in submitted.recipe.curation.filters}
    assert [*found] == kinds
    assert found["duplicate"].similarity == 0.5  # type: ignore[union-attr]
    plain = submission_of(
        Recipe.build({"curation": {"filters": []}}), {"curation.filters": kinds}, "curation"
    )
    assert plain.changes == {"curation.filters": None}

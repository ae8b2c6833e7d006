"""Settings of components: what a recipe may leave out, and how its faults are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from loresmith.component import Component, any_instance_of, content_id, validated
from loresmith.errors import RecipeError


class Method(Component):
    """The base of a family."""


class Lora(Method):
    type: Literal["lora"] = "lora"
    rank: int = Field(default=8, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] | None = None


class Full(Method):
    type: Literal["full"] = "full"
    freeze_embeddings: bool = False
    batch: int | Literal["auto"] = "auto"


class Filter(Component):
    threshold: float = Field(default=0.5, ge=0, le=1)


class Reading(Component):
    folder: Path = Path("documents")
    encodings: dict[str, Filter] = Field(default={})

    @field_validator("folder")
    @classmethod
    def _relative(cls, value: Path) -> Path:
        if value.is_absolute():
            raise ValueError("a recipe travels; write the folder relative to it")
        return value


AnyMethod = Annotated[Annotated[Lora | Full, Field(discriminator="type")], any_instance_of(Method)]


class Work(Component):
    title: str = Field(default="work", min_length=2)
    reading: Reading = Reading()
    training: AnyMethod = Lora()
    filters: tuple[Filter, ...] = ()
    level: Literal["low", "high"] = "low"
    seed: int = 1


class Strict(Component):
    name: str
    parts: list[int] = Field(default=[1], min_length=1)


def faults(model: type[Component] = Work, **data: Any) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        validated(model, data, source="recipe.yaml")
    return list(caught.value.faults)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        validated(
            Work,
            {"sede": 3, "training": {"type": "lora", "rank": -1}, "level": "medium"},
            source="the recipe 报告.yaml",
        )
    assert caught.value.message == (
        "the recipe 报告.yaml has 3 faults:\n"
        "  training.lora.rank: should be greater than 0 (given: -1)\n"
        "  level: should be 'low' or 'high' (given: 'medium')\n"
        "  sede: unknown; did you mean seed?"
    )


def test_a_single_fault_is_counted_as_one() -> None:
    with pytest.raises(RecipeError, match=r"^recipe.yaml has 1 fault:\n  seed: "):
        validated(Work, {"seed": "x"}, source="recipe.yaml")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (
            {"training": {"type": "lora", "rnak": 8}},
            "training.lora.rnak: unknown; did you mean rank?",
        ),
        ({"training": {"rnak": 8}}, "training.lora.rnak: unknown; did you mean rank?"),
        (
            {"training": {"type": "lora", "freeze_embeddings": True}},
            "training.lora.freeze_embeddings: unknown; it belongs to `type: full`",
        ),
        ({"reading": {"foldr": "x"}}, "reading.foldr: unknown; did you mean folder?"),
        ({"reading": {"zzz": "x"}}, "reading.zzz: unknown; known are folder, encodings"),
        (
            {"filters": [{}, {"treshold": 1}]},
            "filters.1.treshold: unknown; did you mean threshold?",
        ),
        (
            {"reading": {"encodings": {"中文": {"treshold": 1}}}},
            "reading.encodings.中文.treshold: unknown; did you mean threshold?",
        ),
        (
            {"training": {"type": "lorra"}},
            "training.type: unknown; did you mean lora? it can be lora, full (given: 'lorra')",
        ),
        (
            {"training": {"type": "dpo"}},
            "training.type: unknown; it can be lora, full (given: 'dpo')",
        ),
        ({"training": "lora"}, "training: should be a block of `key: value` lines (given: 'lora')"),
        ({"training": [1]}, "training: should be a block of `key: value` lines"),
        ({"reading": 3}, "reading: should be a block of `key: value` lines (given: 3)"),
        ({"filters": "all"}, "filters: should be a list (given: 'all')"),
        (
            {"filters": [{"threshold": 0.1}, {"threshold": 2}]},
            "filters.1.threshold: should be less than or equal to 1 (given: 2)",
        ),
        ({"seed": 1.5}, "seed: should be a whole number (given: 1.5)"),
        ({"seed": "many"}, "seed: should be a whole number (given: 'many')"),
        ({"seed": None}, "seed: has no value; give one or leave the key out"),
        ({"title": None}, "title: has no value; give one or leave the key out"),
        ({"title": 7}, "title: should be text (put it in quotes) (given: 7)"),
        ({"title": "x"}, "title: should have at least 2 characters (given: 'x')"),
        ({"filters": [None]}, "filters.0: has no value; give one or leave the key out"),
        (
            {"training": {"type": "lora", "dropout": 1}},
            "training.lora.dropout: should be less than 1 (given: 1)",
        ),
        (
            {"training": {"type": "full", "freeze_embeddings": "perhaps"}},
            "training.full.freeze_embeddings: should be true or false (given: 'perhaps')",
        ),
        (
            {"training": {"type": "full", "batch": "x"}},
            "training.full.batch: should be a whole number, or should be 'auto' (given: 'x')",
        ),
        (
            {"training": {"target_modules": ["q", 3]}},
            "training.lora.target_modules.1: should be text (put it in quotes) (given: 3)",
        ),
        (
            {"reading": {"folder": "/home"}},
            "reading.folder: a recipe travels; write the folder relative to it (given: '/home')",
        ),
    ],
)
def test_a_fault_is_told_in_plain_words_with_its_path(data: dict[str, Any], fault: str) -> None:
    assert faults(**data) == [fault]


def test_what_is_needed_and_missing_is_told() -> None:
    assert faults(Strict) == ["name: is needed and was not given"]
    assert faults(Strict, name="x", parts=[]) == ["parts: should have at least 1 item"]


def test_a_long_wrong_value_is_cut_short() -> None:
    (fault,) = faults(seed="长" * 5000)
    assert fault.endswith("...)")
    assert len(fault) < 200


def test_an_empty_block_means_the_default() -> None:
    work = validated(Work, {"training": None, "reading": {}}, source="recipe.yaml")
    assert work == Work()


def test_a_block_without_a_type_is_of_the_default_type() -> None:
    work = validated(Work, {"training": {"rank": 32}}, source="recipe.yaml")
    assert work.training == Lora(rank=32)


def test_a_block_with_a_type_is_of_that_type() -> None:
    assert validated(Work, {"training": {"type": "full"}}, source="r").training == Full()


def test_the_data_that_was_given_is_not_changed() -> None:
    data = {"training": {"rank": 32}, "reading": None}
    validated(Work, data, source="recipe.yaml")
    assert data == {"training": {"rank": 32}, "reading": None}


def test_python_callers_may_pass_their_own_member_of_a_family() -> None:
    class Mine(Method):
        secret_sauce: int = 3

    mine = Mine()
    assert Work(training=mine).training is mine
    with pytest.raises(ValidationError):
        Work(training=Filter())


def test_a_component_whose_settings_have_no_schema_still_tells_its_faults() -> None:
    class Odd(Component):
        size: int = 1
        call: Callable[[], int] | None = None

    assert faults(Odd, size="x") == ["size: should be a whole number (given: 'x')"]
    assert faults(Odd, sise=1)[0].startswith("sise: unknown")


def test_a_component_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Work().seed = 3


def test_equal_settings_have_equal_fingerprints_and_others_do_not() -> None:
    assert Lora().fingerprint() == Lora(rank=8).fingerprint()
    assert Lora().fingerprint() != Lora(rank=9).fingerprint()
    assert Filter().fingerprint() != Reading().fingerprint()


def test_a_content_id_depends_on_content_and_order_only() -> None:
    assert content_id("报告", {"a": 1, "b": 2}) == content_id("报告", {"b": 2, "a": 1})
    assert content_id("a", "b") != content_id("b", "a")
    assert content_id("ab") != content_id("a", "b")
    assert content_id("half \ud800 a pair") != content_id("half \ud801 a pair")
    assert content_id("报告") == "".join(c for c in content_id("报告") if c in "0123456789abcdef")
    assert len(content_id()) == 24

"""Every setting of LLaMA Factory has a verdict, and each names settings that there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from loresmith.llamafactory import GivenSettings, recipe_data
from loresmith.llamafactory.arguments import Argument, arguments, arguments_by_key
from loresmith.llamafactory.given import NOWHERE
from loresmith.llamafactory.stages import OF_STAGE
from loresmith.llamafactory.translation import OF_METHOD
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.recipe import Recipe

ARGUMENTS = 439
"""Rows in LLaMA Factory's own classes; one that is inherited stands in several."""


def test_every_argument_has_a_verdict() -> None:
    assert len(arguments()) == ARGUMENTS
    assert not {argument.key for argument in arguments()} - VERDICTS.keys()


def test_no_verdict_is_about_something_that_is_not_there() -> None:
    assert not VERDICTS.keys() - arguments_by_key().keys()


def test_every_verdict_says_what_becomes_of_the_setting() -> None:
    assert not [key for key, verdict in VERDICTS.items() if len(verdict.told) < 8]
    assert not [key for key, verdict in VERDICTS.items() if verdict.told.endswith(".")]


def test_what_is_mapped_is_mapped_to_settings_of_the_recipe() -> None:
    known = set(_paths(Recipe.model_json_schema()))
    for key, verdict in VERDICTS.items():
        assert (verdict.kind == "mapped") == bool(verdict.paths), key
        for path in verdict.paths:
            assert path in known, f"{key} is mapped to {path}"


def test_every_number_that_is_followed_has_bounds() -> None:
    followed = [one for one in arguments() if VERDICTS[one.key].kind in ("same", "mapped")]
    numbers = [one.key for one in followed if one.kind in ("int", "float")]
    assert len(numbers) > 20
    assert not [key for key in numbers if not VERDICTS[key].limits.bounds()]


def test_every_default_lies_within_its_bounds() -> None:
    for argument in arguments():
        if argument.kind in ("int", "float") and argument.default is not None:
            assert not VERDICTS[argument.key].limits.fault(argument.default), argument.key


@pytest.mark.parametrize("key", [key for key, one in VERDICTS.items() if one.kind == "mapped"])
def test_what_is_mapped_changes_the_setting_that_it_is_mapped_to(key: str) -> None:
    """A verdict promises something: with another value, the recipe has another value there."""
    method = next((kind for kind, keys in OF_METHOD.items() if key in keys), "lora")
    (path,) = VERDICTS[key].paths
    given = {"finetuning_type": method, **_GOES_WITH.get(key, {})}
    if key in OF_STAGE:
        given["stage"] = OF_STAGE[key][0]
    before = _at(recipe_data(_settings(**given)), path)
    for value in _other_values(key):
        after = _at(recipe_data(_settings(**{**given, key: value})), path)
        if after != before:
            return
    needs_another = ("fp16", "quantization_method", "profiler_active_steps")
    assert key in needs_another, "the recipe stays as it was"


_GOES_WITH = {
    "eval_steps": {"eval_strategy": "steps"},
    "save_strategy": {"save_steps": 7},
    "simpo_gamma": {"pref_loss": "simpo"},
}
"""What a setting means something with alone."""


def _settings(**values: Any) -> GivenSettings:
    settings = GivenSettings([(NOWHERE, key, value) for key, value in values.items()])
    assert not settings.faults
    return settings


def _other_values(key: str) -> list[Any]:
    argument = arguments_by_key()[key]
    limits = VERDICTS[key].limits
    return {
        "int": [value for value in (8, 16) if not limits.fault(value)],
        "float": [value for value in (0.25, 2.0) if not limits.fault(value)],
        "bool": [not argument.default],
        "str": ["another", "llama3"],
        "list": ["one,another", "tensorboard"],
        "map": [{"offload_params": True}],
    }.get(argument.kind, argument.kind.split("|"))


def _at(data: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        data = data.get(name, {})
    return json.dumps(data)


def _paths(schema: dict[str, Any]) -> Iterator[str]:
    """Every path of a recipe, whichever member of a family it belongs to."""
    definitions = schema["$defs"]

    def below(node: dict[str, Any], path: str, depth: int) -> Iterator[str]:
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[-1]]
        for part in (*node.get("oneOf", ()), *node.get("anyOf", ()), *node.get("allOf", ())):
            yield from below(part, path, depth)
        for name, inner in node.get("properties", {}).items() if depth else ():
            whole = f"{path}.{name}" if path else name
            yield whole
            yield from below(inner, whole, depth - 1)

    return below(schema, "", 4)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("float", "1e-4", 1e-4),
        ("float", 2, 2.0),
        ("int", 8.0, 8),
        ("int", "8", 8),
        ("bool", "True", True),
        ("list", "q_proj, v_proj", ("q_proj", "v_proj")),
        ("list", ["q_proj", "v_proj"], ("q_proj", "v_proj")),
        ("no|steps|epoch", False, "no"),
        ("str", True, "true"),
        ("str", 2024, "2024"),
    ],
)
def test_values_are_taken_as_their_users_write_them(kind: str, raw: Any, value: Any) -> None:
    assert Argument("a group", "a_key", kind, False, None).read(raw) == value

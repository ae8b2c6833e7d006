"""Reads what a person typed into a form back into changes of the recipe, or into faults."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from loresmith.errors import RecipeError
from loresmith.recipe import Recipe
from loresmith.workspace.forms.form import Form, FormField
from loresmith.workspace.forms.from_schema import form_of, with_type
from loresmith.workspace.recipes import changed_recipe

FaultKind = Literal["number", "integer", "ge", "le", "gt", "lt", "json", "needed", "other"]


class FieldFault(NamedTuple):
    """What is wrong with one field. `kind` and `bound` let a door say it in its language."""

    kind: FaultKind
    message: str
    """In English; all that there is to say where `kind` is `other`."""
    bound: float | None = None


class Submission(NamedTuple):
    """What a submitted form asks for."""

    changes: Mapping[str, Any]
    """For `change_recipe`; only what differs from the recipe that the form was made from."""
    faults: Mapping[str, FieldFault]
    """By dotted path; `` holds what belongs to no field."""
    recipe: Recipe | None
    """The recipe with the changes; None where there are faults."""


class _Wrong(ValueError):
    def __init__(self, fault: FieldFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def form_as_typed(recipe: Recipe, typed: Mapping[str, Sequence[str]], *paths: str) -> Form:
    """The form for `paths` with the types that were chosen in it: their fields, and no others."""
    return form_of(_of_typed_types(recipe, typed, paths), *paths)


def submission_of(recipe: Recipe, typed: Mapping[str, Sequence[str]], *paths: str) -> Submission:
    """Reads `typed` (all values by field path) as the form of `recipe` for `paths`.

    A field that is not among `typed` is left as it is. Nothing is written.
    """
    form = form_as_typed(recipe, typed, *paths)
    changes: dict[str, Any] = _type_changes(form_of(recipe, *paths), typed)
    faults: dict[str, FieldFault] = {}
    for field in form.fields():
        if field.path not in typed:
            continue
        try:
            value = _value(field, list(typed[field.path]))
        except _Wrong as wrong:
            faults[field.path] = wrong.fault
            continue
        if value != (None if field.value == field.default else field.value):
            changes[field.path] = value
    changes = _together(recipe, form, changes)
    if faults:
        return Submission(changes, faults, None)
    try:
        return Submission(changes, {}, changed_recipe(recipe, changes))
    except RecipeError as error:
        return Submission(changes, dict(_placed(form, error)), None)


def _type_changes(form: Form, typed: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The types that were chosen and differ from those of the recipe."""
    chosen = {
        field.path: typed[field.path][-1]
        for field in form.fields()
        if field.kind == "union" and typed.get(field.path)
    }
    values = {field.path: field.value for field in form.fields()}
    return {path: kind for path, kind in chosen.items() if kind != values[path]}


def _of_typed_types(
    recipe: Recipe, typed: Mapping[str, Sequence[str]], paths: Sequence[str]
) -> Recipe:
    """A recipe whose parts are of the chosen types, for showing only: it may lack settings."""
    for path, kind in _type_changes(form_of(recipe, *paths), typed).items():
        recipe = with_type(recipe, path.removesuffix(".type"), kind)
    return recipe


def _value(field: FormField, typed: list[str]) -> Any:
    """What was typed, as plain data; None for what is to be the default."""
    text = typed[-1] if typed else ""
    if field.kind == "members":
        chosen = [one for one in typed if one]
        return None if set(chosen) == set(field.default or ()) else chosen
    if field.kind == "flag":
        return _or_default(field, text == "true")
    if field.kind == "long_text" or (field.kind == "text" and field.default == ""):
        return _or_default(field, text.replace("\r\n", "\n"))
    text = text.strip()
    if not text:
        if field.required:
            raise _Wrong(FieldFault("needed", "is needed"))
        return None
    return _or_default(field, _parsed(field, text))


def _parsed(field: FormField, text: str) -> Any:
    if field.kind in ("number", "integer"):
        return _number(field, text)
    if field.kind == "list":
        if text in {option.value for option in field.options}:
            return text
        return [word.strip() for word in text.replace("，", ",").split(",") if word.strip()]
    if (
        field.kind == "choice" or field.options
    ) and text.isdigit():  # the words of a choice are never figures
        return int(text)
    if field.kind == "json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise _Wrong(FieldFault("json", f"is not valid JSON: {error}")) from None
    return text


def _number(field: FormField, text: str) -> float:
    try:
        value: float = int(text) if field.kind == "integer" else float(text)
    except ValueError:
        whole = field.kind == "integer"
        message = "should be a whole number" if whole else "should be a number"
        raise _Wrong(FieldFault("integer" if whole else "number", message)) from None
    if not math.isfinite(value):
        raise _Wrong(FieldFault("number", "should be a number"))
    for bound, kind, outside, words in _limits(field):
        if bound is not None and outside(value, bound):
            raise _Wrong(FieldFault(kind, f"should be {words} {bound:g}", bound))
    return value


class _Limit(NamedTuple):
    bound: float | None
    kind: FaultKind
    outside: Callable[[float, float], bool]
    words: str


def _limits(field: FormField) -> tuple[_Limit, ...]:
    return (
        _Limit(field.ge, "ge", operator.lt, "at least"),
        _Limit(field.gt, "gt", operator.le, "greater than"),
        _Limit(field.le, "le", operator.gt, "at most"),
        _Limit(field.lt, "lt", operator.ge, "less than"),
    )


def _or_default(field: FormField, value: Any) -> Any:
    return None if value == field.default and not field.required else value


def _together(recipe: Recipe, form: Form, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of list members and of their settings, which a recipe can only set as one list."""
    merged = dict(changes)
    for field in form.fields():
        if field.kind != "members":
            continue
        inner = {path: merged.pop(path) for path in [*merged] if path.startswith(f"{field.path}.")}
        if field.path not in merged and not inner:
            continue
        chosen = merged.get(field.path, field.value)
        merged[field.path] = _members(recipe, field, chosen, inner)
    return merged


def _members(
    recipe: Recipe, field: FormField, chosen: Sequence[str] | None, inner: Mapping[str, Any]
) -> list[dict[str, Any]] | None:
    """The list as a recipe writes it: members in the schema's order, with their settings."""
    if chosen is None and not inner:
        return None
    value: Any = recipe.model_dump(mode="json")
    for part in field.path.split("."):
        value = value[part]
    known = {part["type"]: dict(part) for part in value}
    wanted = field.default if chosen is None else chosen
    ordered = [option.value for option in field.options if option.value in wanted]
    made = {kind: known.get(kind, {"type": kind}) for kind in ordered}
    for path, setting in inner.items():
        kind, name = path.removeprefix(f"{field.path}.").split(".", 1)
        if kind in made:
            made[kind] = {key: value for key, value in made[kind].items() if key != name}
            made[kind] |= {} if setting is None else {name: setting}
    return [*made.values()]


def _placed(form: Form, error: RecipeError) -> Iterator[tuple[str, FieldFault]]:
    """Each fault at its field. A fault's path names the family's member: `training.lora.rank`."""
    fields = {tuple(field.path.split(".")): field.path for field in form.fields()}
    unplaced = [] if error.faults else [error.message]
    for fault in error.faults:
        path, _, words = fault.partition(": ")
        parts = path.split(".")
        without = [(*parts[:at], *parts[at + 1 :]) for at in range(len(parts))]
        found = next((fields[one] for one in (tuple(parts), *without) if one in fields), None)
        if found is None:
            unplaced.append(fault)
        else:
            yield found, FieldFault("other", words)
    if unplaced:
        yield "", FieldFault("other", "; ".join(unplaced))

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
from loresmith.workspace.forms.from_schema import form_of, with_members, with_type
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
    form, present = form_as_typed(recipe, typed, *paths), form_of(recipe, *paths)
    changes: dict[str, Any] = _type_changes(present, typed)
    before = {field.path: field for field in present.fields() if field.kind == "members"}
    faults: dict[str, FieldFault] = {}
    for field in form.fields():
        if field.path not in typed:
            continue
        field = before.get(field.path, field)  # `form` has the members that were typed
        try:
            value = _value(field, list(typed[field.path]))
        except _Wrong as wrong:
            faults[field.path] = wrong.fault
            continue
        if value != (None if field.value == field.default else field.value):
            changes[field.path] = value
    changes = _together(recipe, present, changes)
    try:
        changed = changed_recipe(recipe, changes)
    except RecipeError as error:
        return Submission(changes, dict(_placed(form, error)) | faults, None)
    return Submission(changes, faults, None if faults else changed)


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
    for field in form_of(recipe, *paths).fields():
        if field.kind == "members" and field.path in typed:
            recipe = with_members(recipe, field.path, typed[field.path])
    return recipe


def _value(field: FormField, typed: list[str]) -> Any:
    """What was typed, as plain data; None for what is to be the default."""
    text = typed[-1] if typed else ""
    if field.kind in ("members", "words"):
        return _or_default(field, list(dict.fromkeys(one for one in typed if one)))
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
    if field.kind == "lines":
        return [_line(field, line) for line in text.splitlines() if line.strip()]
    if field.kind == "json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise _Wrong(FieldFault("json", f"is not valid JSON: {error}")) from None
    return text


def _line(field: FormField, line: str) -> dict[str, str]:
    """One part, from a line such as `a letter | neighbours`."""
    texts = [text.strip() for text in line.replace("｜", "|").split("|")]
    if len(texts) != len(field.columns) or not all(texts):
        message = f"each line has to be {' | '.join(field.columns)}, and this one is not: {line}"
        raise _Wrong(FieldFault("other", message))
    return dict(zip(field.columns, texts, strict=True))


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
    """The list as a recipe writes it: members in the chosen order, with the settings of theirs that
    are no defaults."""
    value: Any = recipe
    for part in field.path.split("."):
        value = getattr(value, part)
    known = {part.type: part.model_dump(mode="json", exclude_defaults=True) for part in value}
    wanted = field.default if chosen is None else chosen
    options = {option.value for option in field.options}
    made = {kind: {"type": kind, **known.get(kind, {})} for kind in wanted if kind in options}
    for path, setting in inner.items():
        kind, name = path.removeprefix(f"{field.path}.").split(".", 1)
        if kind in made:
            made[kind] = {key: value for key, value in made[kind].items() if key != name}
            made[kind] |= {} if setting is None else {name: setting}
    is_default = chosen is None and all(len(part) == 1 for part in made.values())
    return None if is_default else [*made.values()]


def _placed(form: Form, error: RecipeError) -> Iterator[tuple[str, FieldFault]]:
    """Each fault at its field, or at the group within a group that it is about. A fault's path
    names the family's member and a part's place: `training.lora.rank`, `filters.3.length.most`."""
    places = {tuple(field.path.split(".")): field.path for field in form.fields()}
    nested = [group.path for group in form.groups if "." in group.path]
    places |= {tuple(path.split(".")): path for path in nested}
    unplaced = [] if error.faults else [error.message]
    for fault in error.faults:
        path, _, words = fault.partition(": ")
        found = _place(path, places)
        if found is None:
            unplaced.append(fault)
        else:
            yield found, FieldFault("other", words)
    if unplaced:
        yield "", FieldFault("other", "; ".join(unplaced))


def _place(path: str, places: Mapping[tuple[str, ...], str]) -> str | None:
    """The innermost place that a fault at `path` can be shown at."""
    parts = [part for part in path.split(".") if not part.isdigit()]
    for end in range(len(parts), 1, -1):
        until = parts[:end]
        for kept in (until, *([*until[:at], *until[at + 1 :]] for at in range(end))):
            if tuple(kept) in places:
                return places[tuple(kept)]
    return places.get(tuple(parts))

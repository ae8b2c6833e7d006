"""Makes forms from the classes of the recipe: annotations give kinds, docstrings give help."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from loresmith.errors import NotFound
from loresmith.recipe import Recipe
from loresmith.workspace.forms.form import FieldKind, Form, FormField, FormGroup, FormOption

_LONG_TEXT = ("prompt", "style")
"""Text settings whose names end so want more than one line."""


def form_of(recipe: Recipe, *paths: str) -> Form:
    """The form for the parts of `recipe` at `paths`, such as `training`; all of it without any.

    A part with parts of its own gives a group for each; of a family, the member's that is chosen.
    Raises NotFound for a path that is no setting.
    """
    groups: list[FormGroup] = []
    for path in paths or tuple(Recipe.model_fields):
        owner, field = _find(recipe, path)
        value = getattr(owner, path.rsplit(".", 1)[-1])
        if isinstance(value, BaseModel):
            groups += _groups(value, path, field)
        else:
            fields = tuple(_fields_of(field, value, path))
            if groups and not groups[-1].path:
                fields = (*groups.pop().fields, *fields)
            groups.append(FormGroup(path="", label="General", help="", fields=fields))
    return Form(groups=tuple(groups))


def with_type(recipe: Recipe, path: str, kind: str) -> Recipe:
    """`recipe` with the part at `path` of another type, for showing only: it may lack settings.

    What both types have is taken along. Raises NotFound for a type that is not there.
    """
    owner, field = _find(recipe, path)
    *above, last = path.split(".")
    members = {str(one.model_fields["type"].default): one for one in _components(field.annotation)}
    if kind not in members:
        raise NotFound(f"{path} has no type {kind!r}", hint=f"Known are {', '.join(members)}.")
    old = getattr(owner, last)
    shared = members[kind].model_fields.keys() & type(old).model_fields.keys() - {"type"}
    made = members[kind].model_construct(**{name: getattr(old, name) for name in shared})
    return _with_part(recipe, above, owner.model_copy(update={last: made}))


def with_members(recipe: Recipe, path: str, kinds: Sequence[str]) -> Recipe:
    """`recipe` with parts of these types, in this order, at `path`, for showing only: a part that
    was not there may lack settings. Types that are not there are left out."""
    owner, field = _find(recipe, path)
    *above, last = path.split(".")
    known = {one.type: one for one in getattr(owner, last)}
    members = {str(one.model_fields["type"].default): one for one in _components(field.annotation)}
    known |= {kind: one.model_construct() for kind, one in members.items() if kind not in known}
    parts = tuple(known[kind] for kind in kinds if kind in known)
    return _with_part(recipe, above, owner.model_copy(update={last: parts}))


def _with_part(recipe: Recipe, path: Sequence[str], part: BaseModel) -> Recipe:
    """`recipe` with `part` at `path`; nothing is checked."""
    for depth in range(len(path), 0, -1):
        outer: BaseModel = recipe
        for name in path[: depth - 1]:
            outer = getattr(outer, name)
        part = outer.model_copy(update={path[depth - 1]: part})
    assert isinstance(part, Recipe)  # the path began there
    return part


def every_text_of(component: type[BaseModel]) -> set[str]:
    """All words that forms of `component` can show: labels, help and units. For translators."""
    texts = {"General", _plain(component.__doc__)}
    for name, field in component.model_fields.items():
        texts |= {label_of(name), _plain(field.description), _extra(field).get("unit", "")}
        for member in _components(field.annotation):
            texts |= every_text_of(member)
    return texts - {""}


def label_of(name: str) -> str:
    """`learning_rate` as `Learning rate`."""
    words = name.replace("_", " ")
    words = f"number of {words[4:]}" if words.startswith("num ") else words
    return words[:1].upper() + words[1:]


def _find(recipe: Recipe, path: str) -> tuple[BaseModel, FieldInfo]:
    owner: BaseModel = recipe
    *above, last = path.split(".")
    for part in above:
        owner = getattr(owner, part, None) if part in type(owner).model_fields else None  # type: ignore[assignment]
        if not isinstance(owner, BaseModel):
            raise NotFound(f"there is no setting {path}")
    if last not in type(owner).model_fields:
        raise NotFound(f"there is no setting {path}")
    return owner, type(owner).model_fields[last]


def _groups(component: BaseModel, path: str, field: FieldInfo) -> Iterator[FormGroup]:
    """The component's own settings, then those of its parts."""
    own: list[FormField] = []
    parts: list[FormGroup] = []
    members = _components(field.annotation)
    if len(members) > 1:
        own.append(_type_field(component, path, members, field))
    for name, inner in type(component).model_fields.items():
        value = getattr(component, name, None)  # None where `with_type` had nothing to put
        if name == "type":
            continue
        if isinstance(value, BaseModel):
            parts += _groups(value, f"{path}.{name}", inner)
        else:
            own += _fields_of(inner, value, f"{path}.{name}")
    help_text = _plain(field.description) or _plain(type(component).__doc__)
    if own:
        label = label_of(path.rsplit(".", 1)[-1])
        yield FormGroup(path=path, label=label, help=help_text, fields=tuple(own))
    yield from parts


def _type_field(
    component: BaseModel, path: str, members: list[type[BaseModel]], field: FieldInfo
) -> FormField:
    return FormField(
        path=f"{path}.type",
        label=label_of("type"),
        help=_plain(type(component).__doc__),
        kind="union",
        value=getattr(component, "type", ""),
        default=getattr(field.default, "type", None),
        common=True,
        options=tuple(_option(member) for member in members),
    )


def _option(member: type[BaseModel]) -> FormOption:
    return FormOption(value=str(member.model_fields["type"].default), help=_plain(member.__doc__))


def _fields_of(field: FieldInfo, value: Any, path: str) -> Iterator[FormField]:
    """The setting itself; of a list of parts also the settings of the parts that are in it."""
    shape, extra = _shape(field.annotation, path), _extra(field)
    if extra.get("form") == "json":  # words that commas cannot part, such as ", " itself
        shape = _Shape("json", shape.optional)
    plain, default = to_jsonable_python(value), None
    if shape.kind == "lines" and not _in_lines(plain):
        shape = _Shape("json", shape.optional)
    if not field.is_required():
        default = to_jsonable_python(field.get_default(call_default_factory=True))
    if shape.kind == "members":
        plain, default = _types(plain), _types(default)
    yield FormField(
        path=path,
        label=label_of(path.rsplit(".", 1)[-1]),
        help=_plain(field.description),
        kind=shape.kind,
        value=plain,
        default=default,
        required=field.is_required(),
        common=bool(extra.get("common")) or field.is_required(),
        optional=shape.optional,
        unit=str(extra.get("unit", "")),
        options=shape.options,
        columns=shape.columns,
        **_bounds(field),
    )
    for part in value if shape.kind == "members" else ():
        for name, inner in type(part).model_fields.items():
            if name != "type":
                yield from _fields_of(inner, getattr(part, name), f"{path}.{part.type}.{name}")


class _Shape(NamedTuple):
    kind: FieldKind
    optional: bool = False
    options: tuple[FormOption, ...] = ()
    columns: tuple[str, ...] = ()


def _in_lines(parts: Any) -> bool:
    """Whether a line can hold each part: nothing in it is what parts a line."""
    texts = [text for part in parts or () for text in part.values()]
    return not any(mark in text for text in texts for mark in "|｜\n")


def _shape(annotation: Any, path: str) -> _Shape:
    """What kind of field shows a value of this annotation."""
    branches = _branches(annotation)
    optional = type(None) in branches
    branches = [one for one in branches if one is not type(None)]
    words = [word for one in branches if get_origin(one) is Literal for word in get_args(one)]
    options = tuple(FormOption(value=str(word)) for word in words)
    lists = [one for one in branches if get_origin(one) in (tuple, list, frozenset)]
    if lists:
        members = [one for one in _components(lists[0]) if "type" in one.model_fields]
        if members:
            return _Shape("members", optional, tuple(_option(member) for member in members))
        parts = _components(lists[0])
        if parts and all(one.annotation is str for one in parts[0].model_fields.values()):
            return _Shape("lines", optional, columns=tuple(parts[0].model_fields))
        inner = _shape(next(iter(get_args(lists[0])), str), path)
        if inner.kind == "choice" and len(branches) == 1:
            return _Shape("words", optional, inner.options)
        return _Shape("list", optional, options)
    if words and int in branches:  # a figure, or a word in its place
        return _Shape("text", optional, options)
    if words:
        return _Shape("choice", optional, options)
    kinds: dict[Any, FieldKind] = {bool: "flag", int: "integer", float: "number"}
    kind = kinds.get(branches[0]) if len(branches) == 1 else None
    if kind is None and branches and branches[0] in (str, Path):
        kind = "long_text" if path.endswith(_LONG_TEXT) else "text"
    return _Shape(kind or "json", optional)


def _branches(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _branches(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for one in get_args(annotation) for inner in _branches(one)]
    return [annotation]


def _components(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _components(part)]


def _types(parts: Any) -> list[str]:
    return [str(part.get("type")) for part in parts or ()]


def _bounds(field: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for rule in field.metadata:
        for name in ("ge", "le", "gt", "lt"):
            bound = getattr(rule, name, None)
            if isinstance(bound, (int, float)):
                found[name] = bound
    return found


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _plain(docstring: str | None) -> str:
    """A docstring as one paragraph after another, without the source's line breaks."""
    return " ".join((docstring or "").split())

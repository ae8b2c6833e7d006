"""Writes the reference pages from the code, so that they cannot say something else.

python docs/reference/build.py          # writes them
python docs/reference/build.py --check  # exit code 1 if one is out of date
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from loresmith.cli import app
from loresmith.recipe import Recipe
from loresmith.workspace.report.model import RunReport

HERE = Path(__file__).parent
Schema = dict[str, Any]


def main(*, check: bool) -> int:
    """Writes the pages that differ from the code, or with `check` names them; 1 if any did."""
    stale = [name for name, text in pages().items() if _is_stale(HERE / name, text)]
    for name in stale:
        if check:
            print(f"docs/reference/{name} is out of date; run `make reference`", file=sys.stderr)
        else:
            (HERE / name).write_text(pages()[name], encoding="utf-8")
    return int(check and bool(stale))


def pages() -> dict[str, str]:
    """Every page by its file name."""
    parts = {
        "recipe.md": (_RECIPE, *_RecipePage().lines()),
        "report.md": (_REPORT, *_ReportPage().lines()),
        "cli.md": (_COMMANDS, *_commands()),
    }
    return {name: "".join(lines).rstrip() + "\n" for name, lines in parts.items()}


_RECIPE = """\
# The recipe

Every setting with its type and default, from the code's own docstrings. A setting is named by its
path: `training.rank` stands as `rank` under `training:` in `loresmith.yaml`, and is changed by
`--set training.rank=32`. A block may name only what it changes. Where a block has several kinds,
its `type` chooses one; without it, the default's. `null` means not set.

`loresmith init FOLDER` writes a recipe with all of this in its comments.

"""
_REPORT = """\
# report.json

Every key of the report that a run writes into its folder. `null` stands where there is nothing to
say; a map has the keys that its meaning names. Shapes that stand in several places are described
once.

"""
_COMMANDS = """\
# Commands

`loresmith COMMAND --help` says the same. Exit codes: 0 done; 1 a part of the work was refused or
failed, and what and why is listed; 2 wrong use; 130 stopped by Ctrl-C.

"""


def _is_stale(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


class _RecipePage:
    """A section for each block of the recipe; members of a family side by side in one."""

    def __init__(self) -> None:
        self._schema = Recipe.model_json_schema(mode="validation")
        self._definitions = self._schema["$defs"]

    def lines(self) -> Iterator[str]:
        yield from self._block(self._schema, "", depth=2)

    def _block(self, schema: Schema, path: str, *, depth: int) -> Iterator[str]:
        yield f"{_plain(schema['description'])}\n\n"
        yield from self._table(_settings(schema), path)
        for key, field in _settings(schema).items():
            where = f"{path}.{key}" if path else key
            members = _objects(field, self._definitions)
            if members:
                yield f"{'#' * min(depth, 5)} `{where}`\n\n"
            if len(members) == 1:
                yield from self._block(members[0], where, depth=depth + 1)
            elif members:
                yield from self._family(members, where, depth=depth + 1)

    def _family(self, members: list[Schema], path: str, *, depth: int) -> Iterator[str]:
        """What kinds there are, then the settings that all have, then those of one alone."""
        yield "| `type` | what it does |\n| --- | --- |\n"
        for member in members:
            yield f"| `{_kind(member)}` | {_plain(member['description'])} |\n"
        yield "\n"
        shared = _shared([_settings(member) for member in members])
        if shared:
            yield "Settings of every kind:\n\n"
            yield from self._table(shared, path)
        for member in members:
            own = {key: f for key, f in _settings(member).items() if key not in shared}
            if own:
                yield f"{'#' * min(depth, 5)} `{path}` with `type: {_kind(member)}`\n\n"
                yield from self._table(own, path)

    def _table(self, settings: Schema, path: str) -> Iterator[str]:
        if not settings:
            return
        yield "| setting | type | default | meaning |\n| --- | --- | --- | --- |\n"
        for key, field in settings.items():
            name = f"{path}.{key}" if path else key
            members = _objects(field, self._definitions)
            kind = f"[block](#{_anchor(name)})" if members else _type(field, self._definitions)
            kind = f"list of [blocks](#{_anchor(name)})" if field.get("type") == "array" else kind
            told = _plain(field.get("description", ""))
            yield f"| `{key}` | {kind} | {_default(field, members)} | {told} |\n"
        yield "\n"


class _ReportPage:
    """The report's keys, then each shape that stands below them, once."""

    def __init__(self) -> None:
        self._schema = RunReport.model_json_schema(mode="serialization")
        self._definitions = self._schema["$defs"]

    def lines(self) -> Iterator[str]:
        waiting, seen = [self._schema], {self._schema["title"]}
        while waiting:
            schema = waiting.pop(0)
            if schema is not self._schema:
                yield f"## {schema['title']}\n\n"
            yield f"{_plain(schema['description'])}\n\n"
            yield "| key | type | meaning |\n| --- | --- | --- |\n"
            for key, field in schema["properties"].items():
                told = _plain(field.get("description", ""))
                yield f"| `{key}` | {_type(field, self._definitions)} | {told} |\n"
                below = _objects(field, self._definitions)
                waiting += [one for one in below if one["title"] not in seen]
                seen |= {one["title"] for one in below}
            yield "\n"


def _settings(schema: Schema) -> Schema:
    """The keys of a block, less the `type` that names a member of a family."""
    properties: Schema = schema.get("properties", {})
    return {key: field for key, field in properties.items() if key != "type"}


def _shared(members: list[Schema]) -> Schema:
    first, *others = members
    return {key: field for key, field in first.items() if all(o.get(key) == field for o in others)}


def _kind(member: Schema) -> str:
    return str(member["properties"]["type"]["const"])


def _anchor(path: str) -> str:
    """What GitHub makes of a heading that is this path."""
    return path.lower().replace(".", "")


def _objects(field: Schema, definitions: Schema) -> list[Schema]:
    """The objects that a field may hold: directly, in a list, or under free keys."""
    if "$ref" in field:
        target = definitions[field["$ref"].rsplit("/", 1)[-1]]
        return [target] if "properties" in target else []
    parts = [field[part] for part in ("items", "additionalProperties") if part in field]
    branches = field.get("oneOf") or field.get("anyOf") or field.get("allOf") or []
    found = [_objects(p, definitions) for p in (*branches, *parts) if isinstance(p, dict)]
    return [one for several in found for one in several]


def _type(field: Schema, definitions: Schema) -> str:
    if "$ref" in field:
        target = definitions[field["$ref"].rsplit("/", 1)[-1]]
        if "properties" in target:
            return f"[{target['title']}](#{target['title'].lower()})"
        return _type(target, definitions)
    branches = field.get("oneOf") or field.get("anyOf") or field.get("allOf")
    if branches:
        return " or ".join(dict.fromkeys(_type(branch, definitions) for branch in branches))
    if "const" in field or "enum" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if "prefixItems" in field:
        return f"[{', '.join(_type(one, definitions) for one in field['prefixItems'])}]"
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    if isinstance(field.get("additionalProperties"), dict):
        return f"map to {_type(field['additionalProperties'], definitions)}"
    names = {
        "object": "map",
        "string": "text",
        "boolean": "true or false",
        "integer": "whole number",
    }
    name = str(field.get("type", "anything"))
    return f"{names.get(name, name)} {_limits(field)}".rstrip()


def _limits(field: Schema) -> str:
    return ", ".join(
        f"{sign} {field[key]:.10g}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in field
    )


def _default(field: Schema, members: list[Schema]) -> str:
    if "default" not in field:
        return ""
    default = field["default"]
    if isinstance(default, list) and members:
        kinds = [one["type"] for one in default]
        every = [_kind(member) for member in members]
        return "all of them" if kinds == every else ", ".join(f"`{kind}`" for kind in kinds)
    if members:
        chosen = len(members) > 1 and isinstance(default, dict)
        return f"`type: {default['type']}`" if chosen else ""
    return f"`{default}`" if isinstance(default, str) and default else f"`{json.dumps(default)}`"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


class _Option(NamedTuple):
    """An argument or option of a command, as its function declares it."""

    name: str
    told: str


def _commands() -> Iterator[str]:
    """Commands with the same arguments and options share a section."""
    groups: dict[tuple[_Option, ...], list[tuple[str, str]]] = {}
    for command in app.registered_commands:
        function: Callable[..., Any] | None = command.callback
        assert function is not None  # a registered command is a decorated function
        name = command.name or function.__name__
        groups.setdefault(tuple(_options(function)), []).append((name, command.help or ""))
    for options, commands in groups.items():
        yield f"## {', '.join(name for name, _ in commands)}\n\n"
        yield "".join(f"- `loresmith {name}`: {told}\n" for name, told in commands) + "\n"
        yield "| argument or option | meaning |\n| --- | --- |\n"
        yield "".join(f"| {one.name} | {one.told} |\n" for one in options) + "\n"


def _options(function: Callable[..., Any]) -> Iterator[_Option]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        declared = next(_declared(hints[name]))
        told = _plain(declared.help or "")
        default = parameter.default
        if isinstance(declared, ArgumentInfo):
            yield _Option(f"`{name.upper()}`", told)
            continue
        named = [one for one in (declared.default, *(declared.param_decls or ())) if _is_flag(one)]
        flag = named[0] if named else f"--{name.replace('_', '-')}"
        needed = " Required." if default is inspect.Parameter.empty else ""
        shown = f" Default: {default:g}." if type(default) in (int, float) else ""
        value = "" if isinstance(default, bool) else f" {declared.metavar or _VALUES[name]}"
        yield _Option(f"`{flag}{value}`", f"{told}{needed}{shown}".strip())


def _declared(hint: Any) -> Iterator[OptionInfo | ArgumentInfo]:
    """What Typer was told of a parameter."""
    parts: Iterable[Any] = get_args(hint) if get_origin(hint) is Annotated else ()
    return (part for part in parts if isinstance(part, (OptionInfo, ArgumentInfo)))


def _is_flag(declared: Any) -> bool:
    """Whether it is an option's own name; Typer keeps one that comes first as the default."""
    return isinstance(declared, str) and declared.startswith("--")


_VALUES = {
    "base_model": "MODEL",
    "max_tokens": "N",
    "output": "PATH",
    "recipe": "FILE",
    "seed": "N",
    "system": "TEXT",
    "temperature": "T",
}
"""What stands for an option's value where its declaration has no word for it."""


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

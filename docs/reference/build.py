"""Writes the reference pages from the code, so that they cannot say something else.

    python docs/reference/build.py          # writes them
    python docs/reference/build.py --check  # exit code 1 if one is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from loresmith.cli import app
from loresmith.recipe import Recipe
from loresmith.workspace.report.model import RunReport

HERE = Path(__file__).parent
Schema = dict[str, Any]


def main(*, check: bool) -> int:
    pages = {
        "recipe.md": "".join(
            ["# The recipe\n\n", *_INTRO, *_model_page(Recipe, mode="validation", depth=2)]
        ),
        "report.md": "".join(
            [
                "# report.json\n\nEvery key of the report that a run writes. `null` stands where "
                "there is nothing to say.\n\n",
                *_model_page(RunReport, mode="serialization", depth=2),
            ]
        ),
        "cli.md": "".join(["# Commands\n\n", *_commands()]),
    }
    stale = [name for name, text in pages.items() if _is_stale(HERE / name, text)]
    for name in stale:
        if check:
            print(f"docs/reference/{name} is out of date; run `make reference`", file=sys.stderr)
        else:
            (HERE / name).write_text(pages[name], encoding="utf-8")
    return int(check and bool(stale))


_INTRO = (
    "Every setting with its type and default, from the code's own docstrings. A setting is named "
    "by its path: `training.rank` stands under `training:` in `loresmith.yaml` and is changed by "
    "`--set training.rank=32`.\n\n",
)


def _is_stale(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def _model_page(model: type[BaseModel], *, mode: Any, depth: int) -> Iterator[str]:
    schema = model.model_json_schema(mode=mode)
    definitions = schema.get("$defs", {})
    seen: set[str] = set()
    yield from _section(schema, "", definitions, seen, depth)


def _section(
    schema: Schema, path: str, definitions: dict[str, Schema], seen: set[str], depth: int
) -> Iterator[str]:
    """A table of one object's keys, then a section for each object below it."""
    if path:
        yield f"{'#' * min(depth, 5)} `{path}`\n\n"
    if schema.get("description"):
        yield f"{_plain(schema['description'])}\n\n"
    rows, below = [], []
    for key, field in schema.get("properties", {}).items():
        objects = list(_objects(field, definitions))
        below += [(f"{path}.{key}" if path else key, one) for one in objects]
        default = _default(field, objects)
        told = _plain(field.get("description", ""))
        rows.append(f"| `{key}` | {_type(field, definitions)} | {default} | {told} |\n")
    yield "| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
    yield from rows
    yield "\n"
    for where, one in below:
        name = f"{where} ({one['title']})"
        if name not in seen:
            seen.add(name)
            kind = one.get("properties", {}).get("type", {}).get("const")
            title = f"{where}` with `type: {kind}" if kind else where
            yield from _section(one, title, definitions, seen, depth + 1)


def _objects(field: Schema, definitions: dict[str, Schema]) -> Iterator[Schema]:
    """The objects that a field may hold, directly, in a list or under free keys."""
    if "$ref" in field:
        target = definitions[field["$ref"].rsplit("/", 1)[-1]]
        if "properties" in target:
            yield target
        return
    for branch in field.get("oneOf") or field.get("anyOf") or field.get("allOf") or ():
        yield from _objects(branch, definitions)
    for part in ("items", "additionalProperties"):
        if isinstance(field.get(part), dict):
            yield from _objects(field[part], definitions)


def _type(field: Schema, definitions: dict[str, Schema]) -> str:
    if "$ref" in field:
        target = definitions[field["$ref"].rsplit("/", 1)[-1]]
        return "object" if "properties" in target else _type(target, definitions)
    branches = field.get("oneOf") or field.get("anyOf") or field.get("allOf")
    if branches:
        return " or ".join(dict.fromkeys(_type(branch, definitions) for branch in branches))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    limits = [
        f"{sign} {field[key]}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in field
    ]
    name = str(field.get("type", "any"))
    return f"{name} {', '.join(limits)}".strip()


def _default(field: Schema, objects: list[Schema]) -> str:
    if "default" not in field:
        return ""
    if objects:
        default = field["default"]
        return f"`type: {default['type']}`" if isinstance(default, dict) and "type" in default else ""
    return "`null`" if field["default"] is None else f"`{field['default']}`"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _commands() -> Iterator[str]:
    """Each command's own help, as the terminal shows it."""
    from typer.testing import CliRunner

    runner = CliRunner()
    overview = runner.invoke(app, ["--help"], terminal_width=80).output
    yield f"```\n{_tidy(overview)}\n```\n"
    for info in app.registered_commands:
        name = info.name or (info.callback.__name__ if info.callback else "")
        text = runner.invoke(app, [name, "--help"], terminal_width=80).output
        yield f"\n## {name}\n\n```\n{_tidy(text)}\n```\n"


def _tidy(text: str) -> str:
    lines = text.replace("Usage: root", "Usage: loresmith").strip("\n").splitlines()
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

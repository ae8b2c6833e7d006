"""Writes the reference pages from the code, so that they cannot say something else.

python docs/reference/build.py          # writes them
python docs/reference/build.py --check  # exit code 1 if one is out of date
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from loresmith.cli import app
from loresmith.documents import PARSERS
from loresmith.llamafactory.arguments import Argument, arguments
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.recipe import Recipe
from loresmith.workspace.report.model import RunReport

HERE = Path(__file__).parent
_HOSTILE = HERE.parents[1] / "tests" / "documents" / "hostile_files.py"
Schema = dict[str, Any]


def main(*, check: bool) -> int:
    """Writes the pages that differ from the code, or with `check` names them; 1 if any did."""
    stale = {name: text for name, text in pages().items() if _is_stale(HERE / name, text)}
    for name, text in stale.items():
        if check:
            print(f"docs/reference/{name} is out of date; run `make reference`", file=sys.stderr)
        else:
            (HERE / name).write_text(text, encoding="utf-8")
    return int(check and bool(stale))


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {name: page(name) for name in _PAGES}


@cache
def page(name: str) -> str:
    """The text of one page."""
    opening, lines = _PAGES[name]()
    return "".join([opening, *lines]).rstrip() + "\n"


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
_EXPLAINED_ABOVE = ("cursor", "limit", "Idempotency-Key", "If-Match", "Last-Event-ID")
_API = """\
# The REST API

`loresmith serve` serves it alone, `loresmith studio` with pages; a running server shows the same at
`/api/v1/docs` and, for generators of clients, at `/api/v1/openapi.json`. Text is UTF-8 JSON.

- **Errors** are [problems](#problem) of RFC 9457 (`application/problem+json`), those below `/v1` in
  OpenAI's form. 401: log in first; 403: not from here; 404: unknown; 409: not as things stand;
  412 and 428: see edits; 413: too large; 422: what was sent has faults, each with its path;
  429: wait `Retry-After` seconds; 501: a package is missing; 503: a model cannot be reached.
- **Lists** come in pages of `limit` items, 50 or up to 200: ask for the next one with `cursor`, the
  `next_cursor` of the page before.
- **Edits** send in `If-Match` the `ETag` with which the thing was read: without it 428, and 412
  when somebody else has changed it meanwhile. `*` is any state.
- **What starts work** takes an `Idempotency-Key`: the same request under the same key is carried
  out once, also after a restart, and answered the same for seven days.
- **Progress** comes as server-sent events; whoever comes back sends `Last-Event-ID` (browsers do
  so by themselves) and misses nothing.
- **On any but a loopback address** send an API key: `Authorization: Bearer ls-...`
  (see [what is protected](../security.md)).

"""

_DOCUMENTS = """\
# Documents

What is read, and what becomes of files that are broken or made to do harm. Both lists are written
from the code: the second by reading every one of these files.

Encodings are found by themselves: UTF-8, UTF-16 and UTF-32, GB18030 (with GBK and GB2312), Big5,
Shift-JIS, EUC-KR and Windows-1252; what was guessed or replaced is told as a warning. Tables become
Markdown, headings and lists stay, and a map leads from the text to pages, slides, sheets or
chapters. Each file is read in a process of its own, within the limits of
[the recipe](recipe.md#documents); a zip archive of documents gives a document for each file in it,
called `archive.zip/inner.txt`.

"""


def _documents() -> Iterator[str]:
    """The formats, then what becomes of each hostile file."""
    yield "## Formats\n\n| ending | how it is read |\n| --- | --- |\n"
    for parser in PARSERS:
        endings = ", ".join(f"`{suffix}`" for suffix in parser.suffixes)
        yield f"| {endings} | {_plain(type(parser).__doc__ or '')} |\n"
    yield "| `.zip` | Reads each file of these formats in it; archives in it too. |\n"
    yield "\n"
    yield "## Broken and hostile files\n\n"
    yield "Written by [a script of the tests](../../tests/documents/hostile_files.py).\n\n"
    yield "| file | what it is | what becomes of it |\n| --- | --- | --- |\n"
    hostile = _module(_HOSTILE)
    with TemporaryDirectory() as folder:
        told = hostile.read_all(hostile.write_all(Path(folder)))
    for one in hostile.HOSTILE_FILES:
        for name in [name for name in told if (name + "/").startswith(one.shown + "/")]:
            what = one.what if name == one.shown else f"in {one.shown}: {one.what}"
            yield f"| `{name}` | {_plain(what)} | {_lines_in_a_cell(told[name])} |\n"


def _lines_in_a_cell(text: str) -> str:
    return "<br>".join(_plain(line) for line in text.split("\n"))


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_LLAMA_FACTORY = """\
# LLaMA Factory's settings

What becomes of every setting of LLaMA Factory 0.9.6 in a file that `loresmith train`, `check` and
`convert` read ([how to move over](../from-llama-factory.md)). Its own defaults hold for what a file
leaves out.

- **same**: means here what it means there.
- **mapped**: becomes the named setting of [the recipe](recipe.md); what it turns into is told.
- **ignored**: what is learned does not depend on it, or the training can do without it. Given with
  another value than the default, it is named with the reason before the training begins.
- **refused**: with another value than the default the training does not begin.

A number outside its bounds, a mistyped key, and settings that do not go together are refused too,
all of them at once, each with its line.

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
        yield from self._parts(_settings(schema), path, depth=depth)

    def _parts(self, settings: Schema, path: str, *, depth: int) -> Iterator[str]:
        """A section for each setting that is a block of its own."""
        for key, field in settings.items():
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
                yield from self._parts(own, path, depth=depth + 1)
        yield from self._parts(shared, path, depth=depth)

    def _table(self, settings: Schema, path: str) -> Iterator[str]:
        if not settings:
            return
        yield "| setting | type | default | meaning |\n| --- | --- | --- | --- |\n"
        for key, field in settings.items():
            name = f"{path}.{key}" if path else key
            members = _objects(field, self._definitions)
            kind = f"[block](#{_anchor(name)})" if members else _type(field, self._definitions)
            if members and field.get("type") == "array":
                kind = f"list of [blocks](#{_anchor(name)})"
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


class _ApiPage:
    """The routes by what they are about, then each shape of a body or reply, once."""

    def __init__(self) -> None:
        described = _openapi()
        self._paths = described["paths"]
        self._shapes = described["components"]["schemas"]
        for name, shape in self._shapes.items():
            shape["title"] = name.replace("_", " ").strip().replace("Page ", "Page of ")

    def lines(self) -> Iterator[str]:
        tags: dict[str, list[str]] = {}
        for path, methods in self._paths.items():
            for method, operation in methods.items():
                told = self._operation(method.upper(), path, operation)
                tags.setdefault(operation["tags"][0], []).extend(told)
        for tag, told in tags.items():
            yield f"## Routes: {tag}\n\n"
            yield from told
        yield "## Shapes\n\n"
        for _, shape in sorted(self._shapes.items()):
            yield from self._shape(shape)

    def _operation(self, method: str, path: str, operation: Schema) -> Iterator[str]:
        yield f"### `{method} {path}`\n\n"
        yield f"**{operation['summary']}** {_plain(operation['description'])}\n\n"
        given = [one for one in operation.get("parameters", []) if one["in"] != "path"]
        common = [f"`{one['name']}`" for one in given if one["name"] in _EXPLAINED_ABOVE]
        if common:
            yield f"- takes {', '.join(common)}\n"
        for one in given:
            if one["name"] not in _EXPLAINED_ABOVE:
                kind = _type(one["schema"], self._shapes)
                told = _plain(one.get("description", ""))
                yield f"- {one['in']} `{one['name']}` ({kind}){': ' * bool(told)}{told}\n"
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            form = "" if media == "application/json" else f" as `{media}`"
            yield f"- body{form}: {_type(content['schema'], self._shapes)}\n"
        for status, reply in operation["responses"].items():
            if not status.endswith("XX"):
                yield f"- {status}: {self._reply(reply)}\n"
        yield "\n"

    def _reply(self, reply: Schema) -> str:
        content: Schema = reply.get("content", {})
        if "application/json" in content:
            return _type(content["application/json"]["schema"], self._shapes)
        told = "" if reply["description"] == "Successful Response" else _plain(reply["description"])
        kinds = ", ".join(f"`{media}`" for media in content)
        return " ".join(part for part in (kinds, told) if part) or "nothing"

    def _shape(self, shape: Schema) -> Iterator[str]:
        yield f"### {shape['title']}\n\n"
        told = _plain(shape.get("description", ""))
        if "properties" not in shape:
            yield f"{told or _type({**shape, 'title': ''}, self._shapes)}\n\n"
            return
        yield f"{told}\n\n" if told else ""
        for name, field in shape["properties"].items():
            told = _plain(field.get("description", ""))
            kind = _type(field, self._shapes)
            yield f"- `{name}` ({kind}){': ' * bool(told)}{told}\n"
        yield "\n"


def _openapi() -> Schema:
    """The API's own description, from a home that is empty and soon gone."""
    from loresmith.api import create_api
    from loresmith.settings import Settings
    from loresmith.workspace.home import Home

    with TemporaryDirectory() as folder:
        home = Home(Settings(home=Path(folder), database_url=None))
        try:
            return create_api(home).openapi()
        finally:
            home.engine.dispose()


def _llama_factory() -> Iterator[str]:
    """A table for each group; a setting that several groups declare stands in each of them."""
    groups: dict[str, list[Argument]] = {}
    for argument in arguments():
        groups.setdefault(argument.group, []).append(argument)
    for group, members in groups.items():
        yield f"## {group}\n\n"
        yield "| key | type | default | verdict | what becomes of it |\n"
        yield "| --- | --- | --- | --- | --- |\n"
        yield from map(_argument_row, members)
        yield "\n"


def _argument_row(argument: Argument) -> str:
    verdict = VERDICTS[argument.key]
    paths = ", ".join(f"`{path}`" for path in verdict.paths)
    told = ": ".join(part for part in (paths, _plain(verdict.told)) if part)
    kind = _KINDS.get(argument.kind, argument.kind.replace("|", ", "))
    bounds = ", ".join(f"{sign} {limit:.10g}" for sign, limit in verdict.limits.bounds())
    cells = (
        f"`{argument.key}`",
        f"{kind} {bounds}".rstrip(),
        f"`{_shown_default(argument)}`",
        verdict.kind,
        told,
    )
    return f"| {' | '.join(cells)} |\n"


_KINDS = {
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "str": "text",
    "list": "names",
    "map": "block",
    "shares": "numbers",
}


def _shown_default(argument: Argument) -> str:
    default = argument.default
    if isinstance(default, tuple):
        return ", ".join(default)
    return default if isinstance(default, str) and default else json.dumps(default)


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
    return path.lower().replace(".", "").replace(" ", "-")


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
            return f"[{target['title']}](#{_anchor(target['title'])})"
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
        if not default:
            return "none"
        if "type" not in default[0]:  # members of one kind, each with its name
            return ", ".join(f"`{one['name']}`" for one in default)
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
        is_switch = isinstance(default, bool) or "/--no-" in flag
        value = "" if is_switch else f" {declared.metavar or _VALUES[name]}"
        yield _Option(f"`{flag}{value}`", f"{told}{needed}{shown}".strip())


def _declared(hint: Any) -> Iterator[OptionInfo | ArgumentInfo]:
    """What Typer was told of a parameter."""
    parts: Iterable[Any] = get_args(hint) if get_origin(hint) is Annotated else ()
    return (part for part in parts if isinstance(part, (OptionInfo, ArgumentInfo)))


def _is_flag(declared: Any) -> bool:
    """Whether it is an option's own name; Typer keeps one that comes first as the default."""
    return isinstance(declared, str) and declared.startswith("--")


_VALUES = {
    "adapter": "DIR",
    "base_model": "MODEL",
    "device": "cpu|auto",
    "dtype": "FORMAT",
    "form": "merged|adapter",
    "checkpoint": "STEP",
    "host": "ADDRESS",
    "language": "en|zh",
    "max_shard_size": "GB",
    "max_tokens": "N",
    "output": "PATH",
    "port": "N",
    "recipe": "FILE",
    "seed": "N",
    "system": "TEXT",
    "temperature": "T",
    "template": "NAME",
}
"""What stands for an option's value where its declaration has no word for it."""


_PAGES: dict[str, Callable[[], tuple[str, Iterator[str]]]] = {
    "recipe.md": lambda: (_RECIPE, _RecipePage().lines()),
    "report.md": lambda: (_REPORT, _ReportPage().lines()),
    "cli.md": lambda: (_COMMANDS, _commands()),
    "api.md": lambda: (_API, _ApiPage().lines()),
    "llamafactory.md": lambda: (_LLAMA_FACTORY, _llama_factory()),
    "documents.md": lambda: (_DOCUMENTS, _documents()),
}


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

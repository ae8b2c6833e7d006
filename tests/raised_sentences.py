"""Collects what Loresmith says when something is wrong, from its source: one text for each way in
which a message or hint can come out, with `%(a)s`, `%(b)s` ... where a value is filled in."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

VALUE = "\0"
"""Stands for a value that is filled in."""
_SAID_BY_KEYWORD = {
    "detail",
    "error",
    "failure",
    "hint",
    "message",
    "msg",
    "obstacle",
    "reason",
    "trouble",
    "unknown_model",
}
_SAID_LAST = {
    "note",
    "on_note",
    "on_progress",
    "Markup",
    "RowFault",
    "Unreadable",
    "_Broken",
    "_Reading",
    "_drop",
    "_dropped",
    "_left_out",
    "_refuse",
    "drop",
}
"""Functions whose last argument is said."""
_SAID_WHOLLY = {"ConstructorError", "_Obstacle", "kind"}
"""Functions whose arguments are all said; `kind` is an error that was chosen just before."""
_SAID_LATER = {"note", "warning"}
"""Names of what is said later on."""
_SAID_BY_CALL = {"finish", "kind"}
"""Functions whose keywords are said, as those of errors are."""
_SAID_BY_RETURN = {
    "_beyond_budget",
    "_misfit",
    "_other_content",
    "_reason_to_ignore",
    "_refusal",
    "_text",
    "adapter_fault",
    "clean",
    "notes",
    "supports",
    "unknown_key",
}
"""Functions that return what is said."""
_LISTS_OF_SENTENCES = {"faults.append", "warnings.append"}
_MOST_SPELLED_OUT = 3
"""A value that can be more texts than this is a text of its own instead."""
_MOST_WAYS = 24
_DEEPEST = 6


class Sentence(NamedTuple):
    """One line of what may be said."""

    text: str
    where: str


def sentences_of(root: Path, *packages: str) -> list[Sentence]:
    """Every line that errors, checks and failures in the files under `packages` may say."""
    found = {}
    for package in packages:
        place = root / package
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for sentence in _Module(path, root).sentences():
                found.setdefault(sentence.text, sentence)
    return list(found.values())


class _Module:
    """One file: knows what its names may hold."""

    def __init__(self, path: Path, root: Path) -> None:
        self._name = str(path.relative_to(root))
        self._tree = ast.parse(path.read_text("utf-8"))
        self._functions: dict[str, ast.FunctionDef] = {}
        self._around: dict[ast.AST, ast.FunctionDef | None] = {}
        self._pieces: list[str] = []
        self._note(self._tree, None)

    def sentences(self) -> Iterator[Sentence]:
        for node in ast.walk(self._tree):
            for said in self._said_by(node):
                self._pieces = []
                ways = self._ways(said, self._around.get(node), _DEEPEST)
                for line in "\n".join([*ways, *self._pieces]).split("\n"):
                    if _says_something(line):
                        yield Sentence(_named(line.strip()), f"{self._name}:{said.lineno}")

    def _note(self, node: ast.AST, function: ast.FunctionDef | None) -> None:
        for child in ast.iter_child_nodes(node):
            self._around[child] = function
            if isinstance(child, ast.FunctionDef):
                self._functions[child.name] = child
            self._note(child, child if isinstance(child, ast.FunctionDef) else function)

    def _said_by(self, node: ast.AST) -> Iterator[ast.expr]:
        function = self._around.get(node)
        if isinstance(node, ast.Return) and function and function.name in _SAID_BY_RETURN:
            yield from _flat(node.value)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in _SAID_LATER:
            yield node.value
        if isinstance(node, ast.Call):
            yield from self._said_by_calling(node, _name_of(node.func))

    def _said_by_calling(self, node: ast.Call, name: str) -> Iterator[ast.expr]:
        known_error = name == "__init__" and self._name == "errors.py"
        if known_error or _is_error(name):
            yield from node.args[1:2] if name == "FieldFault" else node.args[:1]
        if known_error or name in _SAID_BY_CALL or name.lstrip("_")[:1].isupper():
            for keyword in node.keywords:
                if keyword.arg in _SAID_BY_KEYWORD:
                    yield keyword.value
                elif keyword.arg == "faults":
                    yield from _elements(keyword.value)
        if name in _SAID_LAST and node.args:
            yield from _flat(node.args[-1])
        if name in _SAID_WHOLLY:
            yield from node.args
        if ast.unparse(node.func) in _LISTS_OF_SENTENCES:
            yield node.args[0]

    def _ways(
        self, node: ast.expr | None, function: ast.FunctionDef | None, depth: int
    ) -> list[str]:
        """The texts that an expression may be."""
        ways = self._ways_of(node, function, depth - 1) if depth and node is not None else []
        unique = list(dict.fromkeys(ways))
        return unique if 0 < len(unique) <= _MOST_WAYS else [VALUE]

    def _ways_of(self, node: ast.expr, function: ast.FunctionDef | None, depth: int) -> list[str]:
        def ways(part: ast.expr) -> list[str]:
            return self._ways(part, function, depth)

        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else [VALUE]
        if isinstance(node, ast.JoinedStr):
            return self._joined([ways(part) for part in node.values])
        if isinstance(node, ast.FormattedValue):
            bare = node.conversion == -1 and node.format_spec is None
            return [_word(way) for way in ways(node.value) if way] if bare else [VALUE]
        if isinstance(node, ast.IfExp):
            return [*ways(node.body), *ways(node.orelse)]
        if isinstance(node, ast.BoolOp):
            return [way for part in node.values for way in ways(part)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([ways(node.left), ways(node.right)])
        if isinstance(node, ast.Name):
            return self._held_by(node.id, function, depth)
        if isinstance(node, ast.Call):
            return self._said_by_call(node, function, depth)
        if isinstance(node, ast.Subscript):
            return [way for part in self._values(node.value) for way in ways(part)] or [VALUE]
        return [VALUE]

    def _values(self, node: ast.expr) -> list[ast.expr]:
        """What stands in a dictionary that is written out, here or as a constant."""
        if isinstance(node, ast.Name):
            node = next(_assigned(self._tree, node.id, top=True), node)
        return node.values if isinstance(node, ast.Dict) else []

    def _joined(self, parts: Sequence[list[str]]) -> list[str]:
        """Every way to put parts together; what can be many things is a text of its own."""
        kept = []
        for ways in parts:
            many = len(ways) > _MOST_SPELLED_OUT
            self._pieces += [way for way in ways if many and " " in way.strip()]
            kept.append([VALUE] if many else ways)
        together = itertools.islice(itertools.product(*kept), _MOST_WAYS)
        return ["".join(chosen) for chosen in together]

    def _said_by_call(
        self, node: ast.Call, function: ast.FunctionDef | None, depth: int
    ) -> list[str]:
        name = _name_of(node.func)
        if isinstance(node.func, ast.Name) and name in self._functions:
            called = self._functions[name]
            returned = [one.value for one in ast.walk(called) if isinstance(one, ast.Return)]
            return [way for value in returned for way in self._ways(value, called, depth)]
        if not isinstance(node.func, ast.Attribute):
            return [VALUE]
        owner = node.func.value
        if name == "get" and self._values(owner):
            values = [*self._values(owner), *node.args[1:]]
            return [way for part in values for way in self._ways(part, function, depth)]
        if name in ("strip", "rstrip"):
            return self._ways(owner, function, depth)
        if name == "join" and isinstance(owner, ast.Constant) and owner.value == "\n":
            return ["\n".join(ways) for ways in self._lines(node.args[0], function, depth)]
        if name == "join" and isinstance(owner, ast.Constant) and owner.value == "":
            elements = _elements(node.args[0])
            return ["", *(way for part in elements for way in self._ways(part, function, depth))]
        return [VALUE]

    def _lines(
        self, listed: ast.expr, function: ast.FunctionDef | None, depth: int
    ) -> Iterator[tuple[str, ...]]:
        parts = [self._ways(part, function, depth) for part in _elements(listed)]
        yield from itertools.islice(itertools.product(*parts), _MOST_WAYS)

    def _held_by(self, name: str, function: ast.FunctionDef | None, depth: int) -> list[str]:
        """What is assigned to `name` in its function, given to it as an argument, or a constant."""
        if function is not None:
            assigned = [*_assigned(function, name)]
            if assigned:
                return [way for value in assigned for way in self._ways(value, function, depth)]
            if name in [argument.arg for argument in _arguments(function)]:
                return self._given_as(name, function, depth)
        constants = [
            way
            for value in _assigned(self._tree, name, top=True)
            for way in self._ways(value, None, depth)
        ]
        return constants or [VALUE]

    def _given_as(self, name: str, function: ast.FunctionDef, depth: int) -> list[str]:
        place = [argument.arg for argument in _arguments(function)].index(name)
        names = [argument.arg for argument in _arguments(function)]
        shift = 1 if names[:1] == ["self"] else 0
        found = []
        for call in ast.walk(self._tree):
            if not isinstance(call, ast.Call) or _name_of(call.func) != function.name:
                continue
            given = [keyword.value for keyword in call.keywords if keyword.arg == name]
            if not given and len(call.args) > place - shift >= 0:
                given = [call.args[place - shift]]
            for value in given:
                found += self._ways(value, self._around.get(call), depth)
        return found or [VALUE]


def _is_error(name: str) -> bool:
    return (
        name in _ERRORS
        or "Fault" in name
        or (name.endswith(_ENDINGS) and not name.startswith(("Type", "Attribute", "Import")))
    )


_ENDINGS = ("Error", "Unavailable", "Rejected", "Exceeded")
_ERRORS = {
    "AccessDenied",
    "BadRequest",
    "Conflict",
    "Fault",
    "JobCancelled",
    "LeaseLost",
    "MalformedReply",
    "NotACompletion",
    "NotArithmetic",
    "NotFound",
    "NotWell",
    "OutOfDeviceMemory",
    "RankLost",
    "PreconditionFailed",
    "PreconditionRequired",
    "RateLimited",
    "TooLarge",
    "TooManyAttempts",
    "WireFault",
    "_OutOfReach",
}


def _elements(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, (ast.List, ast.Tuple)):
        return [part for part in node.elts if not isinstance(part, ast.Starred)]
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return [node.elt]
    return [node]


def _word(way: str) -> str:
    """A part of a sentence; a name such as `.pdf` or `GB18030` counts as a value."""
    return way if " " in way or re.match(r"[a-z(:]", way) else VALUE


def _flat(node: ast.expr | None) -> Iterator[ast.expr]:
    """The parts of what is returned; nested tuples opened."""
    for part in _elements(node) if node is not None else []:
        yield from _flat(part) if isinstance(part, ast.Tuple) else [part]


def _assigned(place: ast.AST, name: str, *, top: bool = False) -> Iterator[ast.expr]:
    for node in ast.iter_child_nodes(place) if top else ast.walk(place):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        value = node.value
        for target in targets:
            if isinstance(target, ast.Name) and target.id == name and value is not None:
                yield value
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                yield from (
                    one
                    for to, one in zip(target.elts, value.elts, strict=False)
                    if isinstance(to, ast.Name) and to.id == name
                )


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.args, *function.args.kwonlyargs]


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _says_something(line: str) -> bool:
    """Whether it is more than a value, or the name of a reason such as `too_long`."""
    return bool(re.search(r"[A-Za-z]{2,}", line.replace(VALUE, ""))) and " " in line.strip("↩ ")


def _named(line: str) -> str:
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    line = re.sub(rf"{VALUE}+", VALUE, line)
    return "".join(f"%({next(letters)})s" if char == VALUE else char for char in line)

"""Why: a Modelfile's template is in Go's syntax, and no Go is here; this reads as much of it as is
written: `if`, `else if`, `else`, `range .Messages`, variables, `eq` and fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

Turn = dict[str, str]


def render(template: str, turns: Sequence[Turn]) -> str:
    """What Ollama writes: `.System` has all system messages, which are in `.Messages` too."""
    system = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    parts = re.split(r"\{\{ (.*?) \}\}", template, flags=re.DOTALL)
    tokens = [(bool(at % 2), part) for at, part in enumerate(parts) if part]
    root = {"System": system, "Messages": list(turns)}
    tree, rest = _block(iter(tokens))
    assert rest == ""
    return "".join(_written(tree, root, root, {}))


def _block(tokens: Iterator[tuple[bool, str]]) -> tuple[list[Any], str]:
    """The nodes up to an `else` or `end`, and which of these it was."""
    nodes: list[Any] = []
    for is_action, text in tokens:
        if not is_action:
            nodes.append(("text", text))
        elif text == "end" or text.startswith("else"):
            return nodes, text
        elif text.startswith("range "):
            body, rest = _block(tokens)
            assert rest == "end"
            nodes.append(("range", text.removeprefix("range "), body))
        elif text.startswith("if "):
            nodes.append(("if", _branches(text.removeprefix("if "), tokens)))
        else:
            nodes.append(("do", text))
    return nodes, ""


def _branches(condition: str, tokens: Iterator[tuple[bool, str]]) -> list[tuple[str, list[Any]]]:
    found = []
    while True:
        body, rest = _block(tokens)
        found.append((condition, body))
        if rest == "end":
            return found
        condition = rest.removeprefix("else").strip().removeprefix("if ") or "true"


def _written(nodes: list[Any], dot: Any, root: Any, names: dict[str, Any]) -> Iterator[str]:
    for node in nodes:
        if node[0] == "text":
            yield node[1]
        elif node[0] == "range":
            for item in _value(node[1], dot, root, names):
                yield from _written(node[2], {**_upper(item)}, root, names)
        elif node[0] == "if":
            for condition, body in node[1]:
                if _value(condition, dot, root, names):
                    yield from _written(body, dot, root, names)
                    break
        elif assigned := re.fullmatch(r"(\$\w+) :?= (\w+)", node[1]):
            names[assigned[1]] = {"true": True, "false": False}[assigned[2]]
        else:
            yield str(_value(node[1], dot, root, names))


def _upper(item: Turn) -> dict[str, str]:
    return {"Role": item["role"], "Content": item["content"]}


def _value(text: str, dot: Any, root: Any, names: dict[str, Any]) -> Any:
    if text == "true":
        return True
    if equal := re.fullmatch(r'eq (\S+) "(\w+)"', text):
        return _value(equal[1], dot, root, names) == equal[2]
    if text.startswith("$."):
        return root[text[2:]]
    return names[text] if text.startswith("$") else dot[text.removeprefix(".")]

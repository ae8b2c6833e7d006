"""What a filled-in training form stands for: a command to copy and the lines of a recipe."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from loresmith.records import Record
from loresmith.workspace.forms import Form, form_of
from loresmith.workspace.workspace import Workspace

FORM_PATHS = ("base_model", "seed", "training", "dataset.split", "exam")
"""The parts of the recipe that the training form shows."""


class StartOffer(Record):
    """The same start, for other doors."""

    command: str
    """For a terminal on the machine that has the project."""
    yaml: str
    """What the recipe says of the form's settings, defaults left out."""


def start_offer(
    workspace: Workspace, changes: Mapping[str, Any], form: Form, *, verb: str, place: str
) -> StartOffer:
    """`changes` are what the recipe file does not say yet; `form` is the one with them. `place` is
    how the project's folder is named."""
    words = ["loresmith", verb, place]
    for path, value in _settable(workspace, changes).items():
        words += ["--set", f"{path}={_in_yaml(value)}"]
    return StartOffer(command=shlex.join(words), yaml=_yaml_of(form))


def _settable(workspace: Workspace, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """`changes` with what goes back to its default spelled out; types first."""
    defaults = {field.path: field.default for field in form_of(workspace.recipe).fields()}
    ordered = sorted(changes, key=lambda path: not path.endswith(".type"))
    return {
        path: defaults.get(path) if changes[path] is None else changes[path] for path in ordered
    }


def _yaml_of(form: Form) -> str:
    said: dict[str, Any] = {}
    for field in form.fields():
        if field.changed:
            *above, last = field.path.split(".")
            block = said
            for part in above:
                block = block.setdefault(part, {})
            block[last] = field.value
    if not said:
        return ""
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False)


def _in_yaml(value: Any) -> str:
    """As `--set` reads it: bare where that is read back as the same, else as JSON."""
    text = str(value)
    if isinstance(value, str) and yaml.safe_load(text) == value:
        return text
    return json.dumps(value, ensure_ascii=False)

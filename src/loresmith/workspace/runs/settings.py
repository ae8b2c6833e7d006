"""Several runs' settings side by side: what was set otherwise explains curves that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from loresmith.records import Record
from loresmith.workspace.forms.form import text_of
from loresmith.workspace.runs.listing import RunSummary


class ComparedSetting(Record):
    """One setting in every run."""

    path: str
    """Its dotted path in the recipe, such as `training.rank`."""
    values: tuple[str | None, ...]
    """As one types them, in the order of the runs; empty where a run left it to itself, None where
    its recipe has no such setting."""


class RunComparison(Record):
    """Some runs beside one another, by what they were trained with."""

    runs: tuple[RunSummary, ...]
    settings: tuple[ComparedSetting, ...]
    """Those that are not the same in all of them, in the order of the recipe."""


def comparison_of(runs: Sequence[RunSummary], recipes: Sequence[str]) -> RunComparison:
    """`recipes` are the runs' own as YAML, in their order."""
    flat = [dict(_flat(yaml.safe_load(recipe) or {})) for recipe in recipes]
    paths = dict.fromkeys(path for one in flat for path in one)
    compared = [
        ComparedSetting(path=path, values=tuple(one.get(path) for one in flat)) for path in paths
    ]
    return RunComparison(
        runs=tuple(runs), settings=tuple(one for one in compared if len(set(one.values)) > 1)
    )


def _flat(block: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Every setting by its path; the parts of a list of components by their types."""
    found: list[tuple[str, str]] = []
    for name, value in block.items():
        path = f"{above}{name}"
        if isinstance(value, dict):
            found += _flat(value, f"{path}.")
        elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            found.append((path, ", ".join(str(part.get("type")) for part in value)))
            for part in value:
                rest = {key: said for key, said in part.items() if key != "type"}
                found += _flat(rest, f"{path}.{part.get('type')}.")
        else:
            found.append((path, text_of(value)))
    return found

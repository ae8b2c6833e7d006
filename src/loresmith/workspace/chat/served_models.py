"""Which models can be talked with: the bases that projects build on, and what they were made into.

Models are known by ids, such as `embedded` and `harbor/v1-3f0c9a1b22`; no id is ever a path.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, NamedTuple

from loresmith.errors import LoresmithError, NotFound
from loresmith.records import Record
from loresmith.workspace.candidates import Candidate, find_candidate, is_trained
from loresmith.workspace.project import Project
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.recipes import load_recipe

_log = logging.getLogger(__name__)


class ServedModel(Record):
    """A model that can be talked with."""

    id: str
    """What requests name it by, such as `embedded` or `harbor/v1-3f0c9a1b22`."""
    kind: Literal["base", "tuned"]
    base: str
    """The id of the base model; of a base, its own. Empty where a run does not say it."""
    project_id: str = ""
    """The project that a tuned model belongs to."""
    run_id: str = ""
    """The run that made a tuned model."""
    created_at: str = ""
    """When a tuned model was finished; ISO 8601, UTC."""


class Servable(NamedTuple):
    """A served model, and where it comes from; the latter is for the server only."""

    model: ServedModel
    candidate: Candidate


def servable_models(
    projects: Sequence[KnownProject], further: Sequence[Candidate] = ()
) -> list[Servable]:
    """Bases first, then the runs of each project, newest first, then `further` ones."""
    bases = _Names()
    bases.of("embedded", "embedded")
    runs: list[Servable] = []
    slugs = _Names()
    for known in projects:
        slug = slugs.of(known.folder, Project(Path(known.folder)).name)
        name = _base_of_recipe(known)
        if name:
            bases.of(name, _base_id(name))
        for run, candidate in _trained_runs(Path(known.folder) / "runs"):
            base = candidate.base and bases.of(candidate.base, _base_id(candidate.base))
            model = ServedModel(
                id=f"{slug}/{run.name}",
                kind="tuned",
                base=base,
                project_id=known.id,
                run_id=run.name,
                created_at=_moment(run),
            )
            runs.append(Servable(model, candidate))
    for candidate in further:
        base = bases.of(candidate.base, _base_id(candidate.base))
        if candidate.adapter is not None:
            id = slugs.of(str(candidate.adapter), candidate.adapter.resolve().name)
            runs.append(Servable(ServedModel(id=id, kind="tuned", base=base), candidate))
    return [
        *(
            Servable(ServedModel(id=id, kind="base", base=id), Candidate(name))
            for name, id in bases.given.items()
        ),
        *runs,
    ]


def find_served(served: Sequence[Servable], model_id: str) -> Servable:
    """The model with this id. Raises NotFound."""
    for found in served:
        if found.model.id == model_id:
            return found
    raise NotFound(
        f"there is no model {model_id!r} here",
        hint="The list of models says which there are; a run counts once it is trained.",
    )


class _Names:
    """Gives each thing a name of its own: the second `harbor` becomes `harbor-2`."""

    def __init__(self) -> None:
        self.given: dict[str, str] = {}

    def of(self, thing: str, wanted: str) -> str:
        if thing not in self.given:
            name, number = wanted, 1
            while name in self.given.values():
                number += 1
                name = f"{wanted}-{number}"
            self.given[thing] = name
        return self.given[thing]


def _trained_runs(folder: Path) -> Iterator[tuple[Path, Candidate]]:
    runs = [run for run in folder.glob("*") if is_trained(run)]
    for run in sorted(runs, key=lambda one: (-one.stat().st_mtime, one.name)):
        try:
            yield run, find_candidate(run)
        except LoresmithError as error:
            _log.warning("The run in %s is not served: %s", run, error.message)


def _base_of_recipe(known: KnownProject) -> str:
    path = Path(known.folder) / "loresmith.yaml"
    try:
        return load_recipe(path if path.exists() else None).base_model
    except LoresmithError as error:
        _log.warning("The recipe %s names no base model to serve: %s", path, error.message)
        return ""


def _base_id(name: str) -> str:
    """The name itself, unless it is a path: of that, the last part only."""
    if name.startswith(("/", ".", "~")) or "\\" in name or Path(name).is_absolute():
        return Path(name).expanduser().resolve().name or "base"
    return name


def _moment(run: Path) -> str:
    """When the weights were delivered."""
    files = [run / "adapter" / "adapter_config.json", run / "model" / "config.json"]
    when = max(file.stat().st_mtime for file in files if file.is_file())
    return datetime.fromtimestamp(when, timezone.utc).isoformat(timespec="seconds")

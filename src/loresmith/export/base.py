"""Why: every form of an export has one verb, and leaves a whole folder or none."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.component import Component
from loresmith.export.placing import placed_at_once
from loresmith.records import Record

Tell = Callable[[str], None]
"""Hears in words what is being done."""


class Source(NamedTuple):
    """What is exported: a base model with adapters to merge, or whole weights."""

    base: Path
    """The folder of the base model, or of the whole weights where there are no adapters."""
    base_name: str
    """The base model as its users call it."""
    adapters: tuple[Path, ...] = ()
    """In the order in which they are applied."""
    chat_template: str | None = None
    """In Jinja; None takes what was saved with the last adapter, else the model's own."""
    files: Mapping[str, str] = {}
    """Further files that go along, such as a model card: their content by name."""


class Artifact(Record):
    """An export that is finished."""

    folder: str
    type: str
    """The form, such as `merged`."""
    dtype: str
    """The number format of the weights."""
    bytes: int
    """All files together."""
    largest_difference: float | None = None
    """Between the logits of what was exported and of base and adapter, relative to their spread;
    null where nothing was merged."""
    notes: tuple[str, ...] = ()
    """What a user should know of it."""


class Exporter(Component, ABC):
    """A form to export in; a member says what it writes (`write`)."""

    def export(self, source: Source, target: Path, *, on_progress: Tell) -> Artifact:
        """Writes to `target`, which appears when all is written and checked.

        An earlier export there gives way; what else is there is left alone. Killed half-way, the
        same call begins anew. Raises Conflict where `target` holds something else, and
        ExportError where the export is not what it should be, or the disk has no room.
        """
        with placed_at_once(target, needed=self.bytes_needed(source)) as part:
            written = self.write(source, part, on_progress)
            for name, content in source.files.items():
                (part / name).write_text(content, encoding="utf-8")
            artifact = Artifact(
                folder=str(target),
                bytes=sum(path.stat().st_size for path in part.rglob("*") if path.is_file()),
                **written,
            )
            (part / NOTE).write_text(_note(artifact, source), encoding="utf-8")
            for path in (one for one in part.rglob("*") if one.is_file()):
                path.chmod(0o644)  # some writers keep files to their owner; a server is another
        return artifact

    @abstractmethod
    def bytes_needed(self, source: Source) -> int:
        """Room on the disk that the export takes, at most."""

    @abstractmethod
    def write(self, source: Source, folder: Path, on_progress: Tell) -> dict[str, Any]:
        """Fills the empty `folder`; returns what the artifact says of it. Raises ExportError."""


NOTE = "export.json"
"""What is written last: a folder that has it is an export of ours, and whole."""


def _note(artifact: Artifact, source: Source) -> str:
    content = artifact.model_dump(mode="json", exclude={"folder"})
    content |= {"base_model": source.base_name, "adapters": len(source.adapters)}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

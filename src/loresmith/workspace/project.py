"""The folder that is a project: where its documents, records, datasets and runs are."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from loresmith.errors import Conflict, NotFound, StoreError
from loresmith.whole_files import write_once

RECIPE = "loresmith.yaml"


@dataclass(frozen=True)
class Project:
    """Paths of one project. Nothing is created before `prepare`."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Project:
        """The project in `folder`; raises NotFound if there is no such folder."""
        if not folder.exists():
            raise NotFound(f"there is no folder {folder}", hint="Check the path.")
        if not folder.is_dir():
            raise NotFound(f"{folder} is a file, not a folder", hint="Name the folder it is in.")
        return cls(folder.resolve())

    @property
    def name(self) -> str:
        """The folder's name, reduced to letters, digits, `-` and `_`."""
        return re.sub(r"[^\w-]+", "-", self.folder.name).strip("-") or "project"

    @property
    def recipe(self) -> Path:
        return self.folder / RECIPE

    @property
    def state(self) -> Path:
        """Records and paid-for replies: everything that a second run needs."""
        return self.folder / ".loresmith"

    @property
    def database(self) -> Path:
        return self.state / "project.sqlite"

    @property
    def replies(self) -> Path:
        return self.state / "replies.sqlite"

    @property
    def datasets(self) -> Path:
        return self.folder / "datasets"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def prepare(self) -> str:
        """Creates the state folder if need be and returns the project's id, which never changes."""
        path = self.state / "project.json"
        try:
            self.state.mkdir(exist_ok=True)
            if not path.exists():
                write_once(path, json.dumps({"id": uuid.uuid4().hex}))
            project_id = json.loads(path.read_text(encoding="utf-8"))["id"]
        except OSError as error:
            raise StoreError(
                f"the project's folder {self.state} cannot be written: {error.strerror}",
                hint="Check the disk's free space and the folder's permissions.",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise Conflict(
                f"{path} is damaged", hint="Delete this file; records are kept beside it."
            ) from error
        return str(project_id)

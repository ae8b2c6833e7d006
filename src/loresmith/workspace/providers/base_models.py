"""The base models known on this machine: embedded, in folders, and named by ids of a hub."""

from __future__ import annotations

import os
import re
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from loresmith.errors import ModelUnavailable, NotFound, RecipeError, StoreError
from loresmith.records import Record
from loresmith.workspace.recipes import change_recipe
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.recipe import Recipe
    from loresmith.workspace.home import Home

EMBEDDED = "embedded"
_FOLDER = "folder:"
_HUB_NAME = re.compile(r"(modelscope:)?[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,95}", re.ASCII)
_NAMES = TypeAdapter(tuple[str, ...])
_writing = threading.Lock()


class KnownBaseModel(Record):
    """A base model that can be chosen."""

    id: str
    """`embedded`, `folder:NAME` for a folder of the models on this machine, or the hub's id."""
    name: str
    kind: Literal["embedded", "folder", "hub"]
    bytes: int | None = None
    """On the disk here; null where it would be downloaded first."""


class BaseModelFound(Record):
    """What is known of a base model before it is used."""

    id: str
    source: str
    """`embedded`, `folder`, `hub` or `modelscope`."""
    parameters: int | None
    """Null where it is not known before the download."""
    bytes_to_download: int
    """0 when all of it is here."""
    bytes_free: int
    fits: bool
    """Whether the disk has room for it."""


class BaseModels:
    """The base models of a home. No path is taken from whoever asks: folders go by their name."""

    def __init__(self, home: Home) -> None:
        self._settings = home.settings
        self._list = home.settings.home / "base_models.json"

    def all(self) -> tuple[KnownBaseModel, ...]:
        """Embedded, then folders below the models folder by name, then the ids that were added."""
        folders = self._folders()
        embedded = folders.pop(_embedded_folder(), None)
        return (
            KnownBaseModel(
                id=EMBEDDED,
                name="SmolLM2-135M-Instruct",
                kind="embedded",
                bytes=_size(embedded) if embedded else None,
            ),
            *(
                KnownBaseModel(id=f"{_FOLDER}{name}", name=name, kind="folder", bytes=_size(path))
                for name, path in sorted(folders.items())
            ),
            *(KnownBaseModel(id=name, name=name, kind="hub") for name in self._added()),
        )

    def add(self, name: str) -> KnownBaseModel:
        """Adds an id of a hub to the list, once it is known that there is such a model.

        Raises RecipeError for what is no id, and ModelUnavailable.
        """
        name = name.strip()
        self.check(name)
        with _writing:
            self._write(tuple(dict.fromkeys((*self._added(), name))))
        return KnownBaseModel(id=name, name=name, kind="hub")

    def remove(self, name: str) -> None:
        """Takes an id off the list; what was downloaded stays. Raises NotFound."""
        with _writing:
            known = self._added()
            if name not in known:
                raise NotFound("there is no such id in the list")
            self._write(tuple(one for one in known if one != name))

    def check(self, model_id: str) -> BaseModelFound:
        """Whether there is such a model and room for it; asks the hub where it must.

        Raises RecipeError for what is no id, and ModelUnavailable.
        """
        from loresmith.models.base_models import describe_base_model

        facts = describe_base_model(self.recipe_name(model_id), self._settings)
        return BaseModelFound(
            id=model_id,
            source=facts.source,
            parameters=facts.parameters,
            bytes_to_download=facts.bytes_to_download,
            bytes_free=facts.bytes_free,
            fits=facts.fits_disk,
        )

    def choose(self, workspace: Workspace, model_id: str) -> Recipe:
        """Makes it the project's base model. Raises RecipeError and ModelUnavailable."""
        if not self.check(model_id).fits:
            raise ModelUnavailable(
                f"there is no room on the disk for {model_id}",
                hint="Free some space, or take a smaller model.",
            )
        name = self.recipe_name(model_id)
        return change_recipe(workspace.project.folder, {"base_model": name})

    def recipe_name(self, model_id: str) -> str:
        """How a recipe names the model: the folder's path for a folder. Raises RecipeError."""
        if model_id == EMBEDDED:
            return EMBEDDED
        if model_id.startswith(_FOLDER):
            folder = self._folders().get(model_id.removeprefix(_FOLDER))
            if folder is None:
                raise RecipeError("base_model: there is no such folder among the models here")
            return str(folder)
        if not _HUB_NAME.fullmatch(model_id) or ".." in model_id or Path(model_id).exists():
            raise RecipeError(
                f"base_model: {model_id[:120]!r} is no id of a model",
                hint="Use one of the list, OWNER/NAME of the hub, or modelscope:OWNER/NAME.",
            )
        return model_id

    def id_of(self, name: str) -> str:
        """The id of the model that a recipe names; of a folder elsewhere, only its own name."""
        for folder, path in self._folders().items():
            if name == str(path):
                return f"{_FOLDER}{folder}"
        is_path = name.startswith(("/", "~", ".")) or "\\" in name
        return f"{_FOLDER}{Path(name.replace(chr(92), '/')).name}" if is_path else name

    def _folders(self) -> dict[str, Path]:
        models = self._settings.models
        if not models.is_dir():
            return {}
        return {
            path.name: path
            for path in models.iterdir()
            if (path / "config.json").is_file() and not path.name.startswith(".")
        }

    def _added(self) -> tuple[str, ...]:
        try:
            return _NAMES.validate_json(self._list.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"the list of base models in {self._list.name} cannot be read",
                hint="Move the file out of LORESMITH_HOME and add the ids anew.",
            ) from error

    def _write(self, names: tuple[str, ...]) -> None:
        fresh = self._list.with_name(f".{self._list.name}.{os.getpid()}.{uuid.uuid4().hex}")
        fresh.write_bytes(_NAMES.dump_json(names, indent=1))
        fresh.replace(self._list)


def _embedded_folder() -> str:
    from loresmith.models.embedded import EMBEDDED_FOLDER

    return EMBEDDED_FOLDER


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())

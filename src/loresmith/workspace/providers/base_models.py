"""The base models known on this machine: embedded, in folders and caches, trained in projects, and
named by ids of a hub."""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from loresmith.errors import ModelUnavailable, NotFound, RecipeError, StoreError
from loresmith.models.cached import cached_models, folder_bytes, own_modelscope_id
from loresmith.models.weights import has_all_weights
from loresmith.records import Record
from loresmith.workspace.recipes import change_recipe
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.recipe import Recipe
    from loresmith.workspace.home import Home

EMBEDDED = "embedded"
_FOLDER = "folder:"
_MODELSCOPE = "modelscope:"
_MODELSCOPE_CACHE = "modelscope-cache:"
_RUN = "run:"
_HUB_NAME = re.compile(r"(modelscope:)?[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,95}", re.ASCII)
_NAMES = TypeAdapter(tuple[str, ...])
_writing = threading.Lock()


class KnownBaseModel(Record):
    """A base model that can be chosen."""

    id: str
    """`embedded`; `folder:NAME` for a folder of the models on this machine; `run:PROJECT/RUN` for
    whole weights that a project trained; `modelscope-cache:OWNER/NAME` for one in the cache of the
    package modelscope; or the hub's id."""
    name: str
    kind: Literal["embedded", "folder", "hub", "modelscope", "run"]
    state: Literal["here", "incomplete", "absent"] = "absent"
    """Whether its weights are on this machine, only in part (its download goes on where it was),
    or not at all."""
    bytes: int | None = None
    """On the disk here; null where it would be downloaded first."""
    listed: bool = False
    """Whether somebody added its id to the list; it can be taken off."""
    project: str = ""
    """The project that trained it."""


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
        self._projects = home.projects
        self._list = home.settings.home / "base_models.json"

    def all(self) -> tuple[KnownBaseModel, ...]:
        """Embedded, folders of the models folder, what projects trained, what is in the caches,
        and then the ids that were added and are not here."""
        from loresmith.models.embedded import EMBEDDED_NAME

        here = {place.model.id: place.model for place in self._places()}
        listed = self._added()
        for name in listed:
            kind = "modelscope" if name.startswith(_MODELSCOPE) else "hub"
            known = here.get(name) or KnownBaseModel(id=name, name=name, kind=kind)
            here[name] = known.model_copy(update={"listed": True})
        embedded = KnownBaseModel(id=EMBEDDED, name=EMBEDDED_NAME, kind="embedded")
        folder = self._settings.models / _embedded_folder()
        if _is_whole(folder):
            size = folder_bytes(folder)
            embedded = embedded.model_copy(update={"state": "here", "bytes": size})
        return embedded, *here.values()

    def add(self, name: str) -> KnownBaseModel:
        """Adds an id of a hub to the list, once it is known that there is such a model.

        Raises RecipeError for what is no id, and ModelUnavailable.
        """
        name = name.strip()
        self.check(name)
        with _writing:
            self._write(tuple(dict.fromkeys((*self._added(), name))))
        return next(one for one in self.all() if one.id == name)

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
        if model_id.startswith((_FOLDER, _RUN, _MODELSCOPE_CACHE)):
            for place in self._places():
                if place.model.id == model_id:
                    return str(place.folder)
            raise RecipeError("base_model: there is no such model on this machine")
        if not _HUB_NAME.fullmatch(model_id) or ".." in model_id or Path(model_id).exists():
            raise RecipeError(
                f"base_model: {model_id[:120]!r} is no id of a model",
                hint="Use one of the list, OWNER/NAME of the hub, or modelscope:OWNER/NAME.",
            )
        return model_id

    def id_of(self, name: str) -> str:
        """The id of the model that a recipe names; of a folder elsewhere, only its own name."""
        is_path = name.startswith(("/", "~", ".")) or "\\" in name
        if not is_path:
            return name
        for place in self._places():
            if name == str(place.folder):
                return place.model.id
        return f"{_FOLDER}{Path(name.replace(chr(92), '/')).name}"

    def _places(self) -> Iterator[_Place]:
        yield from self._in_models_folder()
        yield from self._trained()
        for found in cached_models(self._settings):
            kind: Literal["hub", "modelscope"] = "hub" if found.cache == "hub" else "modelscope"
            prefix = {"hub": "", "modelscope": _MODELSCOPE_CACHE, "own_modelscope": _MODELSCOPE}
            yield _Place(
                KnownBaseModel(
                    id=prefix[found.cache] + found.name,
                    name=found.name,
                    kind=kind,
                    state="here" if found.complete else "incomplete",
                    bytes=found.bytes,
                ),
                found.folder,
            )

    def _in_models_folder(self) -> Iterator[_Place]:
        for path in _folders(self._settings.models):
            if path.name == _embedded_folder() or own_modelscope_id(path.name):
                continue
            if (path / "config.json").is_file():
                yield _place(path, id=f"{_FOLDER}{path.name}", name=path.name, kind="folder")

    def _trained(self) -> Iterator[_Place]:
        """Whole weights; an adapter is trained on, and is no base model by itself."""
        for known in self._projects.all():
            for run in _folders(Path(known.folder) / "runs"):
                if _is_whole(run / "model"):
                    name = f"{known.name} / {run.name}"
                    identity = f"{_RUN}{known.id}/{run.name}"
                    place = _place(run / "model", id=identity, name=name, kind="run")
                    model = place.model.model_copy(update={"project": known.name})
                    yield place._replace(model=model)

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


class _Place(NamedTuple):
    """A model on this machine, and where it is: what no reply tells."""

    model: KnownBaseModel
    folder: Path


def _place(folder: Path, *, id: str, name: str, kind: Literal["folder", "run"]) -> _Place:
    state: Literal["here", "incomplete"] = "here" if _is_whole(folder) else "incomplete"
    size = folder_bytes(folder)
    return _Place(KnownBaseModel(id=id, name=name, kind=kind, state=state, bytes=size), folder)


def _is_whole(folder: Path) -> bool:
    return (folder / "config.json").is_file() and has_all_weights(folder)


def _folders(folder: Path) -> list[Path]:
    """Those in a folder, by name, without hidden ones."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(found)


def _embedded_folder() -> str:
    from loresmith.models.embedded import EMBEDDED_FOLDER

    return EMBEDDED_FOLDER

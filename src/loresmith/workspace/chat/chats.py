"""The models that people and programs talk with, and what their answers rest on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from loresmith.errors import DocumentError, NotFound
from loresmith.models.hosting import Hosts, Question, Ticket, Weights
from loresmith.models.hosting.fetching import folder_of
from loresmith.models.hosting.model_host import Listener
from loresmith.records import Record
from loresmith.workspace.candidates import Candidate
from loresmith.workspace.chat.figure_marks import FigureIndex, FigureMark
from loresmith.workspace.chat.served_models import (
    Servable,
    ServedModel,
    find_served,
    servable_models,
)
from loresmith.workspace.home import Home
from loresmith.workspace.steps.parse import documents

_INDEXES = 4
"""Projects whose figures are kept at hand."""


class LoadedModel(Record):
    """A process that holds a base model and its adapters."""

    base: str
    """The id of the base model, or of the tuned model whose whole weights are held."""
    models: tuple[str, ...]
    """The ids of the models that it answers for."""
    device: str
    memory: int
    """Bytes of main memory."""
    device_memory: int
    """Bytes on the card; 0 on a CPU."""
    in_flight: int
    """Questions that are being answered, or wait."""
    idle_seconds: float


class Chats:
    """Serves the models of `home`'s projects; thread-safe. `close` ends their processes.

    `hosts` says where and how they are loaded; without it, on the best device there is.
    """

    def __init__(self, home: Home, *, hosts: Hosts | None = None) -> None:
        self._home = home
        self._hosts = hosts or Hosts()
        self._lock = threading.Lock()
        self._folders: dict[str, Path] = {}
        self._indexes: OrderedDict[str, tuple[tuple[str, ...], FigureIndex]] = OrderedDict()

    def models(self, project_id: str | None = None) -> list[ServedModel]:
        """All models, or a project's: its own runs and their bases, and that of its recipe."""
        if project_id is None:
            return [found.model for found in self._servable()]
        everything = self._servable()
        own = [found.model for found in everything if found.model.project_id == project_id]
        wanted = self._home.workspace(project_id).recipe.base_model
        bases = {model.base for model in own}
        return [
            *(
                found.model
                for found in everything
                if found.model.kind == "base"
                and (found.model.id in bases or found.candidate.base == wanted)
            ),
            *own,
        ]

    def model(self, model_id: str, *, project_id: str | None = None) -> ServedModel:
        """The model with this id, among all or among a project's. Raises NotFound."""
        found = find_served(self._servable(), model_id).model
        if project_id is not None and found not in self.models(project_id):
            raise NotFound(f"there is no model {model_id!r} in this project")
        return found

    def ask(self, model_id: str, question: Question, listener: Listener) -> Ticket:
        """Has a question answered; loads the model first where need be, which takes seconds.

        Raises NotFound, ModelUnavailable, and RateLimited when too many questions wait.
        """
        return self._hosts.ask(self._weights(model_id), question, listener)

    def load(self, model_id: str) -> None:
        """Loads a model. Raises NotFound and ModelUnavailable."""
        self._hosts.load(self._weights(model_id))

    def unload(self, model_id: str) -> None:
        """Frees a model; a base takes the models that were tuned from it along."""
        found = find_served(self._servable(), model_id)
        weights = self._known_weights(found.candidate, found.model.kind == "tuned")
        if weights is not None:
            self._hosts.unload(weights)

    def loaded(self) -> list[LoadedModel]:
        """What is in memory now."""
        names: dict[Weights, str] = {}
        for found in self._servable():
            weights = self._known_weights(found.candidate, found.model.kind == "tuned")
            if weights is not None:
                names.setdefault(weights, found.model.id)
        told = []
        for held in self._hosts.loaded():
            every = [Weights(held.base), *(Weights(held.base, one) for one in held.adapters)]
            ids = [names[one] for one in every if one in names and self._hosts.holds(one)]
            told.append(
                LoadedModel(
                    base=names.get(Weights(held.base), held.base.name),
                    models=tuple(ids),
                    device=held.device,
                    memory=held.memory,
                    device_memory=held.device_memory,
                    in_flight=held.in_flight,
                    idle_seconds=held.idle_seconds,
                )
            )
        return told

    def marks(self, project_id: str, answer: str, question: str = "") -> tuple[FigureMark, ...]:
        """The figures of an answer: found in the project's documents, only asked, or neither."""
        return self._index(project_id).marks(answer, question)

    def close(self) -> None:
        """Ends the processes of all models."""
        self._hosts.close()

    def _servable(self) -> list[Servable]:
        return servable_models(self._home.projects.all(), self._home.further_models)

    def _index(self, project_id: str) -> FigureIndex:
        with self._home.workspace(project_id).opened() as context:
            try:
                found = documents(context)
            except DocumentError:  # there are none
                found = []
        key = tuple(document.id for document in found)
        with self._lock:
            known = self._indexes.get(project_id)
            if known is not None and known[0] == key:
                self._indexes.move_to_end(project_id)
                return known[1]
        index = FigureIndex(found)
        with self._lock:
            self._indexes[project_id] = (key, index)
            while len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
        return index

    def _weights(self, model_id: str) -> Weights:
        found = find_served(self._servable(), model_id)
        candidate, tuned = found.candidate, found.model.kind == "tuned"
        if tuned and candidate.weights is not None:
            return Weights(candidate.weights)
        if not candidate.base:
            raise NotFound(
                f"the run {found.model.run_id} does not say its base model",
                hint="Train it again; or serve it from the command line with --base-model.",
            )
        with self._lock:
            folder = self._folders.get(candidate.base)
        if folder is None or not folder.is_dir():
            folder = folder_of(candidate.base, self._home.settings)
            with self._lock:
                self._folders[candidate.base] = folder
        return Weights(folder, candidate.adapter if tuned else None)

    def _known_weights(self, candidate: Candidate, tuned: bool) -> Weights | None:
        """The weights of a model that was asked for before; nothing is fetched."""
        if tuned and candidate.weights is not None:
            return Weights(candidate.weights)
        with self._lock:
            folder = self._folders.get(candidate.base)
        if folder is None:
            return None
        return Weights(folder, candidate.adapter if tuned else None)

"""What a recipe says of a chat model: settings that open into the model itself."""

from __future__ import annotations

from abc import abstractmethod

from loresmith.component import Component
from loresmith.models.base import ChatModel


class ModelSpec(Component):
    """The base of every way to get a chat model; a recipe names a member by its `type`."""

    @abstractmethod
    def open(self) -> ChatModel:
        """The model, to be entered with `with`. Raises ModelUnavailable when it cannot be had."""

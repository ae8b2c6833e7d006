"""Talking with the models of the known projects: serving them, and checking what they say."""

from loresmith.models.base import Sampling
from loresmith.models.hosting import Failed, Finished, Piece, Question, Ticket
from loresmith.workspace.chat.chats import Chats, LoadedModel
from loresmith.workspace.chat.figure_marks import FigureMark, Place
from loresmith.workspace.chat.served_models import ServedModel

__all__ = [
    "Chats",
    "Failed",
    "FigureMark",
    "Finished",
    "LoadedModel",
    "Piece",
    "Place",
    "Question",
    "Sampling",
    "ServedModel",
    "Ticket",
]

"""Models served from processes of their own: many questions at once, several adapters on one base.

The process that asks never imports torch, and unloading gives all memory back.
"""

from loresmith.models.hosting.hosts import Hosts, LoadedWeights, Weights
from loresmith.models.hosting.model_host import Listener, Ticket
from loresmith.models.hosting.protocol import Failed, Finished, Piece, Question

__all__ = [
    "Failed",
    "Finished",
    "Hosts",
    "Listener",
    "LoadedWeights",
    "Piece",
    "Question",
    "Ticket",
    "Weights",
]

"""What a judge is told, one readable file for each language; or your own."""

from __future__ import annotations

from loresmith.models import prompting


class TaskPrompts(prompting.TaskPrompts):
    """What a judge is told: the prompt of this version, or a text of yours."""

    folder = __name__

"""What a server does when it starts: jobs that a crash left behind are taken up again."""

from __future__ import annotations

import importlib.util
import logging

from loresmith.errors import LoresmithError
from loresmith.workspace.home import Home

_log = logging.getLogger(__name__)


def recover_jobs(home: Home) -> None:
    """Has each known project look after its jobs; one that cannot is logged and passed over."""
    if importlib.util.find_spec("loresmith.workspace.background") is None:
        return
    from loresmith.workspace.background import Background

    for project in home.projects.all():
        try:
            Background(home.workspace(project.id)).recover()
        except LoresmithError as error:
            _log.warning("the jobs of %s cannot be recovered: %s", project.id, error.message)

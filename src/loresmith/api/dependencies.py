"""What routes ask for: the home that is served, and the project that a path names.

A project's route takes all it touches from its `WorkspaceHere`: ids of another project's objects
are unknown to that.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from loresmith.workspace.accounts import Accounts
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.workspace import Workspace


def the_home(request: Request) -> Home:
    return cast(Home, request.app.state.home)


def the_project(project_id: str, home: Annotated[Home, Depends(the_home)]) -> KnownProject:
    """Raises NotFound."""
    return home.projects.get(project_id)


def the_workspace(project_id: str, home: Annotated[Home, Depends(the_home)]) -> Workspace:
    """Raises NotFound, and RecipeError for a recipe that was broken by hand."""
    return home.workspace(project_id)


def the_accounts(request: Request) -> Accounts:
    return cast(Accounts, request.app.state.accounts)


def author_of(request: Request) -> str:
    """Who decides: the person who is logged in; empty where nobody has to be."""
    caller = getattr(request.state, "caller", None)
    return caller.name if caller is not None else ""


AccountsHere = Annotated[Accounts, Depends(the_accounts)]
HomeHere = Annotated[Home, Depends(the_home)]
ProjectHere = Annotated[KnownProject, Depends(the_project)]
WorkspaceHere = Annotated[Workspace, Depends(the_workspace)]

"""The routes of the API, a file for each kind of thing."""

from __future__ import annotations

from fastapi import APIRouter

from loresmith.api.routes.accounts import router as accounts
from loresmith.api.routes.chat import router as chat
from loresmith.api.routes.costs import router as costs
from loresmith.api.routes.datasets import router as datasets
from loresmith.api.routes.devices import router as devices
from loresmith.api.routes.docs import router as docs
from loresmith.api.routes.documents import router as documents
from loresmith.api.routes.domains import router as domains
from loresmith.api.routes.events import router as events
from loresmith.api.routes.exams import router as exams
from loresmith.api.routes.health import router as health
from loresmith.api.routes.jobs import router as jobs
from loresmith.api.routes.openai import router as openai
from loresmith.api.routes.projects import router as projects
from loresmith.api.routes.providers import router as providers
from loresmith.api.routes.recipe import router as recipe
from loresmith.api.routes.rows import router as rows
from loresmith.api.routes.runs import router as runs
from loresmith.api.routes.subjects import router as subjects

ROUTERS: tuple[APIRouter, ...] = (
    # One member a line.
    health,
    docs,
    accounts,
    events,
    projects,
    jobs,
    devices,
    documents,
    datasets,
    providers,
    costs,
    recipe,
    domains,
    rows,
    subjects,
    runs,
    exams,
    chat,
    openai,
)

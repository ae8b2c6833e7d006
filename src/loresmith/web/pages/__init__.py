"""The pages, a file each, in the order of the navigation."""

from __future__ import annotations

from fastapi import APIRouter

from loresmith.web.pages.chat import router as chat
from loresmith.web.pages.costs import router as costs
from loresmith.web.pages.coverage import router as coverage
from loresmith.web.pages.dataset import router as dataset
from loresmith.web.pages.devices import router as devices
from loresmith.web.pages.documents import router as documents
from loresmith.web.pages.exam import router as exam
from loresmith.web.pages.help import router as help_page
from loresmith.web.pages.jobs import router as jobs
from loresmith.web.pages.login import router as login
from loresmith.web.pages.models import router as models
from loresmith.web.pages.project_settings import router as project_settings
from loresmith.web.pages.projects import router as projects
from loresmith.web.pages.questions import router as questions
from loresmith.web.pages.review import router as review
from loresmith.web.pages.settings import router as settings
from loresmith.web.pages.subjects import router as subjects
from loresmith.web.pages.train import router as train

PAGES: tuple[APIRouter, ...] = (
    # One member a line.
    projects,
    documents,
    questions,
    subjects,
    coverage,
    review,
    dataset,
    help_page,
    train,
    exam,
    chat,
    jobs,
    costs,
    devices,
    models,
    settings,
    project_settings,
    login,
)

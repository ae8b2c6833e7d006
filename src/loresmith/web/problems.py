"""Shows a problem to a person: a page of its own, or the problem itself for the page's script."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from loresmith.api.problems import Problem
from loresmith.web.rendering import render
from loresmith.web.said import said_to


def show_problem(request: Request, problem: Problem) -> Response:
    """A page; htmx and fetch get problem+json instead, which studio.js shows as a toast."""
    problem = say_problem(request, problem)
    if request.headers.get("HX-Request") or "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(
            problem.model_dump(mode="json"),
            status_code=problem.status,
            media_type="application/problem+json",
        )
    template = "errors/not_found.html" if problem.status == 404 else "errors/problem.html"
    return render(request, template, status=problem.status, problem=problem)


def say_problem(request: Request, problem: Problem) -> Problem:
    """`problem` in the language of whoever asked; its type stays the same in all languages."""
    words = {
        "title": said_to(request, problem.title),
        "detail": said_to(request, problem.detail),
        "hint": said_to(request, problem.hint),
        "faults": tuple(said_to(request, fault) for fault in problem.faults),
    }
    return problem.model_copy(update=words)

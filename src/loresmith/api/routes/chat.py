"""Talking with a project's models, and what figures of an answer its documents know."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, field_validator
from starlette.concurrency import run_in_threadpool

from loresmith.api.dependencies import ProjectHere
from loresmith.api.problems import in_words_for, problem_of
from loresmith.api.replies import ChatsHere, Told, begun, unless_gone
from loresmith.records import Message, Record
from loresmith.workspace.chat import (
    Failed,
    FigureMark,
    LoadedModel,
    Piece,
    Question,
    Sampling,
    ServedModel,
)

router = APIRouter(prefix="/api/v1", tags=["chat"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events of the reply, as they come.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class ServedModels(Record):
    """The models that can be talked with, and what is in memory."""

    models: tuple[ServedModel, ...]
    loaded: tuple[LoadedModel, ...]


class ModelChoice(Record):
    """One served model."""

    model: str = Field(max_length=300, examples=["embedded"])
    """Its id."""


class ChatRequest(Record):
    """A conversation to go on with."""

    model: str = Field(max_length=300, examples=["embedded"])
    """The id of a served model."""
    messages: tuple[Message, ...] = Field(
        min_length=1, examples=[[{"role": "user", "content": "Who runs the harbour?"}]]
    )
    """The turns so far, the oldest first."""
    sampling: Sampling = Sampling()
    """How the reply is drawn; greedy unless it says otherwise."""

    @field_validator("messages")
    @classmethod
    def _without_tools(cls, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if any(message.role == "tool" or message.tool_calls for message in messages):
            raise ValueError("tools are not called here: leave tool turns and tool_calls out")
        return messages


class AnswerToMark(Record):
    """An answer whose figures are to be looked up."""

    answer: str = Field(max_length=200_000, examples=["It moved 3,140万吨 in 2023."])
    question: str = Field(default="", max_length=200_000)
    """What was asked: its figures are told apart from those that nobody gave."""


class Marks(Record):
    """The figures of an answer, in order."""

    marks: tuple[FigureMark, ...]


@router.get("/chat/models")
def list_served_models(chats: ChatsHere) -> ServedModels:
    """All models of all projects."""
    return ServedModels(models=tuple(chats.models()), loaded=tuple(chats.loaded()))


@router.post("/chat/load")
def load_model(choice: ModelChoice, chats: ChatsHere) -> ServedModels:
    """Loads a model, which takes seconds; asking it does so by itself."""
    chats.load(choice.model)
    return list_served_models(chats)


@router.post("/chat/unload")
def unload_model(choice: ModelChoice, chats: ChatsHere) -> ServedModels:
    """Frees a model's memory; a base takes along what was tuned from it."""
    chats.unload(choice.model)
    return list_served_models(chats)


@router.get("/projects/{project_id}/chat/models")
def list_models_of_project(project: ProjectHere, chats: ChatsHere) -> ServedModels:
    """The project's trained runs and their bases."""
    return ServedModels(models=tuple(chats.models(project.id)), loaded=tuple(chats.loaded()))


@router.post("/projects/{project_id}/chat/marks")
def mark_figures(asked: AnswerToMark, project: ProjectHere, chats: ChatsHere) -> Marks:
    """Which figures of an answer the project's documents state, and where."""
    return Marks(marks=chats.marks(project.id, asked.answer, asked.question))


@router.post(
    "/projects/{project_id}/chat/replies", response_class=StreamingResponse, responses=_STREAM
)
async def stream_reply(
    asked: ChatRequest, request: Request, project: ProjectHere, chats: ChatsHere
) -> Response:
    """The reply as server-sent events: `piece`, then `finished` and `marks`, or `problem`.

    Closing the connection stops the writing.
    """
    await run_in_threadpool(chats.model, asked.model, project_id=project.id)
    question = Question(messages=asked.messages, sampling=asked.sampling)
    pieces = await unless_gone(request, begun(chats, asked.model, [question]))
    if pieces is None:
        return Response(status_code=499)
    asked_text = "\n".join(one.content for one in asked.messages if one.role != "assistant")

    async def events() -> AsyncGenerator[str, None]:
        answer: list[str] = []
        async with aclosing(pieces):
            async for _, one in pieces:
                answer.append(one.text if isinstance(one, Piece) else "")
                yield _event(one, request)
        text = "".join(answer)
        marks = await run_in_threadpool(chats.marks, project.id, text, asked_text)
        yield f"event: marks\ndata: {Marks(marks=marks).model_dump_json()}\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)


def _event(told: Told, request: Request) -> str:
    if isinstance(told, Failed):
        problem = in_words_for(request, problem_of(told.error()))
        shown = problem.model_dump(mode="json")
        return f"event: problem\ndata: {json.dumps(shown, ensure_ascii=False)}\n\n"
    return f"event: {told.kind}\ndata: {told.model_dump_json(exclude={'id', 'kind'})}\n\n"

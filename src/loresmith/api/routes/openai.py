"""OpenAI's own routes: every client that talks to OpenAI talks to base and tuned models here."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute

from loresmith.api.openai_forms import (
    Asked,
    ChatCompletionRequest,
    CompletionRequest,
    ModelCard,
    ModelCards,
    Refused,
)
from loresmith.api.openai_replies import ChatForm, ReplyForm, TextForm, WrittenReply
from loresmith.api.problems import openai_error, problem_of
from loresmith.api.replies import ChatsHere, Heard, begun, unless_gone
from loresmith.errors import LoresmithError, ModelError, NotFound
from loresmith.workspace.chat import Chats, Failed, Finished, ServedModel


class _OpenAIRoute(APIRoute):
    """Answers what is wrong with a request as OpenAI does: 400, and which parameter."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as error:
                return _refusal(error)
            except RequestValidationError as error:
                fault = error.errors()[0]
                where = ".".join(str(part) for part in fault["loc"][1:])
                return _refusal(Refused(f"{where}: {fault['msg']}", param=where or None))

        return answer


router = APIRouter(prefix="/v1", tags=["openai"], route_class=_OpenAIRoute)

_REPLIES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The reply in OpenAI's form; with `stream`, events of its pieces.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    }
}


@router.get("/models")
def list_models(chats: ChatsHere) -> ModelCards:
    """The models that can be asked: bases, and each trained run of each project."""
    return ModelCards(data=tuple(_card(model) for model in chats.models()))


@router.get("/models/{model:path}")
def get_model(model: str, chats: ChatsHere) -> ModelCard:
    """One model."""
    return _card(_known(chats, model))


@router.post("/chat/completions", response_model=None, responses=_REPLIES)
async def chat_completions(
    asked: ChatCompletionRequest, request: Request, chats: ChatsHere
) -> Response:
    """The reply to a conversation, or `n` of them, whole or piece by piece."""
    return await _answer(asked, ChatForm(asked.model), request, chats)


@router.post("/completions", response_model=None, responses=_REPLIES)
async def completions(asked: CompletionRequest, request: Request, chats: ChatsHere) -> Response:
    """How a model goes on with a text, whole or piece by piece; no chat template is used."""
    return await _answer(asked, TextForm(asked.model), request, chats)


async def _answer(asked: Asked, form: ReplyForm, request: Request, chats: Chats) -> Response:
    if not asked.stream:
        whole = await unless_gone(request, _whole(asked, form, chats))
        return _nobody_listens() if whole is None else JSONResponse(whole)
    pieces = await unless_gone(request, _begun(chats, asked))
    if pieces is None:
        return _nobody_listens()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    lines = _lines(_chunks(pieces, asked, form))
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)


async def _whole(asked: Asked, form: ReplyForm, chats: Chats) -> dict[str, Any]:
    replies = [WrittenReply() for _ in asked.questions()]
    async with aclosing(await _begun(chats, asked)) as pieces:
        async for choice, told in pieces:
            if isinstance(told, Failed):
                raise _as_refused(told.error(), asked)
            replies[choice].add(told)
    return form.answer(replies, replies_each=asked.replies_each)


async def _begun(chats: Chats, asked: Asked) -> AsyncGenerator[Heard, None]:
    """The replies, once one has begun; what stands in their way is raised in OpenAI's words."""
    try:
        return await begun(chats, asked.model, asked.questions())
    except NotFound as error:
        raise _no_model(asked.model) from error
    except ModelError as error:
        raise _as_refused(error, asked) from error


async def _chunks(
    pieces: AsyncGenerator[Heard, None], asked: Asked, form: ReplyForm
) -> AsyncGenerator[dict[str, Any], None]:
    more = {"usage": None} if asked.wants_usage else {}
    ends: dict[int, Finished] = {}
    for choice in range(len(asked.questions())):
        for chunk in form.opening(choice):
            yield {**chunk, **more}
    async with aclosing(pieces):
        async for choice, told in pieces:
            if isinstance(told, Failed):
                yield _error_body(_as_refused(told.error(), asked))
                return
            if isinstance(told, Finished):
                ends[choice] = told
            for chunk in form.pieces(choice, told):
                yield {**chunk, **more}
    if asked.wants_usage:
        in_order = [ends[choice] for choice in sorted(ends)]
        yield form.usage(in_order, replies_each=asked.replies_each)


async def _lines(chunks: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[str, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _nobody_listens() -> Response:
    """The client has gone; this status is for the log."""
    return Response(status_code=499)


def _known(chats: Chats, model: str) -> ServedModel:
    try:
        return chats.model(model)
    except NotFound as error:
        raise _no_model(model) from error


def _no_model(model: str) -> Refused:
    return Refused(
        f"The model {model!r} does not exist: /v1/models lists those that do.",
        param="model",
        code="model_not_found",
        status=404,
    )


def _as_refused(error: LoresmithError, asked: Asked) -> LoresmithError:
    """An error of the model's is the request's fault where nothing else went wrong."""
    if type(error) is not ModelError:
        return error
    too_long = "leaves no room" in error.message
    return Refused(
        f"{error.message}. {error.hint}".strip(),
        param="messages" if isinstance(asked, ChatCompletionRequest) else "prompt",
        code="context_length_exceeded" if too_long else "invalid_prompt",
    )


def _refusal(error: Refused) -> JSONResponse:
    return JSONResponse(_error_body(error), status_code=error.status)


def _error_body(error: LoresmithError) -> dict[str, Any]:
    if not isinstance(error, Refused):
        return openai_error(problem_of(error))
    kind = "invalid_request_error"
    told = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    return {"error": told}


def _card(model: ServedModel) -> ModelCard:
    made = datetime.fromisoformat(model.created_at).timestamp() if model.created_at else 0
    return ModelCard(id=model.id, created=int(made))

"""OpenAI's own routes: every client that talks to OpenAI talks to base and tuned models here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute

from loresmith.api.openai_forms import (
    ChatCompletionRequest,
    CompletionRequest,
    Envelope,
    ModelCard,
    ModelCards,
    Refused,
    TokenUsage,
)
from loresmith.api.replies import ChatsHere, Told, begun, unless_gone
from loresmith.errors import LoresmithError, ModelError, NotFound
from loresmith.workspace.chat import Chats, Failed, Finished, Piece, Question, ServedModel


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


@router.get("/models")
def list_models(chats: ChatsHere) -> ModelCards:
    """The models that can be asked: bases, and each trained run of each project."""
    return ModelCards(data=tuple(_card(model) for model in chats.models()))


@router.get("/models/{model:path}")
def get_model(model: str, chats: ChatsHere) -> ModelCard:
    """One model."""
    return _card(_known(chats, model))


@router.post("/chat/completions", response_model=None)
async def chat_completions(
    asked: ChatCompletionRequest, request: Request, chats: ChatsHere
) -> Response:
    """The reply to a conversation, whole or piece by piece."""
    if asked.stream:
        envelope = Envelope("chat.completion.chunk", asked.model, prefix="chatcmpl")
        pieces = await unless_gone(request, _begun(chats, asked.model, asked.question()))
        if pieces is None:
            return Response(status_code=499)
        return _events(_chat_chunks(pieces, envelope, wants_usage=asked.wants_usage))
    whole = await unless_gone(request, _whole(chats, asked.model, asked.question()))
    if whole is None:
        return Response(status_code=499)
    message: dict[str, Any] = {"role": "assistant", "content": whole.text, "refusal": None}
    if whole.reasoning:
        message["reasoning_content"] = whole.reasoning
    choice = {"index": 0, "message": message, "finish_reason": whole.end.finish_reason}
    envelope = Envelope("chat.completion", asked.model, prefix="chatcmpl")
    usage = TokenUsage.of(whole.end).model_dump()
    return JSONResponse(envelope([{**choice, "logprobs": None}], usage=usage))


@router.post("/completions", response_model=None)
async def completions(asked: CompletionRequest, request: Request, chats: ChatsHere) -> Response:
    """How a model goes on with a text, whole or piece by piece; no chat template is used."""
    envelope = Envelope("text_completion", asked.model, prefix="cmpl")
    questions = asked.questions()
    if asked.stream:
        pieces = await unless_gone(request, _begun(chats, asked.model, questions[0]))
        if pieces is None:
            return Response(status_code=499)
        return _events(_text_chunks(pieces, envelope, wants_usage=asked.wants_usage))
    wholes = await unless_gone(request, _all(chats, asked.model, questions))
    if wholes is None:
        return Response(status_code=499)
    choices = [_text_choice(one.text, one.end.finish_reason, i) for i, one in enumerate(wholes)]
    usage = TokenUsage.of(*(one.end for one in wholes)).model_dump()
    return JSONResponse(envelope(choices, usage=usage))


class _Whole(NamedTuple):
    text: str
    reasoning: str
    end: Finished


async def _whole(chats: Chats, model: str, question: Question) -> _Whole:
    text: list[str] = []
    reasoning: list[str] = []
    async with aclosing(await _begun(chats, model, question)) as pieces:
        async for one in pieces:
            if isinstance(one, Failed):
                raise _as_refused(one.error())
            if isinstance(one, Finished):
                return _Whole("".join(text), "".join(reasoning), one)
            text.append(one.text)
            reasoning.append(one.reasoning)
    raise ModelError("the reply broke off")


async def _begun(chats: Chats, model: str, question: Question) -> AsyncGenerator[Told, None]:
    """The reply, once it has begun; what stands in its way is raised in OpenAI's words."""
    try:
        return await begun(chats, model, question)
    except NotFound as error:
        raise _no_model(model) from error
    except ModelError as error:
        raise _as_refused(error) from error


async def _chat_chunks(
    pieces: AsyncGenerator[Told, None], envelope: Envelope, *, wants_usage: bool
) -> AsyncGenerator[dict[str, Any], None]:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return envelope([choice], **({"usage": None} if wants_usage else {}))

    yield chunk({"role": "assistant", "content": "", "refusal": None})
    async with aclosing(pieces):
        async for one in pieces:
            if isinstance(one, Piece):
                if one.reasoning:
                    yield chunk({"reasoning_content": one.reasoning})
                if one.text:
                    yield chunk({"content": one.text})
            elif isinstance(one, Finished):
                yield chunk({}, one.finish_reason)
                if wants_usage:
                    yield envelope([], usage=TokenUsage.of(one).model_dump())
            else:
                yield _error_body(_as_refused(one.error()))


async def _text_chunks(
    pieces: AsyncGenerator[Told, None], envelope: Envelope, *, wants_usage: bool
) -> AsyncGenerator[dict[str, Any], None]:
    more = {"usage": None} if wants_usage else {}
    async with aclosing(pieces):
        async for one in pieces:
            if isinstance(one, Piece):
                yield envelope([_text_choice(one.text, None)], **more)
            elif isinstance(one, Finished):
                yield envelope([_text_choice("", one.finish_reason)], **more)
                if wants_usage:
                    yield envelope([], usage=TokenUsage.of(one).model_dump())
            else:
                yield _error_body(_as_refused(one.error()))


def _text_choice(text: str, reason: str | None, index: int = 0) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason}


def _events(chunks: AsyncGenerator[dict[str, Any], None]) -> StreamingResponse:
    async def lines() -> AsyncGenerator[str, None]:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
        yield "data: [DONE]\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def _all(chats: Chats, model: str, questions: Sequence[Question]) -> list[_Whole]:
    return await asyncio.gather(*(_whole(chats, model, question) for question in questions))


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


def _as_refused(error: LoresmithError) -> LoresmithError:
    """An error of the model's is the request's fault where nothing else went wrong."""
    if type(error) is not ModelError:
        return error
    too_long = "leaves no room" in error.message
    return Refused(
        f"{error.message}. {error.hint}".strip(),
        param="messages",
        code="context_length_exceeded" if too_long else "invalid_prompt",
    )


def _refusal(error: Refused) -> JSONResponse:
    return JSONResponse(_error_body(error), status_code=error.status)


def _error_body(error: LoresmithError) -> dict[str, Any]:
    param = error.param if isinstance(error, Refused) else None
    code = error.code if isinstance(error, Refused) else None
    kind = "invalid_request_error" if isinstance(error, Refused) else "server_error"
    message = error.message if isinstance(error, Refused) else f"{error.message}. {error.hint}"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _card(model: ServedModel) -> ModelCard:
    made = datetime.fromisoformat(model.created_at).timestamp() if model.created_at else 0
    return ModelCard(id=model.id, created=int(made))

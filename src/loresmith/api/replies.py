"""Why: a reply that is written in another process is awaited here without holding a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from loresmith.workspace.chat import Chats, Failed, Finished, Piece, Question, Ticket

ResultT = TypeVar("ResultT")
Told: TypeAlias = "Piece | Finished | Failed"

_making = threading.Lock()


def the_chats(request: Request) -> Chats:
    """The served models; made when they are first asked for."""
    state = request.app.state
    with _making:
        if not hasattr(state, "chats"):
            state.chats = Chats(state.home)
    return cast(Chats, state.chats)


ChatsHere = Annotated[Chats, Depends(the_chats)]


async def begun(chats: Chats, model: str, question: Question) -> AsyncGenerator[Told, None]:
    """The reply from its first piece on. What stands in its way is raised, as a status can tell.

    What goes wrong later comes as Failed, for by then the head of an answer may be sent.
    """
    pieces = _told(chats, model, question)
    first = await anext(pieces)
    if isinstance(first, Failed):
        await pieces.aclose()
        raise first.error()

    async def all_of_it() -> AsyncGenerator[Told, None]:
        async with aclosing(pieces):
            yield first
            async for one in pieces:
                yield one

    return all_of_it()


async def _told(chats: Chats, model: str, question: Question) -> AsyncGenerator[Told, None]:
    """Pieces of a reply as they are written, then Finished or Failed.

    Leaving early stops the writing. Raises what `Chats.ask` raises, before the first piece.
    """
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[Told] = asyncio.Queue()
    left = threading.Event()

    def hear(one: Told) -> None:
        try:
            loop.call_soon_threadsafe(heard.put_nowait, one)
        except RuntimeError:  # the loop is closed: the server is on its way out
            left.set()

    def ask() -> Ticket:
        ticket = chats.ask(model, question, hear)
        if left.is_set():  # who asked has gone while the model was being loaded
            ticket.cancel()
        return ticket

    ticket: Ticket | None = None
    try:
        ticket = await run_in_threadpool(ask)
        while True:
            one = await heard.get()
            yield one
            if not isinstance(one, Piece):
                return
    finally:
        left.set()
        if ticket is not None:
            ticket.cancel()


async def unless_gone(request: Request, work: Coroutine[Any, Any, ResultT]) -> ResultT | None:
    """The result of `work`; None when the client goes away first, which stops the work."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

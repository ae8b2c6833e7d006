"""Why: replies that are written in another process are awaited here without holding a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Depends, Request

from loresmith.workspace.chat import Chats, Failed, Finished, Piece, Question, Ticket

ResultT = TypeVar("ResultT")
Told: TypeAlias = "Piece | Finished | Failed"

_THREADS_TO_ASK = 16
_making = threading.Lock()
_asking: RunVar[CapacityLimiter] = RunVar("threads_to_ask")


def the_chats(request: Request) -> Chats:
    """The served models; made when they are first asked for."""
    state = request.app.state
    with _making:
        if not hasattr(state, "chats"):
            state.chats = Chats(state.home)
    return cast(Chats, state.chats)


ChatsHere = Annotated[Chats, Depends(the_chats)]


class Heard(NamedTuple):
    """What was told of one of the replies that were asked for together."""

    choice: int
    """The place of its question among those asked."""
    told: Told


async def begun(
    chats: Chats, model: str, questions: Sequence[Question]
) -> AsyncGenerator[Heard, None]:
    """The replies from the first piece on. What stands in its way is raised, as a status can tell.

    What goes wrong later comes as Failed, for by then the head of an answer may be sent.
    """
    pieces = _heard(chats, model, questions)
    first = await anext(pieces)
    if isinstance(first.told, Failed):
        await pieces.aclose()
        raise first.told.error()

    async def all_of_it() -> AsyncGenerator[Heard, None]:
        async with aclosing(pieces):
            yield first
            async for one in pieces:
                yield one

    return all_of_it()


async def _heard(
    chats: Chats, model: str, questions: Sequence[Question]
) -> AsyncGenerator[Heard, None]:
    """Pieces of all replies as they are written; ends with the last Finished, or the first Failed.

    Leaving early stops the writing. Raises what `Chats.ask` raises, before the first piece.
    """
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[Heard] = asyncio.Queue()
    left = threading.Event()
    tickets: list[Ticket] = []

    def hear(choice: int, told: Told) -> None:
        try:
            loop.call_soon_threadsafe(heard.put_nowait, Heard(choice, told))
        except RuntimeError:  # the loop is closed: the server is on its way out
            left.set()

    def ask() -> None:
        for choice, question in enumerate(questions):
            tickets.append(chats.ask(model, question, partial(hear, choice)))
        if left.is_set():  # who asked has gone while the model was being loaded
            _cancel(tickets)

    try:
        await to_thread.run_sync(ask, limiter=_threads_to_ask())
        writing = len(questions)
        while writing:
            one = await heard.get()
            yield one
            if isinstance(one.told, Failed):
                return
            writing -= isinstance(one.told, Finished)
    finally:
        left.set()
        _cancel(tickets)


def _threads_to_ask() -> CapacityLimiter:
    """Threads apart from those of all other routes: while a model is loaded, many may wait."""
    try:
        return _asking.get()
    except LookupError:
        limiter = CapacityLimiter(_THREADS_TO_ASK)
        _asking.set(limiter)
        return limiter


def _cancel(tickets: Sequence[Ticket]) -> None:
    for ticket in tickets:
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

"""The process that reads files for another one, so that none of them can hang or fill that one.

It takes one task a line, and answers with a line. It leaves when the other is gone, however that
went, when nothing was asked for a while, and when memory ran out: then it is not to be trusted.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from typing import TextIO

from loresmith.documents.reading_task import ReadingAnswer, ReadingTask
from loresmith.errors import DocumentError, NoTextLayerError

IDLE_SECONDS = 60.0
"""After this long without a task the process ends."""
_MOST_TASKS = 200
"""After as many the process ends: memory that files have left behind goes with it."""
_GRACE_SECONDS = 5.0
"""How much longer than it may a reading goes on before the system ends it, if nobody else did."""


def main() -> int:
    """Works until there is nothing more to do."""
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks, and he ends this
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes where errors go
    tasks: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    for _ in range(_MOST_TASKS):
        try:
            line = tasks.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return 0
        answer = _answer(ReadingTask.model_validate_json(line))
        _tell(answers, answer)
        if answer.out_of_memory:
            return 0
    return 0


def _listen(tasks: queue.Queue[str]) -> None:
    """Takes in tasks; ends the process, in whatever it is, when nobody can send one any more."""
    for line in sys.stdin:
        tasks.put(line)
    os._exit(0)


def _answer(task: ReadingTask) -> ReadingAnswer:
    _limit(task)
    try:
        return task.answer()
    except DocumentError as error:
        pages = error.pages if isinstance(error, NoTextLayerError) else ()
        return ReadingAnswer(pages=pages, message=error.message, hint=error.hint)
    except MemoryError:
        return ReadingAnswer(out_of_memory=True)
    finally:
        _lift_limits()


def _tell(answers: TextIO, answer: ReadingAnswer) -> None:
    print(answer.model_dump_json(), file=answers, flush=True)


def _limit(task: ReadingTask) -> None:
    """Has the system end this process if the task takes much longer than it may, even where it
    hears nobody, and refuse it memory beyond the limit; as far as the system can."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, task.max_seconds + _GRACE_SECONDS)
    _set_memory(task.max_memory)


def _lift_limits() -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    _set_memory(None)


def _set_memory(more: int | None) -> None:
    """Lets the process have `more` bytes than it has now; None for as many as it likes."""
    try:
        import resource
    except ImportError:  # not on this system
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = hard if more is None else _address_space() + more
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _address_space() -> int:
    """Bytes of memory that the process has asked for by now."""
    import psutil

    return int(psutil.Process().memory_info().vms)


if __name__ == "__main__":
    sys.exit(main())

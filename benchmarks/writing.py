"""What it takes to have a corpus written, in calls, tokens and seconds.

Run `python benchmarks/writing.py`; it takes some minutes.

A server on this machine plays the teacher: it answers truthfully, after a latency and so much time
a token. `loresmith generate` is timed as a process, start-up included. Beside it stands the way
that asks once a passage for questions and then twice a pair, for its label and for its answer,
without any wordings; the same server answers it, at the same concurrency.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from loresmith import Workspace
from loresmith.records import Chunk, Curated
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.curate import curated
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import FinishedCall, TeacherServer, count_tokens

_CHARACTERS = 14_000
_PAIRS = 56
_CONCURRENCY = 5
"""Calls in flight, Loresmith's default."""


class Pace(NamedTuple):
    """How fast the teacher answers, in seconds."""

    name: str
    latency: float
    per_token: float


PACES = (
    Pace("fixed 1.0 s", 1.0, 0.0),
    Pace("0.3 s + 10 ms a token", 0.3, 0.01),
)


class Measured(NamedTuple):
    """What one way of writing took."""

    way: str
    pairs: int
    wordings: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float


def main() -> None:
    """Measures both ways at every pace that is asked for, and prints a table for each."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    options.add_argument("--pace", type=int, choices=range(len(PACES)), help="only this one")
    asked = options.parse_args().pace
    for pace in PACES if asked is None else (PACES[asked],):
        print(f"\nThe teacher answers after {pace.name}; {_CONCURRENCY} calls at once")
        _print([_loresmith(pace), _two_calls_a_pair(pace)])


def _loresmith(pace: Pace) -> Measured:
    """`loresmith generate` as a user calls it; only rows that pass all checks are counted."""
    with _project() as project, _server(sentence_teacher, pace) as server:
        teacher = f"openai:any@{server.url}"
        start = "from loresmith.cli import main; main()"
        words = [sys.executable, "-c", start, "generate", str(project), "--teacher", teacher]
        began = time.perf_counter()
        environment = {**os.environ, "OPENAI_API_KEY": "none"}
        subprocess.run(words, check=True, env=environment, capture_output=True)
        seconds = time.perf_counter() - began
        finished = list(server.finished)
        with Workspace(project, teacher=teacher).context_after("curate") as context:
            kept = curated(context)
    assert isinstance(kept, Curated)
    return _summary("loresmith generate", finished, kept.facts, kept.wordings, seconds)


def _two_calls_a_pair(pace: Pace) -> Measured:
    """The questions of a passage in one call; the label and the answer of each in two more."""
    with _project() as project, Workspace(project).context_after("chunk") as context:
        passages = chunks(context)
    answers: dict[str, str] = {}

    def answer(messages: list[dict[str, str]]) -> str:
        task = messages[-1]["content"]
        if task in answers:
            return answers[task]
        pairs = json.loads(sentence_teacher(messages))["pairs"]
        for pair in pairs:
            answers[_labelling(pair["question"])] = '{"label": "Trade / Guilds"}'
        return json.dumps([[pair["question"], pair["answer"]] for pair in pairs])

    with _server(answer, pace) as server, ThreadPoolExecutor(_CONCURRENCY) as pool:
        began = time.perf_counter()
        questions = list(pool.map(_questions(server), passages))
        pairs = [
            (passage, question, said)
            for passage, reply in zip(passages, questions, strict=True)
            for question, said in json.loads(reply)
        ]
        for passage, question, said in pairs:
            answers[_answering(passage, question)] = said
        calls = [
            pool.submit(_call, server, task)
            for passage, question, _ in pairs
            for task in (_labelling(question), _answering(passage, question))
        ]
        for call in calls:
            call.result()
        seconds = time.perf_counter() - began
    return _summary("two calls a pair", server.finished, pairs, (), seconds)


def _questions(server: TeacherServer) -> Callable[[Chunk], str]:
    def ask(passage: Chunk) -> str:
        count = round(len(passage.text) * _PAIRS / _CHARACTERS)
        return _call(server, f"Write {count} questions.\n<passage>\n{passage.text}\n</passage>")

    return ask


def _labelling(question: str) -> str:
    return f"Under which topic of the tree does this question fall? {question}"


def _answering(passage: Chunk, question: str) -> str:
    return f"Answer from this passage: {question}\n<passage>\n{passage.text}\n</passage>"


def _call(server: TeacherServer, task: str) -> str:
    """One call with instructions as long as such prompts are."""
    system = "You write questions and answers about passages, for training. " * 10
    messages = [{"role": "system", "content": system}, {"role": "user", "content": task}]
    request = urllib.request.Request(
        f"{server.url}/chat/completions",
        json.dumps({"model": "any", "messages": messages}).encode(),
        method="POST",
    )
    with urllib.request.urlopen(request) as answered:
        return str(json.load(answered)["choices"][0]["message"]["content"])


def _server(answer: Callable[[list[dict[str, str]]], str], pace: Pace) -> TeacherServer:
    return TeacherServer(answer, latency=pace.latency, per_token=pace.per_token)


def _summary(
    way: str,
    finished: Sequence[FinishedCall],
    pairs: Sequence[object],
    wordings: Sequence[object],
    seconds: float,
) -> Measured:
    asked = sum(count_tokens(m["content"]) for call in finished for m in call.messages)
    said = sum(call.completion_tokens for call in finished)
    return Measured(way, len(pairs), len(wordings), len(finished), asked, said, seconds)


def _print(rows: list[Measured]) -> None:
    print(f"{'':22}{'pairs':>6}{'wordings':>10}{'calls':>7}{'prompt':>9}{'completion':>12}{'s':>8}")
    for row in rows:
        print(
            f"{row.way:22}{row.pairs:>6}{row.wordings:>10}{row.calls:>7}"
            f"{row.prompt_tokens:>9,}{row.completion_tokens:>12,}{row.seconds:>8.1f}"
        )


@contextmanager
def _project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "corpus" / "documents"
        documents.mkdir(parents=True)
        (documents / "chronicle.md").write_text(_corpus(), encoding="utf-8")
        yield documents.parent


def _corpus() -> str:
    """An invented chronicle of about 14,000 characters; a third of its sentences has a figure."""
    draw = random.Random(14)
    sections = ["# Chronicle of the Sorrel Coast\n"]
    for town in _TOWNS:
        section = f"\n## Trade of {town} in 2031\n"
        for trade in draw.sample(_TRADES, len(_TRADES)):
            if len(section) > _CHARACTERS / len(_TOWNS) - 100:
                break
            section += (
                f"\nThe {trade} of {town} sold {draw.randrange(11_000, 99_000):,} barrels of "
                f"{draw.choice(_GOODS)} in 2031. {' '.join(draw.sample(_REMARKS, 3))}\n"
            )
        sections.append(section)
    return "".join(sections)


_TOWNS = (
    *("Brinmouth", "Ostrava Quay", "Tellin", "Marrowgate"),
    *("Sundholm", "Cray Point", "Velmora", "Hask"),
)
_TRADES = (
    *("north brewery", "salt works", "cider house", "old cooperage", "fish market"),
    *("river mill", "oil press", "tar kiln", "hop store", "east tannery"),
)
_GOODS = ("ale", "salt", "cider", "herring", "flour", "oil", "tar", "vinegar")
_REMARKS = (
    "The weather was kind for most of the season.",
    "The road across the moor had been mended in spring.",
    "Buyers came from as far away as the southern isles.",
    "The warehouses were cleaned and painted afresh.",
    "The apprentices were praised by the guild master.",
    "Carters asked for better stables beside the gate.",
)

if __name__ == "__main__":
    main()

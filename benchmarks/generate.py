"""How much of a chat server's throughput the writing of questions makes use of.

Run `python benchmarks/generate.py`; it takes about a quarter of an hour, `--short` half a minute.

A server in a process of its own (`chat_server.py`) answers after a fixed latency, or after one
that grows with the tokens of the reply. With so many calls in flight, the ideal is the sum of the
latencies it kept divided by that number; the figure is this ideal as a share of the time that a
client really took, for at least 30 waves of calls.

`generate` is the whole step: passages read from the project, prompts, calls, replies kept in the
cache, checked and stored as records. `asker` is one call after the other through cache and checks.
Bare clients that only send a prompt and parse the JSON of the reply stand beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

_HERE = Path(__file__).parent
_TOWNS = ("Brinmouth", "Ostrava", "Tellin", "Marrowgate", "Sundholm", "Cray", "Velmora", "Hask")
_TRADES = ("north brewery", "salt works", "cider house", "old cooperage", "river mill", "tar kiln")
_GOODS = ("ale", "salt", "cider", "herring", "flour", "oil", "tar", "vinegar")
_CALLS_A_PASSAGE = 3
"""One for facts, one for training wordings, one for exam questions."""
_PASSAGES_A_DOCUMENT = 50


class Case(NamedTuple):
    """How the server answers."""

    name: str
    latency: float = 1.0
    per_token: float = 0.0
    refuse: float = 0.0
    garble: float = 0.0


CASES = {
    "fixed": Case("every reply after 1.0 s"),
    "tokens": Case("a reply after 0.5 s and 2 ms a token", latency=0.5, per_token=0.002),
    "faults": Case("1.0 s; 30 % get 429, 5 % garbage", refuse=0.3, garble=0.05),
}
WAYS = ("generate", "asker", "aiohttp", "openai")


class Measured(NamedTuple):
    """What one client did."""

    way: str
    seconds: float
    needed: int
    """Calls that the work takes where nothing fails."""
    served: dict[str, Any]
    processor: float = 0.0
    """Seconds of processor time that the client took, start-up included."""
    left: int = 0
    """Pieces of work that were not done in the end."""

    def share(self, concurrency: int) -> float:
        return float(self.served["seconds"]) / concurrency / self.seconds

    @property
    def beyond(self) -> int:
        """Calls beyond those that the work takes and those that failed."""
        return int(self.served["completions"] - self.needed)


def main() -> None:
    """Prints a table for each case and concurrency."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--concurrency", type=int, action="append", help="calls in flight")
    parser.add_argument("--case", choices=CASES, action="append", help="how the server answers")
    parser.add_argument("--way", choices=WAYS, action="append", help="only this client")
    parser.add_argument("--waves", type=int, default=30, help="calls for each place in flight")
    parser.add_argument("--short", action="store_true", help="a few seconds a case: a smoke test")
    parser.add_argument("--work", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        _work(options)
        return
    waves = 3 if options.short else options.waves
    for name in options.case or CASES:
        for concurrency in options.concurrency or ((20,) if options.short else (50, 500)):
            case = CASES[name]._replace(latency=0.2) if options.short else CASES[name]
            print(f"\n{CASES[name].name}; {concurrency} in flight, {waves} waves", flush=True)
            bare = () if case.refuse else WAYS[2:]
            ways = options.way or (*WAYS[:2], *bare)
            for way in ways:
                if way in WAYS[2:] and find_spec(way) is None:
                    print(f"  {way:12s} not measured: pip install {way}")
                    continue
                _print(measure(way, case, concurrency, waves), case, concurrency)


def measure(way: str, case: Case, concurrency: int, waves: int) -> Measured:
    """One client in a process of its own, against a server of its own."""
    with _server(case) as url:
        command = [sys.executable, __file__, "--work", way, "--url", url]
        command += ["--concurrency", str(concurrency), "--waves", str(waves)]
        with tempfile.TemporaryDirectory() as home:
            places = {"LORESMITH_HOME": home, "OPENAI_API_KEY": "none", "TMPDIR": home}
            done = subprocess.run(
                command, env={**os.environ, **places}, stdout=subprocess.PIPE, text=True
            )
        if done.returncode:
            sys.exit(f"{way} failed")
        told = json.loads(done.stdout.splitlines()[-1])
        with urllib.request.urlopen(f"{url}/served") as answered:
            served = json.load(answered)
    took = (told["seconds"], told["needed"], served, told["processor"], told.get("left", 0))
    return Measured(way, *took)


def _print(found: Measured, case: Case, concurrency: int) -> None:
    served = found.served
    line = f"  {found.way:10}{found.needed:>7} calls{found.seconds:>8.1f} s"
    if not case.refuse:
        line += f"{found.share(concurrency):>8.1%} of the ideal"
    else:
        line += f"  {served['refused']} refused, {served['garbled']} garbled,"
        line += f" {found.beyond} beyond those ({found.beyond / found.needed:.1%})"
        line += f", {found.left} not done"
    each = found.processor / found.needed * 1000
    line += f", at most {served['most_at_once']} at once, {each:.1f} ms of processor a call"
    print(line, flush=True)


@contextmanager
def _server(case: Case) -> Iterator[str]:
    command = [sys.executable, str(_HERE / "chat_server.py")]
    command += ["--latency", str(case.latency), "--per-token", str(case.per_token)]
    command += ["--refuse", str(case.refuse), "--garble", str(case.garble)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def _work(options: argparse.Namespace) -> None:
    """One client, in this process; says on the last line what it did."""
    concurrency, waves = options.concurrency[0], options.waves
    calls = concurrency * waves
    way = {"generate": _generate, "asker": _asker, "aiohttp": _aiohttp, "openai": _openai}
    told = way[options.work](options.url, concurrency, calls)
    print(json.dumps({**told, "processor": time.process_time()}))


def _generate(url: str, concurrency: int, calls: int) -> dict[str, Any]:
    from loresmith import Workspace
    from loresmith.workspace.steps.generate import Generate

    passages = -(-calls // _CALLS_A_PASSAGE)
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        for number, start in enumerate(range(0, passages, _PASSAGES_A_DOCUMENT)):
            count = min(_PASSAGES_A_DOCUMENT, passages - start)
            text = "\n".join(["# Ledger\n", *(_section(start + index) for index in range(count))])
            (documents / f"ledger-{number:04}.md").write_text(text, encoding="utf-8")
        changes = [f"teacher.concurrency={concurrency}", "chunking.min_length=200"]
        workspace = Workspace(
            folder, teacher=f"openai:any@{url}", overrides=[*changes, "chunking.max_length=700"]
        )
        with workspace.context_after("chunk") as context:
            before = Generate().state(context)
            began = time.perf_counter()
            with context.timed("generate"):
                Generate().run(context)
            seconds = time.perf_counter() - began
            after = Generate().state(context)
        needed = before.total * _CALLS_A_PASSAGE + 1
        assert after.total == before.total * _CALLS_A_PASSAGE, (before, after)
    return {"seconds": seconds, "needed": needed, "left": after.total - after.done}


def _asker(url: str, concurrency: int, calls: int) -> dict[str, Any]:
    from pydantic import BaseModel

    from loresmith.models import OpenAICompatible, Sampling
    from loresmith.models.cache import ReplyCache
    from loresmith.models.structured import Asker, Request
    from loresmith.records import Message

    class Facts(BaseModel):
        pairs: list[dict[str, Any]]

    def request(number: int) -> Request[Facts]:
        messages = tuple(Message(**one) for one in _conversation(number))
        return Request(messages, Facts, Sampling(), purpose="facts")

    spec = OpenAICompatible(model="any", url=url, concurrency=concurrency)
    with (
        tempfile.TemporaryDirectory() as folder,
        spec.open() as model,
        ReplyCache(Path(folder) / "replies.sqlite") as cache,
        ThreadPoolExecutor(concurrency) as pool,
    ):
        asker = Asker(model, cache)
        began = time.perf_counter()
        for _ in pool.map(lambda number: asker.ask(request(number)), range(calls)):
            pass
        return {"seconds": time.perf_counter() - began, "needed": calls}


def _aiohttp(url: str, concurrency: int, calls: int) -> dict[str, Any]:
    import aiohttp

    async def run() -> float:
        numbers = iter(range(calls))
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work() -> None:
                for number in numbers:
                    body = {"model": "any", "messages": _conversation(number)}
                    async with session.post(f"{url}/chat/completions", json=body) as reply:
                        json.loads(await reply.read())

            began = time.perf_counter()
            await asyncio.gather(*(work() for _ in range(concurrency)))
            return time.perf_counter() - began

    return {"seconds": asyncio.run(run()), "needed": calls}


def _openai(url: str, concurrency: int, calls: int) -> dict[str, Any]:
    import openai

    async def run() -> float:
        numbers = iter(range(calls))
        client = openai.AsyncOpenAI(
            base_url=url,
            api_key="none",
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                trust_env=False, limits=_no_limits(openai.DefaultAsyncHttpxClient)
            ),
        )

        async def work() -> None:
            for number in numbers:
                messages: Any = _conversation(number)
                await client.chat.completions.create(model="any", messages=messages)

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(concurrency)))
        return time.perf_counter() - began

    return {"seconds": asyncio.run(run()), "needed": calls}


def _no_limits(client: type) -> Any:
    """Of the HTTP library that the SDK is built on."""
    transport = sys.modules[client.__mro__[1].__module__.partition(".")[0]]
    return transport.Limits(max_connections=None, max_keepalive_connections=None)


def _conversation(number: int) -> list[dict[str, str]]:
    """A request like those for facts, with as long an instruction."""
    system = "You write questions and answers about passages, to train a model on. " * 40
    request = f"Write 3 pairs.\n\n<passage>\n{_section(number)}\n</passage>"
    return [{"role": "system", "content": system}, {"role": "user", "content": request}]


def _section(number: int) -> str:
    """An invented passage of about 600 characters with three facts."""
    draw = random.Random(number)
    lines = [f"## Trade, part {number}\n"]
    for trade in draw.sample(_TRADES, 3):
        lines.append(
            f"The {trade} no. {number} of {draw.choice(_TOWNS)} sold "
            f"{draw.randrange(11_000, 99_000):,} barrels of {draw.choice(_GOODS)} in 2031. "
            "The weather was kind for most of that season, and the road over the moor was mended "
            "early. Carters asked for better stables beside the gate.\n"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

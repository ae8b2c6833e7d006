"""A chat server in a process of its own, quick enough to measure clients by.

Run `python benchmarks/chat_server.py --latency 1.0`; it prints its URL and serves until its input
ends. It speaks as much of HTTP and of the chat completions as clients need, in one event loop, and
answers the prompts of Loresmith's writing truthfully where the passage is one of
`benchmarks/generate.py`; any other request gets a sentence. `GET /v1/served` tells what it did.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
from typing import Any

SOLD = re.compile(r"The ([\w ]+? no\. \d+) of (\w+) sold ([\d,]+) barrels of (\w+) in (\d+)\.")
"""A sentence of the synthetic documents that holds a fact."""
_PASSAGE = re.compile(r"<passage>\n(.*?)\n</passage>", re.DOTALL)
_COUNT = re.compile(r"Write (\d+) pair")
_NUMBERED = re.compile(r"^(\d+)\. Question: (.*?)$", re.MULTILINE)
_QUESTION = re.compile(r"How many barrels of (\w+) did the (.+?) of (\w+) sell in (\d+)\?")


class Served:
    """What the server did: its figures as `/v1/served` gives them."""

    def __init__(self) -> None:
        self.completions = self.refused = self.garbled = self.in_flight = self.most_at_once = 0
        self.seconds = 0.0
        """The latencies of all that was answered, good and bad, added up."""
        self.first = self.last = 0.0

    def as_json(self) -> bytes:
        return json.dumps(vars(self)).encode()


class Connection(asyncio.Protocol):
    """One client's connection, kept open; its requests are answered in order."""

    def __init__(self, options: argparse.Namespace, served: Served, draw: random.Random) -> None:
        self._options = options
        self._served = served
        self._draw = draw
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, rest = self._read.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self._read = rest[size:]
        self._answer(head, rest[:size])

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self._send(200, self._served.as_json())
            return
        served, options = self._served, self._options
        now = asyncio.get_running_loop().time()
        served.first = served.first or now
        served.in_flight += 1
        served.most_at_once = max(served.most_at_once, served.in_flight)
        drawn = self._draw.random()
        if drawn < options.refuse:
            served.refused += 1
            wait = f"Retry-After: {options.retry_after:g}\r\n"
            self._after(0.01, 429, b'{"error":{"message":"Too many requests"}}', wait)
        elif drawn < options.refuse + options.garble:
            served.garbled += 1
            bad = b"<html>Bad gateway</html>" if drawn * 1000 % 1 < 0.5 else _completion("Sorry.")
            self._after(options.latency, 200, bad)
        else:
            served.completions += 1
            text = reply_to(json.loads(body)["messages"])
            content = _completion(text)
            self._after(options.latency + options.per_token * (len(text) // 4), 200, content)

    def _after(self, seconds: float, status: int, content: bytes, headers: str = "") -> None:
        self._served.seconds += seconds
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self._finish, status, content, headers)

    def _finish(self, status: int, content: bytes, headers: str) -> None:
        self._served.in_flight -= 1
        self._served.last = asyncio.get_running_loop().time()
        self._send(status, content, headers)

    def _send(self, status: int, content: bytes, headers: str = "") -> None:
        if self._transport.is_closing():
            return
        head = (
            f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{headers}"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        self._transport.write(head.encode() + content)


def _completion(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 900, "completion_tokens": len(text) // 4, "total_tokens": 0}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return json.dumps({"id": "x", "choices": choices, "usage": usage}).encode()


def reply_to(messages: list[dict[str, str]]) -> str:
    """What a truthful teacher says to the first request of a conversation."""
    request = next((one["content"] for one in messages if one["role"] == "user"), "")
    passage = _PASSAGE.search(request)
    if passage is None:
        return "ready"
    numbered = _NUMBERED.findall(request)
    if not numbered:
        return json.dumps(_facts(passage[1], request))
    found_there = SOLD.findall(passage[1])
    sold = {(good, who, town, year): figure for who, town, figure, good, year in found_there}
    asked = [(int(number), _QUESTION.search(question)) for number, question in numbered]
    pairs = [(number, *found.groups()) for number, found in asked if found]
    if "   Answer: " in request:
        return json.dumps(_training(pairs, sold))
    return json.dumps(_exam(pairs))


def _facts(passage: str, request: str) -> dict[str, Any]:
    count = _COUNT.search(request)
    pairs = []
    for found in SOLD.finditer(passage):
        who, town, figure, good, year = found.groups()
        pairs.append(
            {
                "question": f"How many barrels of {good} did the {who} of {town} sell in {year}?",
                "answer": f"In {year} the {who} of {town} sold {figure} barrels of {good}.",
                "short_answer": f"{figure} barrels",
                "evidence": [found[0]],
                "formula": None,
            }
        )
    wanted = int(count[1]) if count else 1
    return {"pairs": pairs[:wanted], "fewer_because": "the rest is about the weather"}


def _training(
    pairs: list[tuple[int, str, str, str, str]], sold: dict[tuple[str, ...], str]
) -> dict[str, Any]:
    def wordings(good: str, who: str, town: str, year: str) -> list[dict[str, str]]:
        figure = sold.get((good, who, town, year), "0")
        answer = f"In {year} the {who} of {town} sold {figure} barrels of {good}."
        said = f"{good} the {who} of {town} sold in {year}."
        ways = ("Say what", "Tell me how much", "What amount of", "Name what", "State how much")
        asked = [("paraphrase", f"{way} {said}", answer) for way in ways]
        asked.append(("restatement", f"Tell me of the {who} of {town} in {year}.", answer))
        turned = f"Who sold {figure} barrels of {good} in {year}?"
        asked.append(("reversed", turned, f"The {who} of {town}."))
        return [dict(zip(("kind", "question", "answer"), one, strict=True)) for one in asked]

    return {
        "pairs": [{"number": number, "wordings": wordings(*rest)} for number, *rest in pairs],
        "unanswerable": [
            {"question": "Who owned the harbour?", "answer": "I do not know; it is not recorded."}
        ],
    }


def _exam(pairs: list[tuple[int, str, str, str, str]]) -> dict[str, Any]:
    def asked(good: str, who: str, town: str, year: str) -> dict[str, Any]:
        ways = ("A buyer wonders how much", "For the ledger: how much", "Recall how much")
        questions = [{"question": f"{way} {good} left the {who}, {town}, {year}."} for way in ways]
        return {"exam": questions[:2], "practice": questions[2:]}

    return {
        "pairs": [{"number": number, **asked(*rest)} for number, *rest in pairs],
        "unanswerable": [{"question": "Which bird sang at the mill?"}],
    }


async def serve(options: argparse.Namespace) -> None:
    """Serves until the input ends."""
    served, draw = Served(), random.Random(1)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(options, served, draw), "127.0.0.1", 0, backlog=2048
    )
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--latency", type=float, default=1.0, help="seconds before a reply")
    options.add_argument("--per-token", type=float, default=0.0, help="seconds more a token")
    options.add_argument("--refuse", type=float, default=0.0, help="share of calls that get 429")
    options.add_argument("--retry-after", type=float, default=1.0, help="seconds asked for at 429")
    options.add_argument("--garble", type=float, default=0.0, help="share that gets garbage")
    asyncio.run(serve(options.parse_args()))


if __name__ == "__main__":
    main()

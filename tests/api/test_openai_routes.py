"""OpenAI's own client talks with base and tuned models, over a real port."""

from __future__ import annotations

import asyncio
import json
import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from loresmith.api import create_api
from loresmith.api.security import Access
from loresmith.models.base import Sampling
from loresmith.models.hosting import Hosts, Question, Weights
from loresmith.models.local import LocalModel
from loresmith.records import Message
from loresmith.settings import Settings
from loresmith.workspace.accounts import Accounts
from loresmith.workspace.chat import Chats
from loresmith.workspace.home import Home
from served_project import ServedProject, model_processes, serve_project
from waiting import wait_for

WHO = [{"role": "user", "content": "Who?"}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedProject:
    """A project with two trained runs on one base: `ilse` and `cost`."""
    return serve_project(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    made = Hosts(device="cpu", dtype="float32", queue_limit=4)
    yield made
    made.close()


@contextmanager
def on_a_port(app: FastAPI) -> Iterator[str]:
    """The address of `/v1` while `app` is served."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def client(served: ServedProject, hosts: Hosts) -> Iterator[openai.OpenAI]:
    app = create_api(served.home)
    app.state.chats = Chats(served.home, hosts=hosts)
    with on_a_port(app) as address:
        yield openai.OpenAI(base_url=address, api_key="none", max_retries=0)


@pytest.fixture(scope="module")
def base_reply(served: ServedProject) -> str:
    with LocalModel(served.base, dtype="float32") as model:
        return model.reply((Message(role="user", content="Who?"),), Sampling(max_tokens=12)).text


def ask(client: openai.OpenAI, model: str, **more: Any) -> Any:
    options: dict[str, Any] = {"messages": WHO, "temperature": 0, "max_tokens": 12, **more}
    return client.chat.completions.create(model=model, **options)


def test_every_base_and_every_run_is_a_model(client: openai.OpenAI, served: ServedProject) -> None:
    ids = [model.id for model in client.models.list()]
    assert set(ids) >= {"embedded", served.base.name, "coast/v1-ilse", "coast/v1-cost"}
    assert not any(str(served.base.parent) in id for id in ids)
    assert client.models.retrieve("coast/v1-ilse").owned_by == "loresmith"


def test_base_and_two_adapters_answer_at_once(
    client: openai.OpenAI, served: ServedProject, base_reply: str
) -> None:
    answers: dict[str, str] = {}

    def keep(model: str) -> None:
        answers[model] = ask(client, model).choices[0].message.content

    models = ["coast/v1-ilse", "coast/v1-cost", served.base.name]
    threads = [threading.Thread(target=keep, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[m] for m in models] == ["Ilse Brandt.", "It cost 4.2 million.", base_reply]


def test_a_reply_says_what_it_took_and_why_it_ended(client: openai.OpenAI) -> None:
    whole = ask(client, "coast/v1-ilse")
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    cut = ask(client, "coast/v1-ilse", max_tokens=None, max_completion_tokens=1)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens == 1
    assert cut.usage.prompt_tokens == whole.usage.prompt_tokens


def test_a_stream_adds_up_to_the_whole_and_ends_with_the_usage(client: openai.OpenAI) -> None:
    whole = ask(client, "coast/v1-ilse")
    stream = ask(client, "coast/v1-ilse", stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(pieces) == "Ilse Brandt."
    assert sum(bool(piece) for piece in pieces) > 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_ends_before_a_stop_string(client: openai.OpenAI, stream: bool) -> None:
    answer = ask(client, "coast/v1-ilse", stop=["Brandt", "never"], stream=stream)
    if stream:
        chunks = list(answer)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        reason = chunks[-1].choices[0].finish_reason
    else:
        text, reason = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert (text, reason) == ("Ilse", "stop")


def test_a_seed_draws_the_same_again(client: openai.OpenAI, served: ServedProject) -> None:
    def drawn(seed: int) -> str:
        anything = [{"role": "user", "content": "Say anything."}]
        answer = ask(client, served.base.name, messages=anything, temperature=2.0, seed=seed)
        return str(answer.choices[0].message.content)

    assert drawn(3) == drawn(3)
    assert len({drawn(seed) for seed in range(4)}) > 1


@pytest.mark.parametrize("stream", [False, True])
def test_several_replies_are_drawn_apart_and_their_prompt_is_counted_once(
    client: openai.OpenAI, served: ServedProject, stream: bool
) -> None:
    asked = {"temperature": 2.0, "seed": 3}
    alone = [ask(client, served.base.name, **{**asked, "seed": seed}) for seed in (3, 4, 5)]
    expected = [one.choices[0].message.content for one in alone]
    assert len(set(expected)) > 1
    if stream:
        texts = ["", "", ""]
        usage = None
        more = {"stream": True, "stream_options": {"include_usage": True}}
        for chunk in ask(client, served.base.name, n=3, **asked, **more):
            usage = chunk.usage
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    else:
        whole = ask(client, served.base.name, n=3, **asked)
        texts = [choice.message.content for choice in whole.choices]
        usage = whole.usage
    assert texts == expected
    assert usage is not None
    assert usage.prompt_tokens == alone[0].usage.prompt_tokens
    assert usage.completion_tokens == sum(one.usage.completion_tokens for one in alone)


def test_chinese_is_streamed_in_whole_characters(
    client: openai.OpenAI, served: ServedProject
) -> None:
    asked = {"messages": [{"role": "user", "content": "谁？"}], "max_tokens": 40}
    chunks = list(ask(client, served.base.name, stream=True, **asked))
    pieces = [chunk.choices[0].delta.content for chunk in chunks]
    assert [piece for piece in pieces if piece] == list("没有人知道。")
    assert chunks[0].choices[0].delta.role == "assistant"


def test_a_chinese_stop_string_across_tokens_ends_a_stream(
    client: openai.OpenAI, served: ServedProject
) -> None:
    asked = {"messages": [{"role": "user", "content": "谁？"}], "max_tokens": 40, "stop": "人知"}
    chunks = list(ask(client, served.base.name, stream=True, **asked))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "没有"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_the_asynchronous_client_asks_many_models_at_once(client: openai.OpenAI) -> None:
    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(
            base_url=client.base_url, api_key="none", max_retries=0
        ) as asking:
            return await asyncio.gather(
                *(streamed(asking, model) for model in ("coast/v1-ilse", "coast/v1-cost") * 2)
            )

    async def streamed(asking: openai.AsyncOpenAI, model: str) -> str:
        stream = await asking.chat.completions.create(
            model=model, messages=WHO, temperature=0, max_tokens=12, stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(all_of_them()) == ["Ilse Brandt.", "It cost 4.2 million."] * 2


def test_an_earlier_reply_can_be_sent_back_as_it_came(client: openai.OpenAI) -> None:
    first = ask(client, "coast/v1-ilse").choices[0].message
    for earlier in (first, {**first.model_dump(), "reasoning_content": "Who indeed?"}):
        again = ask(client, "coast/v1-ilse", messages=[*WHO, earlier, *WHO])
        assert again.choices[0].message.content


def test_parts_and_a_developer_are_read_as_text_and_system(
    client: openai.OpenAI, served: ServedProject
) -> None:
    parts = [{"type": "text", "text": "Wh"}, {"type": "text", "text": "o?"}]
    messages = [{"role": "user", "content": parts}]
    assert ask(client, "coast/v1-ilse", messages=messages).choices[0].message.content == (
        "Ilse Brandt."
    )
    system, developer = (
        ask(client, served.base.name, messages=[{"role": role, "content": "Be brief."}, *WHO])
        for role in ("system", "developer")
    )
    assert system.usage == developer.usage


def test_plain_completions_go_on_with_a_text(client: openai.OpenAI, served: ServedProject) -> None:
    asked: dict[str, Any] = {"model": served.base.name, "temperature": 0, "max_tokens": 5}
    one = client.completions.create(prompt="The harbour", **asked)
    both = client.completions.create(prompt=["The harbour", "Who"], **asked)
    assert one.choices[0].text == both.choices[0].text
    assert [choice.index for choice in both.choices] == [0, 1]
    streamed = ["", ""]
    stream = client.completions.create(prompt=["The harbour", "Who"], stream=True, **asked)
    for chunk in stream:
        streamed[chunk.choices[0].index] += chunk.choices[0].text
    assert streamed == [choice.text for choice in both.choices]
    with pytest.raises(openai.BadRequestError, match="32 replies"):
        client.completions.create(prompt=["a"] * 11, n=3, **asked)
    with pytest.raises(openai.BadRequestError, match="reads at most 512") as caught:
        client.completions.create(prompt="港" * 600, **asked)
    assert (caught.value.param, caught.value.code) == ("prompt", "context_length_exceeded")


def test_an_unknown_model_is_not_found_as_openai_says_it(client: openai.OpenAI) -> None:
    for wrong in ("gpt-4o", "../../etc/passwd", "/etc/passwd", "coast/../x"):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(client, wrong)
        assert caught.value.code == "model_not_found"
        assert caught.value.param == "model"


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"n": 33}, "n"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"logprobs": True}, "logprobs"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"extra_body": {"top_kk": 3}}, "top_kk"),
        ({"messages": [{"role": "user", "content": "港" * 600}]}, "messages"),
        ({"messages": [{"role": "user", "content": "港" * 600}], "stream": True}, "messages"),
    ],
)
def test_a_wrong_parameter_is_named(
    client: openai.OpenAI, wrong: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "coast/v1-ilse", **wrong)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_parameters_that_change_nothing_are_taken(client: openai.OpenAI) -> None:
    answer = ask(
        client, "coast/v1-ilse", user="me", n=1, presence_penalty=0, logit_bias={}, store=False
    )
    assert answer.choices[0].message.content == "Ilse Brandt."


def test_too_many_at_once_are_told_when_to_come_back(
    client: openai.OpenAI, served: ServedProject, hosts: Hosts
) -> None:
    ask(client, served.base.name)
    (child,) = model_processes()
    child.suspend()
    heard: queue.Queue[Any] = queue.Queue()
    waiting = [hosts.ask(Weights(served.base), Question(prompt="a"), heard.put) for _ in range(4)]
    try:
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, served.base.name)
        assert int(caught.value.response.headers["Retry-After"]) >= 1
    finally:
        child.resume()
        for ticket in waiting:
            ticket.cancel()
    assert ask(client, "coast/v1-ilse").choices[0].message.content == "Ilse Brandt."


@pytest.mark.parametrize("stream", [True, False])
def test_nobody_goes_on_writing_for_a_client_that_has_left(
    client: openai.OpenAI, served: ServedProject, hosts: Hosts, stream: bool
) -> None:
    ask(client, served.base.name)
    (child,) = model_processes()
    child.suspend()
    try:
        with pytest.raises(openai.APITimeoutError):
            ask(client.with_options(timeout=0.2), served.base.name, stream=stream)
        wait_for(lambda: not any(held.in_flight for held in hosts.loaded()))
    finally:
        child.resume()


def test_a_stream_that_is_left_in_the_middle_is_not_written_on(
    client: openai.OpenAI, served: ServedProject, hosts: Hosts
) -> None:
    asked = {"temperature": 2.0, "seed": 1, "max_tokens": 400, "n": 3}
    stream = ask(client, served.base.name, stream=True, **asked)
    next(iter(stream))
    (child,) = model_processes()
    child.suspend()
    try:
        stream.close()
        wait_for(lambda: not any(held.in_flight for held in hosts.loaded()))
    finally:
        child.resume()


def test_where_a_login_is_required_the_api_key_is_the_clients_own(tmp_path: Path) -> None:
    home = Home(Settings(home=tmp_path / "home", database_url=None))
    accounts = Accounts(home.engine)
    accounts.add("mei", "a long enough secret")
    key = accounts.new_key("mei", name="laptop").key
    app = create_api(home, access=Access(login_required=True))
    with on_a_port(app) as address:
        mine = openai.OpenAI(base_url=address, api_key=key, max_retries=0)
        assert [model.id for model in mine.models.list()] == ["embedded"]
        with pytest.raises(openai.AuthenticationError) as caught:
            ask(mine.with_options(api_key="ls-made-up"), "embedded")
        assert isinstance(caught.value.body, dict)
        assert caught.value.body["message"]


def test_a_model_that_cannot_be_loaded_is_one_clear_error(
    served: ServedProject, hosts: Hosts, tmp_path: Path
) -> None:
    home = Home(Settings(home=tmp_path / "home", database_url=None))
    folder = tmp_path / "broken"
    shutil.copytree(served.folder, folder)
    shutil.rmtree(folder / ".loresmith", ignore_errors=True)
    weights = folder / "runs" / "v1-ilse" / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    home.projects.add(folder)
    app = create_api(home)
    app.state.chats = Chats(home, hosts=hosts)
    with TestClient(app, base_url="http://127.0.0.1:8000") as api:
        answer = api.post("/v1/chat/completions", json={"model": "broken/v1-ilse", "messages": WHO})
    assert answer.status_code == 503
    error = json.loads(answer.text)["error"]
    assert error["type"] == "server_error"
    assert "cannot be loaded" in error["message"]

"""A hosted model against a real HTTP server that answers well, badly, late or not at all."""

from __future__ import annotations

import email.utils
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loresmith.errors import ModelError, ModelUnavailable, RateLimited, ReplyRejected
from loresmith.models import OpenAICompatible, Sampling
from loresmith.records import Message, Reply
from servers.teacher_server import (
    Act,
    TeacherServer,
    always,
    broken_off,
    cut,
    garbage,
    hang,
    reset,
    say,
    status,
    trickle,
)

ASKED = (Message(role="user", content="一句话说明什么是驳船。"),)


@pytest.fixture(autouse=True)
def no_keys_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY", "MY_KEY"):
        monkeypatch.delenv(name, raising=False)


def spec(server: TeacherServer, **settings: Any) -> OpenAICompatible:
    quick = {"retry_wait": 0.01, "timeout": 5.0, "max_retries": 3}
    return OpenAICompatible(model="teacher", url=server.url, **{**quick, **settings})


def ask(server: TeacherServer, sampling: Sampling | None = None, **settings: Any) -> Reply:
    with spec(server, **settings).open() as model:
        return model.reply(ASKED, sampling or Sampling())


def test_a_reply_comes_with_its_tokens() -> None:
    with TeacherServer(lambda _: "驳船是平底货船。") as server:
        reply = ask(server, Sampling(temperature=0.5, top_p=0.9, max_tokens=77, seed=3))
    assert reply.text == "驳船是平底货船。"
    assert reply.usage.calls == 1
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.completion_tokens == 8
    assert server.requests == [
        {
            "model": "teacher",
            "messages": [{"role": "user", "content": ASKED[0].content}],
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 77,
            "seed": 3,
        }
    ]


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        (status(429, retry_after=0.05), {}),
        (status(429), {}),
        (status(500), {}),
        (status(503, retry_after="soon"), {}),
        (status(529, "overloaded"), {}),
        (garbage(), {}),
        (garbage(b""), {}),
        (garbage(b'{"choices": []}'), {}),
        (garbage(b'{"choices": [{"message": null}]}'), {}),
        (garbage(b'{"choices": null, "error": "busy"}'), {}),
        (garbage(b"[1, 2"), {}),
        (say("half", finish_reason="insufficient_system_resource"), {}),
        (hang(), {"timeout": 0.2}),
        (trickle(), {"timeout": 0.25}),
        (reset(), {}),
        (broken_off(), {}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_what_may_pass_is_tried_again(fault: Act, settings: dict[str, Any]) -> None:
    with TeacherServer(script=[fault, fault]) as server:
        assert ask(server, **settings).text == "ready"
        assert len(server.requests) == 3
        assert server.paid_twice == [] or fault.text == "half"


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (status(500), ModelUnavailable, "run again later"),
        (garbage(), ModelError, "is not JSON: '<html>"),
        (garbage(b""), ModelError, "it is empty"),
        (reset(), ModelUnavailable, "did not answer"),
        (hang(), ModelUnavailable, "no complete reply within 0.1 s"),
    ],
)
def test_what_does_not_pass_ends_in_one_clear_error(fault: Act, kind: type, says: str) -> None:
    with TeacherServer(script=always(fault)) as server:
        with pytest.raises(kind) as caught:
            ask(server, max_retries=1, timeout=0.1)
        assert len(server.requests) == 2
    assert says in f"{caught.value} {caught.value.hint}"
    assert "teacher at http://127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (status(401, "no"), ModelUnavailable, "set OPENAI_API_KEY"),
        (status(403, "no"), ModelUnavailable, "set OPENAI_API_KEY"),
        (status(402, "Insufficient Balance"), ModelUnavailable, "top it up"),
        (status(429, {"code": "insufficient_quota"}), ModelUnavailable, "top it up"),
        (status(400, {"code": "Arrearage", "message": "overdue"}), ModelUnavailable, "top it up"),
        (
            status(404, {"message": "The model `teacher` does not exist"}),
            ModelUnavailable,
            "/models",
        ),
        (status(400, {"message": "Model Not Exist"}), ModelUnavailable, "lists the names"),
        (status(404, "model 'teacher' not found"), ModelUnavailable, "lists the names"),
        (Act(kind="raw", status=404, body=b"<h1>404</h1>"), ModelUnavailable, "the base URL"),
        (status(400, {"code": "context_length_exceeded"}), ModelError, "make chunks shorter"),
        (
            status(400, {"message": "Range of input length should be [1, 30720]"}),
            ModelError,
            "make chunks shorter",
        ),
        (status(413), ModelError, "make chunks shorter"),
        (status(400, {"message": "Content Exists Risk"}), ReplyRejected, "content filter"),
        (status(400, {"code": "data_inspection_failed"}), ReplyRejected, "content filter"),
        (say("", finish_reason="content_filter"), ReplyRejected, "content filter"),
        (status(422, {"message": "bad field"}), ModelError, "bad field"),
        (status(418, None), ModelError, "418"),
    ],
)
def test_what_cannot_pass_is_not_tried_again(fault: Act, kind: type, says: str) -> None:
    with TeacherServer(script=always(fault)) as server:
        with pytest.raises(kind) as caught:
            ask(server)
        assert len(server.requests) == 1
    assert says in f"{caught.value} {caught.value.hint}"


def test_retry_after_in_seconds_is_honoured() -> None:
    with TeacherServer(script=[status(429, retry_after=0.4)]) as server:
        begin = time.monotonic()
        ask(server)
        assert 0.4 <= time.monotonic() - begin < 2.0


def test_retry_after_as_a_date_is_honoured() -> None:
    date = email.utils.formatdate(time.time() + 2, usegmt=True)
    with TeacherServer(script=[status(503, retry_after=date)]) as server:
        begin = time.monotonic()
        ask(server)
        assert 0.8 <= time.monotonic() - begin < 4.0


def test_a_pause_is_never_longer_than_the_setting_allows() -> None:
    with TeacherServer(script=[status(429, retry_after=3600)]) as server:
        begin = time.monotonic()
        ask(server, longest_wait=0.1)
        assert time.monotonic() - begin < 2.0


def test_a_pause_holds_back_all_calls_to_the_endpoint() -> None:
    with (
        TeacherServer(script=[status(429, retry_after=0.5)]) as server,
        spec(server).open() as one,
        spec(server).open() as other,
        ThreadPoolExecutor(2) as pool,
    ):
        begin = time.monotonic()
        first = pool.submit(one.reply, ASKED, Sampling())
        time.sleep(0.15)
        other.reply(ASKED, Sampling())
        assert time.monotonic() - begin >= 0.5
        first.result()


def test_rate_limited_says_how_long_the_endpoint_wants_to_be_left_alone() -> None:
    with (
        TeacherServer(script=always(status(429, retry_after=30))) as server,
        pytest.raises(RateLimited) as caught,
    ):
        ask(server, longest_wait=0.01, max_retries=1)
    assert caught.value.retry_after == 30


def test_calls_in_flight_stay_within_the_limit_over_all_models_of_an_endpoint() -> None:
    with (
        TeacherServer(latency=0.1) as server,
        spec(server, concurrency=3).open() as one,
        spec(server, concurrency=3).open() as other,
        ThreadPoolExecutor(12) as pool,
    ):
        begin = time.monotonic()
        calls = [pool.submit(m.reply, ASKED, Sampling()) for _ in range(6) for m in (one, other)]
        assert all(call.result().text == "ready" for call in calls)
        assert server.most_at_once == 3
        assert time.monotonic() - begin < 1.5


def test_the_key_goes_to_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-right")
    with TeacherServer(api_key="sk-right") as server:
        assert ask(server, api_key_env="MY_KEY").text == "ready"


def test_a_wrong_key_is_named_by_its_variable_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-and-wrong")
    with TeacherServer(api_key="sk-right") as server, spec(server).open() as model:
        with pytest.raises(ModelUnavailable) as caught:
            model.check()
        assert len(server.requests) == 1
    assert "OPENAI_API_KEY is wrong" in caught.value.hint
    assert "sk-secret" not in f"{caught.value} {caught.value.hint} {caplog.text} {model!r}"


def test_a_provider_without_a_key_stops_before_any_call() -> None:
    with pytest.raises(ModelUnavailable, match="DEEPSEEK_API_KEY is not set") as caught:
        OpenAICompatible(preset="deepseek", model="deepseek-chat").open()
    assert "export DEEPSEEK_API_KEY" in caught.value.hint


def test_a_named_key_that_is_not_there_is_asked_for_even_for_ones_own_server() -> None:
    with TeacherServer() as server, pytest.raises(ModelUnavailable, match="MY_KEY is not set"):
        spec(server, api_key_env="MY_KEY").open()


def test_a_server_of_ones_own_needs_no_key() -> None:
    OpenAICompatible(preset="ollama", model="qwen3").open()
    OpenAICompatible(preset="vllm", model="Qwen/Qwen3-8B").open()
    with TeacherServer() as server:
        assert ask(server).text == "ready"


def test_check_is_one_tiny_call() -> None:
    with TeacherServer(models=["teacher"]) as server, spec(server).open() as model:
        model.check()
        assert [body["max_tokens"] for body in server.requests] == [64]


def test_check_takes_a_thinking_model_that_runs_out_of_room_for_an_answer() -> None:
    with TeacherServer(script=[cut(0.0)]) as server, spec(server).open() as model:
        model.check()


def test_check_finds_an_unknown_model() -> None:
    with (
        TeacherServer(models=["other"]) as server,
        spec(server).open() as model,
        pytest.raises(ModelUnavailable, match="does not exist") as caught,
    ):
        model.check()
    assert f"{server.url}/models lists the names" in caught.value.hint


def test_a_server_that_is_not_there_is_asked_about() -> None:
    with TeacherServer() as server:
        gone = spec(server, max_retries=1)
    with gone.open() as model, pytest.raises(ModelUnavailable) as caught:
        model.check()
    assert "is the server running?" in caught.value.hint


def test_a_proxy_of_the_environment_does_not_stand_before_a_local_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with TeacherServer() as server:
        assert ask(server, max_retries=0).text == "ready"


@pytest.mark.parametrize(
    ("act", "reasoning", "text"),
    [
        (say("答案", reasoning_content="想一想"), "想一想", "答案"),
        (say("答案", reasoning="想一想"), "想一想", "答案"),
        (say("<think>\n想一想\n</think>\n\n答案"), "想一想", "答案"),
        (say("想一想\n</think>\n答案"), "想一想", "答案"),
        (say("<think>想个不停", finish_reason="length"), "想个不停", ""),
        (say('{"a": "写作 <think>x</think>"}'), "", '{"a": "写作 <think>x</think>"}'),
        (say("", content=None, reasoning_content="想一想"), "想一想", ""),
    ],
)
def test_the_thinking_part_is_kept_apart(act: Act, reasoning: str, text: str) -> None:
    with TeacherServer(script=[act]) as server:
        reply = ask(server)
    assert (reply.reasoning, reply.text) == (reasoning, text)


def test_a_cut_reply_says_so() -> None:
    with TeacherServer(lambda _: "一二三四五六七八九十", script=[cut(0.5)]) as server:
        reply = ask(server)
    assert (reply.text, reply.finish_reason) == ("一二三四五", "length")


def test_characters_in_two_halves_are_joined_and_lost_ones_show() -> None:
    with TeacherServer(script=[say("\ud83d\ude00 \ud83d!")]) as server:
        assert ask(server).text == "\U0001f600 \ufffd!"


def test_extra_options_and_another_temperature_go_with_every_request() -> None:
    extra = {"enable_thinking": False, "provider": {"order": ["a"]}}
    with TeacherServer() as server:
        ask(server, temperature=1.0, extra_body=extra)
    assert server.requests[0]["temperature"] == 1.0
    assert server.requests[0]["enable_thinking"] is False
    assert server.requests[0]["provider"] == {"order": ["a"]}


def test_an_option_that_the_model_will_not_have_is_left_out() -> None:
    def picky(_number: int, body: dict[str, Any]) -> Act | None:
        for name in ("max_tokens", "temperature"):
            if name in body:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                return status(400, {"message": message, "param": name, "code": "unsupported"})
        return None

    with TeacherServer(script=picky) as server, spec(server, max_retries=0).open() as model:
        assert model.reply(ASKED, Sampling(max_tokens=9)).text == "ready"
        assert model.reply(ASKED, Sampling(max_tokens=9)).text == "ready"
    assert len(server.requests) == 4
    assert server.requests[-1]["max_completion_tokens"] == 9


def test_settings_that_change_replies_are_part_of_the_identity() -> None:
    with TeacherServer() as server:
        plain = spec(server).open()
        assert plain.identity == plain.name == "teacher"
        assert spec(server, concurrency=9, timeout=1.0).open().identity == "teacher"
        warm, thoughtful = spec(server, temperature=1.0), spec(server, extra_body={"think": True})
        assert len({model.open().identity for model in (warm, thoughtful)} | {"teacher"}) == 3


def test_leaving_gives_up_calls_that_wait() -> None:
    with (
        TeacherServer(script=always(status(429, retry_after=60))) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        with spec(server).open() as model:
            waiting = pool.submit(model.reply, ASKED, Sampling())
            time.sleep(0.2)
        begin = time.monotonic()
        with pytest.raises(ModelError):
            waiting.result()
        assert time.monotonic() - begin < 2.0

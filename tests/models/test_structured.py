"""A reply becomes data only when it is what was asked for, and nothing is paid for twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from loresmith.errors import MalformedReply, ModelUnavailable
from loresmith.models import OpenAICompatible, Sampling
from loresmith.models.cache import ReplyCache
from loresmith.models.scripted import ScriptedModel
from loresmith.models.structured import Asker, Request
from loresmith.records import Message, Reply, Usage
from servers.teacher_server import TeacherServer, cut, garbage, now_and_then, reset, status


class Pair(BaseModel):
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quotes: list[str]


class Pairs(BaseModel):
    pairs: list[Pair]


def two_in_chinese(value: Pairs) -> list[str]:
    faults = []
    if len(value.pairs) != 2:
        faults.append(f"2 pairs asked for, {len(value.pairs)} given")
    if not all("\u4e00" <= pair.answer[:1] <= "\u9fff" for pair in value.pairs):
        faults.append("the answers are to be in Chinese")
    return faults


ONE = {"question": "东港去年吞吐多少？", "answer": "三千一百万吨。", "quotes": ["三千一百万吨"]}
TWO = {"question": "谁负责引航？", "answer": "引航站。", "quotes": ["由引航站负责"]}
DATA = {"pairs": [ONE, TWO]}
GOOD = json.dumps(DATA, ensure_ascii=False, indent=2)
ASKED = (
    Message(role="system", content="Write pairs as JSON."),
    Message(role="user", content="东港去年吞吐三千一百万吨。引航由引航站负责。"),
)
REQUEST = Request(
    messages=ASKED,
    schema=Pairs,
    sampling=Sampling(max_tokens=256),
    purpose="facts",
    check=two_in_chinese,
)
ENGLISH = json.dumps({"pairs": [{**ONE, "answer": "31 million."}, {**TWO, "answer": "Pilots."}]})
SCHEMA = json.dumps(Pairs.model_json_schema(), indent=1)
FULL_WIDTH = GOOD.replace('"', "”").replace(":", "：").replace(",", "，")
CURLY = (
    "｛“pairs”：［"
    + "，".join(
        f"｛“question”：“{pair['question']}”，“answer”：“{pair['answer']}”，“quotes”：［“{pair['quotes'][0]}”］｝"
        for pair in (ONE, TWO)
    )
    + "］｝"
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ReplyCache]:
    with ReplyCache(tmp_path / "replies.db") as opened:
        yield opened


def once(cache: ReplyCache, reply: str | Reply, request: Request[Any] = REQUEST) -> Any:
    return Asker(ScriptedModel([reply]), cache, attempts=1).ask(request)


READABLE: dict[str, str] = {
    "plain": GOOD,
    "on one line": json.dumps(DATA),
    "byte order mark": "\ufeff" + GOOD,
    "fenced": f"```json\n{GOOD}\n```",
    "fenced without a language": f"```\n{GOOD}\n```\n",
    "fenced and not closed": f"```json\n{GOOD}",
    "with prose around it": f"好的，以下是问答对：\n\n{GOOD}\n\n希望对您有帮助！[1] 见 {{附录}}。",
    "with a thinking part": f"<think>\n先数一数 {{...}}，应当有两条。\n</think>\n{GOOD}",
    "with a thinking part whose start was lost": f"先数一数。\n</think>\n\n{GOOD}",
    "with trailing commas": GOOD.replace("]\n", "],\n").replace('"\n', '",\n'),
    "with full-width punctuation": FULL_WIDTH,
    "with curly quotes and full-width brackets": CURLY,
    "with single quotes": str(DATA),
    "with bare keys": GOOD.replace('"pairs":', "pairs:").replace('"question":', "question:"),
    "with comments": "{ // 两条\n" + GOOD[1:].replace('"answer"', '/* 答 */ "answer"'),
    "with line breaks inside texts": GOOD.replace("由引航站负责", "由引航站\n负责"),
    "as a bare list": json.dumps(DATA["pairs"], ensure_ascii=False),
    "as a fenced bare list": f"```json\n{json.dumps(DATA['pairs'], ensure_ascii=False)}\n```",
    "encoded twice": json.dumps(GOOD),
    "given twice, equal": f"{GOOD}\n\n```json\n{GOOD}\n```",
    "after the schema": f"{SCHEMA}\n\n{GOOD}",
    "with further members": GOOD.replace('"pairs"', '"note": null, "count": 2, "pairs"'),
    "with escapes that JSON does not know": GOOD.replace("引航站。", "引航站\\'。"),
    "with unescaped quotes in pairs": GOOD.replace("由引航站负责", '由"引航站"负责'),
    "with escaped characters": json.dumps(DATA, ensure_ascii=True),
}


@pytest.mark.parametrize("form", READABLE)
def test_a_good_answer_is_read_in_whatever_form(form: str, cache: ReplyCache) -> None:
    value = once(cache, READABLE[form])
    assert [pair.question for pair in value.pairs] == [ONE["question"], TWO["question"]]
    assert value.pairs[0].answer == ONE["answer"]
    assert value.pairs[0].quotes == ONE["quotes"]


REFUSED: dict[str, tuple[str, str]] = {
    "empty": ("", "no JSON object"),
    "blank": (" \n\n", "no JSON object"),
    "an apology": ("Sorry, I cannot help with that request.", "no JSON object"),
    "an apology in Chinese": ("抱歉，作为人工智能助手，我无法提供这些内容。", "no JSON object"),
    "an apology as JSON": ('{"error": "I cannot help with that."}', "no member 'pairs'"),
    "an apology with an empty object": ("I found nothing to ask: {}", "no member 'pairs'"),
    "plain prose": ("东港去年吞吐三千一百万吨，引航由引航站负责。", "no JSON object"),
    "a numbered list": ("1. 问：吞吐多少？答：三千一百万吨。\n2. 问：谁引航？", "no JSON object"),
    "a markdown table": ("| question | answer |\n|---|---|\n| 吞吐？ | 多 |", "no JSON object"),
    "YAML": ("pairs:\n  - question: 吞吐？\n    answer: 多\n    quotes: []", "not an object"),
    "another language": (ENGLISH, "in Chinese"),
    "the schema echoed": (SCHEMA, "instead of filling it in"),
    "the form echoed": (
        GOOD.replace(ONE["question"], "...")
        .replace(TWO["question"], "…")
        .replace(ONE["answer"], "string")
        .replace(TWO["answer"], "<answer>")
        .replace("三千一百万吨", "...")
        .replace("由引航站负责", "字符串"),
        "instead of filling it in",
    ),
    "fewer than asked for": (json.dumps({"pairs": [ONE]}), "2 pairs asked for, 1 given"),
    "none": ('{"pairs": []}', "2 pairs asked for, 0 given"),
    "a single pair": (json.dumps(ONE), "no member 'pairs'"),
    "pairs one a line": (f"{json.dumps(ONE)}\n{json.dumps(TWO)}", "no member 'pairs'"),
    "pairs in a fence each": (
        "".join(f"```json\n{json.dumps({'pairs': [pair]})}\n```\n" for pair in (ONE, TWO)),
        "2 pairs asked for, 1 given",
    ),
    "two different answers": (
        f"{GOOD}\n更正：\n{GOOD.replace('三千一百万吨。', '四千万吨。')}",
        "several different answers",
    ),
    "a member missing": (GOOD.replace('"answer": "引航站。",', ""), "pairs.1.answer"),
    "an empty member": (GOOD.replace("引航站。", ""), "pairs.1.answer"),
    "null for a text": (GOOD.replace('"引航站。"', "null"), "pairs.1.answer"),
    "NaN for a text": (GOOD.replace('"引航站。"', "NaN"), "value is missing"),
    "keys translated": (GOOD.replace('"answer"', '"回答"'), "pairs.0.answer"),
    "a key doubled": (GOOD.replace('"answer"', '"question"'), "there twice"),
    "cut in a text": (GOOD[: GOOD.index("引航站。") + 1], "in the middle of a text"),
    "cut after the first pair": (GOOD[: GOOD.index("}") + 1], "before it is complete"),
    "cut inside a fence": (f"```json\n{GOOD[:-3]}\n```", "before it is complete"),
    "cut bare list": (json.dumps([ONE, TWO], ensure_ascii=False)[:-20], "the JSON cannot be read"),
    "with an ellipsis for the rest": (GOOD.replace("},", "},\n ...", 1), "cannot be read"),
    "a comma missing": (GOOD.replace("},", "}", 1), "a comma between two items"),
    "a quote not closed": (GOOD.replace('吨。"', "吨。"), "cannot be read"),
    "an odd quote inside a text": (GOOD.replace("引航站。", '引"航站。'), "not escaped"),
    "characters lost on the way": (
        GOOD.replace("引航站。", "引航\ufffd\ufffd。"),
        "lost on the way",
    ),
    "thinking without an end": (f"<think>应当写成 {GOOD}", "no JSON object"),
    "an answer in the thinking only": (f"<think>{GOOD}</think>", "no JSON object"),
    "a list of texts": ('["三千一百万吨", "引航站"]', "not an object"),
    "nested too deeply": ("[" * 5_000, "nested too deeply"),
    "wrapped in another object": (json.dumps({"result": DATA}), "no member 'pairs'"),
    "Python that is no JSON": ('{"pairs": [dict(question="吞吐？")]}', "cannot be read"),
    "half a surrogate pair": (GOOD.replace("引航站。", "\\ud83d 站"), "surrogate"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_was_not_asked_for_never_becomes_data(form: str, cache: ReplyCache) -> None:
    text, fault = REFUSED[form]
    with pytest.raises(MalformedReply, match=r"no usable answer for facts in 1 attempt") as caught:
        once(cache, text)
    assert fault in str(caught.value)
    assert [bad.reply.text for bad in cache.bad_replies()] == [text]
    assert len(cache) == 0


def test_a_reply_that_was_cut_is_refused_even_if_it_looks_complete(cache: ReplyCache) -> None:
    with pytest.raises(MalformedReply, match="cut off"):
        once(cache, Reply(text=GOOD, finish_reason="length"))


class AllOptional(BaseModel):
    names: list[str] = []
    count: int | None = None


def test_a_form_with_only_optional_members_takes_no_stranger(cache: ReplyCache) -> None:
    request = Request(ASKED, AllOptional, Sampling())
    for text in ("{}", '{"error": "no"}', '{"type": "object", "properties": {"names": []}}'):
        with pytest.raises(MalformedReply):
            once(cache, text, request)
    assert once(cache, '{"names": [], "count": "3"}', request) == AllOptional(count=3)


def test_every_prefix_of_a_good_reply_is_refused(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.db") as cache:
        for length in range(0, len(GOOD), 7):
            with pytest.raises(MalformedReply):
                once(cache, GOOD[:length], Request(ASKED, Pairs, Sampling(), sample=length))


def test_the_model_is_told_its_faults_and_asked_again(cache: ReplyCache) -> None:
    model = ScriptedModel([json.dumps({"pairs": [ONE]}), "抱歉。", GOOD])
    assert len(Asker(model, cache).ask(REQUEST).pairs) == 2
    second, third = (call.messages for call in model.calls[1:])
    assert second[: len(ASKED)] == ASKED
    assert [message.role for message in second[2:]] == ["assistant", "user"]
    assert "2 pairs asked for, 1 given" in second[3].content
    assert "no JSON object" in third[5].content
    assert third[4].content == "抱歉。"


def test_a_long_bad_reply_is_shown_shortened(cache: ReplyCache) -> None:
    model = ScriptedModel(["胡言乱语" * 5_000, "", GOOD])
    Asker(model, cache).ask(REQUEST)
    assert len(model.calls[1].messages[2].content) < 2_100
    assert model.calls[2].messages[4].content == "(empty)"


def test_a_cut_reply_is_asked_for_with_more_room(cache: ReplyCache) -> None:
    half = Reply(text=GOOD[:40], finish_reason="length")
    model = ScriptedModel([half, half, GOOD])
    Asker(model, cache).ask(REQUEST)
    assert [call.sampling.max_tokens for call in model.calls] == [256, 512, 1024]
    assert {call.messages for call in model.calls} == {ASKED}


def test_where_there_is_no_more_room_it_is_asked_to_be_briefer(cache: ReplyCache) -> None:
    half = Reply(text=GOOD[:40], finish_reason="length")
    model = ScriptedModel([half, GOOD])
    Asker(model, cache).ask(Request(ASKED, Pairs, Sampling(max_tokens=8_000)))
    assert model.calls[1].sampling.max_tokens == 8_000
    assert "briefer" in model.calls[1].messages[-1].content


def test_what_was_accepted_late_is_served_at_once_afterwards(cache: ReplyCache) -> None:
    Asker(ScriptedModel(["抱歉。", GOOD]), cache).ask(REQUEST)
    seen: list[tuple[str, Usage, bool]] = []
    again = Asker(ScriptedModel([]), cache, on_call=lambda *event: seen.append(event))
    assert len(again.ask(REQUEST).pairs) == 2
    assert again.usage == Usage(cached=1)
    assert seen == [("facts", Usage(cached=1), True)]


def test_a_run_that_was_killed_goes_on_after_the_bad_reply(cache: ReplyCache) -> None:
    with pytest.raises(ModelUnavailable):  # the script ends: as good as killed
        Asker(ScriptedModel(["抱歉。"]), cache).ask(REQUEST)
    model = ScriptedModel([GOOD])
    Asker(model, cache).ask(REQUEST)
    assert "no JSON object" in model.calls[0].messages[-1].content


def test_a_request_that_failed_for_good_is_asked_in_a_new_way_later(cache: ReplyCache) -> None:
    first = ScriptedModel(["一", "二", "三"])
    with pytest.raises(MalformedReply, match="3 attempts"):
        Asker(first, cache).ask(REQUEST)
    later = ScriptedModel([GOOD])
    Asker(later, cache).ask(REQUEST)
    assert later.calls[0].messages not in [call.messages for call in first.calls]
    assert [bad.reply.text for bad in cache.bad_replies()] == ["一", "二", "三"]


def test_a_stricter_check_asks_again_and_a_milder_one_takes_what_is_there(
    cache: ReplyCache,
) -> None:
    mild = Request(ASKED, Pairs, Sampling())
    once(cache, json.dumps({"pairs": [ONE]}), mild)
    strict = Request(ASKED, Pairs, Sampling(), check=two_in_chinese)
    model = ScriptedModel([ModelUnavailable("the network is gone")])
    with pytest.raises(ModelUnavailable):
        Asker(model, cache).ask(strict)
    assert "1 given" in model.calls[0].messages[-1].content
    assert len(Asker(ScriptedModel([]), cache).ask(mild).pairs) == 1


def test_samples_are_kept_apart(cache: ReplyCache) -> None:
    asker = Asker(ScriptedModel([GOOD, GOOD.replace("引航站。", "总站。")]), cache)
    samples = [
        asker.ask(Request(ASKED, Pairs, Sampling(), sample=sample)).pairs[1].answer
        for sample in (0, 1, 0, 1)
    ]
    assert samples == ["引航站。", "总站。", "引航站。", "总站。"]
    assert (asker.usage.calls, asker.usage.cached) == (2, 2)


def test_usage_is_added_up_by_purpose_over_threads(cache: ReplyCache) -> None:
    def answer(_messages: Sequence[Message]) -> Reply:
        return Reply(text=GOOD, usage=Usage(calls=1, prompt_tokens=10, completion_tokens=3))

    events: list[str] = []
    lock = threading.Lock()

    def note(purpose: str, _usage: Usage, cached: bool) -> None:
        with lock:
            events.append(f"{purpose} {cached}")

    asker = Asker(ScriptedModel(answer), cache, on_call=note)
    requests = [
        Request(ASKED, Pairs, Sampling(), sample=number, purpose=("facts", "exam")[number % 2])
        for number in range(40)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(asker.ask, requests))
        list(pool.map(asker.ask, requests))
    assert asker.usage == Usage(calls=40, cached=40, prompt_tokens=400, completion_tokens=120)
    assert asker.usage_by_purpose["exam"].calls == 20
    assert events.count("facts False") == events.count("facts True") == 20


def test_through_a_server_that_misbehaves_all_is_complete_and_nothing_paid_twice(
    cache: ReplyCache,
) -> None:
    bad = (status(429, retry_after=0.02), status(500), garbage(), reset(), cut())
    with TeacherServer(lambda _: GOOD, script=now_and_then(*bad, share=0.4)) as server:
        spec = OpenAICompatible(model="m", url=server.url, retry_wait=0.01, max_retries=12)
        with spec.open() as model, ThreadPoolExecutor(5) as pool:
            asker = Asker(model, cache, attempts=5)
            requests = [numbered(number) for number in range(30)]
            assert all(len(value.pairs) == 2 for value in pool.map(asker.ask, requests))
            calls = len(server.finished)
            assert all(len(value.pairs) == 2 for value in pool.map(asker.ask, requests))
        assert len(server.finished) == calls
        assert server.paid_twice == []
        assert asker.usage.calls == calls
        assert asker.usage.cached == 30
        assert sum(usage.calls for usage in cache.spent().values()) == calls


def numbered(number: int) -> Request[Pairs]:
    message = Message(role="user", content=f"第 {number} 段")
    check: Callable[[Pairs], list[str]] = two_in_chinese
    return Request((message,), Pairs, Sampling(max_tokens=256), purpose="facts", check=check)

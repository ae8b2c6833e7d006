"""Errors, checks and failures are told in Chinese to who reads Chinese, whole sentences of them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

pytest.importorskip("babel")

from babel.messages.pofile import read_po

import loresmith
from loresmith import web
from loresmith.web.said import said
from raised_sentences import Sentence, sentences_of

SOURCE = Path(loresmith.__file__).parent
CATALOGUES = sorted((Path(web.__file__).parent / "locale" / "zh" / "errors").glob("*.po"))
NOT_SHOWN = {
    "__init__.py": "tells programmers of a name that the package lacks",
    "api/openai_forms.py": "for callers of OpenAI's routes alone, in the words of that API",
    "api/serving.py": "said in the terminal, before there is a studio",
    "cli/": "said in the terminal",
    "generation/recordings.py": "makes the recordings of the example; for who works on Loresmith",
    "llamafactory/": "reads files that the command line names",
    "models/scripted.py": "a model for tests",
    "training/interrupts.py": "answers Ctrl-C in a terminal",
    "workspace/candidates.py": "reads what the command line names",
    "workspace/file_training.py": "the command line's training on a file",
    "workspace/prediction.py": "the command line's answers to a file of prompts",
    "workspace/settings_files/": "works by files that the command line names",
    "workspace/recording.py": "makes the recordings of the example; for who works on Loresmith",
}
"""What no page can show, each with the reason."""
BY_KIND = {"should be %(a)s %(b)s"}
"""Faults of fields that pages tell by their kind and bound."""
_PLACE = re.compile(r"%\((\w)\)s")


def shown_sentences() -> list[Sentence]:
    return [
        one
        for one in sentences_of(SOURCE, ".")
        if not one.where.startswith(tuple(NOT_SHOWN)) and one.text not in BY_KIND
    ]


def entries(path: Path) -> dict[str, str]:
    return {
        str(message.id): str(message.string)
        for message in read_po(io.BytesIO(path.read_bytes()), locale="zh")
        if message.id
    }


def test_every_sentence_of_an_error_has_a_chinese_one():
    known = {msgid for path in CATALOGUES for msgid in entries(path)}
    missing = [f"{one.text!r} ({one.where})" for one in shown_sentences() if one.text not in known]
    assert not missing, "no Chinese text in locale/zh/errors for:\n" + "\n".join(missing)


def test_no_catalogue_keeps_a_sentence_that_nobody_says():
    """What libraries say is in a catalogue of its own: nothing here tells whether they still do."""
    said_by_us = {one.text for one in shown_sentences()}
    stale = [
        f"{path.name}: {msgid!r}"
        for path in CATALOGUES
        if path.name != "libraries.po"
        for msgid in entries(path)
        if msgid not in said_by_us
    ]
    assert not stale, "not said any more:\n" + "\n".join(stale)


def test_the_files_that_no_page_shows_are_there():
    assert [name for name in NOT_SHOWN if not (SOURCE / name).exists()] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_a_sentence_has_words_and_keeps_its_values(path: Path):
    for english, chinese in entries(path).items():
        assert chinese.strip(), english
        places, kept = set(_PLACE.findall(english)), set(_PLACE.findall(chinese))
        assert kept <= places if path.name == "libraries.po" else kept == places, english


def test_a_sentence_is_found_by_its_finished_text():
    """Whatever other entry might fit as well, none takes it for a part of another."""
    words = {english: text for path in CATALOGUES for english, text in entries(path).items()}
    differing = [
        f"{told!r}: {found!r}"
        for one in shown_sentences()
        if (found := said(told := _filled(one.text), language="zh")) != _filled(words[one.text])
    ]
    assert not differing, "taken for something else:\n" + "\n".join(differing)


def _filled(text: str) -> str:
    return _PLACE.sub(lambda place: f"X{ord(place[1])}", text)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("there is no run 'run-7' in this project", "此项目中没有运行“run-7”"),
        (
            "the documents folder cannot be written: No space left on device",
            "无法写入文档目录：磁盘空间不足",
        ),
        (
            "training.rank: should be greater than or equal to 1 (given: 0)",
            "training.rank：应不小于 1（给出的是 0）",
        ),
        ("training.rnak: unknown; did you mean rank?", "training.rnak：未知；是否想写 rank？"),
        (
            "training.precision: should be 'auto', 'fp32' or 'bf16' (given: 'int8')",
            "training.precision：应为 'auto'、'fp32' 或 'bf16'（给出的是 'int8'）",
        ),
        (
            "the recipe a.yaml has 2 faults:\n  seed: is needed and was not given\n"
            "  exam: should be a list",
            "配方 a.yaml 有 2 处错误：\n  seed：必填，但未给出\n  exam：应为列表",
        ),
        (
            "url: 'x' is not a URL: it must look like https://host/v1. One endpoint is enough.",
            "url：“x”不是 URL：应形如 https://host/v1。一个接口就够了。",
        ),
    ],
)
def test_sentences_are_put_together_as_their_english_is(english: str, chinese: str):
    assert said(english, language="zh") == chinese


def test_what_an_endpoint_says_stays_as_it_is():
    told = "m at http://h/v1 refused the request (401): the password is too short"
    assert said(told, language="zh") == (
        "m at http://h/v1 拒绝了请求（401）：the password is too short"
    )


def test_who_reads_english_is_told_what_was_said():
    told = "there is no run 'run-7' in this project"
    assert said(told, language="en") == told


@pytest.mark.parametrize("told", ["", "  ", "KeyError: 'x'", "a: b: c; d, or e (given: 3). F."])
def test_what_nobody_knows_stays_as_it_is(told: str):
    assert said(told, language="zh") == told

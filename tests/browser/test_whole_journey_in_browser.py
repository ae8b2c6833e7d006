"""From documents to a chat with the tuned model, as a person goes: in English and in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from projects import HARBOR
from servers.sentence_teacher import sentence_teacher
from servers.studio_server import StudioServer
from servers.teacher_server import TeacherServer
from tiny_model import make_tiny_model

pytestmark = pytest.mark.timeout(600)

_WAIT = 240_000
"""Milliseconds for a job; generous, as the machine may be busy."""
_WORDS = {
    "en": {
        "new": "New project",
        "create": "Create",
        "save": "Save",
        "saved": "Saved.",
        "ask": "Generate questions…",
        "generate": "Generate",
        "look": "Look at the questions",
        "freeze": "Freeze a version",
        "start": "Train and examine",
        "export": "Export",
        "download": "Download",
        "send": "Ask",
    },
    "zh": {
        "new": "新建项目",
        "create": "创建",
        "save": "保存",
        "saved": "已保存",
        "ask": "生成问题…",
        "generate": "生成",
        "look": "查看问题",
        "freeze": "冻结一个版本",
        "start": "训练并考试",
        "export": "导出",
        "download": "下载",
        "send": "提问",
    },
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def teacher() -> Iterator[TeacherServer]:
    with TeacherServer(sentence_teacher, latency=0.3) as server:
        yield server


@pytest.fixture
def studio(home: Path) -> Iterator[StudioServer]:
    with StudioServer(home, OPENAI_API_KEY="none", OMP_NUM_THREADS="1") as server:
        yield server


@pytest.fixture
def recipe(base: Path, teacher: TeacherServer) -> str:
    """What a person types into the settings: a local teacher, a tiny base model, quick exams."""
    lines = [
        f"teacher: {{type: openai, model: any, url: '{teacher.url}'}}",
        f"base_model: {base}",
        "training: {num_epochs: 30, batch_size: 8}",
        "exam: {max_practice: 3, max_items: 6, max_tokens: 4, max_general_tokens: 2, retention: 0}",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_goes_from_documents_to_a_model_and_talks_with_it(
    page, recipe: str, language: str, tmp_path: Path
) -> None:
    words = _WORDS[language]
    project = _make_project(page, words, recipe)
    _upload(page, project, "annual-review.md", "渔港纪要.txt")
    _generate(page, project, words)
    _confirm_ten_by_keyboard(page, project)

    page.goto(f"{project}/dataset")
    page.get_by_role("button", name=words["freeze"]).click()
    page.locator("ol.versions li").wait_for(timeout=_WAIT)

    _train_and_see_the_curve_move(page, project, words)
    page.goto(f"{project}/exam")
    assert page.locator("#items").inner_text().strip()
    assert "%" in page.locator("#scores").inner_text()

    _talk_to_both(page, project, words)
    _export(page, project, words, tmp_path)


@pytest.mark.parametrize("moment", ["generation", "training"])
def test_a_server_that_is_killed_costs_nothing_and_the_open_page_recovers(
    page, studio: StudioServer, recipe: str, teacher: TeacherServer, moment: str
) -> None:
    page.allowed_faults += ["ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"]
    page.allowed_faults += ["ERR_INCOMPLETE_CHUNKED_ENCODING", "Failed to fetch", "htmx:sendError"]
    page.allowed_faults += ["NetworkError", "network error"]
    words = _WORDS["en"]
    project = _make_project(page, words, recipe)
    _upload(page, project, "annual-review.md", "渔港纪要.txt")
    if moment == "generation":
        page.goto(f"{project}/documents")
        page.get_by_role("button", name=words["ask"]).click()
        page.locator("#generate").get_by_role("button", name=words["generate"], exact=True).click()
        page.locator("#generate .job").wait_for()
    else:
        page.goto(f"{project}/train")
        page.get_by_role("button", name=words["start"]).click()
        page.locator(".at-work").wait_for(timeout=_WAIT)
        page.wait_for_function(_CURVE_HAS_STEPS, arg=1, timeout=_WAIT)
    studio.kill()
    studio.start()
    if moment == "generation":
        page.get_by_role("link", name=words["look"]).wait_for(timeout=_WAIT)
    else:
        page.wait_for_function(_JOB_IS_OVER, timeout=_WAIT)
        page.goto(f"{project}/exam")
        assert "%" in page.locator("#scores").inner_text()
    assert not teacher.paid_twice


_JOB_IS_OVER = "document.querySelector('#job-state')?.dataset.active === 'no'"
_CURVE_HAS_STEPS = (
    "least => parseInt(document.querySelector('[data-figure=step]')?.textContent) > least"
)


def _make_project(page, words: dict[str, str], recipe: str) -> str:
    """Creates a project by the dialog and writes its recipe; returns its address."""
    page.goto("/")
    page.get_by_role("button", name=words["new"]).first.click()
    page.locator("#create-form [name=name]").fill("港口 Coast")
    page.locator("#create-form").get_by_role("button", name=words["create"]).click()
    page.wait_for_url(re.compile(r"/projects/[0-9a-f]+/"))
    found = re.search(r"/projects/[0-9a-f]+", page.url)
    assert found is not None
    page.goto(f"{found[0]}/settings")
    page.locator("#recipe-form [name=recipe]").fill(recipe)
    page.locator("#recipe-form").get_by_role("button", name=words["save"]).click()
    page.locator("#recipe-form").get_by_text(words["saved"]).wait_for()
    return found[0]


def _upload(page, project: str, *names: str) -> None:
    page.goto(f"{project}/documents")
    page.locator("#files").set_input_files([HARBOR / "documents" / name for name in names])
    for name in names:
        page.locator("#documents").get_by_role("link", name=name).wait_for()


def _generate(page, project: str, words: dict[str, str]) -> None:
    page.goto(f"{project}/documents")
    page.get_by_role("button", name=words["ask"]).click()
    page.locator("#generate").get_by_role("button", name=words["generate"], exact=True).click()
    page.get_by_role("link", name=words["look"]).wait_for(timeout=_WAIT)


def _confirm_ten_by_keyboard(page, project: str) -> None:
    page.goto(f"{project}/review")
    seen = []
    for _ in range(10):
        row = page.locator("[data-row]").get_attribute("data-row")
        assert page.locator("[data-source] mark").count() >= 1, "the evidence is not highlighted"
        seen.append(row)
        page.keyboard.press("c")
        page.locator(f"[data-row]:not([data-row='{row}'])").wait_for()
    assert len(set(seen)) == 10
    page.goto(f"{project}/questions")
    assert page.locator("#content").inner_text()


def _train_and_see_the_curve_move(page, project: str, words: dict[str, str]) -> None:
    page.goto(f"{project}/train")
    page.get_by_role("button", name=words["start"]).click()
    page.wait_for_function(_CURVE_HAS_STEPS, arg=1, timeout=_WAIT)
    step = int(page.locator("[data-figure=step]").inner_text().split("/")[0])
    page.wait_for_function(_CURVE_HAS_STEPS, arg=step, timeout=_WAIT)
    page.wait_for_function(_JOB_IS_OVER, timeout=_WAIT)


def _talk_to_both(page, project: str, words: dict[str, str]) -> None:
    page.goto(f"{project}/chat")
    assert page.locator("#left").input_value() != page.locator("#right").input_value() != ""
    page.locator("#max_tokens").fill("8")
    page.locator("#question").fill("How many ships called at Calder Reach in 2031?")
    page.get_by_role("button", name=words["send"], exact=True).click()
    page.wait_for_function(
        "document.querySelectorAll('[data-loaded=yes]').length === 2", timeout=_WAIT
    )


def _export(page, project: str, words: dict[str, str], folder: Path) -> None:
    page.goto(f"{project}/dataset")
    page.get_by_role("link", name=words["export"]).first.click()
    page.locator("#export input[value=alpaca]").check()
    with page.expect_download() as download:
        page.locator("#preview a", has_text=words["download"]).click()
    path = folder / "alpaca.json"
    download.value.save_as(path)
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert len(rows) > 20
    assert all(row["output"] for row in rows)

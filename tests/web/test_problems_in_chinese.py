"""In the Chinese studio no error, hint, finding or failure is told in English."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from loresmith import errors
from loresmith.api import problems
from loresmith.errors import LoresmithError, MissingDependency, ModelUnavailable
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.web.said import said
from loresmith.workspace.accounts.errors import TooManyAttempts
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.rows import RowFilter, Rows
from projects import copy_documents
from written_rows import copy_written

ZH = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@pytest.fixture
def project(home: Home, tmp_path: Path) -> KnownProject:
    return home.projects.add(copy_documents(tmp_path / "coast", "annual-review.md"), name="Coast")


def english_in(text: str) -> list[str]:
    """Three English words or more on end, outside of code and scripts."""
    text = re.sub(r"<(script|code|pre|textarea)\b.*?</\1>", " ", text, flags=re.S)
    shown = html.unescape(re.sub(r"<[^>]*>", "\n", text))
    return re.findall(r"\b[A-Za-z']+(?: [a-z']+){2,}", shown)


def test_a_missing_project_is_told_wholly_in_chinese(client: Any) -> None:
    page = client.get("/projects/none/documents", headers=ZH)
    assert page.status_code == 404
    assert english_in(page.text) == []
    told = client.get("/projects/none/documents", headers={**ZH, "HX-Request": "true"}).json()
    assert (told["title"], told["detail"], told["hint"]) == (
        "未找到",
        "没有这个项目",
        "它可能已被删除。",
    )
    assert told["type"] == "urn:loresmith:problem:not-found"


def test_programs_are_told_in_english_whatever_they_read(client: Any) -> None:
    told = client.get("/api/v1/projects/none", headers={**ZH, "Accept": "application/json"}).json()
    assert told["detail"] == "there is no such project"


def test_scripts_of_the_pages_are_told_in_chinese_by_the_api(client: Any) -> None:
    sent = {**ZH, "Accept": "application/json", "X-CSRF-Token": client.csrf_token()}
    told = client.get("/api/v1/projects/none", headers=sent).json()
    assert (told["title"], told["detail"]) == ("未找到", "没有这个项目")


def test_a_request_with_wrong_parameters_is_told_in_chinese(
    client: Any, project: KnownProject
) -> None:
    sent = {**ZH, "HX-Request": "true"}
    told = client.post(f"/projects/{project.id}/review/any/verdict", headers=sent).json()
    assert told["detail"].startswith("请求有 ")
    assert told["faults"] and all(fault.endswith("：必填") for fault in told["faults"])


def test_every_fault_of_a_recipe_is_told_in_chinese(client: Any, project: KnownProject) -> None:
    recipe = "training:\n  rank: 0\n  rnak: 3\n  num_epochs: many\nchunking: 5\n"
    at = f"/projects/{project.id}/settings"
    etag = re.search(r'name="etag" value="([^"]*)"', client.get(at).text)
    assert etag is not None
    page = client.post(
        f"{at}/recipe", data={"recipe": recipe, "etag": html.unescape(etag[1])}, headers=ZH
    )
    assert page.status_code == 422
    faults = html.unescape(" ".join(re.findall(r"<li><code>(.*?)</code></li>", page.text)))
    assert "training.lora.rnak：未知；是否想写 rank？" in faults
    assert "应不小于 1（给出的是 0）" in faults
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", faults)
    assert english_in(page.text) == []


def test_a_recipe_that_is_no_yaml_is_told_in_chinese(client: Any, project: KnownProject) -> None:
    at = f"/projects/{project.id}/settings"
    etag = re.search(r'name="etag" value="([^"]*)"', client.get(at).text)
    assert etag is not None
    typed = {"recipe": "a: b: c", "etag": html.unescape(etag[1])}
    page = client.post(f"{at}/recipe", data=typed, headers=ZH).text
    assert "配方不是有效的 YAML：第 1 行第 5 列：" in page
    assert english_in(page) == []


def test_wrong_lengths_of_passages_are_told_in_chinese(client: Any, project: KnownProject) -> None:
    typed = {"chunking.type": "headings", "chunking.max_length": "few"}
    page = client.post(f"/projects/{project.id}/documents/chunking/preview", data=typed, headers=ZH)
    assert page.status_code == 422
    assert "最大长度: 应为整数。" in page.text
    assert english_in(page.text) == []


def test_a_failed_job_is_told_in_chinese_on_every_page(
    client: Any, project: KnownProject, home: Home
) -> None:
    with home.workspace(project.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
    job_id = queue.submit("generate", {}, background=True)
    claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    told = {
        "type": "StoreError",
        "message": "the disk under /srv/coast has only 12 MB left",
        "hint": "Free at least 500 MB, then run again.",
    }
    failure = {
        "step": "parse",
        "subject": "old.pdf",
        "reason": "old.pdf is protected by a password. "
        "Save a copy without a password (for example: qpdf --decrypt) and use that.",
    }
    progress = {
        "steps": {},
        "current": "",
        "error": told,
        "failures": [failure],
        "failure_count": 1,
    }
    queue.finish(claim, state="failed", error=told["message"], progress=progress)
    page = client.get(f"/projects/{project.id}/jobs/{job_id}", headers=ZH).text
    assert "/srv/coast 所在的磁盘只剩 12 MB" in page
    assert "请至少腾出 500 MB，然后重新运行。" in page
    assert "old.pdf 有密码保护。请另存一份无密码的副本" in page
    for address in (
        f"/projects/{project.id}/jobs/{job_id}",
        f"/projects/{project.id}/jobs",
        "/jobs",
    ):
        assert english_in(client.get(address, headers=ZH).text) == []


def test_what_a_look_before_a_training_finds_is_told_in_chinese(client: Any, home: Home) -> None:
    empty = home.projects.create("Empty")
    (Path(empty.folder) / "documents" / "notes.xyz").write_text("x")
    page = client.post(f"/projects/{empty.id}/train/look", data={"seed": "1"}, headers=ZH).text
    assert "还没有可读取的文档" in page
    assert english_in(page) == []


def test_an_endpoint_that_cannot_be_is_told_at_its_field_in_chinese(client: Any) -> None:
    typed = {"name": "Mine", "url": "ftp://host"}
    page = client.post("/models/providers", data=typed, headers=ZH)
    assert page.status_code == 422
    assert 'class="error"' in page.text
    assert english_in(page.text) == []


def test_a_page_of_a_problem_is_chinese_but_for_what_an_endpoint_said(client: Any) -> None:
    @client.app.get("/fails/endpoint")
    def fails() -> None:
        raise ModelUnavailable(
            "m at http://h/v1 refused the request (401): no such key here",
            hint="the key in MY_KEY is wrong, expired, or has no right to this model",
        )

    page = client.get("/fails/endpoint", headers=ZH).text
    assert "m at http://h/v1 拒绝了请求（401）：no such key here" in page
    assert "MY_KEY 中的密钥错误、已过期，或无权使用该模型" in page
    assert english_in(page.replace("no such key here", "").replace("m at http://h/v1", "")) == []


def test_a_failed_check_and_a_late_edit_are_told_in_chinese(
    client: Any, home: Home, tmp_path: Path
) -> None:
    known = home.projects.add(copy_written(tmp_path / "written"), name="Written")
    rows = Rows(home.workspace(known.id))
    row = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=1).rows[0]
    sent = {
        "version": rows.row(row.id).version,
        "question": row.question,
        "answer": f"{row.answer} 98,765 ships.",
        "short_answer": row.short_answer,
    }
    at = f"/projects/{known.id}/review/{row.id}/edit"
    page = client.post(at, data=sent, headers=ZH).text
    assert "“98,765”不在原文依据中" in html.unescape(page)
    late = client.post(at, data=sent | {"answer": "x"}, headers=ZH)
    assert "未保存：这一条在此期间已被修改" in late.text


def test_why_rows_of_a_file_cannot_be_used_is_told_in_chinese(
    client: Any, project: KnownProject
) -> None:
    lines = (
        '{"instruction": "q", "output": 5}',
        '{"instruction": "q"',
        '{"instruction": "a", "output": "b"}',
    )
    content = "\n".join(lines).encode()
    sent = {"file": ("rows.jsonl", content, "application/jsonl")}
    page = client.post(f"/projects/{project.id}/dataset/import", files=sent, headers=ZH).text
    assert "“output”是数字，而不是文本" in html.unescape(page)
    assert "不是有效的 JSON：" in page


def test_a_script_of_a_page_is_told_in_chinese(client: Any, project: KnownProject) -> None:
    sent = {**ZH, "HX-Request": "true"}
    told = client.post(f"/projects/{project.id}/jobs/nothing/retry", headers=sent).json()
    assert told["detail"] == "此项目中没有任务 nothing"


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for module in (errors, problems)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, LoresmithError)
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_kind_of_problem_has_a_chinese_title(kind: type[LoresmithError]) -> None:
    needed: dict[type, dict[str, Any]] = {
        MissingDependency: {"extra": "train"},
        TooManyAttempts: {"retry_after": 3.0},
        errors.NoTextLayerError: {"pages": (1,)},
    }
    error = kind("x", **needed.get(kind, {}))
    title = problems.problem_of(error).title
    assert said(title, language="zh") != title

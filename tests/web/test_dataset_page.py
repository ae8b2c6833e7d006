"""The dataset page: from an empty project to versions, imports and files, in both languages."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.rows import Rows
from written_rows import copy_written

EVIL = "<script>alert(1)</script>"
ROWS: list[dict[str, Any]] = [
    {"question": f"问题 {number}？", "answer": f"答案 {number}。"} for number in range(30)
]


@pytest.fixture
def project(home: Home, tmp_path: Path) -> KnownProject:
    """A project without documents: its rows are imported."""
    (tmp_path / "rows" / "documents").mkdir(parents=True)
    return home.projects.add(tmp_path / "rows", name="Rows")


@pytest.fixture
def base(project: KnownProject) -> str:
    return f"/projects/{project.id}/dataset"


def handed_over(client: Any, base: str, rows: object = ROWS, name: str = "rows.json") -> Any:
    content = io.BytesIO(json.dumps(rows).encode())
    return client.post(f"{base}/import", files={"file": (name, content)})


def upload_in(page: str) -> str:
    found = re.search(r'name="upload" value="(\w+)"', page)
    assert found is not None
    return found[1]


def imported(client: Any, base: str, rows: object = ROWS, name: str = "rows.json") -> str:
    """The address of the report."""
    upload = upload_in(handed_over(client, base, rows, name).text)
    form = {"upload": upload, "instruction": "question", "output": "answer"}
    reply = client.post(f"{base}/import/rows", data=form)
    assert reply.status_code == 200, reply.text
    return str(reply.headers["HX-Redirect"])


@pytest.fixture
def frozen(client: Any, base: str, home: Home, project: KnownProject) -> str:
    imported(client, base)
    home.workspace(project.id).do("dataset")
    imported(client, base, [{"question": f"Why {EVIL}?", "answer": EVIL}], f"{EVIL}.json")
    home.workspace(project.id).do("dataset")
    return base


def test_an_empty_page_says_what_to_do_next(client: Any, base: str) -> None:
    page = client.get(base)
    assert page.status_code == 200
    assert "Freeze a version" in page.text
    assert f'href="{base}/import"' in page.text
    assert 'href="/help#dataset"' in page.text
    chinese = client.get(base, headers={"Accept-Language": "zh-CN"}).text
    assert "还没有版本" in chinese


def test_versions_rows_and_their_filters(client: Any, frozen: str) -> None:
    page = client.get(frozen).text
    assert "Version 2" in page and "Version 1" in page
    first = client.get(f"{frozen}/rows?version=2&split=&language=&document=&search=").text
    assert first.count("<li>") == 25
    assert "1–25 of 31" in first
    found = client.get(f"{frozen}/rows", params={"version": 2, "search": "问题 7"}).text
    assert "答案 7。" in found and found.count("<li>") == 1
    assert client.get(f"{frozen}?version=9").status_code == 404


def test_text_and_names_of_others_are_never_markup(client: Any, frozen: str) -> None:
    version = client.get(f"{frozen}/rows?version=2&search=alert").text
    compared = client.get(f"{frozen}/compare?older=1&newer=2").text
    exported = client.get(f"{frozen}/export/preview?version=2&form=alpaca").text
    listed = client.get(frozen).text
    for page in (version, compared, listed, exported):
        assert EVIL not in page
    for page in (version, compared):
        assert "&lt;script&gt;" in page


def test_what_changed_between_two_versions(client: Any, frozen: str) -> None:
    page = client.get(f"{frozen}/compare?older=1&newer=2&kind=added").text
    assert "Why &lt;script" in page
    assert (
        "No difference of this kind"
        in client.get(f"{frozen}/compare?older=1&newer=2&kind=removed").text
    )


@pytest.mark.parametrize(
    "form",
    [
        *("llamafactory", "alpaca", "sharegpt", "openai", "jsonl", "csv", "text"),
        *("multilingual-thinking", "custom"),
    ],
)
def test_the_preview_leads_to_the_file_that_it_shows(client: Any, frozen: str, form: str) -> None:
    shown = client.get(
        f"{frozen}/export/preview",
        params={"version": 1, "form": form, "system": "add", "system_prompt": "简短回答。"},
    ).text
    address = re.search(r'href="([^"]+/export/file[^"]+)"', shown)
    assert address is not None
    file = client.get(address[1].replace("&amp;", "&"))
    assert file.status_code == 200
    assert file.headers["content-disposition"].startswith("attachment")
    if form not in ("llamafactory", "text", "custom"):
        assert "简短回答。" in file.text
        assert "简短回答。" in shown


def test_a_file_is_looked_at_mapped_imported_and_taken_back(client: Any, base: str) -> None:
    rows = [{"frage": "Wer?", "antwort": "Ines."}, {"frage": "Wo?", "antwort": None}]
    first = handed_over(client, base, rows, "问答.json").text
    assert "问答.json" in first
    assert "Say which column holds the question" in first
    form = {"upload": upload_in(first), "instruction": "frage", "output": "antwort"}
    mapped = client.post(f"{base}/import/preview", data=form).text
    assert "Ines." in mapped and "field missing" in mapped
    report = client.post(f"{base}/import/rows", data=form).headers["HX-Redirect"]
    told = client.get(report).text
    assert "field missing" in told and "Wo?" in told
    assert client.post(f"{report}/take-back").headers["HX-Redirect"] == base
    assert "taken back" in client.get(base).text


def test_fields_of_ones_own_and_chosen_rows_go_out_alone(client: Any, frozen: str) -> None:
    asked = {"version": 1, "form": "custom", "fields": "问=question\n答=answer", "file": "jsonl"}
    rows = client.get(f"{frozen}/rows", params={"version": 1, "search": "5"}).text
    page = re.search(r'href="([^"]+/dataset/export[^"]+)"', rows)
    assert page is not None and "search=5" in page[1]
    shown = client.get(page[1].replace("&amp;", "&")).text
    assert 'name="search" value="5"' in shown
    preview = client.get(f"{frozen}/export/preview", params={**asked, "search": "5"}).text
    address = re.search(r'href="([^"]+/export/file[^"]+)"', preview)
    assert address is not None
    lines = client.get(address[1].replace("&amp;", "&")).text.splitlines()
    every = client.get(f"{frozen}/export/file", params={"version": 1, "form": "alpaca"}).json()
    wanted = [row for row in every if "5" in row["instruction"] + row["output"]]
    assert 0 < len(wanted) < len(every)
    assert [json.loads(line) for line in lines] == [
        {"问": row["instruction"], "答": row["output"]} for row in wanted
    ]


def test_the_files_of_a_folder_are_looked_at_and_imported_together(client: Any, base: str) -> None:
    rows = [{"instruction": f"Q{n}?", "input": "", "output": "A."} for n in range(2)]
    files = [
        ("file", ("alpaca.json", json.dumps(rows).encode())),
        ("file", ("again.json", json.dumps(rows).encode())),
        ("file", ("statistics.json", b"{}")),
    ]
    shown = client.post(f"{base}/import", files=files).text
    assert "it is no file of rows" in shown
    chosen = [html.unescape(one) for one in re.findall(r'name="chosen" value="([^"]+)"', shown)]
    assert len(chosen) == 2
    done = client.post(f"{base}/import/files", data={"chosen": chosen}).text
    assert "another file has the same rows" in done and "/dataset/imports/" in done


def test_a_file_that_is_none_of_rows_is_refused_in_its_place(client: Any, base: str) -> None:
    refused = client.post(f"{base}/import", files={"file": ("x.pdf", b"%PDF-1.7")})
    assert refused.status_code == 422
    assert "This file cannot be imported" in refused.text


def test_freezing_shows_how_far_it_is(
    client: Any, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        "loresmith.workspace.background.background.start_worker",
        lambda *_, **__: started.append("worker"),
    )
    imported(client, base)
    shown = client.post(f"{base}/freeze").text
    assert started == ["worker"]
    assert "Waiting its turn" in shown
    address = re.search(r'hx-get="([^"]+/freezing/\w+[^"]*)"', shown)
    assert address is not None
    assert "Waiting its turn" in client.get(address[1]).text


def test_a_version_that_would_be_equal_is_not_made_and_that_is_said(
    client: Any, frozen: str, home: Home, project: KnownProject
) -> None:
    from loresmith.workspace.background import Background

    workspace = home.workspace(project.id)
    workspace.do("dataset")
    job = Background(workspace).jobs()[0]
    again = client.get(f"{frozen}/freezing/{job.id}?newest=2")
    assert "Nothing has changed" in again.text and "Version 2" in again.text
    assert client.get(f"{frozen}/freezing/{job.id}?newest=1").headers["HX-Redirect"] == frozen


def test_what_would_go_in_is_told_before_freezing(client: Any, base: str) -> None:
    assert f'hx-get="{base}/next"' in client.get(base).text
    assert "Nothing would go in" in client.get(f"{base}/next").text


def test_what_stays_out_is_told_with_reasons_in_both_languages(
    client: Any, base: str, home: Home, project: KnownProject
) -> None:
    imported(client, base)
    rows = Rows(home.workspace(project.id))
    first, second = rows.page(limit=2).rows
    rows.review([first.id, second.id], "rejected")
    told = client.get(f"{base}/next").text
    assert "Rows that go in" in told and ">28<" in told
    assert "rejected by a reviewer" in told
    chinese = client.get(f"{base}/next", headers={"Accept-Language": "zh-CN"}).text
    assert "审核未通过" in chinese and "将收入的条目" in chinese


def test_before_columns_are_mapped_the_rows_are_shown_as_they_stand(client: Any, base: str) -> None:
    rows = [{"frage": "Wer war es?", "antwort": "Ines Ogawa.", "nr": 7}]
    first = handed_over(client, base, rows, "odd.json").text
    shown = first.split("The first rows")[1]
    assert "Wer war es?" in shown and "Ines Ogawa." in shown and "frage" in shown


def test_a_stage_is_named_in_words_while_it_freezes(
    client: Any, base: str, home: Home, project: KnownProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loresmith.workspace.background import Background

    imported(client, base)
    workspace = home.workspace(project.id)
    workspace.do("dataset")
    job = Background(workspace).jobs()[0]
    steps = tuple(one.model_copy(update={"note": "", "total": 1}) for one in job.steps)
    at_work = job.model_copy(update={"state": "running", "current": "curate", "steps": steps})
    monkeypatch.setattr(Background, "job", lambda *_: at_work)
    shown = client.get(f"{base}/freezing/{job.id}").text
    assert "Check every row" in shown and ">curate" not in shown


def test_rows_that_wait_for_their_check_stand_beside_the_others(
    client: Any, home: Home, tmp_path: Path
) -> None:
    known = home.projects.add(copy_written(tmp_path / "coast"), name="Coast")
    recipe = home.workspace(known.id).project.folder / "loresmith.yaml"
    recipe.write_text(
        recipe.read_text("utf-8") + "\ncuration:\n  filters:\n    - type: empty\n", "utf-8"
    )
    told = client.get(f"/projects/{known.id}/dataset/next").text
    assert re.search(r"<dt>Rows still to be checked</dt><dd>[1-9]", told)

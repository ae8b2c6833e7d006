"""Documents as a person handles them: dropped, read, selected, corrected, cut anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.studio_server import StudioServer
from servers.teacher_server import TeacherServer

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=60_000)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeacherServer]:
    """Started before the studio, whose workers find the key in their environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with TeacherServer(sentence_teacher) as server:
        yield server


@pytest.fixture
def at(teacher: TeacherServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the documents of a project with a teacher, an English and a Chinese text."""
    from loresmith.settings import load_settings
    from loresmith.workspace.home import Home

    monkeypatch.setenv("LORESMITH_HOME", str(home))
    folder = copy_documents(home / "projects" / "coast", "annual-review.md", "渔港纪要.txt")
    (folder / "loresmith.yaml").write_text(
        f"teacher: {{type: openai, model: any, url: '{teacher.url}'}}\n"
        "chunking: {min_length: 300, max_length: 600}\n"
    )
    known = Home(load_settings()).projects.add(folder, name="Coast")
    return f"/projects/{known.id}/documents"


def test_files_are_uploaded_each_with_its_result(at: str, page: Any) -> None:
    page.goto(at)
    files = [
        _file("灯塔.txt", "2031年5月3日，灯塔点亮。\n".encode("gb18030")),
        _file("<img src=x onerror=alert(1)>.md", b"# <script>alert(2)</script>\n\nThe tide.\n"),
        _file("program.exe", b"MZ"),
        _file("empty.md", b""),
    ]
    page.set_input_files("#files", files)
    expect(page.locator("#results-summary")).to_have_text("2 of 4 files taken in")
    expect(page.locator("#results-list .refused")).to_have_count(2)
    table = page.locator("#documents table")
    expect(table).to_contain_text("灯塔.txt")
    expect(table).to_contain_text("_img src=x onerror=alert(1)_.md")
    page.set_input_files("#files", [_file("灯塔.txt", "灯塔熄灭。\n".encode())])
    page.get_by_role("button", name="Replace it").click()
    expect(page.locator("#results-list .replaced")).to_be_visible()
    page.get_by_role("link", name="_img src=x").click()
    expect(page.locator(".passage").first).to_contain_text("<script>alert(2)</script>")


def test_selected_passages_are_estimated_and_asked_about(
    at: str, page: Any, teacher: TeacherServer
) -> None:
    page.goto(at)
    page.get_by_role("link", name="annual-review.md").click()
    passages = page.locator(".passage")
    passages.nth(1).hover()
    expect(page.locator("#context-title")).to_have_text("Passage 2")
    expect(page.locator("#context")).to_contain_text("Calder Reach")
    page.get_by_role("checkbox", name="Select passage 2", exact=True).check()
    page.get_by_role("checkbox", name="Select passage 3", exact=True).check()
    page.get_by_role("button", name="Generate questions…").click()
    dialog = page.locator("#generate")
    expect(dialog).to_contain_text("any is asked about 2 selected passages.")
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(dialog.get_by_role("link", name="Look at the questions")).to_be_visible(timeout=60_000)
    assert len([call for call in teacher.finished if call.text != "ready"]) == 6
    page.reload()
    expect(page.locator(".passage.has")).to_have_count(2)
    expect(page.locator(".coverage .has")).to_have_count(2)


def test_a_passage_is_corrected_and_taken_back(at: str, page: Any) -> None:
    page.goto(at)
    page.get_by_role("link", name="渔港纪要.txt").click()
    first = page.locator(".passage").first
    first.hover()
    first.get_by_role("button", name="Edit this passage").click()
    page.get_by_label("Text of the passage").fill("改过的标题\n\n改过的正文，2031年。")
    page.get_by_label("Why").fill("更正")
    page.get_by_role("button", name="Save as a revision").click()
    expect(page.locator(".notice.good")).to_contain_text("Saved as a revision")
    page.get_by_role("link", name="History").last.click()
    expect(page.locator(".line.added").first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("更正"))).to_contain_text("in use")
    page.get_by_role("button", name="Go back to it").click()
    expect(page.locator("#restored")).to_contain_text("The earlier text is in use again")
    page.get_by_role("link", name="Show the text").click()
    expect(page.locator(".passage").first).not_to_contain_text("改过的正文")


def test_other_settings_show_their_effect_before_they_are_applied(at: str, page: Any) -> None:
    page.allowed_faults.append("422")  # of the lengths that cannot be
    for name in ("annual-review.md", "渔港纪要.txt"):
        page.goto(at)
        page.get_by_role("link", name=name).click()
    page.goto(f"{at}/chunking")
    page.get_by_label("Min length").fill("150")
    page.get_by_label("Max length").fill("250")
    effect = page.locator("#effect")
    expect(effect).to_contain_text("The first passages that change")
    page.get_by_label("Max length").fill("20")
    expect(effect).to_contain_text("“Min length” (150) is more than “Max length” (20)")
    page.get_by_label("Max length").fill("250")
    page.get_by_role("button", name="Apply and cut anew").click()
    expect(effect).to_contain_text("Done")


def test_cuts_are_set_by_hand_with_the_keyboard_on_a_narrow_screen(
    at: str, page: Any, home: Path
) -> None:
    recipe = home / "projects" / "coast" / "loresmith.yaml"
    recipe.write_text("chunking: {type: manual}\n")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(at)
    page.get_by_role("link", name="annual-review.md").click()
    expect(page.locator(".passage").first).to_be_visible()
    page.goto(f"{at}/chunking")
    place = page.locator(".cut-here").nth(1)
    place.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cutting [role=status]")).to_have_text("1 cut")
    expect(place).to_have_attribute("aria-pressed", "true")
    expect(place).to_be_focused()
    expect(page.locator("textarea[name='chunking.cuts']")).to_have_value(
        re.compile("annual-review")
    )
    box = place.bounding_box()
    assert box["height"] >= 44 and box["x"] + box["width"] <= 360
    page.get_by_role("button", name="Apply and cut anew").click()
    expect(page.locator("#effect")).to_contain_text("Done")
    assert "annual-review.md" in recipe.read_text()


def test_a_large_document_is_read_as_one_scrolls(at: str, page: Any, home: Path) -> None:
    text = "".join(f"第{n}号航标于2031年点亮，高{n}米。\n\n" for n in range(60_000))
    large = home / "projects" / "coast" / "documents" / "large.txt"
    large.write_text(text, encoding="utf-8")
    page.goto(at)
    page.get_by_role("link", name="large.txt").click()
    expect(page.locator(".passage").first).to_be_visible()
    count = page.locator(".passage").count()
    assert count < 100
    page.locator(".more").last.scroll_into_view_if_needed()
    expect(page.locator(".passage").nth(count)).to_be_visible()


@pytest.mark.parametrize("language", ["zh"])
def test_the_page_is_chinese_for_a_chinese_reader(at: str, page: Any, studio: StudioServer) -> None:
    page.goto(f"{studio.url}{at}")
    expect(page.get_by_role("heading", name="文档").first).to_be_visible()
    page.get_by_role("button", name="生成问答…").click()
    page.get_by_role("button", name="读取文档").click()
    expect(page.locator("#generate")).to_contain_text("已完成")
    page.reload()
    page.get_by_role("button", name="生成问答…").click()
    expect(page.locator("#generate")).to_contain_text("调用次数")


def _file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


@pytest.mark.usefixtures("at")
def test_the_first_upload_brings_what_can_be_done_with_it(page: Any) -> None:
    from loresmith.settings import load_settings
    from loresmith.workspace.home import Home

    blank = Home(load_settings()).projects.create("Blank")
    page.goto(f"/projects/{blank.id}/documents")
    expect(page.get_by_role("button", name="Generate questions…")).to_have_count(0)
    page.set_input_files("#files", [_file("a.md", b"# Lights\n\nThe light is lit.\n")])
    page.get_by_role("button", name="Generate questions…").click()
    expect(page.locator("dialog#generate[open]")).to_contain_text("passage")

"""The dataset page in a browser: a file is mapped, imported, frozen and exported again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.workspace.datasets import Datasets
from loresmith.workspace.home import Home
from servers.studio_server import StudioServer

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.mark.parametrize("language", ["zh"])
def test_a_chinese_spreadsheet_goes_in_and_comes_out_again(
    page: Any, studio: StudioServer, tmp_path: Path
) -> None:
    home = _home(studio)
    project = home.projects.create("海岸")
    file = tmp_path / "问答.csv"
    file.write_text("编号,题,解\n1,谁主持会议？,岑望舟。\n2,,空的\n", encoding="gb18030")

    page.goto(f"/projects/{project.id}/dataset")
    page.get_by_role("link", name="导入数据").first.click()
    page.locator("#file").set_input_files(str(file))
    page.locator("#map-instruction").select_option("题")
    page.locator("#map-output").select_option("解")
    page.get_by_text("岑望舟。").last.wait_for()
    page.locator("#mapping").get_by_role("button", name="导入").click()
    page.wait_for_url(re.compile("/dataset/imports/"))
    assert page.get_by_text("内容为空").count() >= 1

    home.workspace(project.id).do("dataset")
    page.get_by_role("link", name="前往数据集").click()
    page.locator("#rows").get_by_text("谁主持会议？").wait_for()
    page.get_by_role("link", name="导出", exact=True).click()
    page.get_by_label("CSV 表格").check()
    page.locator("#preview pre").get_by_text("instruction,input,output").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "谁主持会议？,,岑望舟。" in text
    assert Datasets(home.workspace(project.id)).version(1).rows == 1


def test_a_file_chosen_before_the_scripts_arrive_is_read(
    page: Any, studio: StudioServer, tmp_path: Path
) -> None:
    project = _home(studio).projects.create("Coast")
    file = tmp_path / "rows.csv"
    file.write_text("question,answer\nWho presides?,Ilse Vantongeren.\n", encoding="utf-8")
    held: list[Any] = []
    page.route("**/js/dataset.js*", lambda route: held.append(route))
    page.goto(f"/projects/{project.id}/dataset/import", wait_until="commit")
    page.locator("#file").set_input_files(str(file))
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.locator("#map-instruction").wait_for()
    assert page.locator("#file").input_value() == "", "another file can be chosen"


def test_system_prompt_and_fields_are_asked_for_only_where_they_are_chosen(
    page: Any, studio: StudioServer
) -> None:
    import io

    from loresmith.workspace.datasets import Imports

    home = _home(studio)
    project = home.projects.create("Coast")
    imports = Imports(home.workspace(project.id))
    rows = io.BytesIO(b'[{"question": "Q?", "answer": "A."}]')
    imports.import_rows(imports.hand_over("rows.json", rows).id)
    home.workspace(project.id).do("dataset")
    page.goto(f"/projects/{project.id}/dataset/export?version=1")
    prompt = page.locator("#system_prompt")
    assert prompt.is_hidden()
    page.locator("#system").select_option("add")
    prompt.fill("Answer in few words.")
    page.locator("#preview").get_by_text("Answer in few words.").wait_for()
    fields = page.locator("#fields")
    assert fields.is_hidden()
    page.get_by_label("Fields of your choice").check()
    fields.fill("ask=question\nsay=answer")
    page.locator("#preview").get_by_text('"ask": "Q?"').wait_for()


def test_a_key_is_entered_and_a_connection_tested(page: Any, studio: StudioServer) -> None:
    _home(studio).projects.create("Coast")
    page.goto("/models")
    choice = page.locator("form[data-teacher] option[value=deepseek]")
    assert "no key yet" in choice.text_content()
    row = page.locator("#provider-deepseek")
    row.get_by_placeholder("Paste the key").fill("sk-browser-123456789")
    row.get_by_role("button", name="Save").click()
    row.get_by_text("key set").wait_for()
    expect(choice).to_have_text("DeepSeek")  # the choice of a teacher knows of the key
    assert "sk-browser" not in page.content()
    ollama = page.locator("#provider-ollama")
    ollama.get_by_placeholder("Model").fill("any")
    ollama.get_by_role("button", name="Test").click()
    ollama.get_by_role("alert").wait_for()
    assert _home(studio).settings.home.joinpath("keys.fernet").exists()


def _home(studio: StudioServer) -> Home:
    from loresmith.settings import Settings

    return Home(Settings(home=studio.home, database_url=None))

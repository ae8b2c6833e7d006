"""The models page in a browser: an endpoint is added, asked for its models, tested and chosen."""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.settings import Settings
from loresmith.workspace.home import Home
from servers.studio_server import StudioServer
from servers.teacher_server import TeacherServer

KEY = "sk-models-browser-123456"


@pytest.mark.parametrize("language", ["zh"])
def test_an_endpoint_goes_from_its_address_to_a_projects_teacher(
    page: Any, studio: StudioServer
) -> None:
    home = Home(Settings(home=studio.home, database_url=None))
    project = home.projects.create("海岸")
    names = [f"model-{number}" for number in range(20)] + ["qwen-plus"]
    with TeacherServer(api_key=KEY, models=names) as server:
        page.goto("/models")
        page.get_by_role("button", name="添加接口").click()
        form = page.locator("dialog form")
        form.get_by_label("名称").fill("实验室")
        form.get_by_label("接口地址").fill(server.url)
        form.get_by_label("需要密钥").check()
        form.get_by_role("button", name="添加").click()

        row = page.locator("li.provider", has_text="实验室")
        row.get_by_role("button", name="模型列表").click()
        row.get_by_text("还没有密钥").wait_for()
        row.get_by_placeholder("粘贴密钥").fill(KEY)
        row.get_by_role("button", name="保存").click()
        row.get_by_text("已设密钥").wait_for()

        row.get_by_role("button", name="模型列表").click()
        row.get_by_placeholder("搜索").fill("QWEN")
        assert row.get_by_role("button", name="model-3", exact=True).is_hidden()
        row.get_by_role("button", name="qwen-plus").click()
        assert row.get_by_placeholder("模型").input_value() == "qwen-plus"
        row.get_by_role("button", name="测试").click()
        row.get_by_text("可以使用").wait_for()
        assert KEY not in page.content()

        page.reload()
        chooser = page.locator(f"#models-of-{project.id}")
        chooser.get_by_label("教师模型", exact=True).select_option(label="实验室")
        chooser.get_by_placeholder("模型").fill("qwen-plus")
        chooser.get_by_role("button", name="保存").first.click()
        chooser.get_by_role("status").wait_for()
    teacher = home.workspace(project.id).recipe.teacher
    assert (getattr(teacher, "model", ""), getattr(teacher, "url", "")) == ("qwen-plus", server.url)

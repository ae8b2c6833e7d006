"""What a person is shown when something cannot be shown."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from loresmith.errors import ModelUnavailable, RecipeError


def test_an_unknown_address_says_so_and_offers_the_projects(client):
    reply = client.get("/nowhere")
    assert reply.status_code == 404
    assert "There is nothing here" in reply.text
    assert 'href="/"' in reply.text


def test_an_unknown_project_is_told_in_chinese_to_who_reads_chinese(client):
    reply = client.get("/projects/none/settings", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert reply.status_code == 404
    assert "这里什么也没有" in reply.text


@pytest.fixture
def failing(client):
    """The studio with pages that fail in known ways."""
    app: FastAPI = client.app

    @app.get("/fails/hint")
    def fails_with_a_hint() -> None:
        raise ModelUnavailable("the <b>server</b> is down", hint="Start it.")

    @app.get("/fails/recipe")
    def fails_with_faults() -> None:
        raise RecipeError("the recipe has 1 fault", faults=["training.rnak: unknown"])

    @app.get("/fails/unforeseen")
    def fails_unforeseen() -> None:
        raise ZeroDivisionError("a secret of the inside")

    return client


def test_an_error_is_shown_with_what_to_do_and_never_as_markup(failing):
    reply = failing.get("/fails/hint")
    assert reply.status_code == 503
    assert "the &lt;b&gt;server&lt;/b&gt; is down" in reply.text
    assert "Start it." in reply.text


def test_every_fault_of_a_recipe_is_shown(failing):
    reply = failing.get("/fails/recipe")
    assert reply.status_code == 422
    assert "training.rnak: unknown" in reply.text


def test_what_nobody_foresaw_tells_a_number_for_the_log_and_nothing_else(failing):
    reply = failing.get("/fails/unforeseen")
    assert reply.status_code == 500
    assert reply.headers["X-Request-Id"] in reply.text
    assert "a secret of the inside" not in reply.text


def test_what_nobody_foresaw_is_told_in_chinese_too(failing):
    reply = failing.get("/fails/unforeseen", headers={"Accept-Language": "zh-CN"})
    assert "服务器日志中以此请求编号记有详情" in reply.text
    assert "inside the server" not in reply.text


def test_a_script_gets_the_problem_itself(failing):
    reply = failing.get("/fails/hint", headers={"HX-Request": "true"})
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json()["hint"] == "Start it."
    assert (
        failing.get("/fails/hint", headers={"Accept": "application/json"}).json()["status"] == 503
    )

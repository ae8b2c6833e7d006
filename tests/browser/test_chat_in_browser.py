"""Chatting with base and tuned in a real browser; the tiny model answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from served_project import ServedProject, serve_project
from servers.studio_server import StudioServer

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=90_000)  # a model is loaded in a process of its own, on a busy machine


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedProject:
    return serve_project(tmp_path_factory.mktemp("served"))


@pytest.fixture
def home(served: ServedProject) -> Path:
    return served.home.settings.home


def ask(page: Any, question: str) -> None:
    page.get_by_label("Question", exact=True).fill(question)
    page.keyboard.press("Enter")


def answers(page: Any) -> Any:
    return page.locator(".chat-answer")


def wait_until_answered(page: Any, count: int) -> None:
    """Until the page has `count` answers, all of them whole, and takes another question."""
    expect(answers(page)).to_have_count(count)
    expect(page.locator(".chat-answer[data-state=done]")).to_have_count(count)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_both_models_answer_and_a_new_page_remembers(page: Any, served: ServedProject) -> None:
    page.goto(f"/projects/{served.project.id}/chat")
    ask(page, "Who?")
    expect(answers(page)).to_have_count(2)
    expect(answers(page).nth(1).locator(".chat-text")).to_have_text("Ilse Brandt.")
    expect(answers(page).nth(0)).to_have_attribute("data-state", "done")
    said = answers(page).nth(0).locator(".chat-text").inner_text()
    page.reload()
    expect(answers(page).nth(0).locator(".chat-text")).to_have_text(said)
    expect(answers(page).nth(1).locator(".chat-text")).to_have_text("Ilse Brandt.")
    page.get_by_role("button", name="New conversation").click()
    expect(answers(page)).to_have_count(0)
    page.reload()
    expect(answers(page)).to_have_count(0)


def test_the_newest_answer_is_in_sight_above_the_place_to_ask(
    page: Any, served: ServedProject
) -> None:
    page.set_viewport_size({"width": 1280, "height": 520})
    page.goto(f"/projects/{served.project.id}/chat")
    page.get_by_label("Longest reply").fill("8")  # the base model, untaught, would fill the window
    for count in (2, 4, 6):
        ask(page, "Who?")
        wait_until_answered(page, count)
    answer, form = answers(page).last.bounding_box(), page.locator(".chat-ask").bounding_box()
    assert answer["y"] >= 0 and answer["y"] + answer["height"] <= form["y"]


def test_what_was_written_when_the_page_is_left_stays_and_is_looked_up(
    page: Any, served: ServedProject
) -> None:
    page.goto(f"/projects/{served.project.id}/chat")
    page.get_by_label("Right").select_option("")
    page.evaluate(_NEVER_ENDING)
    ask(page, "How much?")
    expect(answers(page).locator(".chat-text")).to_have_text("It cost 4.2 million")
    page.reload()
    expect(answers(page).locator(".chat-figure.not_found")).to_have_text(re.compile("4.2 million"))
    expect(answers(page)).to_have_attribute("data-state", "lost")
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()


_NEVER_ENDING = """() => {
  const real = window.fetch;
  const piece = JSON.stringify({ text: "It cost 4.2 million", reasoning: "" });
  const event = new TextEncoder().encode(`event: piece\\ndata: ${piece}\\n\\n`);
  window.fetch = async (address, options) =>
    String(address).endsWith("/chat/replies")
      ? new Response(new ReadableStream({ start: (stream) => stream.enqueue(event) }))
      : real(address, options);
}"""


def test_a_figure_that_no_document_has_is_marked(page: Any, served: ServedProject) -> None:
    page.goto(f"/projects/{served.project.id}/chat?run=v1-cost")
    page.get_by_label("Left").select_option("coast/v1-cost")
    page.get_by_label("Right").select_option("")
    ask(page, "Who?")
    figure = page.locator(".chat-text .chat-figure")
    expect(figure).to_have_text(re.compile("4.2 million"))
    expect(figure).to_have_class(re.compile("not_found"))
    expect(page.locator(".chat-places summary")).to_contain_text("1 not in the documents")


def test_a_figure_of_the_documents_leads_to_its_place(
    page: Any, served: ServedProject, studio: StudioServer
) -> None:
    page.route(
        "**/chat/replies",
        lambda route: route.fulfill(
            headers={"Content-Type": "text/event-stream"}, body=_answer_about(served, studio)
        ),
    )
    page.goto(f"/projects/{served.project.id}/chat")
    page.get_by_label("Right").select_option("")
    ask(page, "How much?")
    link = page.locator(".chat-text a.chat-figure.found")
    expect(link).to_have_count(1)
    assert re.search(r"/documents/\w+\?start=\d+#:~:text=", link.get_attribute("href"))
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("main")).to_contain_text(link.evaluate("e => e.firstChild.data"))


def _answer_about(served: ServedProject, studio: StudioServer) -> str:
    """The events of an answer that states the first figure of the project's English document."""
    import json

    import httpx

    from loresmith.text.figures import figures

    served.home.workspace(served.project.id).do("parse")
    text = (served.folder / "documents" / "annual-review.md").read_text(encoding="utf-8")
    figure = next(one for one in figures(text) if one.unit == "t" or one.value > 1000)
    answer = f"It was {figure.text}."
    marks = httpx.post(
        f"{studio.url}/api/v1/projects/{served.project.id}/chat/marks",
        json={"answer": answer},
        trust_env=False,
    ).json()
    finished = {"finish_reason": "stop", "usage": {"completion_tokens": 5}}
    events = [
        ("piece", {"text": answer, "reasoning": ""}),
        ("finished", finished),
        ("marks", marks),
    ]
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


def test_text_of_a_model_is_never_html(page: Any, served: ServedProject) -> None:
    evil = "<img src=x onerror=alert(1)>\\n**x**"
    body = (
        f'event: piece\ndata: {{"text": "{evil}", "reasoning": ""}}\n\n'
        'event: finished\ndata: {"finish_reason": "stop", "usage": {"completion_tokens": 5}}\n\n'
    )
    page.route(
        "**/chat/replies",
        lambda route: route.fulfill(headers={"Content-Type": "text/event-stream"}, body=body),
    )
    page.goto(f"/projects/{served.project.id}/chat")
    ask(page, "<b>bold</b>")
    expect(answers(page).first.locator(".chat-text")).to_have_text(
        "<img src=x onerror=alert(1)>\n**x**"
    )
    assert page.locator("#turns img, #turns b").count() == 0


def test_a_server_that_is_killed_while_it_answers_loses_nothing(
    page: Any, served: ServedProject, studio: StudioServer
) -> None:
    page.allowed_faults += ["ERR_", "Failed to load resource", "htmx:"]
    page.goto(f"/projects/{served.project.id}/chat")
    ask(page, "Who?")
    wait_until_answered(page, 2)
    studio.kill()
    ask(page, "谁？")
    expect(answers(page).nth(2)).to_have_attribute("data-state", "failed")
    expect(answers(page).nth(3)).to_have_attribute("data-state", "failed")
    studio.start()
    page.reload()
    expect(answers(page)).to_have_count(4)
    for _ in range(2):
        page.get_by_role("button", name="Ask again").first.click()
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    expect(answers(page).nth(3)).to_have_attribute("data-state", "done")
    expect(page.get_by_role("button", name="Ask again")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh"])
def test_a_reply_is_stopped_and_what_is_there_stays(page: Any, served: ServedProject) -> None:
    page.goto(f"/projects/{served.project.id}/chat")
    page.get_by_label("右侧").select_option("")
    page.get_by_label("温度").fill("2")
    page.get_by_label("最大长度").fill("400")
    page.route("**/chat/replies", lambda _route: None)  # never answered
    page.get_by_label("问题", exact=True).fill("谁？")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="停止", exact=True).click()
    expect(answers(page)).to_have_attribute("data-state", "stopped")
    expect(answers(page)).to_contain_text("已停止")
    expect(page.get_by_role("button", name="提问", exact=True)).to_be_visible()


def test_a_model_is_loaded_and_unloaded_with_its_memory(page: Any, served: ServedProject) -> None:
    page.goto(f"/projects/{served.project.id}/chat")
    memory = page.locator("#chat-models")
    memory.locator("[data-model='coast/v1-ilse']").get_by_role("button", name="Load").click()
    expect(memory.locator("[data-model='coast/v1-ilse']")).to_have_attribute("data-loaded", "yes")
    expect(memory.locator(".chat-memory")).to_contain_text(re.compile(r"[\d.]+.(MB|GB)"))
    memory.locator(f"[data-model='{served.base.name}']").get_by_role(
        "button", name="Unload"
    ).click()
    expect(memory).to_contain_text("No model is in memory")

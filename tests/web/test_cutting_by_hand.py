"""Cuts are set between paragraphs by pressing there: looked at first, then applied and saved."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.workspace.documents import document_key
from loresmith.workspace.home import Home

PARAGRAPHS = [f"Paragraph {n} says that berth {n} is {n}1 metres long." for n in range(1, 5)]
TEXT = "\n\n".join(PARAGRAPHS)
KEY = document_key("berths.md")


@pytest.fixture
def at(home: Home, tmp_path: Path) -> str:
    folder = tmp_path / "berths"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "berths.md").write_text(TEXT)
    known = home.projects.add(folder, name="Berths")
    home.workspace(known.id).do("chunk")
    return f"/projects/{known.id}/documents/chunking"


def typed(cuts: Any = (), kind: str = "manual", **more: Any) -> dict[str, str]:
    form = {"chunking.type": kind, "chunking.cuts": json.dumps(cuts), "cut_document": KEY}
    return form | {name: str(value) for name, value in more.items()}


def pressed(page: str) -> list[int]:
    """Where cuts are, by the buttons."""
    return [int(n) for n in re.findall(r'id="cut-(\d+)"[^>]*aria-pressed="true"', page)]


def cuts_in_form(page: str) -> Any:
    field = re.search(r'<textarea[^>]*name="chunking\.cuts"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert field is not None
    return json.loads(html.unescape(field[1]))


def test_only_cutting_by_hand_shows_the_paragraphs(client: Any, at: str) -> None:
    assert "Cut by hand" not in client.get(at).text
    page = client.post(f"{at}/preview", data=typed()).text
    assert "Cut by hand" in page and pressed(page) == []
    assert page.count('class="cut-here"') == len(PARAGRAPHS) - 1
    assert all(paragraph in page for paragraph in PARAGRAPHS)


def test_a_press_cuts_in_the_form_another_joins_and_applying_saves(
    client: Any, at: str, home: Home
) -> None:
    second, third = TEXT.index(PARAGRAPHS[1]), TEXT.index(PARAGRAPHS[2])
    page = client.post(f"{at}/cut", data=typed(cut_at=third)).text
    assert pressed(page) == [third] and 'hx-swap-oob="true"' in page
    page = client.post(f"{at}/cut", data=typed(cuts_in_form(page), cut_at=second)).text
    assert pressed(page) == [second, third]
    both = cuts_in_form(page)
    assert both == [{"document": "berths.md", "at": [p[:40] for p in PARAGRAPHS[1:3]]}]
    workspace = home.workspace(at.split("/")[2])
    assert workspace.recipe.chunking.type == "headings", "nothing is changed before it is applied"
    page = client.post(f"{at}/cut", data=typed(both, cut_at=second)).text
    assert pressed(page) == [third]
    assert client.post(at, data=typed(cuts_in_form(page))).status_code == 200
    saved = home.workspace(at.split("/")[2]).recipe.chunking
    assert [one.model_dump(mode="json") for one in saved.cuts] == cuts_in_form(page)
    assert pressed(client.get(at).text) == [third]


def test_cuts_that_are_not_in_the_text_are_told_before_and_after(
    client: Any, at: str, home: Home
) -> None:
    cuts = [{"document": "berths.md", "at": ["Paragraph 2", "Paragraph 9"]}]
    page = html.unescape(client.post(f"{at}/preview", data=typed(cuts)).text)
    assert "1 of 2 cuts are not in the text: 'Paragraph 9'" in page
    chinese = {"Accept-Language": "zh"}
    page = html.unescape(client.post(f"{at}/preview", data=typed(cuts), headers=chinese).text)
    assert "2 个切点中有 1 个在文中找不到" in page and "are not in the text" not in page
    folder = home.workspace(at.split("/")[2]).project.folder
    gone = {"document": "gone.md", "at": [5]}
    recipe = {"chunking": {"type": "manual", "cuts": [*cuts, gone]}}
    (folder / "loresmith.yaml").write_text(json.dumps(recipe))
    outcome = home.workspace(at.split("/")[2]).do("chunk")
    assert [one.reason for one in outcome.states["chunk"].failures] == [
        "berths.md: 1 of 2 cuts are not in the text: 'Paragraph 9'",
        "gone.md: chunking.cuts names it, and there is no such document",
    ]
    assert outcome.states["chunk"].complete


def test_a_cut_needs_settings_that_cut_by_hand(client: Any, at: str) -> None:
    reply = client.post(f"{at}/cut", data=typed(kind="headings", cut_at=5))
    assert reply.status_code == 409
    assert client.post(f"{at}/cut", data=typed(cut_document="x", cut_at=5)).status_code == 404

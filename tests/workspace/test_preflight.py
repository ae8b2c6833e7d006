"""What stands in the way of a training is known before anything expensive is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loresmith.models.base_models import BaseModelFacts
from loresmith.recipe import Recipe
from loresmith.workspace.preflight import template_obstacles
from tiny_model import make_tiny_model


def _told(folder: Path, *, missing: int = 0, **training: Any) -> list[str]:
    recipe = Recipe.build({"base_model": str(folder), "training": training})
    facts = BaseModelFacts(
        name="tiny",
        source="hub",
        folder=folder,
        parameters=None,
        bytes_to_download=missing,
        bytes_free=10**12,
    )
    return [error.message for error in template_obstacles(recipe, facts)]


def test_a_template_is_tried_by_the_tokenizer_of_a_model_that_is_here(tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "tiny")
    endless = tmp_path / "endless.jinja"
    endless.write_text("{% for message in messages %}{{ message.content }}{% endfor %}")
    assert _told(model) == _told(model, chat_template="default") == []
    (told,) = _told(model, chat_template=str(endless))
    assert "would never stop" in told
    assert _told(model, chat_template=str(endless), stage={"type": "pretrain"}) == []


def test_of_a_model_that_is_to_be_downloaded_the_template_itself_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "not-here"
    assert _told(folder, missing=10**6) == _told(folder, missing=10**6, chat_template="qwen") == []
    (told,) = _told(folder, missing=10**6, chat_template=str(tmp_path / "lost.jinja"))
    assert "lost.jinja cannot be read" in told

"""A recipe for documents of a trade can be begun with, and says what to beware of."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.errors import NotFound
from loresmith.recipe import Recipe
from loresmith.text.language import language_of
from loresmith.workspace.domains import Domain, domain, domains
from loresmith.workspace.recipes import write_recipe


def test_there_are_finance_law_and_medicine() -> None:
    assert [one.name for one in domains()] == ["finance", "law", "medicine"]
    with pytest.raises(NotFound, match="no domain 'physics'"):
        domain("physics")


@pytest.mark.parametrize("trade", domains(), ids=lambda trade: trade.name)
def test_each_gives_a_whole_recipe_with_its_warnings_in_both_languages(
    trade: Domain, tmp_path: Path
) -> None:
    path = write_recipe(tmp_path, trade=trade, teacher="deepseek:deepseek-chat")
    text = path.read_text("utf-8")
    assert all(f"# {one}\n" in text for one in (*trade.warnings, *trade.warnings_zh))
    assert len(trade.warnings) == len(trade.warnings_zh) >= 3
    assert {language_of(one) for one in trade.warnings_zh} == {"zh"}
    recipe = Recipe.load(path)
    assert recipe.teacher.model == "deepseek-chat"  # type: ignore[union-attr]
    assert recipe.generation.style == trade.settings["generation"]["style"]
    assert recipe.generation.facts.types.wanted()
    assert recipe.generation.facts.density < Recipe().generation.facts.density

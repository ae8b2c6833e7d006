"""The settings of a project as forms: what is shown, saved, refused and asked beforehand."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from loresmith.jobs.queue import Queue
from loresmith.recipe import Recipe
from loresmith.workspace.domains import domain, domains
from loresmith.workspace.workspace import Workspace
from written_rows import copy_written


@pytest.fixture
def project(home):
    """A new, empty project."""
    return home.projects.create("Coast")


@pytest.fixture
def address(project):
    return f"/projects/{project.id}/settings"


def etag_in(page: str) -> str:
    found = re.search(r'name="etag" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def recipe_of(project) -> Path:
    return Path(project.folder) / "loresmith.yaml"


def saved(client, address: str, section: str, **typed):
    at = f"{address}/{section}"
    return client.post(at, data={"etag": etag_in(client.get(at).text), **typed})


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("writing", ("facts.density", "facts.types.analysis", "facts.difficulties.hard", "style")),
        ("rows", ("rows",)),
    ],
)
def test_what_is_written_can_be_set(client, address, section, names):
    page = client.get(f"{address}/{section}").text
    for name in names:
        assert f'name="generation.{name}"' in page
    assert ".prompt" not in page, "prompts have a page of their own"


def test_checks_and_the_dataset_can_be_set(client, address):
    checks = client.get(f"{address}/curation").text
    assert 'value="near_duplicate"' in checks and 'name="curation.filters.duplicate' in checks
    page = client.get(f"{address}/dataset").text
    assert 'name="dataset.confirmed_only"' in page and 'name="dataset.split.withheld"' in page


def test_the_settings_begin_with_writing_and_lead_to_the_recipe_file(client, address):
    page = client.get(address).text
    assert 'name="generation.facts.density"' in page
    assert f'href="{address}/recipe"' in page


def test_a_recipe_that_no_form_can_show_is_shown_as_text(client, project, address):
    recipe_of(project).write_text("training: [\n", "utf-8")
    answer = client.get(address, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address}/recipe")
    assert "training: [" in client.get(address).text


def test_what_is_saved_leaves_comments_and_other_settings_as_they_were(client, project, address):
    text = "# 我的注释\nseed: 7 # lucky\ngeneration:\n  # dense\n  facts:\n    most: 9\n"
    recipe_of(project).write_text(text, "utf-8")
    typed = {"generation.facts.density": "120", "generation.facts.types.analysis": "0.5"}
    assert saved(client, address, "writing", **typed).status_code == 200
    now = recipe_of(project).read_text("utf-8")
    assert all(line in now for line in text.splitlines())
    facts = Recipe.load(recipe_of(project)).generation.facts
    assert (facts.density, facts.most, facts.types.analysis) == (120, 9, 0.5)


def test_every_fault_is_told_at_its_field_and_nothing_is_saved(client, project, address):
    typed = {
        "generation.facts.density": "many",
        "generation.training.paraphrases": "99",
        "generation.facts.types.fact": "0",
    }
    answer = saved(client, address, "writing", **typed)
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert "there are 3 faults" in page
    assert "This should be a whole number." in page and 'value="many"' in page
    assert "This should be at most 50." in page
    assert "every share is 0" in page
    assert not recipe_of(project).exists()


def test_faults_are_told_in_chinese(client, address):
    client.headers["Accept-Language"] = "zh-CN"
    page = saved(client, address, "writing", **{"generation.facts.types.fact": "0"}).text
    assert "every share" not in page and "各项比例都是 0" in page, page[
        page.find("every share") - 300 :
    ][:600]


def test_kinds_of_rows_are_chosen_put_in_order_and_set(client, project, address):
    at = f"{address}/rows"
    etag = etag_in(client.get(at).text)
    ticked = client.post(
        f"{at}/form", data={"etag": etag, "generation.rows": ["", "preference", "dialogue"]}
    ).text
    assert 'name="generation.rows.dialogue.rounds"' in ticked, "what is ticked shows its settings"
    assert ticked.index('value="preference"') < ticked.index('value="dialogue"')
    assert not recipe_of(project).exists()
    typed = {
        "generation.rows": ["", "preference", "dialogue"],
        "generation.rows.dialogue.rounds": "4",
    }
    assert saved(client, address, "rows", **typed).status_code == 200
    rows = Recipe.load(recipe_of(project)).generation.rows
    assert [one.type for one in rows] == ["preference", "dialogue"]
    assert rows[1].rounds == 4
    assert saved(client, address, "rows", **{"generation.rows": ""}).status_code == 200
    assert Recipe.load(recipe_of(project)).generation.rows == ()


def test_checks_are_added_and_removed(client, project, address):
    typed = {"curation.filters": ["", "empty", "near_duplicate"]}
    assert saved(client, address, "curation", **typed).status_code == 200
    filters = Recipe.load(recipe_of(project)).curation.filters
    assert [one.type for one in filters] == ["empty", "near_duplicate"]


def test_two_people_cannot_overwrite_one_another(client, project, address):
    etag = etag_in(client.get(address).text)
    recipe_of(project).write_text("seed: 5\n", "utf-8")
    answer = client.post(
        f"{address}/writing", data={"etag": etag, "generation.facts.density": "99"}
    )
    assert answer.status_code == 422
    assert "has been changed meanwhile" in answer.text and 'value="99"' in answer.text
    assert recipe_of(project).read_text("utf-8") == "seed: 5\n"


def test_what_would_set_questions_aside_is_asked_first(client, home, tmp_path):
    written = home.projects.add(copy_written(tmp_path / "written"), name="Written")
    at = f"/projects/{written.id}/settings"
    before = recipe_of(written).read_text("utf-8")
    asked = saved(client, at, "writing", **{"generation.facts.density": "100"})
    assert asked.status_code == 422
    assert "were asked for otherwise" in asked.text and 'name="agreed"' in asked.text
    assert recipe_of(written).read_text("utf-8") == before
    agreed = saved(client, at, "writing", **{"generation.facts.density": "100", "agreed": "true"})
    assert agreed.status_code == 200
    assert Recipe.load(recipe_of(written)).generation.facts.density == 100


def test_a_job_at_work_that_uses_the_old_settings_is_named(client, project, address):
    workspace = Workspace(project.folder)
    with workspace.opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        job = queue.submit("parse", {"recipe": workspace.recipe.model_dump(mode="json")})
    assert "still uses the settings" not in client.get(address).text
    page = saved(client, address, "writing", **{"generation.facts.density": "100"}).text
    assert "still uses the settings of its start" in page
    assert f"/projects/{project.id}/jobs/{job}" in page


@pytest.mark.parametrize("trade", domains(), ids=lambda one: one.name)
def test_a_domain_is_chosen_with_its_warnings_and_can_be_taken_off(client, project, address, trade):
    recipe_of(project).write_text("seed: 7 # mine\n", "utf-8")
    page = html.unescape(client.get(address).text)
    assert all(words.split("`")[0] in page for words in trade.warnings)
    etag = etag_in(page)
    answer = client.post(f"{address}/domain", data={"etag": etag, "name": trade.name})
    assert answer.headers["HX-Redirect"] == address
    recipe = Recipe.load(recipe_of(project))
    assert (recipe.domain, recipe.seed) == (trade.name, 7)
    assert "seed: 7 # mine" in recipe_of(project).read_text("utf-8")
    assert recipe.generation.style == trade.settings["generation"]["style"]
    page = client.get(address).text
    assert f'value="{trade.name}" checked' in page
    client.headers["Accept-Language"] = "zh-CN"
    chinese = html.unescape(client.get(address).text)
    assert all(words.split("`")[0] in chinese for words in trade.warnings_zh)
    assert trade.title_zh in chinese
    client.post(f"{address}/domain", data={"etag": etag_in(page), "name": ""})
    off = Recipe.load(recipe_of(project))
    assert (off.domain, off.generation.style) == ("", recipe.generation.style)


def test_a_project_can_begin_with_a_domain(client, home):
    made = client.post("/projects", data={"name": "Clinic", "domain": "medicine"})
    assert made.status_code == 200
    (known,) = home.projects.all()
    recipe = Recipe.load(recipe_of(known))
    assert recipe.domain == "medicine" and recipe.dataset.confirmed_only
    wanted = domain("medicine").settings["generation"]
    assert recipe.generation.facts.density == wanted["facts"]["density"]


def test_a_domain_that_there_is_not_makes_no_project(client, home):
    answer = client.post("/projects", data={"name": "Lab", "domain": "physics"})
    assert answer.status_code == 422
    assert "there is no domain" in html.unescape(answer.text)
    assert home.projects.all() == []

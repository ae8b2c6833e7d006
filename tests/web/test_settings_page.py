"""The settings: of the studio, and the recipe of a project as text."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from loresmith.recipe import Recipe
from loresmith.workspace.prompts import teacher_prompts
from loresmith.workspace.rows import RowFilter, Rows
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


def test_the_settings_say_where_things_are(client, home):
    page = client.get("/settings").text
    assert str(home.settings.home) in page
    assert str(home.settings.models) in page


def test_the_page_speaks_the_language_of_the_browser_until_one_is_chosen(client):
    chinese = client.get("/settings", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert 'lang="zh-CN"' in chinese.text
    assert "存放位置" in chinese.text
    client.cookies.set("language", "en")
    chosen = client.get("/settings", headers={"Accept-Language": "zh-CN"})
    assert "Where things are" in chosen.text


def test_the_languages_are_taken_in_the_order_the_browser_gives_them(client):
    assert (
        '<html lang="en"' in client.get("/settings", headers={"Accept-Language": "fr,en,zh"}).text
    )
    reply = client.get("/settings", headers={"Accept-Language": "en;q=0.5, zh;q=0.9"})
    assert '<html lang="zh-CN"' in reply.text


def test_a_theme_that_nobody_offers_is_not_taken_from_a_cookie(client):
    client.cookies.set("theme", "dark")
    assert 'data-theme="dark"' in client.get("/settings").text
    client.cookies.set("theme", 'x"><script>')
    assert "<script>" not in client.get("/settings").text


def test_a_new_project_shows_every_setting_with_its_default(client, address):
    page = html.unescape(client.get(f"{address}/recipe").text)
    assert "num_epochs:" in page
    assert "# What the teacher is asked to write." in page


def test_what_is_saved_is_the_text_as_written_with_its_comments(client, project, address):
    text = "# 我的注释\nseed: 7\n"
    reply = client.post(
        f"{address}/recipe",
        data={"recipe": text, "etag": etag_in(client.get(f"{address}/recipe").text)},
    )
    assert reply.status_code == 200
    assert "Saved." in reply.text
    assert recipe_of(project).read_text("utf-8") == text
    assert Recipe.load(recipe_of(project)).seed == 7


def test_every_fault_is_shown_and_nothing_is_saved(client, project, address):
    recipe_of(project).write_text("seed: 7\n", "utf-8")
    etag = etag_in(client.get(f"{address}/recipe").text)
    text = "seed: many\ntraining: {type: lora, rnak: 8}\n"
    reply = client.post(f"{address}/recipe", data={"recipe": text, "etag": etag})
    page = html.unescape(reply.text)
    assert reply.status_code == 422
    assert "there are 2 faults" in page
    assert "did you mean rank" in page
    assert "seed: many" in page, "what was written is kept"
    assert recipe_of(project).read_text("utf-8") == "seed: 7\n"


def test_text_that_is_no_yaml_says_where(client, address):
    etag = etag_in(client.get(f"{address}/recipe").text)
    reply = client.post(f"{address}/recipe", data={"recipe": "seed: [1\n", "etag": etag})
    assert reply.status_code == 422
    assert "not valid YAML" in reply.text
    assert "line 2" in reply.text


def test_a_recipe_that_is_broken_on_disk_can_be_mended_here(client, project, address):
    recipe_of(project).write_text("training: [\n", "utf-8")
    page = client.get(f"{address}/recipe")
    assert page.status_code == 200
    reply = client.post(
        f"{address}/recipe", data={"recipe": "seed: 1\n", "etag": etag_in(page.text)}
    )
    assert reply.status_code == 200
    assert Recipe.load(recipe_of(project)).seed == 1


def test_two_editors_cannot_overwrite_one_another(client, project, address):
    etag = etag_in(client.get(f"{address}/recipe").text)
    recipe_of(project).write_text("seed: 5\n", "utf-8")
    reply = client.post(f"{address}/recipe", data={"recipe": "seed: 6\n", "etag": etag})
    assert reply.status_code == 422
    assert "has been changed meanwhile" in reply.text
    assert recipe_of(project).read_text("utf-8") == "seed: 5\n"


def test_a_post_from_another_site_changes_nothing(client, project, address):
    etag = etag_in(client.get(f"{address}/recipe").text)
    reply = client.post(
        f"{address}/recipe",
        data={"recipe": "seed: 6\n", "etag": etag},
        headers={"Origin": "https://evil.example", "X-CSRF-Token": "none"},
    )
    assert reply.status_code == 403
    assert not recipe_of(project).exists()


def test_markup_in_a_recipe_is_shown_as_text(client, project, address):
    recipe_of(project).write_text("# </textarea><script>alert(1)</script>\n", "utf-8")
    assert "<script>alert(1)" not in client.get(f"{address}/recipe").text


OWN = "写问答。\n<!-- user -->\n{{ count }}\n{{ passage.text }}\n"


def version_in(page: str, prompt: str) -> str:
    found = re.search(rf'id="prompt-{prompt}".*?name="version" value="([^"]*)"', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_prompt_of_the_teacher_can_be_read(client, address):
    assert f'href="{address}/prompts"' in client.get(f"{address}/recipe").text
    page = html.unescape(client.get(f"{address}/prompts").text)
    for prompt in teacher_prompts(Recipe()):
        assert prompt.text.strip().splitlines()[0] in page


def test_a_prompt_is_put_in_other_words_and_taken_back(client, project, address):
    prompts = f"{address}/prompts"
    version = version_in(client.get(prompts).text, "facts-zh")
    own = OWN.replace("\n", "\r\n")
    reply = client.post(f"{prompts}/facts/zh", data={"text": own, "version": version})
    assert reply.status_code == 200 and "Saved." in reply.text
    assert Recipe.load(recipe_of(project)).generation.facts.prompt.zh == OWN
    assert "      zh: |\n        写问答。\n" in recipe_of(project).read_text("utf-8")
    late = client.post(f"{prompts}/facts/zh", data={"text": "x", "version": version})
    assert late.status_code == 422 and "somebody else has changed this prompt" in late.text
    now = version_in(client.get(prompts).text, "facts-zh")
    back = client.post(f"{prompts}/facts/zh", data={"text": "", "version": now})
    assert version_in(back.text, "facts-zh") == version
    assert Recipe.load(recipe_of(project)) == Recipe()


def test_a_prompt_that_would_not_work_is_not_saved_and_not_lost(client, project, address):
    prompts = f"{address}/prompts"
    version = version_in(client.get(prompts).text, "exam-en")
    text = "Ask about {{ pasage.text }}\n<!-- user -->\n{{ facts }}"
    reply = client.post(f"{prompts}/exam/en", data={"text": text, "version": version})
    assert reply.status_code == 422
    assert "there is no variable pasage" in html.unescape(reply.text)
    assert "{{ pasage.text }}" in reply.text
    assert not recipe_of(project).exists()


def test_a_prompt_is_shown_as_it_would_be_sent(client):
    reply = client.post("/settings/prompts/facts/zh/try", data={"text": OWN})
    assert "写问答。</pre>" in reply.text and "二〇三一年渔获增至57,200吨。" in reply.text
    reply = client.post("/settings/prompts/facts/zh/try", data={"text": "写问答。"})
    assert "This would not work" in reply.text


@pytest.fixture
def written(home, tmp_path):
    """A project with questions in English and Chinese."""
    return home.projects.add(copy_written(tmp_path / "coast"), name="Coast")


def test_a_prompt_is_saved_only_when_setting_questions_aside_is_agreed_to(client, home, written):
    prompts = f"/projects/{written.id}/settings/prompts"
    version = version_in(client.get(prompts).text, "facts-zh")
    chosen = RowFilter(language=("zh",))
    concerned = Rows(home.workspace(written.id)).facets(chosen).total
    form = {"text": OWN, "version": version}
    asked = client.post(f"{prompts}/facts/zh", data=form).text
    assert f"{concerned} questions were asked for with the present prompt" in asked
    assert "写问答。" in asked and "Saved." not in asked
    assert home.workspace(written.id).recipe.generation.facts.prompt.zh is None
    saved = client.post(f"{prompts}/facts/zh", data=form | {"agreed": "true"}).text
    assert "What was asked with the one before is set aside" in saved
    now = version_in(client.get(prompts).text, "facts-zh")
    back = client.post(f"{prompts}/facts/zh", data={"text": "", "version": now}).text
    assert "The prompt of this version is in use." in back
    assert home.workspace(written.id).recipe.generation.facts.prompt.zh is None


def test_a_recipe_with_another_teacher_is_saved_only_when_that_is_agreed_to(client, home, written):
    address = f"/projects/{written.id}/settings"
    form = {"recipe": "seed: 3\n", "etag": etag_in(client.get(f"{address}/recipe").text)}
    asked = client.post(f"{address}/recipe", data=form).text
    total = Rows(home.workspace(written.id)).facets().total
    assert f"{total} questions were written with another teacher than this recipe names" in asked
    assert "seed: 3" in asked and "seed: 3" not in recipe_of(written).read_text("utf-8")
    saved = client.post(f"{address}/recipe", data=form | {"agreed": "true"}).text
    assert "Saved." in saved and "is set aside until the recipe is as before" in saved
    assert recipe_of(written).read_text("utf-8") == "seed: 3\n"


def test_a_variable_that_is_not_there_is_named_as_it_is_written(client):
    text = "Write.\n<!-- user -->\n{{ passage.txt }} {{ passage.text }}\n"
    said = html.unescape(client.post("/settings/prompts/facts/en/try", data={"text": text}).text)
    assert "there is no variable passage.txt; there are passage.title" in said
    assert "object" not in said


def test_the_prompt_of_a_row_kind_can_be_changed_once_the_project_writes_such_rows(
    client, project, address
):
    prompts = f"{address}/prompts"
    own = "写错误回答。\n<!-- user -->\n{{ passage.text }}\n"
    own += "{% for fact in facts %}{{ fact.question }} {{ fact.short_answer }}{% endfor %}\n"
    form = {"text": own, "version": version_in(client.get(prompts).text, "preference-zh")}
    refused = client.post(f"{prompts}/preference/zh", data=form)
    assert refused.status_code == 422 and "writes no rows of the kind" in refused.text
    recipe_of(project).write_text(
        "generation:\n  rows: [{type: dialogue, rounds: 4}, {type: preference, rejected: 2}]\n",
        "utf-8",
    )
    saved = client.post(f"{prompts}/preference/zh", data=form)
    assert saved.status_code == 200 and "Saved." in saved.text
    dialogue, preference = Recipe.load(recipe_of(project)).generation.rows
    assert (dialogue.rounds, preference.rejected, preference.prompt.zh) == (4, 2, own)
    form = {"text": "", "version": version_in(saved.text, "preference-zh")}
    assert client.post(f"{prompts}/preference/zh", data=form).status_code == 200
    assert Recipe.load(recipe_of(project)).generation.rows[1].prompt.zh is None


def test_the_judge_is_told_what_the_project_wants(client, project, address):
    prompts = f"{address}/prompts"
    shipped = next(one for one in teacher_prompts(Recipe()) if one.task == "judge")
    own = shipped.text.replace("\n", "\nBe strict.\n", 1)
    form = {"text": own, "version": version_in(client.get(prompts).text, "judge-en")}
    assert "Saved." in client.post(f"{prompts}/judge/en", data=form).text
    assert Recipe.load(recipe_of(project)).curation.judge.prompt.en == own
    assert client.post(f"{prompts}/nothing/en", data=form).status_code == 404


@pytest.mark.parametrize("prompt", teacher_prompts(Recipe()), ids=lambda one: one.task)
def test_every_prompt_can_be_tried_on_a_sample(client, prompt):
    at = f"/settings/prompts/{prompt.task}/{prompt.language}/try"
    reply = client.post(at, data={"text": prompt.text})
    assert reply.status_code == 200 and "This would not work" not in reply.text

"""Projects are made, copied, renamed and deleted, and tell what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.errors import Conflict, NotFound, RecipeError
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.records import StepLog, Usage
from loresmith.settings import load_settings
from loresmith.workspace import Workspace
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.recipes import change_recipe
from postgres_server import new_database
from projects import HARBOR, copy_documents


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Home]:
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    if request.param == "sqlite":
        yield Home(load_settings())
    else:
        with new_database() as url:
            monkeypatch.setenv("LORESMITH_DATABASE_URL", url)
            yield Home(load_settings())


def spend(home: Home, known: KnownProject, tokens: int) -> None:
    with home.workspace(known.id).opened() as context:
        usage = Usage(calls=1, prompt_tokens=tokens, completion_tokens=1)
        context.store.put(
            StepLog(id=f"log {tokens}", recipe_id="r", step="generate", seconds=1.0, usage=usage)
        )


def write_report(folder: Path, run: str, *, before: float, after: float) -> None:
    (folder / "runs" / run).mkdir(parents=True)
    (folder / "runs" / run / "run.json").write_text("{}")
    exam = {"before": {"accuracy": before}, "after": {"accuracy": after}}
    (folder / "runs" / run / "report.json").write_text(json.dumps({"exam": exam}))


def test_a_blank_project_has_a_place_for_documents_and_nothing_else(home: Home) -> None:
    known = home.projects.create("  Häfen\n&  海港 ")
    assert known.name == "Häfen & 海港"
    assert (Path(known.folder) / "documents").is_dir()
    card = home.projects.card(known.id)
    assert (card.documents, card.rows, card.runs, card.best_score, card.tokens) == (
        0,
        0,
        0,
        None,
        0,
    )
    assert not card.working
    assert card.trouble == ""


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "x" * 81])
def test_a_name_must_be_one(home: Home, name: str) -> None:
    known = home.projects.create("Coast")
    with pytest.raises(RecipeError):
        home.projects.create(name)
    with pytest.raises(RecipeError):
        home.projects.rename(known.id, name)
    assert [one.name for one in home.projects.all()] == ["Coast"]


@pytest.mark.parametrize("name", ["../../etc", "..", "/root", "C:\\x", "a/b", "con\x00"])
def test_no_name_leads_out_of_the_home(home: Home, tmp_path: Path, name: str) -> None:
    folder = Path(home.projects.create(name).folder)
    assert folder.parent == (tmp_path / "home" / "projects").resolve()


def test_two_projects_of_one_name_have_folders_of_their_own(home: Home) -> None:
    first, second = home.projects.create("Coast"), home.projects.create("Coast")
    assert first.folder != second.folder
    assert first.id != second.id


def test_the_example_can_be_run_as_it_is(home: Home) -> None:
    known = home.projects.create_example("Harbour")
    assert home.projects.card(known.id).documents == len(list((HARBOR / "documents").iterdir()))
    done = home.workspace(known.id).do("dataset")
    assert done.complete
    card = home.projects.card(known.id)
    assert card.rows > 100
    assert card.tokens >= 0


def test_a_copy_has_the_settings_and_if_wanted_the_documents(home: Home, tmp_path: Path) -> None:
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    first = home.projects.add(folder)
    change_recipe(folder, {"seed": 7})
    bare = home.projects.create_like(first.id, "Settings only")
    whole = home.projects.create_like(first.id, "All", with_documents=True)
    assert [home.workspace(one.id).recipe.seed for one in (bare, whole)] == [7, 7]
    assert [home.projects.card(one.id).documents for one in (bare, whole)] == [0, 1]
    assert len({first.id, bare.id, whole.id}) == 3


def test_a_copy_of_the_example_keeps_its_recorded_teacher(home: Home) -> None:
    example = home.projects.create_example("Harbour")
    copy = home.projects.create_like(example.id, "Mine", with_documents=True)
    assert home.workspace(copy.id).do("generate").complete


def test_nothing_is_left_of_a_copy_that_cannot_be_made(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        home.projects.create_like("no such project", "Copy")
    broken = home.projects.create("Broken")
    (Path(broken.folder) / "loresmith.yaml").write_text("teacher: [")
    with pytest.raises(RecipeError):
        home.projects.create_like(broken.id, "Copy", with_documents=True)
    assert [one.name for one in home.projects.all()] == ["Broken"]
    assert len(list((tmp_path / "home" / "projects").iterdir())) == 1


def test_a_renamed_project_keeps_its_folder(home: Home) -> None:
    known = home.projects.create("Coast")
    renamed = home.projects.rename(known.id, "海岸")
    assert (renamed.name, renamed.folder) == ("海岸", known.folder)
    with pytest.raises(NotFound):
        home.projects.rename("no such project", "x")


def test_a_card_shows_the_best_run_and_what_was_spent(home: Home) -> None:
    known = home.projects.create("Coast")
    folder = Path(known.folder)
    write_report(folder, "v1-a", before=0.1, after=0.5)
    write_report(folder, "v1-b", before=0.1, after=0.8)
    (folder / "runs" / "v2-c").mkdir()
    (folder / "runs" / "v2-c" / "run.json").write_text("{}")
    spend(home, known, 100)
    card = home.projects.card(known.id)
    assert (card.runs, card.best_score, card.base_score, card.tokens) == (3, 0.8, 0.1, 101)
    spend(home, known, 50)
    assert home.projects.card(known.id).tokens == 152, "a card follows what was written since"
    write_report(folder, "v3-d", before=0.1, after=0.9)
    assert home.projects.card(known.id).best_score == 0.9


def test_a_project_that_cannot_be_opened_says_why_and_stops_no_other(
    home: Home, tmp_path: Path
) -> None:
    gone = home.projects.add(copy_documents(tmp_path / "gone", "annual-review.md"))
    broken = home.projects.create("Broken")
    home.projects.create("Whole")
    (Path(broken.folder) / "loresmith.yaml").write_text("sed: 1")
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    troubles = {card.name: card.trouble for card in home.projects.cards()}
    assert troubles["Whole"] == ""
    assert "not there any more" in troubles["gone"]
    assert "seed" in troubles["Broken"]
    home.projects.delete(gone.id)
    assert len(home.projects.all()) == 2


def test_deleting_says_what_is_lost_and_loses_it(home: Home, tmp_path: Path) -> None:
    known = home.projects.create_example("Harbour")
    other = home.projects.create("Other")
    spend(home, other, 9)
    home.workspace(known.id).do("generate")
    losses = home.projects.what_is_lost(known.id)
    assert losses.documents == 6
    assert losses.rows > 100
    assert losses.bytes > 10_000
    assert not losses.keeps_files
    assert home.projects.delete(known.id) == losses
    assert not Path(known.folder).exists()
    assert [path.name for path in (tmp_path / "home" / "projects").iterdir()] == ["Other"]
    with pytest.raises(NotFound):
        home.projects.get(known.id)
    assert home.projects.card(other.id).tokens == 10


def test_the_records_of_a_deleted_project_do_not_come_back(home: Home) -> None:
    known = home.projects.create("Coast")
    spend(home, known, 100)
    home.projects.delete(known.id)
    again = home.projects.create("Coast")
    assert again.folder == known.folder
    assert home.projects.card(again.id).tokens == 0


def test_a_folder_from_elsewhere_is_only_taken_off_the_list(home: Home, tmp_path: Path) -> None:
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    known = home.projects.add(folder)
    assert home.projects.card(known.id).keeps_files
    assert home.projects.what_is_lost(known.id).keeps_files
    home.projects.delete(known.id)
    assert (folder / "documents" / "annual-review.md").exists()
    assert home.projects.all() == []
    assert home.projects.add(folder).id == known.id


def test_a_project_that_is_worked_on_is_not_deleted(home: Home) -> None:
    known = home.projects.create("Coast")
    with home.workspace(known.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        job_id = queue.submit("run", {})
        claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    assert home.projects.card(known.id).working
    with pytest.raises(Conflict, match="a job is at work"):
        home.projects.delete(known.id)
    assert (Path(known.folder) / "documents").is_dir()
    queue.finish(claim, state="done")
    assert not home.projects.card(known.id).working
    home.projects.delete(known.id)


def test_a_worker_finds_nothing_to_do_in_a_project_taken_off_the_list(
    home: Home, tmp_path: Path
) -> None:
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    known = home.projects.add(folder)
    with Workspace(folder).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        waiting = queue.submit("chunk", {"recipe": {}}, background=True)
    home.projects.delete(known.id)
    assert queue.job(waiting).state == "cancelled"
    assert not queue.is_busy()

"""The page Train: settings with a look ahead, starts, faults at their fields, runs to delete."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from examined_runs import project_with_tiny_model
from loresmith import Workspace
from loresmith.jobs.queue import Queue
from loresmith.records import Run
from loresmith.workspace.background import Background
from projects import copy_documents


@pytest.fixture
def project(home, tmp_path):
    """A project with documents and a teacher that nobody asks."""
    folder = tmp_path / "coast"
    project_with_tiny_model(folder, "http://127.0.0.1:9/v1", names=("annual-review.md",))
    return home.projects.add(folder, name="Coast")


@pytest.fixture
def base(project):
    return f"/projects/{project.id}/train"


@pytest.fixture
def no_worker(monkeypatch):
    """Jobs are queued and nobody works them off; the teacher has a key."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr(
        "loresmith.workspace.background.background.start_worker", lambda *_, **__: None
    )


def etag_in(page: str) -> str:
    found = re.search(r'name="etag" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def jobs_of(home, project):
    return Background(home.workspace(project.id)).jobs()


def test_a_project_without_runs_says_what_to_do(client, base):
    page = client.get(base).text
    assert "No run yet" in page and "Train and examine" in page


def test_a_project_without_documents_shows_the_page_and_the_fault(client, home):
    empty = home.projects.create("Empty")
    address = f"/projects/{empty.id}/train"
    assert client.get(address).status_code == 200
    look = client.post(f"{address}/look", data={"seed": "1"}).text
    assert 'data-ready="no"' in look and "There is no document" in look


def test_the_form_shows_help_and_bounds_from_the_schema_in_chinese(client, base):
    page = client.get(base, headers={"Accept-Language": "zh"}).text
    assert "学习率" in page and "适配器的宽度" in page and "训练并考试" in page
    assert "Peak step size" not in page


def test_the_look_ahead_follows_what_is_typed(client, base):
    look = client.post(f"{base}/look", data={"training.rank": "8", "seed": "3"}).text
    assert "--set training.rank=8" in look and "rank: 8" in look
    assert "Read the documents" in look
    wrong = client.post(f"{base}/look", data={"training.rank": "0"}).text
    assert "not right yet" in wrong and "--set" not in wrong


def test_the_look_ahead_shows_the_memory_by_part(client, base):
    look = client.post(f"{base}/look", data={"training.type": "full"}).text
    for part in ("Weights", "Gradients", "Optimizer", "Activations"):
        assert f"<dt>{part}</dt>" in look
    assert "Fits at once" in look and "that are free" in look


def test_what_the_model_answered_as_it_learned_is_a_table_for_each_prompt(client, base, project):
    assert "Nothing was asked" in client.get(f"{base}/samples").text
    run = begun(project, "v1-first")
    samples = [
        {"step": step, "epoch": 0.0, "prompt": "Who?", "reply": reply}
        for step, reply in ((0, "<b>hm</b>"), (25, "Ilse Brandt."))
    ]
    lines = "".join(f"{json.dumps(one)}\n" for one in samples)
    (run / "samples.jsonl").write_text(lines, encoding="utf-8")
    shown = client.get(f"{base}/samples").text
    assert "Who?" in shown and "&lt;b&gt;hm&lt;/b&gt;" in shown and "Ilse Brandt." in shown
    listed = client.get(f"/api/v1/projects/{project.id}/runs/{run.name}/samples").json()
    assert [one["step"] for one in listed["items"]] == [0, 25]


def test_a_look_ahead_speaks_chinese_of_what_it_found(client, base):
    look = client.post(f"{base}/look", data={}, headers={"Accept-Language": "zh"}).text
    assert "同一任务会先完成" in look and "there is no dataset" not in look


def test_another_type_brings_its_own_fields(client, base):
    form = client.post(f"{base}/form", data={"training.type": "full", "training.rank": "8"}).text
    assert 'name="training.rank"' not in form and 'name="training.batch_size"' in form
    assert re.search(r'value="full" checked', form)


@pytest.mark.usefixtures("no_worker")
def test_a_start_saves_the_settings_and_queues_the_job(client, base, home, project):
    etag = etag_in(client.get(base).text)
    typed = {"etag": etag, "verb": "train", "training.rank": "8"}
    answer = client.post(f"{base}/start", data=typed)
    assert answer.status_code == 200 and "queued" in answer.headers["HX-Trigger"]
    (job,) = jobs_of(home, project)
    assert job.verb == "train"
    assert "rank: 8" in (Path(project.folder) / "loresmith.yaml").read_text()
    assert "Waiting for its turn" in client.get(f"{base}/job").text
    assert "stopped" in client.post(f"{base}/stop").text
    assert jobs_of(home, project)[0].state == "cancelled"


@pytest.mark.usefixtures("no_worker")
def test_faults_come_back_at_their_fields_with_what_was_typed(client, base, home, project):
    typed = {"training.rank": "0", "training.num_epochs": "<b>many</b>"}
    answer = client.post(f"{base}/start", data=typed)
    assert answer.status_code == 422
    assert "This should be at least 1." in answer.text
    assert "&lt;b&gt;many&lt;/b&gt;" in answer.text and "<b>many" not in answer.text
    assert jobs_of(home, project) == []
    chinese = client.post(f"{base}/start", data=typed, headers={"Accept-Language": "zh"})
    assert "应不小于 1。" in chinese.text


@pytest.mark.usefixtures("no_worker")
def test_a_start_does_not_overwrite_what_somebody_else_changed(client, base, home, project):
    etag = etag_in(client.get(base).text)
    assert client.post(f"{base}/save", data={"etag": etag, "seed": "5"}).status_code == 200
    late = client.post(f"{base}/start", data={"etag": etag, "seed": "6"})
    assert late.status_code == 422 and "changed meanwhile" in late.text
    assert "seed: 5" in (Path(project.folder) / "loresmith.yaml").read_text()
    assert jobs_of(home, project) == []


@pytest.mark.usefixtures("no_worker")
def test_a_training_is_not_started_where_a_check_has_found_a_fault(client, base, home, project):
    recipe = Path(project.folder) / "loresmith.yaml"
    before = recipe.read_text()
    typed = {"base_model": "/nowhere/at/all", "seed": "7"}
    refused = client.post(f"{base}/start", data=typed)
    assert refused.status_code == 422 and "something stands in the way" in refused.text
    assert "/nowhere/at/all" in refused.text and 'value="7"' in refused.text
    assert jobs_of(home, project) == [] and recipe.read_text() == before


def test_what_is_told_before_a_start_is_told_anew_when_the_job_changes(client, base):
    assert "jobchanged from:body" in client.get(base).text
    assert 'new Event("jobchanged")' in client.get("/static/js/train.js").text


@pytest.mark.usefixtures("no_worker")
def test_a_training_that_failed_says_why_what_to_do_and_is_tried_again(client, base, home, project):
    background = Background(home.workspace(project.id))
    job = background.submit("run")
    with Workspace(Path(project.folder)).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        claim = queue.claim("a test", background=True)
        why = {
            "message": "<b>no model</b> answers",
            "hint": "Start it.",
            "type": "ModelUnavailable",
        }
        queue.finish(claim, state="failed", error=why["message"], progress={"error": why})
    failed = client.get(f"{base}/job").text
    assert "The latest training failed" in failed and "Start it." in failed
    assert "&lt;b&gt;no model&lt;/b&gt; answers" in failed and 'href="/models"' in failed
    again = client.post(f"{base}/again")
    assert again.status_code == 200 and "Waiting for its turn" in again.text
    assert [(one.id, one.state) for one in background.jobs()] == [(job, "queued")]
    assert client.post(f"{base}/again").status_code == 409


def test_fields_show_what_a_number_may_be(client, base):
    page = client.get(base).text
    assert "1–1,024" in page and "&gt; 0, ≤ 1" in page


def begun(project, name, **training):
    """A run that was stopped after three steps, as a training leaves it."""
    workspace = Workspace(Path(project.folder))
    recipe = workspace.recipe.model_dump(mode="json")
    recipe["training"] |= training
    run = Run(
        id=name,
        dataset_id="none",
        base_model=workspace.recipe.base_model,
        recipe=yaml.safe_dump(recipe),
        folder=f"runs/{name}",
        created_at="2026-01-01T00:00:00+00:00",
    )
    with workspace.opened() as context:
        context.add([run])
    folder = workspace.project.runs / name
    folder.mkdir(parents=True)
    lines = (f'{{"current_steps": {step}, "total_steps": 9, "loss": 1.5}}\n' for step in (1, 2, 3))
    (folder / "trainer_log.jsonl").write_text("".join(lines))
    return folder


def test_the_list_tells_how_far_a_run_is_and_deletes_it_when_asked_twice(client, base, project):
    folder = begun(project, "v1-first", rank=8)
    row = client.get(f"{base}/runs").text
    assert "v1-first" in row and "rank=8" in row and "stopped" in row
    asked = client.get(f"{base}/runs/v1-first/delete").text
    assert "Delete this run?" in asked and "1 file" in asked and folder.exists()
    left = client.post(f"{base}/runs/v1-first/delete").text
    assert "No run yet" in left and not folder.exists()
    assert client.get(f"{base}/runs/v1-first/delete").status_code == 404


def test_chosen_runs_are_told_apart_by_their_settings(client, base, project):
    begun(project, "v1-first", rank=8)
    begun(project, "v1-second", rank=16, learning_rate=0.002)
    told = client.get(f"{base}/differences", params={"run": ["v1-first", "v1-second"]}).text
    assert re.findall(r'row"><code>([^<]+)', told) == [*("training.learning_rate", "training.rank")]
    assert "by itself" in told and "0.002" in told
    address = base.replace("/projects/", "/api/v1/projects/").removesuffix("train") + "runs/compare"
    compared = client.get(address, params={"run": ["v1-first", "v1-second"]}).json()
    assert compared["settings"][1] == {"path": "training.rank", "values": ["8", "16"]}


def test_one_run_alone_has_nothing_to_differ_from(client, base):
    answer = client.get(f"{base}/differences", params={"run": ["v1-x", "v1-y"]})
    assert answer.status_code == 200 and answer.text.strip() == ""


def test_a_run_of_another_project_is_not_found(client, base, home, tmp_path):
    other = home.projects.add(copy_documents(tmp_path / "other", "annual-review.md"), name="Other")
    for path in ("runs/v1-x/delete", f"../../{other.id}/train/runs/v1-x/delete"):
        assert client.get(f"{base}/{path}").status_code == 404
    assert client.post(f"{base}/runs/v1-x/resume").status_code == 404

"""A run is listed with what became of it, its curves are read while they grow, and it can go."""

from __future__ import annotations

import json
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from loresmith import Workspace
from loresmith.errors import Conflict, LoresmithError, NotFound, RecipeError
from loresmith.records import Run
from loresmith.workspace.recipes import change_recipe
from loresmith.workspace.runs import Runs
from loresmith.workspace.runs.curves import lines_after, read_curves


def test_a_finished_run_is_listed_with_its_scores(workspace: Workspace) -> None:
    (run,) = Runs(workspace).all()
    assert run.state == "examined" and run.current and run.method == "lora"
    assert run.dataset_version == 1
    assert run.step == run.total_steps and run.step > 1
    assert run.scores is not None and 0 < run.scores.before.n <= 6
    assert run.settings == {"num_epochs": 2.0, "batch_size": 16}


def test_a_run_of_an_earlier_recipe_stays_in_the_list(workspace: Workspace) -> None:
    change_recipe(workspace.project.folder, {"training.rank": 8})
    changed = Workspace(workspace.project.folder)
    assert [run.current for run in Runs(changed).all()] == [False]


def test_the_curves_hold_every_step_and_what_was_measured(workspace: Workspace) -> None:
    runs = Runs(workspace)
    (run,) = runs.all()
    curves = runs.curves(run.id)
    assert curves.step == tuple(range(1, run.step + 1))
    assert len(curves.loss) == len(curves.learning_rate) == len(curves.grad_norm) == run.step
    assert all(loss is not None and loss > 0 for loss in curves.loss)
    assert curves.practice_step[-1] == run.step and curves.validation_loss[-1] is not None


def test_only_new_points_are_sent_to_who_has_the_others(workspace: Workspace) -> None:
    runs = Runs(workspace)
    (run,) = runs.all()
    whole = runs.curves(run.id)
    rest = runs.curves(run.id, since=run.step - 2, log_id=whole.log_id)
    assert rest.step == whole.step[-2:] and rest.loss == whole.loss[-2:]
    assert runs.curves(run.id, since=run.step, log_id=whole.log_id).step == ()


def test_a_log_that_was_written_anew_is_sent_from_the_beginning(tmp_path: Path) -> None:
    log = tmp_path / "trainer_log.jsonl"
    log.write_text("".join(_line(step) for step in range(1, 9)), encoding="utf-8")
    seen = read_curves(tmp_path, state="training").log_id
    fresh = tmp_path / "fresh"
    fresh.write_text("".join(_line(step) for step in range(1, 4)), encoding="utf-8")
    fresh.replace(log)
    assert read_curves(tmp_path, state="training", since=8, log_id=seen).step == (1, 2, 3)


def test_a_later_attempt_is_another_log_even_where_the_file_has_the_same_number(
    tmp_path: Path,
) -> None:
    log = tmp_path / "trainer_log.jsonl"
    log.write_text(_line(1) + _line(2), encoding="utf-8")
    (tmp_path / "attempt-1").mkdir()
    seen = read_curves(tmp_path, state="training")
    (tmp_path / "attempt-2").mkdir()
    log.write_text(_line(1), encoding="utf-8")  # in place: the file keeps its number
    fresh = read_curves(tmp_path, state="training", since=2, log_id=seen.log_id)
    assert fresh.log_id != seen.log_id and fresh.step == (1,)


def test_runs_beside_one_another_show_the_settings_that_differ(workspace: Workspace) -> None:
    (first,) = Runs(workspace).all()
    shutil.copytree(workspace.project.runs / first.id, workspace.project.runs / "v1-other")
    with workspace.opened() as context:
        (run,) = context.store.all(Run)
        recipe = yaml.safe_load(run.recipe)
        recipe["training"] |= {"rank": 8, "learning_rate": 0.002}
        recipe["curation"]["filters"] = recipe["curation"]["filters"][1:]
        changed = {"id": "other", "folder": "runs/v1-other", "recipe": yaml.safe_dump(recipe)}
        context.add([run.model_copy(update=changed)])
    compared = Runs(workspace).compare([first.id, "v1-other", first.id])
    assert [run.id for run in compared.runs] == [first.id, "v1-other"]
    values = {one.path: one.values for one in compared.settings}
    assert values.pop("training.rank") == ("64", "8")
    assert values.pop("training.learning_rate") == ("", "0.002")
    before, after = values.pop("curation.filters")
    assert before is not None and after is not None and before.endswith(after)
    assert values == {}


def test_one_run_or_an_unknown_one_is_not_compared(workspace: Workspace) -> None:
    (run,) = Runs(workspace).all()
    with pytest.raises(RecipeError, match="two to 6"):
        Runs(workspace).compare([run.id])
    with pytest.raises(NotFound):
        Runs(workspace).compare([run.id, "v9-none"])


def test_nothing_that_did_not_stop_is_let_go_on(workspace: Workspace) -> None:
    with pytest.raises(Conflict):
        Runs(workspace).again()


def test_a_line_that_is_just_being_written_is_left_for_the_next_look(tmp_path: Path) -> None:
    log = tmp_path / "trainer_log.jsonl"
    log.write_text(_line(1) + _line(2) + _line(3)[:-9], encoding="utf-8")
    assert read_curves(tmp_path, state="training").step == (1, 2)


def test_the_end_of_a_long_log_is_read_without_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "trainer_log.jsonl"
    log.write_text("".join(_line(step) for step in range(1, 5001)), encoding="utf-8")
    assert [line["current_steps"] for line in lines_after(log, 4998)] == [4999, 5000]
    assert len(lines_after(log, 10)) == 4990


def test_checks_find_a_finished_run_and_tell_steps_rows_and_time(workspace: Workspace) -> None:
    readiness = Runs(workspace).checks()
    assert readiness.ready
    (same,) = [check for check in readiness.checks if check.subject == "run"]
    assert same.severity == "warning" and "not trained again" in same.hint
    estimate = readiness.estimate
    (run,) = Runs(workspace).all()
    assert (estimate.rows, estimate.steps) == (run.rows, run.step)
    assert estimate.judged_by == run.id and estimate.seconds == pytest.approx(run.seconds)
    twice = Runs(workspace).checks({"training.num_epochs": 4.0}).estimate
    assert twice.steps == 2 * run.step and twice.seconds == pytest.approx(2 * run.seconds)


def test_checks_name_every_fault_and_do_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    folder = tmp_path / "empty"
    folder.mkdir()
    change_recipe(
        folder,
        {
            "teacher": {"type": "openai", "preset": "deepseek", "model": "deepseek-chat"},
            "base_model": str(tmp_path / "nowhere"),
        },
    )
    readiness = Runs(Workspace(folder)).checks()
    faults = {check.subject for check in readiness.checks if check.severity == "fault"}
    assert faults == {"documents", "teacher", "base_model"} and not readiness.ready
    assert Runs(Workspace(folder)).all() == []
    assert not (folder / "datasets").exists() and not (folder / "runs").exists()


def test_checks_name_what_a_training_could_not_do_on_this_machine(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else there(name)
    )
    changes = {
        "training.quantization": 4,
        "training.optimizer": "adamw_8bit",
        "training.adapters": ["not/there"],
    }
    readiness = Runs(workspace).checks(changes)
    told = [check.message for check in readiness.checks if check.subject == "training"]
    assert len(told) == 3 and not readiness.ready
    for said in ("quantization 4 needs", "adamw_8bit needs", "no such folder"):
        assert any(said in message for message in told)
    named = Runs(workspace).checks({"training.type": "freeze", "training.extra_modules": ["hed"]})
    (wrong,) = [check for check in named.checks if check.subject == "training"]
    assert "hed" in wrong.message and "lm_head" in wrong.hint


def test_a_start_is_told_as_a_command_and_as_yaml(workspace: Workspace) -> None:
    offer = Runs(workspace).offer(
        {"training.type": "full", "training.learning_rate": 2e-4, "exam.system_prompt": "答: 短"}
    )
    assert offer.command == (
        f"loresmith run {shlex.quote(str(workspace.project.folder))}"
        " --set training.type=full --set training.learning_rate=0.0002"
        " --set 'exam.system_prompt=\"答: 短\"'"
    )
    assert "type: full" in offer.yaml and "system_prompt: '答: 短'" in offer.yaml
    assert "rank" not in offer.yaml


def test_the_command_of_a_start_gives_the_recipe_that_it_stands_for(workspace: Workspace) -> None:
    changes = {"training.type": "full", "training.num_epochs": None, "seed": 3}
    words = shlex.split(Runs(workspace).offer(changes).command)
    overrides = [after for word, after in pairwise(words) if word == "--set"]
    change_recipe(workspace.project.folder, changes)
    saved = Workspace(workspace.project.folder).recipe
    taken = Workspace(workspace.project.folder, overrides=overrides).recipe
    assert taken == saved


def test_a_start_with_wrong_settings_changes_nothing(workspace: Workspace) -> None:
    before = workspace.project.recipe.read_bytes()
    with pytest.raises(RecipeError):
        Runs(workspace).start({"training.rank": -1})
    assert workspace.project.recipe.read_bytes() == before


def test_deleting_a_run_says_what_is_lost_and_leaves_the_dataset(workspace: Workspace) -> None:
    runs = Runs(workspace)
    (run,) = runs.all()
    lost = runs.loss_of(run.id)
    assert lost.weights and lost.report and lost.bytes > 10_000
    assert runs.delete(run.id) == lost
    assert runs.all() == [] and (workspace.project.datasets / "v1").is_dir()
    with pytest.raises(NotFound):
        runs.delete(run.id)


@pytest.mark.parametrize("name", ["..", "../documents", "v1-nothing", "", "."])
def test_a_name_that_is_no_runs_leads_nowhere(workspace: Workspace, name: str) -> None:
    with pytest.raises(NotFound):
        Runs(workspace).delete(name)
    assert (workspace.project.folder / "documents").is_dir()


def test_an_examined_run_is_not_gone_on_with(workspace: Workspace) -> None:
    runs = Runs(workspace)
    with pytest.raises(Conflict):
        runs.resume(runs.all()[0].id)


def _line(step: int) -> str:
    return json.dumps({"current_steps": step, "total_steps": 5000, "loss": 1 / step}) + "\n"


def test_the_memory_of_a_training_is_told_by_part(workspace: Workspace) -> None:
    lora = Runs(workspace).checks().memory
    full = Runs(workspace).checks({"training.type": "full"}).memory
    assert lora is not None and full is not None
    names = [part.name for part in lora.parts]
    assert names == ["weights", "gradients", "optimizer", "activations", "scores", "overhead"]
    assert full.learned == full.parameters != lora.learned
    assert lora.batch_size == 16 and lora.fits


def test_a_training_that_cannot_fit_is_warned_of(workspace: Workspace) -> None:
    changes = {"training.max_length": 1_048_576, "training.gradient_checkpointing": "off"}
    with workspace.opened() as context:
        folder = Path(context.recipe.base_model)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    wide = shutil.copytree(folder, workspace.project.folder.parent / "wide")
    config |= {"hidden_size": 65_536, "num_hidden_layers": 200}
    (wide / "config.json").write_text(json.dumps(config), encoding="utf-8")
    found = Runs(workspace).checks({**changes, "base_model": str(wide)})
    (warned,) = [check for check in found.checks if check.subject == "memory"]
    assert warned.severity == "warning" and "GB of memory are needed" in warned.message


def test_the_same_prompts_are_seen_answered_from_the_first_step_to_the_last(
    workspace: Workspace,
) -> None:
    runs = Runs(workspace)
    (run,) = runs.all()
    samples = runs.sample_replies(run.id)
    assert samples[0].step == 0 and samples[-1].step == run.step
    prompts = {one.prompt for one in samples}
    assert 1 <= len(prompts) <= 3
    assert len(samples) % len(prompts) == 0
    with pytest.raises(NotFound):
        runs.sample_replies("v9-none")


def test_a_stage_whose_rows_no_project_writes_is_a_fault_before_the_start(
    workspace: Workspace,
) -> None:
    readiness = Runs(workspace).checks({"training.stage.type": "dpo"})
    (fault,) = [one for one in readiness.checks if one.severity == "fault"]
    assert fault.subject == "training"
    assert "training.stage dpo needs questions with a better and a worse answer" in fault.message
    assert "training.stage.type=dpo" in fault.hint
    changed = Workspace(workspace.project.folder, overrides=["training.stage.type=kto"])
    with pytest.raises(LoresmithError, match="kto needs answers that somebody"):
        changed.do("train")


def test_the_curves_hold_the_figures_of_a_stage_by_name(tmp_path: Path) -> None:
    figures = [{"margin": 0.1, "kl": 0.0}, {"margin": 0.2, "note": "less at once"}, {"margin": "x"}]
    lines = (
        json.dumps({**json.loads(_line(step)), **own}) for step, own in enumerate(figures, start=1)
    )
    (tmp_path / "trainer_log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    practice = {"step": 3, "score": None, "validation_loss": 0.5}
    measured = [{**practice, "validation_measures": {"accuracy": 0.75}}, practice]
    text = "".join(json.dumps(one) + "\n" for one in measured)
    (tmp_path / "practice_log.jsonl").write_text(text, encoding="utf-8")
    curves = read_curves(tmp_path, state="training")
    assert curves.measures == {"margin": (0.1, 0.2, None), "kl": (0.0, None, None)}
    assert curves.validation_measures == {"accuracy": (0.75, None)}
    later = read_curves(tmp_path, state="training", since=1, log_id=curves.log_id)
    assert later.measures == {"margin": (0.2, None)}

"""Rows of other kinds, from the recipe to the files of a version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.datasets import read_named
from loresmith.datasets.named import Shape
from loresmith.errors import DatasetError, ModelUnavailable
from loresmith.generation.row_kinds import DialogueRows
from loresmith.recipe import Recipe
from loresmith.records import Dataset, Fact
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.file_training import train_on_file
from loresmith.workspace.forms import form_of, submission_of
from loresmith.workspace.rows import RowFilter, Rows
from loresmith.workspace.steps.dataset import exam_sheet
from loresmith.workspace.training_process import finished_training
from projects import copy_documents
from servers.row_teacher import row_teacher
from servers.teacher_server import TeacherServer
from tiny_model import make_tiny_model

OpenWorkspace = Callable[..., Workspace]


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeacherServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with TeacherServer(row_teacher) as server:
        yield server


@pytest.fixture
def open_workspace(open_workspace: OpenWorkspace) -> OpenWorkspace:
    """With passages so short that there are several of each document."""
    short = ("chunking.min_length=1000", "chunking.max_length=2000")
    return lambda *overrides: open_workspace(*short, *overrides)


def rows_of(project: Path, name: str, version: int = 1) -> Any:
    path = project / "datasets" / f"v{version}" / name
    return json.loads(path.read_text(encoding="utf-8"))


def origins(project: Path, kind: str, version: int = 1) -> list[dict[str, Any]]:
    path = project / "datasets" / f"v{version}" / "provenance.jsonl"
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == kind]


DIALOGUES = "generation.rows=[{type: dialogue, rounds: 3, system_prompt: Be brief.}]"


def test_dialogues_are_rows_of_the_dataset_in_both_languages(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    assert open_workspace(DIALOGUES).do("dataset").complete
    found = [row for row in rows_of(project, "sharegpt.json") if len(row["messages"]) > 3]
    assert found
    assert all(row["messages"][0]["content"] == "Be brief." for row in found)
    assert {row["document"] for row in origins(project, "dialogue")} == {
        *("annual-review.md", "渔港纪要.txt")
    }
    counted = rows_of(project, "statistics.json")
    trained = [row for row in origins(project, "dialogue") if row["split"] == "train"]
    assert counted["kinds"]["dialogue"] == len(trained)
    assert all(row["evidence"] and row["fact_ids"] for row in trained)


def test_no_turn_that_is_trained_on_states_a_withheld_fact(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(DIALOGUES, "dataset.split.withheld=0.4").do("dataset")
    with open_workspace().opened() as context:
        (frozen,) = context.store.all(Dataset)
    withheld = set(frozen.withheld)
    trained = [row for row in origins(project, "dialogue") if row["split"] == "train"]
    assert trained and withheld
    assert not any(withheld & set(row["fact_ids"]) for row in trained)
    assert rows_of(project, "statistics.json")["dropped"]["withheld"] > 0


def test_running_again_asks_nothing_twice_and_another_kind_asks_for_itself_alone(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("dataset")
    before = len(teacher.requests)
    open_workspace(DIALOGUES).do("dataset")
    added = len(teacher.requests) - before
    assert added > 0
    open_workspace(DIALOGUES).do("dataset")
    open_workspace().do("dataset")
    assert len(teacher.requests) == before + added


def test_without_row_kinds_the_dataset_is_what_it_was(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace().do("dataset")
    files = {path.name for path in (project / "datasets" / "v1").iterdir()}
    open_workspace(DIALOGUES).do("dataset")
    open_workspace().do("dataset")
    assert sorted(path.name for path in (project / "datasets").iterdir()) == ["v1", "v2"]
    assert not files & {"dpo.json", "kto.json", "pretrain.json"}


def test_the_embedded_model_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    with pytest.raises(ModelUnavailable, match="rows of kind dialogue"):
        Workspace(project, teacher="embedded", overrides=[DIALOGUES]).do("generate")


def test_dialogues_are_listed_beside_their_source_and_a_rejected_one_stays_out(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(DIALOGUES).do("dataset")
    rows = Rows(open_workspace(DIALOGUES))
    listed = rows.page(RowFilter(kind=("conversation",)), limit=50).rows
    assert len(listed) == len(origins(project, "dialogue")) > 1
    view = rows.row(listed[0].id)
    assert view.source is not None and view.source.evidence
    assert "▸ " in view.row.answer and view.row.state == "kept"
    with pytest.raises(DatasetError, match="several turns"):
        rows.edit(listed[0].id, answer="Another answer.")
    rows.review([listed[0].id], "rejected")
    assert rows.row(listed[0].id).row.state == "dropped"
    open_workspace(DIALOGUES).do("dataset")
    assert len(origins(project, "dialogue", 2)) == len(listed) - 1


def test_only_confirmed_dialogues_are_trained_on_where_that_is_wanted(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(DIALOGUES).do("dataset")
    rows = Rows(open_workspace(DIALOGUES))
    one, *_ = rows.page(RowFilter(kind=("conversation",)), limit=50).rows
    facts = rows.page(RowFilter(kind=("pair",)), limit=50).rows
    rows.review([one.id, *(fact.id for fact in facts)], "confirmed")
    open_workspace(DIALOGUES, "dataset.confirmed_only=true").do("dataset")
    assert len(origins(project, "dialogue", 2)) == 1


OTHERS = (
    "generation.rows=[{type: preference, form: both}, {type: pretraining}]",
    "dataset.split.withheld=0.2",
)


def test_preferences_marked_answers_and_texts_are_files_of_their_own(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    assert open_workspace(*OTHERS).do("dataset").complete
    folder = project / "datasets" / "v1"
    counted = rows_of(project, "statistics.json")["other_files"]
    assert {"dpo.json", "kto.json", "pretrain.json"} <= counted.keys()
    assert {"dpo_validation.json", "pretrain_validation.json"} <= counted.keys()
    for name, count in counted.items():
        assert len(rows_of(project, name)) == count
    kinds: tuple[tuple[str, str, Shape], ...] = (
        ("dpo.json", "DPO", "preference"),
        ("kto.json", "KTO", "feedback"),
        ("pretrain.json", "Pre-training", "text"),
    )
    for name, title, shape in kinds:
        read = read_named([f"[Loresmith] [coast] {title}"], folder=folder, shape=shape)
        assert read.drops == () and read.warnings == ()
        assert len(read.rows) == counted[name]
    assert {row.get("flaw") for row in origins(project, "preference")} >= {
        *("wrong_figure", "not_answering")
    }


def test_nothing_that_is_withheld_comes_back_through_other_rows(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(*OTHERS).do("dataset")
    with open_workspace().opened() as context:
        (frozen,) = context.store.all(Dataset)
        facts = context.store.get(Fact, frozen.withheld)
    texts = "\n".join(row["text"] for row in rows_of(project, "pretrain.json"))
    pairs = "\n".join(row["chosen"] for row in rows_of(project, "dpo.json"))
    assert facts
    for fact in facts:
        assert fact.answer not in pairs
        assert all(quote not in texts for quote in fact.quotes)
    held = "\n".join(row["text"] for row in rows_of(project, "pretrain_validation.json"))
    assert any(fact.quotes[0] in held for fact in facts)


def test_our_own_stages_train_on_the_files(
    open_workspace: OpenWorkspace, project: Path, tmp_path: Path
) -> None:
    open_workspace(*OTHERS).do("dataset")
    base = make_tiny_model(tmp_path / "base")
    for name, stage in (("dpo", "dpo"), ("kto", "kto"), ("pretrain", "pretrain")):
        settings = [f"training.stage.type={stage}", "training.num_epochs=1"]
        recipe = Recipe.build({"base_model": str(base)}, overrides=settings)
        file = project / "datasets" / "v1" / f"{name}.json"
        done = train_on_file(file, tmp_path / stage, recipe=recipe)
        assert done.drops == ()
        assert finished_training(tmp_path / stage).stage == stage


COMPARISONS = "generation.rows=[{type: comparison}]"


def test_comparisons_are_asked_for_when_all_facts_are_there_and_only_once(
    open_workspace: OpenWorkspace, project: Path, teacher: TeacherServer
) -> None:
    for year, tonnes in ((2030, "57,200"), (2031, "61,400"), (2032, "60,100")):
        (project / "documents" / f"{year}.md").write_text(
            f"# Fish\n\nIn {year} the quay of Lantern Bay landed {tonnes} tonnes of fish.\n"
        )
        (project / "documents" / f"{year}年.md").write_text(
            f"# 渔获\n\n{year}年，青屿渔港全年卸鱼{tonnes}吨。\n", encoding="utf-8"
        )
    assert open_workspace(COMPARISONS, "dataset.split.withheld=0").do("dataset").complete
    found = origins(project, "comparison")
    assert len(found) == 6
    for row in found:
        assert len(row["fact_ids"]) == 2
        assert len({span["document_id"] for span in row["evidence"]}) == 2
    calls = len(teacher.requests)
    assert open_workspace(COMPARISONS, "dataset.split.withheld=0").do("dataset").complete
    assert len(teacher.requests) == calls


TEXTS = "generation.rows=[{type: pretraining}]"


def test_pre_training_texts_cost_no_call(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("generate")
    calls = len(teacher.requests)
    assert open_workspace(TEXTS).do("generate").complete
    assert len(teacher.requests) == calls


def test_the_embedded_model_may_write_beside_pre_training_texts(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    Workspace(project, teacher="embedded").do("chunk")
    plain = Workspace(project, teacher="embedded").status()["generate"]
    both = Workspace(project, teacher="embedded", overrides=[TEXTS]).status()["generate"]
    assert both.total == 2 * plain.total


def test_an_estimate_counts_the_calls_of_other_kinds(open_workspace: OpenWorkspace) -> None:
    open_workspace().do("chunk")
    plain = Documents(open_workspace()).estimate()
    more = Documents(open_workspace(DIALOGUES)).estimate()
    assert more.calls > plain.calls
    open_workspace().do("generate")
    left = Documents(open_workspace(DIALOGUES)).estimate()
    assert 0 < left.calls < plain.calls
    open_workspace(DIALOGUES).do("generate")
    assert Documents(open_workspace(DIALOGUES)).estimate().calls == 0


TOPIC = (
    "generation.rows=[{type: distillation, topic: Harbours, branches: 2, leaves: 2, questions: 2}]"
)


def test_a_topic_is_written_about_without_a_document_and_marked_so(
    tmp_path: Path, teacher: TeacherServer
) -> None:
    project = tmp_path / "bare"
    project.mkdir()
    workspace = Workspace(project, teacher=f"openai:any@{teacher.url}", overrides=[TOPIC])
    assert workspace.do("dataset").complete
    found = origins(project, "distillation")
    assert len(found) == 8
    assert all(row["grounded"] is False and row["document"] is None for row in found)
    counted = rows_of(project, "statistics.json")
    assert counted["ungrounded_rows"] == counted["rows"] == 8 and counted["facts"] == 0
    listed = Rows(workspace).page(RowFilter(kind=("conversation",))).rows
    assert [row.state for row in listed] == ["kept"] * 8
    assert Rows(workspace).row(listed[0].id).source is None
    calls = len(teacher.requests)
    workspace.do("dataset")
    assert len(teacher.requests) == calls


def test_a_conversation_of_one_turn_can_be_edited_and_is_judged_anew(
    tmp_path: Path, teacher: TeacherServer
) -> None:
    project = tmp_path / "bare"
    project.mkdir()
    workspace = Workspace(project, teacher=f"openai:any@{teacher.url}", overrides=[TOPIC])
    workspace.do("dataset")
    rows = Rows(workspace)
    first, second, *_ = rows.page(RowFilter(kind=("conversation",))).rows
    assert rows.edit(first.id, answer="Quays serve ships of any size.").objection == ""
    assert rows.edit(second.id, answer="I cannot help with that.").objection == "refusal"
    workspace.do("dataset")
    said = json.dumps(rows_of(project, "alpaca.json", 2))
    assert "ships of any size" in said and "cannot help" not in said


def test_what_rows_rest_on_nothing_is_beside_the_facts_and_never_examined(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    workspace = open_workspace(TOPIC)
    assert workspace.do("dataset").complete
    assert {row["kind"] for row in origins(project, "distillation")} == {"distillation"}
    with workspace.opened() as context:
        assert not any("Quays" in item.prompt for item in exam_sheet(context).items)


def test_rows_are_taken_along_when_another_passage_is_corrected(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace(DIALOGUES).do("dataset")
    rows, documents = Rows(open_workspace(DIALOGUES)), Documents(open_workspace(DIALOGUES))
    before = rows.page(RowFilter(kind=("conversation",)), limit=50).rows
    rejected = before[0]
    rows.review([rejected.id], "rejected")
    key = document_key(rejected.document)
    text = documents.whole_text(key)
    calls = len(teacher.finished)
    documents.revise(key, text + "\nThe quay was swept.\n", expected=documents.get(key).version)
    open_workspace(DIALOGUES).do("dataset")
    asked = [call for call in teacher.finished[calls:] if call.text != "ready"]
    assert all("The quay was swept." in call.messages[-1]["content"] for call in asked)
    after = Rows(open_workspace(DIALOGUES)).page(RowFilter(kind=("conversation",)), limit=50).rows
    (same,) = [row for row in after if row.question == rejected.question]
    assert same.id != rejected.id and same.state == "dropped"
    assert len(after) >= len(before) - 1


def test_a_form_offers_every_kind_and_changes_the_settings_of_one() -> None:
    recipe = Recipe.from_yaml("generation: {rows: [{type: dialogue}]}")
    fields = {field.path: field for field in form_of(recipe, "generation.rows").fields()}
    assert [option.value for option in fields["generation.rows"].options] == [
        *("dialogue", "audience", "reasoned", "preference"),
        *("pretraining", "comparison", "distillation"),
    ]
    typed = {"generation.rows": ["dialogue"], "generation.rows.dialogue.rounds": ["5"]}
    changed = submission_of(recipe, typed, "generation.rows").recipe
    assert changed is not None
    (dialogue,) = changed.generation.rows
    assert isinstance(dialogue, DialogueRows) and dialogue.rounds == 5

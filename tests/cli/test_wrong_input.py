"""Each mistake gets one clear message with a hint, the exit code that it deserves, and no harm."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from projects import HARBOR, Finished
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer

Loresmith = Callable[..., Finished]
WRONG_USE, PART_FAILED = 2, 1


def test_all_faults_of_a_recipe_are_told_at_once_with_what_was_meant(
    loresmith: Loresmith, project: Path
) -> None:
    (project / "loresmith.yaml").write_text(
        "traning: {rank: 8}\nchunking: {min_length: -5}\n"
        "exam: {max_itms: 3}\ngeneration: {facts: {densty: 3}}\n"
    )
    done = loresmith("run", project)
    assert done.code == WRONG_USE
    assert "4 faults" in done.err
    for said in (
        "traning: unknown; did you mean training?",
        "min_length: should be greater than 0 (given: -5)",
        "exam.max_itms: unknown; did you mean max_items?",
        "generation.facts.densty: unknown; did you mean density?",
    ):
        assert said in done.err
    assert not (project / ".loresmith").exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("chunking.min_length=-5", "min_length: should be greater than 0"),
        ("chunking.max_length=long", "max_length: should be a whole number (given: 'long')"),
        ("training.rnak=3", "training.lora.rnak: unknown; did you mean rank?"),
        ("training.type=lorra", "training.type: unknown; did you mean lora?"),
        ("seed.a=3", "seed: should be a whole number"),
        ("nonsense", "--set KEY.PATH=VALUE"),
        ("seed=[1", "is not valid YAML"),
    ],
)
def test_a_wrong_setting_is_named(
    loresmith: Loresmith, project: Path, setting: str, said: str
) -> None:
    done = loresmith("run", project, "--set", setting)
    assert (done.code, said in done.err) == (WRONG_USE, True), done.err


class _Recipe(NamedTuple):
    text: bytes
    said: str


@pytest.mark.parametrize(
    "recipe",
    [
        _Recipe(b"seed: 1\nseed: 2\n", "line 2, column 1: the key 'seed' stands twice"),
        _Recipe(b"seed: [1\n", "is not valid YAML: line 2"),
        _Recipe(b"- seed\n", "holds a list"),
        _Recipe("教师: 好".encode("gb18030"), "is not UTF-8"),
        _Recipe(b"teacher: {type: openai}\n", "teacher.openai.model: is needed"),
    ],
)
def test_a_recipe_that_cannot_be_read_says_where(
    loresmith: Loresmith, project: Path, recipe: _Recipe
) -> None:
    (project / "loresmith.yaml").write_bytes(recipe.text)
    done = loresmith("run", project)
    assert (done.code, recipe.said in done.err) == (WRONG_USE, True), done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nowhere"), "there is no folder nowhere"),
        (("run",), "Missing argument"),
        (("study", "coast"), "No such command 'study'"),
        (("run", "coast", "--recipe", "none.yaml"), "there is no recipe none.yaml"),
        (("run", "coast", "--teacher", "deepsek:x"), "did you mean deepseek?"),
        (("run", "coast", "--teacher", "deepseek"), "PRESET:MODEL"),
        (("chat", "nowhere"), "nowhere does not exist"),
        (("predict", "coast", "none.jsonl", "--output", "r"), "none.jsonl cannot be read"),
        (("train", "none.json", "--output", "out"), "there is no file none.json"),
        (("train", "rows.json"), "--output DIR"),
    ],
)
def test_wrong_words_are_told_before_any_work(
    loresmith: Loresmith, project: Path, words: tuple[str, ...], said: str
) -> None:
    done = loresmith(*words)
    assert (done.code, said in done.err) == (WRONG_USE, True), done.err
    assert not (project / ".loresmith").exists()


def test_a_file_in_place_of_a_folder_is_told(loresmith: Loresmith, project: Path) -> None:
    done = loresmith("run", project / "documents" / "annual-review.md")
    assert done.code == WRONG_USE
    assert "is a file, not a folder" in done.err


def test_an_empty_folder_says_what_belongs_into_it(loresmith: Loresmith, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = loresmith("run", "empty")
    assert done.code == WRONG_USE
    assert "no document to read" in done.err
    assert ".docx, .pdf, .pptx, .xlsx" in done.err


def test_documents_of_which_none_can_be_read_stop_before_any_call(
    loresmith: Loresmith, tmp_path: Path
) -> None:
    documents = tmp_path / "coast" / "documents"
    documents.mkdir(parents=True)
    (documents / "empty.md").touch()
    (documents / "photo.txt").write_bytes(bytes(range(256)) * 20)
    with TeacherServer(sentence_teacher) as server:
        done = loresmith(*_dataset("coast", server))
    assert done.code == WRONG_USE
    assert "empty.md" in done.err
    assert "photo.txt is not text" in done.err
    assert [call for call in server.finished if call.text != "ready"] == []


def test_broken_documents_stop_no_other_and_are_listed(loresmith: Loresmith, project: Path) -> None:
    documents = project / "documents"
    whole = (HARBOR / "documents" / "pilotage-handbook.docx").read_bytes()
    (documents / "cut.docx").write_bytes(whole[: len(whole) // 2])
    (documents / "empty.txt").touch()
    (documents / "photo.txt").write_bytes(bytes(range(256)) * 20)
    with TeacherServer(sentence_teacher) as server:
        done = loresmith(*_dataset("coast", server))
    assert done.code == PART_FAILED
    for said in ("cut.docx is not a whole .docx file", "empty.txt", "photo.txt is not text"):
        assert said in done.out
    assert (project / "datasets" / "v1" / "alpaca.json").exists()


def test_a_document_named_like_markup_is_shown_as_it_is(
    loresmith: Loresmith, project: Path
) -> None:
    (project / "documents" / "[").mkdir()
    (project / "documents" / "[" / "bold] [red].md").touch()
    with TeacherServer(sentence_teacher) as server:
        done = loresmith(*_dataset("coast", server))
    assert done.code == PART_FAILED
    assert "[/bold] [red].md" in done.out


def test_a_wrong_key_is_told_before_anything_is_paid_for(
    loresmith: Loresmith, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-account")
    with TeacherServer(sentence_teacher, api_key="sk-right") as server:
        done = loresmith(*_dataset(project, server))
        assert server.finished == []
    assert done.code == PART_FAILED
    assert "OPENAI_API_KEY is wrong" in done.err
    assert "sk-of-another-account" not in done.err


def test_a_missing_key_names_its_variable(loresmith: Loresmith, project: Path) -> None:
    done = loresmith("run", project, "--teacher", "deepseek:deepseek-chat")
    assert done.code == PART_FAILED
    assert "DEEPSEEK_API_KEY is not set" in done.err


def test_a_teacher_that_is_not_there_is_told(loresmith: Loresmith, project: Path) -> None:
    with TeacherServer(sentence_teacher) as gone:
        words = _dataset(project, gone)
    done = loresmith(*words, "--set", "teacher.retry_wait=0")
    assert done.code == PART_FAILED
    assert "is the server running?" in done.err


def test_a_teacher_without_that_model_is_told(loresmith: Loresmith, project: Path) -> None:
    with TeacherServer(sentence_teacher, models=["other"]) as server:
        done = loresmith(*_dataset(project, server))
    assert done.code == PART_FAILED
    assert "The model `any` does not exist" in done.err


def test_an_unknown_base_model_is_told_before_anything_is_paid_for(
    loresmith: Loresmith, project: Path
) -> None:
    with TeacherServer(sentence_teacher) as server:
        done = loresmith(
            *("run", project, "--base-model", "./no-model", "--teacher", f"openai:any@{server.url}")
        )
        assert [call for call in server.finished if call.text != "ready"] == []
    assert done.code == PART_FAILED
    assert "no-model' is not there" in done.err


def test_a_training_that_cannot_be_is_told_before_anything_is_paid_for(
    loresmith: Loresmith, project: Path
) -> None:
    with TeacherServer(sentence_teacher) as server:
        done = loresmith(
            *(
                "run",
                project,
                "--base-model",
                "./no-model",
                "--teacher",
                f"openai:any@{server.url}",
            ),
            *("--set", "training.adapters=[not/there]"),
        )
        assert [call for call in server.finished if call.text != "ready"] == []
    assert done.code == PART_FAILED
    assert "2 things stand in the way" in done.err
    assert "the adapter not/there of training.adapters cannot be used" in done.err


def test_a_missing_teacher_and_a_missing_base_model_are_told_together(
    loresmith: Loresmith, project: Path, tmp_path: Path
) -> None:
    done = loresmith(
        *("run", project, "--teacher", "deepseek:any", "--base-model", tmp_path / "no-model")
    )
    assert done.code == PART_FAILED
    assert "2 things stand in the way" in done.err
    assert "DEEPSEEK_API_KEY" in done.err
    assert "no-model" in done.err


def test_a_full_disk_stops_before_anything_is_paid_for(
    loresmith: Loresmith, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(project)
    full = type(usage)(usage.total, usage.total - 3_000_000, 3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with TeacherServer(sentence_teacher) as server:
        done = loresmith(*_dataset(project, server))
        assert [call for call in server.finished if call.text != "ready"] == []
    assert done.code == PART_FAILED
    assert "has only 3 MB left" in done.err


def test_chinese_documents_with_nothing_configured_name_the_teacher_option(
    loresmith: Loresmith, tmp_path: Path
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "纪要.txt").write_text(
        "澜屿渔港二月卸鱼三千吨。" * 20, encoding="utf-8"
    )
    done = loresmith("run", "reports")
    assert done.code == PART_FAILED
    assert "--teacher" in done.err
    assert "纪要.txt" in done.err


def test_a_damaged_state_is_told_and_nothing_is_deleted(
    loresmith: Loresmith, project: Path
) -> None:
    state = project / ".loresmith"
    state.mkdir()
    (state / "project.sqlite").write_bytes(b"this is no database" * 100)
    done = loresmith("status", project)
    assert done.code == PART_FAILED
    assert "project.sqlite" in done.err
    assert (state / "project.sqlite").read_bytes().startswith(b"this is no database")


def test_init_never_writes_over_a_recipe(loresmith: Loresmith, project: Path) -> None:
    recipe = project / "loresmith.yaml"
    recipe.write_text("seed: 7\n")
    done = loresmith("init", project)
    assert done.code == WRONG_USE
    assert "--force" in done.err
    assert recipe.read_text() == "seed: 7\n"


def test_init_writes_a_recipe_that_explains_itself(loresmith: Loresmith, project: Path) -> None:
    done = loresmith("init", project, "--teacher", "deepseek:deepseek-chat")
    assert done.code == 0
    text = (project / "loresmith.yaml").read_text(encoding="utf-8")
    assert "preset: deepseek" in text
    assert "# What is trained on and what is kept apart." in text
    assert loresmith("status", project).code == PART_FAILED  # it loads, and nothing is done yet


def _dataset(project: str | Path, server: TeacherServer) -> list[str | Path]:
    return ["dataset", project, "--teacher", f"openai:any@{server.url}"]

"""The folder of hostile files, read by the real step: all are named, none does harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_files import HOSTILE_FILES, read_all, write_all

from loresmith import Workspace
from loresmith.workspace.steps.parse import documents

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "documents.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_all(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, str]:
    return read_all(folder)


def test_what_becomes_of_every_file_is_told(told: dict[str, str]):
    assert len(HOSTILE_FILES) >= 25
    for one in HOSTILE_FILES:
        assert any(name.startswith(one.shown) for name in told), one.name


def test_every_refusal_has_its_reason_and_what_to_do(told: dict[str, str]):
    refused = {name: said for name, said in told.items() if said.startswith("refused: ")}
    assert len(refused) > 20
    for name, said in refused.items():
        sentences = said.removeprefix("refused: ").split(". ")
        assert sentences[0].startswith(name), said
        assert len(sentences) > 1, said


def test_no_secret_and_no_control_character_gets_into_a_document(
    folder: Path, told: dict[str, str]
):
    assert told
    with Workspace(folder).opened() as context:
        for document in documents(context):
            assert "TOP-SECRET" not in document.text
            for text in (document.text, document.name, document.title, *document.warnings):
                assert all(c in "\n\t" or c >= " " for c in text), document.name


def test_nothing_was_written_outside(folder: Path, told: dict[str, str]):
    assert told
    assert {path.name for path in folder.iterdir()} <= {"documents", "secret.txt", ".loresmith"}
    assert {path.name for path in (folder / "documents").iterdir()} == {
        one.name for one in HOSTILE_FILES
    }


def test_the_reference_page_says_what_happens(told: dict[str, str]):
    page = REFERENCE.read_text(encoding="utf-8")
    for name, said in told.items():
        assert f"`{name}`" in page, name
        assert said.replace("|", "\\|").split("\n")[0] in page, name

"""Which files of a folder are documents, and what is said of the others."""

import time
import zipfile
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from loresmith.documents import (
    AnyParser,
    MarkdownParser,
    Parser,
    PlainTextParser,
    find_documents,
    parse_document,
)
from loresmith.errors import DocumentError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")


def test_a_project_s_documents_folder_is_all_that_counts(tmp_path: Path):
    touch(tmp_path, "README.md", "teacher.jsonl", "documents/b.md", "documents/a/年报.TXT")
    listing = find_documents(tmp_path)
    assert [listing.name_of(path) for path in listing.found] == ["a/年报.TXT", "b.md"]
    assert listing.ignored == []


def test_without_one_the_folder_itself_counts_less_our_own_outputs(tmp_path: Path):
    touch(
        tmp_path,
        "report.md",
        "loresmith.yaml",
        "datasets/v1/notes.md",
        "runs/1/report.html",
        ".loresmith/x.txt",
        ".hidden.md",
        "old/.git/y.md",
        "old/runs/kept.md",
    )
    listing = find_documents(tmp_path)
    assert [listing.name_of(path) for path in listing.found] == ["old/runs/kept.md", "report.md"]
    assert listing.ignored == []


def test_files_that_cannot_be_read_are_listed_with_the_reason(tmp_path: Path):
    touch(tmp_path, "a.md", "b.exe", "LICENSE", "~$c.docx")
    reasons = {path.name: reason for path, reason in find_documents(tmp_path).ignored}
    assert reasons["b.exe"].startswith(".exe files are not read (only .txt,")
    assert reasons["LICENSE"].startswith("files without a suffix are not read")
    assert reasons["~$c.docx"] == "a lock file of an open Office document"


def test_links_that_lead_out_of_the_folder_are_refused(tmp_path: Path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    touch(inside, "real.md")
    touch(outside, "secret.md")
    (inside / "leak.md").symlink_to(outside / "secret.md")
    (inside / "leaks").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    (inside / "broken.md").symlink_to(inside / "gone.md")
    (inside / "same.md").symlink_to(inside / "real.md")
    listing = find_documents(inside)
    assert [path.name for path in listing.found] == ["real.md", "same.md"]
    assert {path.name: reason for path, reason in listing.ignored} == {
        "broken.md": "a link that leads nowhere",
        "leak.md": "a link that leads out of the folder",
        "leaks": "a link that leads out of the folder",
        "loop": "a link to a folder",
    }


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(DocumentError, match="reports does not exist") as caught:
        find_documents(tmp_path / "reports")
    assert caught.value.hint
    touch(tmp_path, "file.md")
    with pytest.raises(DocumentError, match="is not a folder"):
        find_documents(tmp_path / "file.md")


def test_an_empty_folder_holds_nothing(tmp_path: Path):
    assert find_documents(tmp_path).found == []


def test_the_order_does_not_depend_on_the_disk(tmp_path: Path):
    touch(tmp_path, "b.md", "a/z.md", "a.md", "B.md", "甲.md")
    names = [find_documents(tmp_path).name_of(path) for path in find_documents(tmp_path).found]
    assert names == ["B.md", "a/z.md", "a.md", "b.md", "甲.md"]


def test_the_content_counts_more_than_the_suffix(tmp_path: Path):
    import docx

    docx_file = docx.Document()
    docx_file.add_paragraph("泊位费为412元。")
    path = tmp_path / "dues.txt"
    docx_file.save(str(path))
    document = parse_document(path)
    assert document.text == "泊位费为412元。\n"
    assert document.warnings == ("the file is named .txt, but its content is .docx",)


def test_a_zip_named_md_is_refused(tmp_path: Path):
    path = tmp_path / "a.md"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.txt", "c")
    with pytest.raises(DocumentError, match=r"a\.md is not text but a zip archive"):
        parse_document(path)


def test_a_recipe_names_a_parser_by_its_type():
    family: TypeAdapter[Parser] = TypeAdapter(AnyParser)
    assert family.validate_python({"type": "md", "max_bytes": 5}) == MarkdownParser(max_bytes=5)
    own = PlainTextParser(max_bytes=7)
    assert family.validate_python(own) is own


def test_a_hundred_small_files_are_read_at_once(tmp_path: Path):
    for index in range(100):
        (tmp_path / f"{index}.md").write_text(f"# 报告{index}\n\n" + "营收增长。" * 200)
    began = time.monotonic()
    for path in find_documents(tmp_path).found:
        parse_document(path)
    assert time.monotonic() - began < 2

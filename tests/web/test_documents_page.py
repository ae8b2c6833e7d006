"""The page of the documents, as its fragments come from the server."""

from __future__ import annotations

import html
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chunker_family import FAMILY
from loresmith.chunking import Chunker
from loresmith.workspace.background import Background
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.home import Home
from projects import copy_documents

ENGLISH = document_key("annual-review.md")
CHINESE = document_key("渔港纪要.txt")
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def at(home: Home, tmp_path: Path) -> str:
    folder = copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")
    return f"/projects/{home.projects.add(folder, name='Coast').id}/documents"


def test_an_empty_project_says_what_to_do(client: Any, home: Home) -> None:
    empty = home.projects.create("Empty")
    page = client.get(f"/projects/{empty.id}/documents").text
    assert "No documents yet" in page
    assert "Drop files or folders here" in page


def test_the_list_shows_every_document(client: Any, at: str) -> None:
    client.get(f"{at}/{CHINESE}")
    page = client.get(at).text
    assert "annual-review.md" in page
    assert "not read yet" in page
    assert "the encoding was guessed to be GB18030" in page


def test_a_long_list_comes_in_pages_and_is_searched(client: Any, home: Home) -> None:
    known = home.projects.create("Long")
    folder = Path(known.folder) / "documents"
    folder.mkdir(exist_ok=True)
    for number in range(205):
        (folder / f"minutes-{number:03}.md").write_text(f"Minutes {number}.\n")
    (folder / "灯塔 年报.md").write_text("灯塔点亮。\n", encoding="utf-8")
    at = f"/projects/{known.id}/documents"
    assert [name in client.get(at).text for name in ("-000.md", "-099.md", "-100.md")] == [
        *(True, True),
        False,
    ]
    second = client.get(f"{at}/table", params={"start": 100})
    assert "-100.md" in second.text and "101–200 of 206" in second.text
    assert second.headers["HX-Replace-Url"] == f"{at}?start=100"
    assert "-204.md" in client.get(f"{at}?start=100000").text, "the last page there is"
    found = client.get(at, params={"search": "年报 灯塔"}).text
    assert "灯塔 年报.md" in found and "minutes-" not in found
    assert "No document has this" in client.get(at, params={"search": "nothing"}).text


def test_an_upload_answers_with_its_line(client: Any, at: str) -> None:
    def send(name: str, content: bytes, **form: str) -> str:
        reply = client.post(f"{at}/upload", files={"file": (name, content)}, data=form)
        assert reply.status_code == 200
        return str(reply.text)

    assert "taken in" in send("a.txt", b"The tide rose.\n")
    assert "Replace it" in send("a.txt", b"The tide fell.\n")
    assert "replaced" in send("a.txt", b"The tide fell.\n", replace="true")
    assert ".exe files cannot be read" in send("b.exe", b"MZ")


def test_markup_in_names_and_texts_is_never_markup(client: Any, at: str, home: Home) -> None:
    hostile = f"# {SCRIPT}\n\nThe tide rose. {SCRIPT}\n".encode()
    client.post(f"{at}/upload", files={"file": ("x&amp;<b>.md", hostile)})
    project_id = at.split("/")[2]
    documents = Documents(home.workspace(project_id))
    (key,) = [line.key for line in documents.all().documents if line.name.startswith("x&")]
    documents.revise(key, f"{SCRIPT}\nmore\n", expected=documents.get(key).version, note=SCRIPT)
    for address in ("", f"/{key}", f"/{key}/edit", f"/{key}/history", "/chunking", "/table"):
        page = client.get(f"{at}{address}").text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>.md" not in page


def test_a_document_is_shown_in_parts(client: Any, at: str, home: Home) -> None:
    folder = Path(home.projects.get(at.split("/")[2]).folder)
    (folder / "documents" / "long.txt").write_text("The lamp was lit in 2031.\n\n" * 5000)
    key = document_key("long.txt")
    page = client.get(f"{at}/{key}").text
    assert page.count('class="passage') < 20
    assert f"{at}/{key}/text?start=" in page
    assert len(client.get(f"{at}/{key}/text", params={"start": 50_000}).text) > 5_000


def test_a_passage_is_corrected_once_and_a_stale_one_refused(client: Any, at: str) -> None:
    form = client.get(f"{at}/{ENGLISH}/passage", params={"start": 0, "end": 20}).text
    version = form.split('name="version" value="')[1].split('"')[0]
    sent = {"start": 0, "end": 20, "version": version, "text": "# New\r\n\r\nTitle", "note": "why"}
    assert "Saved as a revision" in client.post(f"{at}/{ENGLISH}/passage", data=sent).text
    assert client.post(f"{at}/{ENGLISH}/passage", data=sent).status_code == 409
    history = client.get(f"{at}/{ENGLISH}/history").text
    assert "why" in history
    assert 'class="line added"' in history


def test_changed_settings_are_previewed_and_faults_shown_in_place(client: Any, at: str) -> None:
    client.get(f"{at}/{ENGLISH}")
    settings = chosen("headings", min_length="200", max_length="500")
    effect = client.post(f"{at}/chunking/preview", data=settings).text
    assert "<svg" in effect
    assert "The first passages that change" in effect
    for wrong in ({"chunking.max_length": "100"}, {"chunking.max_length": "many"}):
        reply = client.post(f"{at}/chunking/preview", data=settings | wrong)
        assert reply.status_code == 422
        assert "These settings cannot be" in reply.text


def chosen(kind: str, **settings: str) -> dict[str, str]:
    """What the form of the chunking sends."""
    return {"chunking.type": kind} | {f"chunking.{name}": said for name, said in settings.items()}


@pytest.mark.parametrize("member", FAMILY, ids=lambda one: one.__name__)
def test_every_chunker_can_be_chosen_filled_in_and_looked_ahead_at(
    client: Any, at: str, member: type[Chunker]
) -> None:
    client.get(f"{at}/{ENGLISH}")
    kind = member.model_fields["type"].default
    assert f'value="{kind}"' in client.get(f"{at}/chunking").text
    fields = client.post(f"{at}/chunking/form", data=chosen(kind)).text
    assert all(f'name="chunking.{name}"' in fields for name in member.model_fields)
    effect = client.post(f"{at}/chunking/preview", data=chosen(kind))
    assert effect.status_code == 200
    assert "Median length" in effect.text


def test_settings_that_are_lists_come_and_go_as_json(client: Any, at: str, home: Home) -> None:
    fields = client.post(f"{at}/chunking/form", data=chosen("recursive")).text
    assert '["\\n\\n", "\\n", "。"' in html.unescape(fields)
    typed = chosen("recursive", separators='["。", ", "]', min_length="100", max_length="200")
    assert client.post(f"{at}/chunking", data=typed).status_code == 200
    assert home.workspace(at.split("/")[2]).recipe.chunking.separators == ("。", ", ")


def test_a_tokenizer_that_cannot_be_had_is_told_in_place(client: Any, at: str) -> None:
    client.get(f"{at}/{ENGLISH}")
    typed = chosen("tokens", tokenizer="/nowhere")
    reply = client.post(f"{at}/chunking/preview", data=typed)
    assert reply.status_code == 422
    assert "/nowhere" in reply.text


def test_the_dialog_warns_before_the_embedded_model_is_asked_about_chinese(
    client: Any, at: str
) -> None:
    chinese = client.post(f"{at}/estimate", data={"documents": [CHINESE]}).text
    assert "It cannot begin like this" in chinese
    assert 'href="/models"' in chinese
    english = client.post(f"{at}/estimate", data={"documents": [ENGLISH]}).text
    assert "It cannot begin" not in english


def test_a_deleted_document_leads_back_to_the_list(client: Any, at: str, home: Home) -> None:
    version = Documents(home.workspace(at.split("/")[2])).get(ENGLISH).version
    stale = client.post(f"{at}/{ENGLISH}/delete", data={"version": "other"})
    assert stale.status_code == 409
    reply = client.post(f"{at}/{ENGLISH}/delete", data={"version": version})
    assert reply.headers["HX-Location"] == at
    assert "annual-review.md" not in client.get(at).text


def test_the_page_speaks_chinese(client: Any, at: str) -> None:
    page = client.get(at, headers={"Accept-Language": "zh-CN"}).text
    assert "将文件或文件夹拖到这里" in page
    assert "尚未读取" in page


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("通知.exe", b"MZ", "无法读取 .exe 文件"),
        ("空.md", b"", "空.md 为空"),
        ("渔港纪要.txt", "又一份。\n".encode(), "已有名为 渔港纪要.txt 的文档"),
        (
            "乱码.txt",
            "澜屿渔港将于六月休渔，\x00请各船回港。\n".encode(),
            "已从正文中去除 1 个控制字符",
        ),
    ],
)
def test_refusals_and_warnings_are_told_in_chinese(
    client: Any, at: str, name: str, content: bytes, said: str
) -> None:
    sent = {"file": (name, content, "application/octet-stream")}
    reply = client.post(f"{at}/upload", files=sent, headers={"Accept-Language": "zh"})
    assert said in reply.text


def test_what_can_be_done_with_documents_comes_with_the_first(client: Any, home: Home) -> None:
    known = home.projects.create("Blank")
    at = f"/projects/{known.id}/documents"
    assert "Generate questions…" not in client.get(at).text
    client.post(f"{at}/upload", files={"file": ("a.md", b"# Lights\n\nThe light is lit.\n")})
    part = client.get(f"{at}/table").text
    assert 'id="document-actions" hx-swap-oob="true"' in part
    assert "Generate questions…" in part and "/documents/chunking" in part
    assert client.get(at).text.count('id="document-actions"') == 1


def test_lengths_that_cannot_be_are_told_in_the_words_of_the_form(client: Any, at: str) -> None:
    settings = chosen("headings", min_length="5000", max_length="300")
    for address in (f"{at}/chunking/preview", f"{at}/chunking"):
        reply = client.post(address, data=settings)
        assert reply.status_code == 422
        assert "“Min length” (5000) is more than “Max length” (300)" in reply.text
        assert "chunking." not in reply.text and "min_length" not in reply.text
    chinese = {"Accept-Language": "zh"}
    told = client.post(f"{at}/chunking/preview", data=settings, headers=chinese).text
    assert "“最小长度”（5000）大于 “最大长度”（300）" in told
    small = chosen("headings", min_length="0", max_length="300")
    reply = client.post(f"{at}/chunking/preview", data=small)
    assert reply.status_code == 422
    assert "Min length: This should be greater than 0." in reply.text


def test_a_job_that_ended_brings_the_list_up_to_date_and_says_what_it_wrote(
    client: Any, at: str, home: Home
) -> None:
    workspace = home.workspace(at.split("/")[2])
    workspace.do("chunk")
    job = Background(workspace).jobs()[0]
    reply = client.get(f"{at}/progress/{job.id}?before=0")
    assert reply.headers["HX-Trigger"] == "documents-changed"
    assert "No new question was written." in reply.text
    assert "question was written" not in client.get(f"{at}/progress/{job.id}").text


def test_going_back_to_an_earlier_text_is_said(client: Any, at: str) -> None:
    form = client.get(f"{at}/{ENGLISH}/passage", params={"start": 0, "end": 20}).text
    assert 'name="note"' in form
    version = form.split('name="version" value="')[1].split('"')[0]
    sent = {"start": 0, "end": 20, "version": version, "text": "# New"}
    client.post(f"{at}/{ENGLISH}/passage", data=sent)
    history = client.get(f"{at}/{ENGLISH}/history").text
    version = history.split('"version": "')[1].split('"')[0]
    back = {"revision": "file", "version": version}
    assert (
        "The earlier text is in use again" in client.post(f"{at}/{ENGLISH}/restore", data=back).text
    )


def test_a_passage_says_on_which_page_of_its_file_it_is(client: Any, at: str) -> None:
    from reportlab.pdfgen import canvas

    file = io.BytesIO()
    pages = canvas.Canvas(file)
    for year in (1911, 1912):
        pages.drawString(70, 700, f"The lamp of Calder Reach was lit in {year}.")
        pages.showPage()
    pages.save()
    client.post(f"{at}/upload", files={"file": ("lamp.pdf", file.getvalue())})
    page = client.get(f"{at}/{document_key('lamp.pdf')}")
    assert re.search(r">page 1–2\s*</span>", page.text)
    chinese = client.get(f"{at}/{document_key('lamp.pdf')}", headers={"Accept-Language": "zh"})
    assert re.search(r">第 1–2 页\s*</span>", chinese.text)


def test_an_archive_is_taken_in_and_deleted_whole(client: Any, at: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "The lamp was lit in 1911.")
        archive.writestr("b.csv", "quay,due\nLantern,412\n")
    reply = client.post(f"{at}/upload", files={"file": ("reports.zip", file.getvalue())})
    assert "2 documents in it" in reply.text
    listed = client.get(at).text
    assert ".zip" in listed.split('accept="')[1].split('"')[0]
    assert "Delete the archive reports.zip? It is removed with all documents in it" in listed
    row = listed.split("reports.zip/a.txt</bdi>")[1]
    version = row.split('"version": "')[1].split('"')[0]
    key = document_key("reports.zip/a.txt")
    client.post(f"{at}/{key}/delete", data={"version": version, "with_archive": "true"})
    assert "reports.zip" not in client.get(at).text

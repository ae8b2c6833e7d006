"""The first page: what is there, and how a project is made, renamed and deleted."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.testclient import TestClient

from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from projects import copy_documents
from waiting import wait_for

HTMX = {"HX-Request": "true"}


def names_on(page: str) -> list[str]:
    return re.findall(r'<h2 class="grow two-lines"><a href="[^"]*">([^<]*)</a>', page)


def test_without_a_project_the_page_guides_to_the_example(client: TestClient) -> None:
    page = client.get("/").text
    assert "Begin with the example" in page
    made = client.post("/projects", data={"source": "example", "name": "Harbour example"})
    address = made.headers["HX-Redirect"]
    assert address.endswith("/documents")
    project = client.app.state.home.projects.all()[0]
    assert project.id in address
    card = client.get("/").text
    assert names_on(card) == ["Harbour example"]
    assert "Begin with the example" not in card
    assert "Write questions" in card, "a card says what is to be done next"


def test_a_project_is_made_with_the_settings_of_another(client: TestClient, home: Home) -> None:
    first = home.projects.create_example("First")
    new = {"name": "Second", "source": "copy", "copy_of": first.id, "with_documents": "true"}
    assert client.post("/projects", data=new).headers["HX-Redirect"]
    assert names_on(client.get("/").text) == ["Second", "First"]
    assert home.projects.cards()[0].documents == home.projects.cards()[1].documents > 0


def test_a_name_that_is_none_is_said_in_the_form(client: TestClient, home: Home) -> None:
    answer = client.post("/projects", data={"name": "   "}, headers=HTMX)
    assert answer.status_code == 422
    assert "A project needs a name." in answer.text
    assert 'id="create-form"' in answer.text
    assert home.projects.all() == []


def test_a_name_is_never_html(client: TestClient, home: Home) -> None:
    home.projects.create("<script>alert(1)</script>")
    page = client.get("/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_project_is_renamed(client: TestClient, home: Home) -> None:
    known = home.projects.create("Coast")
    assert 'value="Coast"' in client.get(f"/projects/{known.id}/rename").text
    cards = client.post(f"/projects/{known.id}/rename", data={"new_name": "海岸"}, headers=HTMX)
    assert names_on(cards.text) == ["海岸"]
    assert "closeDialog" in cards.headers["HX-Trigger"]
    refused = client.post(f"/projects/{known.id}/rename", data={"new_name": ""}, headers=HTMX)
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#dialog")


def test_deleting_says_first_what_is_lost(client: TestClient, home: Home, tmp_path: Path) -> None:
    known = home.projects.create_example("Harbour")
    added = home.projects.add(copy_documents(tmp_path / "coast", "annual-review.md"))
    dialog = client.get(f"/projects/{known.id}/delete").text
    assert "This is deleted for good" in dialog
    assert "<dt>Documents</dt><dd>6</dd>" in dialog
    assert "stay in it" in client.get(f"/projects/{added.id}/delete").text
    assert Path(known.folder).exists()
    assert names_on(client.post(f"/projects/{known.id}/delete", headers=HTMX).text) == ["coast"]
    assert not Path(known.folder).exists()


def test_a_project_at_work_is_marked_and_not_deleted(client: TestClient, home: Home) -> None:
    known = home.projects.create("Coast")
    with home.workspace(known.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        queue.claim(worker_name(), job_id=queue.submit("run", {}))
    assert "at work" in client.get("/projects/cards").text
    assert "A job is at work on this project" in client.get(f"/projects/{known.id}/delete").text
    refused = client.post(f"/projects/{known.id}/delete", headers=HTMX)
    assert refused.status_code == 422
    assert "A job is at work on this project" in refused.text
    assert "Nothing was deleted." in refused.text
    assert re.search(r'<button class="button danger"[^>]* disabled>', refused.text)
    assert f'href="/projects/{known.id}/jobs"' in refused.text
    assert Path(known.folder).exists()


def test_a_project_that_cannot_be_opened_says_why(
    client: TestClient, home: Home, tmp_path: Path
) -> None:
    home.projects.add(copy_documents(tmp_path / "coast", "annual-review.md"), name="Gone")
    (tmp_path / "coast").rename(tmp_path / "elsewhere")
    page = client.get("/").text
    assert "its folder is not there any more" in page
    assert "Delete" in page


def test_a_project_s_address_leads_to_its_documents(client: TestClient, home: Home) -> None:
    known = home.projects.create("Coast")
    answer = client.get(f"/projects/{known.id}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/projects/{known.id}/documents",
    )
    assert client.get("/projects/nothing", follow_redirects=False).status_code == 404


def test_chinese_is_spoken(client: TestClient, home: Home) -> None:
    chinese = {"Accept-Language": "zh-CN"}
    assert "从示例开始" in client.get("/", headers=chinese).text
    known = home.projects.create("海岸")
    assert "新建项目" in client.get("/", headers=chinese).text
    assert "永久删除" in client.get(f"/projects/{known.id}/delete", headers=chinese).text


def test_the_example_is_a_guided_first_run_on_every_page(client: TestClient, home: Home) -> None:
    known = home.projects.create_example("Harbour")
    other = home.projects.create("Mine")
    at = f"/projects/{known.id}"
    documents = client.get(f"{at}/documents").text
    assert 'aria-label="First run"' in documents
    assert "Press “Generate questions…”" in documents
    assert "To the documents" not in documents, "who is there is not sent there"
    for page in ("questions", "review", "train", "exam", "jobs"):
        assert "To the documents" in client.get(f"{at}/{page}").text
    assert 'aria-label="First run"' not in client.get(f"/projects/{other.id}/documents").text
    chinese = client.get(f"{at}/guide?at=train", headers={"Accept-Language": "zh-CN"}).text
    assert "首次体验" in chinese
    assert "前往文档" in chinese


def test_the_guide_can_be_put_away(client: TestClient, home: Home) -> None:
    at = f"/projects/{home.projects.create_example('Harbour').id}"
    assert client.post(f"{at}/guide/end").text == ""
    assert client.get(f"{at}/guide?at=train").text.strip() == ""
    assert 'id="guide"' not in client.get(f"{at}/documents").text


def test_the_guide_leads_to_a_job_that_failed(client: TestClient, home: Home) -> None:
    known = home.projects.create_example("Harbour")
    with home.workspace(known.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
    job_id = queue.submit("generate", {}, background=True)
    claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    assert "A job is at work" in client.get(f"/projects/{known.id}/guide?at=train").text
    queue.finish(claim, state="failed", error="no reply")
    said = client.get(f"/projects/{known.id}/guide?at=train").text
    assert "The last job failed" in said
    assert f'href="/projects/{known.id}/jobs/{job_id}"' in said


def test_the_example_can_be_asked_about_at_once(client: TestClient, home: Home) -> None:
    known = home.projects.create_example("Harbour")
    estimate = client.post(f"/projects/{known.id}/documents/estimate").text
    assert not re.search(r"<button[^>]*\sdisabled", estimate)
    assert "read and cut into passages first" not in estimate


def test_the_recorded_teacher_is_not_asked_about_a_text_that_it_does_not_know(
    client: TestClient, home: Home
) -> None:
    known = home.projects.create_example("Harbour")
    (Path(known.folder) / "documents" / "mine.md").write_text("# Mine\n\nThe quay is 40 m long.\n")
    at = f"/projects/{known.id}/documents"
    client.post(f"{at}/read")
    background = Background(home.workspace(known.id))
    wait_for(lambda: background.jobs()[-1].is_over, what="the end of the reading")
    page = client.post(f"{at}/estimate").text
    assert "replies for the example&#39;s own texts only" in page
    assert re.search(r"<button[^>]*\sdisabled", page)
    chinese = client.post(f"{at}/estimate", headers={"Accept-Language": "zh"}).text
    assert "只有示例自带文本的回复" in chinese


def test_a_job_that_wrote_nothing_is_not_called_done(client: TestClient, home: Home) -> None:
    known = home.projects.create_example("Harbour")
    with home.workspace(known.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
    job_id = queue.submit("generate", {}, background=True)
    claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    failure = {"step": "generate", "subject": "a.md", "reason": "no <i>reply</i>"}
    queue.finish(claim, state="done", progress={"failures": [failure], "failure_count": 1})
    said = client.get(f"/projects/{known.id}/documents/progress/{job_id}").text
    assert "Nothing was written" in said and "no &lt;i&gt;reply" in said
    assert "Look at the questions" not in said


def test_a_folder_of_the_command_line_is_read_before_it_is_asked_about(
    client: TestClient, home: Home, tmp_path: Path
) -> None:
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    at = f"/projects/{home.projects.add(folder).id}/documents"
    assert "1 document has to be read and cut into passages first" in (
        client.post(f"{at}/estimate").text
    )
    assert "progress" in client.post(f"{at}/read").text
    background = Background(home.workspace(home.projects.all()[0].id))
    wait_for(lambda: background.jobs()[-1].is_over, what="the end of the reading")
    assert not re.search(r"<button[^>]*\sdisabled", client.post(f"{at}/estimate").text)

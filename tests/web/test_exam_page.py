"""The page Exam: scores, questions with evidence, marks by hand that nobody overwrites."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from examined_runs import project_with_tiny_model
from loresmith.workspace.background import Background
from loresmith.workspace.report.mark_reasons import mark_reason
from loresmith.workspace.runs import Exams, ItemFilter, Runs
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


@contextmanager
def no_worker() -> Iterator[None]:
    """Jobs are queued and nobody works them off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "loresmith.workspace.background.background.start_worker", lambda *_, **__: None
        )
        yield


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """The folder of a project with a finished run; each test gets a home that knows it."""
    folder = tmp_path_factory.mktemp("examined") / "coast"
    with pytest.MonkeyPatch.context() as patch, TeacherServer(sentence_teacher) as teacher:
        patch.setenv("OPENAI_API_KEY", "none")
        patch.setenv("OMP_NUM_THREADS", "1")
        project_with_tiny_model(folder, teacher.url).do("run")
    return folder


@pytest.fixture
def project(home, examined):
    return home.projects.add(examined, name="Coast")


@pytest.fixture
def base(project):
    return f"/projects/{project.id}/exam"


@pytest.fixture
def run_id(home, project):
    return Runs(home.workspace(project.id)).all()[0].id


def test_without_an_exam_the_page_says_how_to_get_one(client, home):
    empty = home.projects.create("Empty")
    page = client.get(f"/projects/{empty.id}/exam").text
    assert "No exam yet" in page and f"/projects/{empty.id}/train" in page


def test_the_newest_exam_is_shown_with_intervals_and_questions(client, base, run_id):
    page = client.get(base).text
    assert run_id in page and 'data-group="all"' in page and re.search(r"n = [1-6]\b", page)
    assert len(re.findall(r'data-item="', page)) >= 6


def test_the_page_speaks_chinese(client, base):
    page = client.get(base, headers={"Accept-Language": "zh"}).text
    assert "训练前后闭卷作答" in page and "95% 置信区间" in page and "原本不会" in page


def test_the_list_is_filtered_and_its_address_says_so(client, base, home, project, run_id):
    answer = client.get(f"{base}/{run_id}/items", params={"language": "zh", "outcome": "nonsense"})
    shown = set(re.findall(r'data-item="([^"]+)"', answer.text))
    wanted = Exams(home.workspace(project.id)).items(run_id, ItemFilter(language="zh"))
    assert shown == {row.item.id for row in wanted}
    assert "language=zh" in answer.headers["HX-Push-Url"]
    nothing = client.get(f"{base}/{run_id}/items", params={"search": "no such words"}).text
    assert "No question matches" in nothing


def test_a_question_shows_both_replies_and_the_evidence_marked(client, base, home, project, run_id):
    row = Exams(home.workspace(project.id)).items(run_id, ItemFilter(kind="direct"))[0]
    sheet = client.get(f"{base}/{run_id}/items/{row.item.id}").text
    assert "<mark>" in sheet and row.item.document in sheet
    assert sheet.count("data-sitting=") == 2


def test_a_mark_by_hand_is_counted_and_an_old_sheet_cannot_overwrite_it(
    client, base, home, project, run_id
):
    row = Exams(home.workspace(project.id)).items(run_id, ItemFilter(outcome="still_wrong"))[0]
    address = f"{base}/{run_id}/items/{row.item.id}"
    etag = re.search(r'name="etag" value="([^"]+)"', client.get(address).text)
    assert etag is not None
    mark = {
        "etag": etag[1].replace("&#34;", '"'),
        "sitting": "after",
        "score": "1",
        "note": "<i>means the same</i>",
    }
    marked = client.post(f"{address}/mark", data=mark)
    assert marked.status_code == 200 and "marked by hand" in marked.text
    assert "&lt;i&gt;means" in marked.text and "<i>means" not in marked.text
    assert "1 mark by hand" in client.get(f"{base}/{run_id}/scores").text
    assert client.post(f"{address}/mark", data={**mark, "score": "2"}).status_code == 422
    late = client.post(f"{address}/mark", data={**mark, "score": "0"})
    assert late.status_code == 409
    Exams(home.workspace(project.id)).regrade(run_id, row.item.id, sitting="after", score=None)


def test_why_a_reply_is_right_or_wrong_is_told_in_chinese(client, base, home, project, run_id):
    row = Exams(home.workspace(project.id)).items(run_id, ItemFilter(outcome="still_wrong"))[0]
    address = f"{base}/{run_id}/items/{row.item.id}"
    english = row.item.after.reason
    assert english and english in html.unescape(client.get(address).text)
    chinese = client.get(address, headers={"Accept-Language": "zh"}).text
    assert mark_reason(english, "zh") in html.unescape(chinese) and english not in chinese


def test_a_question_leads_to_its_place_in_the_document(client, base, home, project, run_id):
    row = Exams(home.workspace(project.id)).items(run_id, ItemFilter(kind="direct"))[0]
    sheet = client.get(f"{base}/{run_id}/items/{row.item.id}").text
    link = re.search(r'href="([^"#]*/documents/[^"#]*)#:~:text=', sheet)
    assert link is not None
    place = client.get(html.unescape(link[1]))
    assert place.status_code == 200 and row.item.document in place.text


def test_the_outcomes_lead_to_their_questions(client, base, home, project, run_id):
    page = client.get(base).text
    assert f"{base}/{run_id}?outcome=still_wrong#questions" in html.unescape(page)
    shown = client.get(f"{base}/{run_id}/items", params={"outcome": "unchanged"}).text
    wanted = Exams(home.workspace(project.id)).items(run_id, ItemFilter(outcome="unchanged"))
    assert set(re.findall(r'data-item="([^"]+)"', shown)) == {row.item.id for row in wanted}


def test_a_job_on_its_way_to_an_exam_is_shown_above_the_last_one(client, base, home, project):
    workspace = home.workspace(project.id)
    with no_worker():  # nor one from whoever looks after jobs that wait
        job = Background(workspace).submit("run")
        try:
            assert "Waiting for its turn" in client.get(base).text
            assert "Waiting for its turn" in client.get(f"{base}/job?seen=x").text
        finally:
            Background(workspace).cancel(job)
    stopped = client.get(f"{base}/job?seen=x").text
    assert "The latest training was stopped" in stopped and "Go on" in stopped


def test_the_page_without_an_exam_is_loaded_anew_when_there_is_one(client, base, home, run_id):
    assert client.get(f"{base}/job").headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get(f"{base}/job?seen={run_id}").headers
    empty = home.projects.create("Empty")
    assert "HX-Refresh" not in client.get(f"/projects/{empty.id}/exam/job").headers


def test_a_comparison_asks_for_at_least_two_runs(client, base, run_id):
    assert "Choose two to six runs." in client.get(f"{base}/compare?run={run_id}").text
    assert client.get(f"{base}/compare?run=v9-none").status_code == 200


def test_an_unknown_run_or_question_is_not_found(client, base, run_id):
    assert client.get(f"{base}/v9-none").status_code == 404
    assert client.get(f"{base}/{run_id}/items/none").status_code == 404


def test_the_first_group_is_named_for_what_it_is_and_the_chooser_follows_marks(client, base):
    page = client.get(base).text
    assert "Facts that were trained" in page and "All questions" not in page
    assert re.search(r'id="run-chooser" hx-get="[^"]+/exam/[^"]+" hx-trigger="marked', page)

"""A correction is a revision: the file stays, nobody's work is lost, nothing is paid for twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, DocumentError, NotFound
from loresmith.records import Review
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.generate import facts, wordings
from servers.teacher_server import TeacherServer

ENGLISH = document_key("annual-review.md")
CHINESE = document_key("渔港纪要.txt")
OpenWorkspace = Callable[..., Workspace]


def test_a_correction_is_what_is_worked_with_and_the_file_stays(
    documents: Documents, folder: Path
) -> None:
    path = folder / "documents" / "annual-review.md"
    bytes_before = path.read_bytes()
    text = documents.whole_text(ENGLISH)
    before = documents.get(ENGLISH)
    documents.revise(ENGLISH, text + "\nThe quay was swept.\n", expected=before.version, note="end")
    assert documents.whole_text(ENGLISH).endswith("The quay was swept.\n")
    assert path.read_bytes() == bytes_before
    after = documents.get(ENGLISH)
    assert after.revision
    assert after.version != before.version
    assert after.characters == before.characters + len("\nThe quay was swept.\n")


def test_the_history_tells_who_changed_what_and_can_be_gone_back_in(documents: Documents) -> None:
    original = documents.whole_text(CHINESE)
    first = documents.revise(
        CHINESE, original + "补记一。\n", expected=documents.get(CHINESE).version, author="岑望舟"
    )
    second = documents.revise(CHINESE, original + "补记二。\n", expected=first.version)
    lines = documents.history(CHINESE)
    assert [(line.number, line.current) for line in lines] == [(2, True), (1, False), (0, False)]
    assert lines[1].author == "岑望舟"
    documents.restore(CHINESE, lines[1].id, expected=second.version)
    assert documents.whole_text(CHINESE) == original + "补记一。\n"
    assert [line.number for line in documents.history(CHINESE)] == [3, 2, 1, 0]


def test_going_back_to_the_file_gives_its_passages_and_their_rows_back(
    documents: Documents,
) -> None:
    before = [passage.id for passage in documents.outline(CHINESE).passages]
    changed = documents.revise(CHINESE, "全新的内容。\n", expected=documents.get(CHINESE).version)
    documents.restore(CHINESE, "file", expected=changed.version)
    assert [passage.id for passage in documents.outline(CHINESE).passages] == before


def test_a_passage_is_edited_as_a_span_of_its_document(documents: Documents) -> None:
    outline = documents.outline(ENGLISH)
    passage = outline.passages[1]
    whole = documents.whole_text(ENGLISH)
    documents.revise_span(
        ENGLISH,
        passage.start,
        passage.end,
        "Nothing is known of it.",
        expected=outline.document.version,
    )
    expected = whole[: passage.start] + "Nothing is known of it." + whole[passage.end :]
    assert documents.whole_text(ENGLISH) == expected


def test_the_difference_shows_the_changed_characters_of_the_changed_line(
    documents: Documents,
) -> None:
    text = documents.whole_text(CHINESE)
    line = next(line for line in text.split("\n") if len(line) > 20)
    changed = line.replace(line[5:8], "二十一", 1)
    documents.revise(
        CHINESE, text.replace(line, changed, 1), expected=documents.get(CHINESE).version
    )
    newest = documents.history(CHINESE)[0].id
    found = documents.compare(CHINESE, "file", newest)
    assert (found.added, found.removed) == (1, 1)
    (added,) = [line for line in found.lines if line.kind == "added"]
    assert [part.text for part in added.parts if part.changed] == ["二十一"]
    assert "".join(part.text for part in added.parts) == changed


def test_an_edit_of_an_older_state_is_refused(documents: Documents) -> None:
    read = documents.get(ENGLISH).version
    documents.revise(ENGLISH, "First.\n", expected=read)
    with pytest.raises(Conflict, match="somebody else"):
        documents.revise(ENGLISH, "Second.\n", expected=read)
    assert documents.whole_text(ENGLISH) == "First.\n"


def test_of_two_edits_at_the_same_time_one_is_kept(documents: Documents) -> None:
    read = documents.get(ENGLISH).version
    start, kept, refused = threading.Barrier(4), [], []

    def edit(number: int) -> None:
        start.wait()
        try:
            documents.revise(ENGLISH, f"Text {number}.\n", expected=read)
            kept.append(number)
        except Conflict:
            refused.append(number)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(kept), len(refused)) == (1, 3)
    assert documents.whole_text(ENGLISH) == f"Text {kept[0]}.\n"


def test_a_correction_counts_as_long_as_the_file_is_the_same(
    documents: Documents, folder: Path
) -> None:
    path = folder / "documents" / "annual-review.md"
    original = path.read_bytes()
    documents.revise(ENGLISH, "Corrected.\n", expected=documents.get(ENGLISH).version)
    path.write_text("# Another file\n\nAnother text.\n")
    assert documents.whole_text(ENGLISH).startswith("# Another file")
    assert [line.number for line in documents.history(ENGLISH)] == [0]
    path.write_bytes(original)
    assert documents.whole_text(ENGLISH) == "Corrected.\n"


def test_a_text_without_text_and_a_span_outside_are_refused(documents: Documents) -> None:
    version = documents.get(ENGLISH).version
    with pytest.raises(DocumentError, match="without text"):
        documents.revise(ENGLISH, " \n\x00 ", expected=version)
    with pytest.raises(DocumentError, match="no characters"):
        documents.revise_span(ENGLISH, 5, 10**9, "x", expected=version)
    with pytest.raises(NotFound):
        documents.revision_text(ENGLISH, "no-such-revision")


def test_another_documents_revision_is_not_handed_out(documents: Documents) -> None:
    documents.revise(CHINESE, "机密。\n", expected=documents.get(CHINESE).version)
    theirs = documents.history(CHINESE)[0].id
    with pytest.raises(NotFound):
        documents.revision_text(ENGLISH, theirs)


def test_passages_that_did_not_change_are_not_paid_for_again(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace("chunking.min_length=300", "chunking.max_length=600").do("generate")
    documents = Documents(open_workspace("chunking.min_length=300", "chunking.max_length=600"))
    outline = documents.outline(ENGLISH)
    assert len(outline.passages) > 4
    edited = outline.passages[2]
    old = documents.whole_text(ENGLISH)[edited.start : edited.end]
    paid = len(_paid(teacher))

    revised = documents.revise_span(
        ENGLISH,
        edited.start,
        edited.end,
        f"{old} The tide gauge was set to 417 centimetres.",
        expected=outline.document.version,
    )
    assert len(revised.changed) == 1
    assert revised.unchanged == len(outline.passages) - 1
    foreseen = documents.estimate(Scope())
    open_workspace("chunking.min_length=300", "chunking.max_length=600").do("generate")
    asked = _paid(teacher)[paid:]
    assert asked
    assert all("417 centimetres" in call for call in asked)
    assert len(asked) == foreseen.calls == 3
    assert foreseen.finished == foreseen.passages - 1


def test_rows_and_reviews_of_passages_that_did_not_change_stay(
    open_workspace: OpenWorkspace,
) -> None:
    small = ("chunking.min_length=300", "chunking.max_length=600")
    open_workspace(*small).do("generate")
    documents = Documents(open_workspace(*small))
    passages = documents.outline(ENGLISH).passages
    kept, edited = passages[1], passages[3]
    with open_workspace(*small).opened() as context:
        (fact, *_) = [one for one in facts(context) if one.chunk_id == kept.id]
        context.store.add(
            [Review(id="r", subject_id=fact.id, verdict="rejected", author="Ines", at="2031")]
        )
    documents.revise_span(
        ENGLISH,
        edited.start,
        edited.end,
        "Nothing is known of it.",
        expected=documents.get(ENGLISH).version,
    )
    with open_workspace(*small).opened() as context:
        again = [one for one in facts(context) if one.question == fact.question]
        assert [one.document_id for one in again] != [fact.document_id]
        (review,) = [r for r in context.store.all(Review) if r.subject_id == again[0].id]
        assert (review.verdict, review.author) == ("rejected", "Ines")
        assert {w.fact_id for w in wordings(context) if w.fact_id} <= {
            one.id for one in facts(context)
        }


def test_rows_stay_when_the_settings_leave_their_passages_as_they_were(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace("chunking.max_length=1500").do("dataset")
    paid = len(_paid(teacher))
    first = Documents(open_workspace("chunking.max_length=1500"))
    before = {p.start: p.facts for p in first.outline(CHINESE).passages}
    open_workspace("chunking.max_length=1499").do("chunk")
    documents = Documents(open_workspace("chunking.max_length=1499"))
    assert {p.start: p.facts for p in documents.outline(CHINESE).passages} == before
    assert any(before.values())
    assert open_workspace("chunking.max_length=1499").do("dataset").complete
    assert len(_paid(teacher)) == paid


def _paid(teacher: TeacherServer) -> list[str]:
    return [call.messages[-1]["content"] for call in teacher.finished if call.text != "ready"]

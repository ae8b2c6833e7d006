"""Passages that repeat the end of the one before: counted, shown, selected and asked about once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from loresmith import Workspace
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.asking import asked_passages
from servers.teacher_server import TeacherServer

ENGLISH = document_key("annual-review.md")
OVERLAPPING = ("chunking.type=fixed_length", "chunking.length=500", "chunking.overlap=150")
OpenWorkspace = Callable[..., Workspace]


def test_every_part_of_the_text_is_shown_once(open_workspace: OpenWorkspace) -> None:
    documents = Documents(open_workspace(*OVERLAPPING))
    outline = documents.outline(ENGLISH)
    assert all(after.start < one.end for one, after in pairwise(outline.passages))
    for one, after in pairwise(outline.passages):
        assert after.repeated == one.end - after.start
    shown, start = "", 0
    while start < outline.total:
        page = documents.text(ENGLISH, start=start, length=700)
        shown += "".join(piece.text for piece in page.pieces)
        start = page.end
    assert shown == documents.whole_text(ENGLISH)


def test_selecting_one_does_not_select_those_that_share_text_with_it(
    open_workspace: OpenWorkspace,
) -> None:
    passages = Documents(open_workspace(*OVERLAPPING)).outline(ENGLISH).passages
    chosen = passages[1].id
    _generate(open_workspace(*OVERLAPPING), chosen)
    with open_workspace(*OVERLAPPING).opened() as context:
        assert [chunk.id for chunk, _ in asked_passages(context)] == [chosen]
    asked = Documents(open_workspace(*OVERLAPPING)).outline(ENGLISH).passages
    assert [one.id for one in asked if one.asked] == [chosen]


def test_a_correction_asks_about_the_corrected_passage_and_not_its_unselected_neighbour(
    open_workspace: OpenWorkspace,
) -> None:
    documents = Documents(open_workspace(*OVERLAPPING))
    chosen = documents.outline(ENGLISH).passages[1]
    _generate(open_workspace(*OVERLAPPING), chosen.id)
    own = chosen.start + chosen.repeated
    start = documents.whole_text(ENGLISH).index("\n", own) + 1  # changes are found line by line
    assert start < chosen.end
    documents.revise_span(ENGLISH, start, start + 1, "#", expected=documents.get(ENGLISH).version)
    asked = [one for one in documents.outline(ENGLISH).passages if one.asked]
    assert [one.start for one in asked] == [chosen.start]


def test_other_settings_keep_the_passages_that_read_the_same(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    def cut_by_hand(*positions: int) -> tuple[str, str]:
        cuts = f"[{{document: annual-review.md, at: [{', '.join(map(str, positions))}]}}]"
        return "chunking.type=manual", f"chunking.cuts={cuts}"

    open_workspace(*cut_by_hand(400, 900)).do("generate")
    paid = len(teacher.finished)
    wanted = [{"document": "annual-review.md", "at": [400, 900, 1300]}]
    preview = Documents(open_workspace(*cut_by_hand(400, 900))).preview_chunking(
        {"chunking.cuts": wanted}
    )
    assert preview.kept == 3 and preview.new > 0
    open_workspace(*cut_by_hand(400, 900, 1300)).do("chunk")
    passages = Documents(open_workspace(*cut_by_hand(400, 900, 1300))).outline(ENGLISH).passages
    assert [one.facts > 0 for one in passages][:4] == [True, True, False, False]
    assert len(teacher.finished) == paid


def _generate(workspace: Workspace, chunk: str) -> None:
    """What a job does whose scope is this passage."""
    with workspace.opened() as context:
        context.scope = Scope(chunks=(chunk,))
        workspace._work(context, "generate")

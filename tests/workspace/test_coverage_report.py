"""A project's coverage counts what its kept facts rest on, and lists what is open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loresmith import Workspace
from loresmith.errors import NotFound
from loresmith.workspace.coverage_report import Coverage

OpenWorkspace = Callable[..., Workspace]


def test_before_rows_are_checked_nothing_is_known(open_workspace: OpenWorkspace) -> None:
    with pytest.raises(NotFound, match="not checked yet"):
        Coverage(open_workspace()).documents()


def test_documents_are_summed_up_and_gaps_quote_the_source(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace("generation.facts.most=2")
    workspace.do("curate")
    coverage = Coverage(workspace)
    review, minutes = coverage.documents()
    assert (review.document, minutes.document) == ("annual-review.md", "渔港纪要.txt")
    for one in (review, minutes):
        assert 0 < one.open_statements < one.statements
        assert 0 < one.open_figures < one.figures
        assert one.facts > 0
        assert one.thin_facts <= one.facts
    gaps = list(coverage.gaps("渔港纪要.txt"))
    assert len(gaps) == minutes.open_statements
    assert sum(len(gap.figures) for gap in gaps) == minutes.open_figures
    source = (workspace.project.folder / "documents" / "渔港纪要.txt").read_text("gb18030")
    assert all("".join(gap.text.split()) in "".join(source.split()) for gap in gaps)
    assert len(list(coverage.gaps())) == review.open_statements + minutes.open_statements


def test_more_facts_leave_less_open(open_workspace: OpenWorkspace) -> None:
    few, many = open_workspace("generation.facts.most=1"), open_workspace()
    few.do("curate")
    before = sum(one.open_statements for one in Coverage(few).documents())
    many.do("curate")
    assert sum(one.open_statements for one in Coverage(many).documents()) < before


def test_an_unknown_document_is_named(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("curate")
    with pytest.raises(NotFound, match=r"no document 'no\.md'"):
        next(Coverage(workspace).gaps("no.md"))

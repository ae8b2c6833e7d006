"""A domain tree is made once and kept; questions are tagged as they are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, RecipeError
from loresmith.records import Fact
from loresmith.workspace.domain_tree import DomainTrees
from loresmith.workspace.steps.generate import facts
from servers.teacher_server import TeacherServer

OpenWorkspace = Callable[..., Workspace]


def facts_of(workspace: Workspace) -> list[Fact]:
    with workspace.opened() as context:
        return facts(context)


def test_without_one_asked_for_there_is_no_tree_and_no_call_for_it(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("generate")
    assert DomainTrees(open_workspace()).now().id == ""
    assert not any("domain tree" in str(body) for body in teacher.requests)


def test_a_tree_is_made_before_the_first_question_and_each_gets_its_subject(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = open_workspace("generation.tags.source=teacher")
    workspace.do("generate")
    view = DomainTrees(workspace).now()
    assert view.origin == "teacher"
    written = facts_of(workspace)
    assert {len(fact.tag) for fact in written} == {2}
    assert view.untagged == 0
    assert sum(one.facts for one in view.subjects if one.narrowest) == len(written)
    calls = len(teacher.requests)
    workspace.do("generate")
    assert len(teacher.requests) == calls


def test_the_headings_make_one_without_a_call(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    view = DomainTrees(open_workspace()).make(source="headings")
    assert (view.origin, len(teacher.requests)) == ("headings", 0)
    assert any(len(one.path) == 2 for one in view.subjects)


def test_what_is_there_is_kept_until_another_is_asked_for(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    trees = DomainTrees(open_workspace())
    first = trees.make(source="headings")
    assert trees.make() == first
    assert trees.make(source="teacher") == first
    assert not teacher.requests
    anew = trees.make(source="teacher", anew=True)
    assert (anew.origin, anew.id == first.id) == ("teacher", False)


def test_a_revision_adds_and_loses_nothing(open_workspace: OpenWorkspace) -> None:
    trees = DomainTrees(open_workspace())
    trees.write("Mine\n  One\n  Two\n")
    revised = trees.make(source="teacher", revise=True)
    assert revised.text.startswith("Mine\n  One\n  Two\n")
    assert len(revised.subjects) > 3


def test_a_person_writes_the_tree_and_no_question_is_written_again(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = open_workspace("generation.tags.source=headings")
    workspace.do("generate")
    calls, before = len(teacher.requests), facts_of(workspace)
    trees = DomainTrees(workspace)
    written = trees.write("Coast\n  Fish\n", expected=trees.now().id)
    assert (written.origin, written.untagged) == ("person", len(before))
    workspace.do("generate")
    assert len(teacher.requests) == calls
    assert facts_of(workspace) == before
    with pytest.raises(Conflict, match="somebody else"):
        trees.write("Other\n", expected="an earlier one")
    with pytest.raises(RecipeError, match="domain tree"):
        trees.write("")
    assert trees.now() == written


def test_the_embedded_model_makes_none(project: Path) -> None:
    workspace = Workspace(project)
    with pytest.raises(Conflict, match="cannot make a domain tree"):
        DomainTrees(workspace).make(source="teacher")
    assert DomainTrees(workspace).make().origin == "headings"

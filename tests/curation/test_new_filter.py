"""A new filter is one file plus one line: a toy is added to a copy of the package, and used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from toy_members import seen_everywhere, with_toy

FILTER = '''
"""A toy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict


class Shouting(Filter):
    """Drops what is shouted."""

    type: Literal["shouting"] = "shouting"
    marks: int = Field(default=3, ge=1)
    """How many exclamation marks are too many."""

    def judge(self, claim: Claim) -> Verdict:
        many = claim.question.count("!") >= self.marks
        return drop("shouted", claim.question) if many else KEEP
'''
JUDGED = """
from loresmith.recipe import Recipe
from small_corpus import chunk_of, document_of, fact_of

curation = Recipe.from_yaml("curation: {filters: [{type: shouting, marks: 2}]}").curation
document = document_of("Calder Reach counted 1,297 ship calls in 2031.")
chunk = chunk_of(document)
loud = fact_of(chunk, 0, question="How many ship calls!!")
facts = [loud, fact_of(chunk, 1)]
found = curation.curate_facts(facts, [chunk], [document])
print(len(found.kept), [drop.reason for drop in found.drops])
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Python finds the package with one filter more."""
    return with_toy(
        tmp_path_factory.mktemp("more"),
        family="curation/filters",
        module="shouting",
        source=FILTER,
        members=MEMBERS,
    )


MEMBERS = """AnyFilter = Annotated[
    Annotated[
        EmptyFilter
        | LanguageFilter
        | RefusalFilter
        | EvidenceFilter
        | ShortAnswerFilter
        | AnswerLeakFilter
        | SelfContainedFilter
        | FigureFilter
        | PeriodFilter
        | NameFilter
        | QualifierFilter
        | AbstentionFilter
        | ContradictionFilter
        | DuplicateFilter
        | LengthFilter
        | PersonalDataFilter
        | NearDuplicateFilter,"""


def test_it_is_in_recipes_forms_and_the_reference(environment: dict[str, str]) -> None:
    found = seen_everywhere(
        environment,
        "curation: {filters: [{type: shouting, marks: 5}]}",
        path="chunking",
        name="headings",
        setting="min_length",
    )
    assert found["recipe"]["curation"]["filters"] == [{"type": "shouting", "marks": 5}]
    assert "How many exclamation marks are too many." in found["reference"]


def test_rows_are_judged_by_it(environment: dict[str, str]) -> None:
    paths = f"{environment['PYTHONPATH']}:{Path(__file__).parents[1]}"
    done = subprocess.run(
        [sys.executable, "-c", JUDGED],
        capture_output=True,
        text=True,
        env=environment | {"PYTHONPATH": paths},
    )
    assert done.stdout.strip() == "1 ['shouted']", done.stderr

"""Versions and exports of some subjects, of an even share of each, and of rows with stars."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.datasets.exporting.provenance import ProvenanceLines
from loresmith.errors import RecipeError
from loresmith.workspace.datasets import Datasets, ExportSettings
from loresmith.workspace.domain_tree import DomainTrees
from loresmith.workspace.rows import RowFilter, Rows

OpenWorkspace = Callable[..., Workspace]
TREE = "generation.tags.source=headings"


def subjects(rows: Rows) -> dict[str, int]:
    kept = RowFilter(state=("kept",), use=("training",))
    return {facet.value: facet.count for facet in rows.facets(kept).subject}


def test_a_version_of_one_subject_holds_its_rows_alone_and_tells_the_others(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(TREE).do("curate")
    rows = Rows(open_workspace(TREE))
    name, count = next(iter(subjects(rows).items()))
    listed = rows.page(RowFilter(subject=(name,), state=("kept",), use=("training",)), limit=500)
    assert listed.total == count and all(row.subject.startswith(name) for row in listed.rows)
    wanted = (TREE, f'dataset.subjects=["{name}"]', "dataset.split.withheld=0")
    told = Datasets(open_workspace(*wanted)).next_version()
    assert open_workspace(*wanted).do("dataset").complete
    counted = json.loads((project / "datasets" / "v1" / "statistics.json").read_text("utf-8"))
    assert counted["rows"] == count == told.rows
    assert counted["dropped"]["other_subject"] == told.left_out["other_subject"] > 0


def test_subjects_are_evened_out_at_freezing_and_at_export_alike_every_time(
    open_workspace: OpenWorkspace, project: Path, tmp_path: Path
) -> None:
    plain = open_workspace(TREE, "dataset.split.withheld=0")
    plain.do("dataset")
    settings = ExportSettings(form=ProvenanceLines(), split=None, per_subject=2)
    one = Datasets(plain).write(tmp_path / "one.jsonl", settings)
    Datasets(plain).write(tmp_path / "two.jsonl", settings)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert one.rows + one.left_out["over_share"] == Datasets(plain).version(1).rows
    evened = open_workspace(TREE, "dataset.split.withheld=0", "dataset.per_subject=2")
    evened.do("dataset")
    ids = {
        row.id: row.subject for row in Rows(evened).page(RowFilter(kind=("pair",)), limit=500).rows
    }
    lines = (project / "datasets" / "v2" / "provenance.jsonl").read_text("utf-8").splitlines()
    origins = [json.loads(line) for line in lines]
    shares = Counter(ids[one["fact_id"]] for one in origins if one.get("fact_id"))
    assert shares and max(shares.values()) <= 2


def test_only_rows_with_stars_are_frozen_and_exported_where_that_is_wanted(
    open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    open_workspace("dataset.split.withheld=0").do("dataset")
    rows = Rows(open_workspace())
    few, many, plain = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=3).rows
    rows.mark([few.id], stars=2)
    rows.mark([many.id], stars=5)
    starred = open_workspace("dataset.min_stars=3", "dataset.split.withheld=0")
    starred.do("dataset")
    assert Datasets(starred).version(2).rows == 1
    settings = ExportSettings(form=ProvenanceLines(), split=None, min_stars=2)
    done = Datasets(starred).write(tmp_path / "rows.jsonl", settings, number=1)
    assert done.rows == 2
    text = (tmp_path / "rows.jsonl").read_text("utf-8")
    assert many.answer in text and few.answer in text and plain.question not in text
    rows.mark([few.id], stars=4)
    starred.do("dataset")
    assert Datasets(starred).version(3).rows == 2


def test_a_subject_that_no_row_has_is_told(open_workspace: OpenWorkspace) -> None:
    with pytest.raises(RecipeError, match="subjects and stars"):
        open_workspace('dataset.subjects=["Nowhere"]').do("dataset")
    assert DomainTrees(open_workspace()).now().id == ""

"""The example's rows are right: no filter that one can add throws any of them out."""

from __future__ import annotations

import shutil
from pathlib import Path

from loresmith import Workspace
from loresmith.curation import Curation
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.steps.generate import facts, wordings
from loresmith.workspace.steps.parse import documents

HARBOR = Path(__file__).parents[2] / "examples" / "harbor"
OPTIONAL = ("contradiction", "near_duplicate", "length", "personal_data")


def test_filters_that_one_can_add_throw_out_no_row_of_the_example(tmp_path: Path) -> None:
    folder = shutil.copytree(HARBOR, tmp_path / "harbor")
    Workspace(folder).do("curate")
    with Workspace(folder).opened() as context:
        before = curated(context)
        assert before is not None and not before.drops
        added = Curation.model_validate({"filters": [{"type": kind} for kind in OPTIONAL]})
        curation = Curation(filters=(*added.filters, *context.recipe.curation.filters))
        today = (chunks(context), documents(context))
        judged = curation.curate_facts(facts(context), *today)
        worded = curation.curate_wordings(wordings(context), judged.kept, *today)
    assert [*judged.drops, *worded.drops] == []
    assert (judged.kept, worded.kept) == (before.facts, before.wordings)

"""How a recipe makes rows of what was kept: which facts are kept apart, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence, Set

from loresmith.component import Component
from loresmith.datasets.build import Answers, fact_rows
from loresmith.datasets.freezing import Freezing
from loresmith.datasets.frozen import KeptRows
from loresmith.datasets.splitter import Splitter
from loresmith.records import Document, Fact, Wording


class Assembly(Component):
    """From kept facts and wordings to a frozen dataset."""

    split: Splitter = Splitter()
    """What is trained on, and what is kept apart as a control and for validation."""
    answers: Answers = "same"
    """What paraphrases are answered with. `same`: the fact's own answer, which small models learn
    in a fraction of the epochs (see docs/learning.md). `varied`: the teacher's reworded one."""
    confirmed_only: bool = False
    """Whether only rows that a person confirmed or edited are trained on; the exam then asks for
    their facts alone."""

    def freeze(
        self,
        facts: Sequence[Fact],
        wordings: Sequence[Wording],
        documents: Sequence[Document],
        *,
        seed: int,
        rows: KeptRows | None = None,
        confirmed: Set[str] = frozenset(),
        edited: Set[str] = frozenset(),
    ) -> Freezing:
        """Begins a dataset with these settings, of the rows about facts (see `build.fact_rows`);
        they go to `rows`, or into memory. `confirmed` are the ids of the facts and wordings that a
        person confirmed or edited; `edited` those whose answer a person wrote, which stays as it
        is."""
        about_facts = fact_rows(
            facts,
            wordings,
            documents,
            splitter=self.split,
            seed=seed,
            answers=self.answers,
            only=confirmed if self.confirmed_only else None,
            edited=edited,
        )
        return Freezing(about_facts, rows)

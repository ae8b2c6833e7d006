"""How a recipe makes rows of what was kept: which facts are kept apart, and what is answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from pydantic import Field, field_validator

from loresmith.component import Component
from loresmith.datasets.build import Answers, fact_rows
from loresmith.datasets.choosing import ChoosableRow, Chosen, PerSubject, choose
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
    min_stars: int = Field(default=0, ge=0, le=5)
    """Only rows that a person gave at least so many stars; 0 takes those without any as well."""
    subjects: tuple[str, ...] = Field(default=(), max_length=200)
    """Only rows about these subjects of the domain tree, such as `Cargo / Fish`; a wider one
    stands for all below it. None for all rows."""
    per_subject: PerSubject = None
    """At most so many rows of each subject, or `evenly`: of each as many as the subject with the
    fewest has. What is left out is counted. Not set: all."""

    @field_validator("per_subject")
    @classmethod
    def _at_least_one(cls, value: PerSubject) -> PerSubject:
        if isinstance(value, int) and value < 1:
            raise ValueError("at least 1, or `evenly`")
        return value

    @property
    def is_choosing(self) -> bool:
        """Whether some of the rows that were kept stay out."""
        chooses = self.subjects or self.per_subject is not None
        return bool(self.confirmed_only or self.min_stars or chooses)

    def choose(self, rows: Iterable[ChoosableRow], *, seed: int) -> Chosen:
        """Which rows go in by their subject."""
        return choose(rows, subjects=self.subjects, per_subject=self.per_subject, seed=seed)

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
        added: Set[str] = frozenset(),
        only: Set[str] | None = None,
    ) -> Freezing:
        """Begins a dataset with these settings, of the rows about facts (see `build.fact_rows`);
        they go to `rows`, or into memory. `confirmed` are the ids of the facts and wordings that a
        person confirmed or edited; `edited` those whose answer a person wrote, which stays as it
        is; `added` those of facts that were written to fill gaps. `only` are the ids that were
        chosen; None for all."""
        if self.confirmed_only:
            only = confirmed if only is None else confirmed & only
        about_facts = fact_rows(
            facts,
            wordings,
            documents,
            splitter=self.split,
            seed=seed,
            answers=self.answers,
            only=only,
            edited=edited,
            added=added,
        )
        return Freezing(about_facts, rows)

"""The family of filters, each in a file of its own: one reason, or a few close ones, a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.curation.filters.abstention import AbstentionFilter
from loresmith.curation.filters.answer_leak import AnswerLeakFilter
from loresmith.curation.filters.base import Filter
from loresmith.curation.filters.contradictions import ContradictionFilter
from loresmith.curation.filters.duplicates import DuplicateFilter
from loresmith.curation.filters.empty import EmptyFilter
from loresmith.curation.filters.evidence import EvidenceFilter
from loresmith.curation.filters.figures import FigureFilter
from loresmith.curation.filters.language import LanguageFilter
from loresmith.curation.filters.length import LengthFilter
from loresmith.curation.filters.names import NameFilter
from loresmith.curation.filters.near_duplicates import NearDuplicateFilter
from loresmith.curation.filters.periods import PeriodFilter
from loresmith.curation.filters.personal_data import PersonalDataFilter
from loresmith.curation.filters.qualifiers import QualifierFilter
from loresmith.curation.filters.refusal import RefusalFilter
from loresmith.curation.filters.self_contained import SelfContainedFilter
from loresmith.curation.filters.short_answer import ShortAnswerFilter

AnyFilter = Annotated[
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
        | NearDuplicateFilter,
        Field(discriminator="type"),
    ],
    any_instance_of(Filter),
]

__all__ = [
    "AbstentionFilter",
    "AnswerLeakFilter",
    "AnyFilter",
    "ContradictionFilter",
    "DuplicateFilter",
    "EmptyFilter",
    "EvidenceFilter",
    "FigureFilter",
    "Filter",
    "LanguageFilter",
    "LengthFilter",
    "NameFilter",
    "NearDuplicateFilter",
    "PeriodFilter",
    "PersonalDataFilter",
    "QualifierFilter",
    "RefusalFilter",
    "SelfContainedFilter",
    "ShortAnswerFilter",
]

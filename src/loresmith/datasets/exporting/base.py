"""What every export form is: the rows of a file for one row of a dataset, and their columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeVar

from loresmith.component import Component
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.formats import DatasetFormat
from loresmith.records import Example, FeedbackExample, PreferenceExample, TextExample, TrainingRow

RowShape = Literal["conversation", "preference", "feedback", "text"]
"""What a form is made of: questions with answers, a better and a worse answer, an answer that was
liked or not, or plain text."""


class SourcedRow(NamedTuple):
    """A row, and what the project knows of it besides."""

    row: TrainingRow
    quotes: tuple[str, ...] = ()
    """The evidence, as the source has it."""
    short_answer: str = ""
    passage: str = ""
    """The text of the passage that it was written about."""
    places: tuple[str, ...] = ()
    """Where its evidence is to be found, as `told_places` writes it."""

    @property
    def conversation(self) -> Example:
        """The row, which is a conversation. Raises TypeError where it is none."""
        return _of(Example, self.row)

    @property
    def preference(self) -> PreferenceExample:
        """The row, which compares two answers. Raises TypeError where it does not."""
        return _of(PreferenceExample, self.row)

    @property
    def feedback(self) -> FeedbackExample:
        """The row, which judges an answer. Raises TypeError where it does not."""
        return _of(FeedbackExample, self.row)

    @property
    def text(self) -> TextExample:
        """The row, which is a text. Raises TypeError where it is none."""
        return _of(TextExample, self.row)


class ExportForm(Component):
    """The base of all forms. A form is one file of this folder and its name in `__init__.py`."""

    type: str

    @property
    @abstractmethod
    def file(self) -> FileKind:
        """What kind of file it is, unless another is asked for."""

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """All that a row may have, in order: CSV and Parquet need to know it beforehand."""

    @abstractmethod
    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        """The rows of the file for one row of the dataset, which is of `shape`."""

    @property
    def shape(self) -> RowShape:
        """What it is made of."""
        return "conversation"

    @property
    def title(self) -> str:
        """The form as `dataset_info.json` names it."""
        return self.type

    @property
    def stem(self) -> str:
        """How its file in a folder is called, without the ending."""
        return self.type

    @property
    def parts(self) -> tuple[ExportForm, ...]:
        """The forms of the files of a folder; a form of several is always a folder."""
        return (self,)

    @property
    def needs_sources(self) -> bool:
        """Whether it tells evidence or passage, which have to be looked up."""
        return False

    @property
    def needs_places(self) -> bool:
        """Whether it tells on which page the evidence stands, which has to be looked up."""
        return False

    @property
    def layout(self) -> dict[str, Any] | None:
        """What `dataset_info.json` has to say of such a file, beside its name; None where LLaMA
        Factory cannot train on it. A column `history` is named there where any row has one."""
        return None


def layout_of(form: DatasetFormat) -> dict[str, Any]:
    """What `dataset_info.json` has to say of files of this format."""
    return {key: value for key, value in form.entry("").items() if key != "file_name"}


_RowT = TypeVar("_RowT")


def _of(kind: type[_RowT], row: TrainingRow) -> _RowT:
    if not isinstance(row, kind):
        raise TypeError(f"a row of this form has to be a {kind.__name__}")
    return row

"""The filter of the lists of rows, as it stands in the address of a page."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Depends, Form, Request

from loresmith.component import validated
from loresmith.records import Record
from loresmith.web.i18n import gettext_of, language_of_request
from loresmith.web.pages.typed_text import TypedText
from loresmith.workspace.report.phrases import language_phrase, reason_phrase
from loresmith.workspace.rows import Edited, Facet, Facets, RowFilter, RowOrder

_MANY = (
    "document",
    "use",
    "kind",
    "state",
    "verdict",
    "reason",
    "language",
    "subject",
    "stars",
    "tags",
)
_ONE = ("evidence", "passage", "fact", "search", "note", "rating_below")


class _Order(Record):
    order: RowOrder = "position"


class ChosenRows(NamedTuple):
    """Which rows a page shows, in which order."""

    filter: RowFilter
    order: RowOrder

    def query(self, **changes: str) -> str:
        """The filter as a query string, with some parts changed; an empty value leaves one out."""
        pairs = [
            (name, value)
            for name in _MANY
            if name not in changes
            for value in getattr(self.filter, name)
        ]
        for name in _ONE:
            value = getattr(self.filter, name)
            if name not in changes and value not in (None, ""):
                pairs.append((name, str(value).lower() if name == "evidence" else value))
        if self.order != "position" and "order" not in changes:
            pairs.append(("order", self.order))
        return urlencode([*pairs, *((name, value) for name, value in changes.items() if value)])

    @property
    def narrowed(self) -> bool:
        """Whether any row is left out."""
        return self.filter != RowFilter()


def chosen_rows(request: Request) -> ChosenRows:
    """Reads the address. Raises RecipeError (422) for a filter that there is not."""
    asked = request.query_params
    found: dict[str, object] = {}
    for name in _MANY:
        found[name] = tuple(dict.fromkeys(value for value in asked.getlist(name) if value))
    for name in _ONE:
        if asked.get(name):
            found[name] = asked[name]
    order = validated(_Order, {"order": asked.get("order") or "position"}, source="the address")
    return ChosenRows(validated(RowFilter, found, source="the address"), order.order)


ChosenHere = Annotated[ChosenRows, Depends(chosen_rows)]


class TypedRow(NamedTuple):
    """The texts of a row as they were typed, and the version that they were typed over."""

    question: str
    answer: str
    short_answer: str
    expected: str


def typed_row(
    version: Annotated[str, Form()],
    question: TypedText = "",
    answer: TypedText = "",
    short_answer: TypedText = "",
) -> TypedRow:
    """Reads the form."""
    return TypedRow(question, answer, short_answer, version)


TypedRowHere = Annotated[TypedRow, Depends(typed_row)]


def also_out(request: Request, edited: Edited) -> str:
    """That an edit left other rows out, in words; empty where it did not."""
    if not edited.left_out:
        return ""
    _ = gettext_of(request)
    return (
        _(
            "Other rows about this fact that are left out because of it: %(count)s. "
            "They tell the earlier answer; edit or confirm those that still hold.",
            count=f"{edited.left_out:,}",
        )
        if edited.view.row.state != "dropped"
        else _(
            "Other rows about this fact that are left out with it: %(count)s.",
            count=f"{edited.left_out:,}",
        )
    )


class Choice(NamedTuple):
    """A value of a field of the filter, as people read it."""

    value: str
    label: str
    rows: int
    chosen: bool


class ChoiceGroup(NamedTuple):
    """A field of the filter with its values."""

    name: str
    label: str
    choices: tuple[Choice, ...]


class RowWords:
    """The words for what rows are, in the language of whoever asks."""

    def __init__(self, request: Request) -> None:
        _ = gettext_of(request)
        self._language = language_of_request(request)
        self._names = {
            "use": _("For"),
            "kind": _("Kind"),
            "state": _("State"),
            "verdict": _("Review"),
            "reason": _("Reason"),
            "document": _("Document"),
            "language": _("Language"),
            "evidence": _("Evidence"),
            "subject": _("Subject"),
            "stars": _("Stars"),
            "tags": _("Row tags"),
        }
        self._words = {
            "use": {"training": _("training"), "practice": _("practice"), "exam": _("exam")},
            "kind": {
                "pair": _("fact itself"),
                "paraphrase": _("paraphrase"),
                "restatement": _("restatement"),
                "reversed": _("reversed"),
                "direct": _("direct"),
                "abstention": _("not in any document"),
                "imported": _("imported"),
                "conversation": _("conversation"),
                "preference": _("right and wrong answer"),
                "feedback": _("marked answer"),
                "text": _("running text"),
            },
            "state": {
                "kept": _("kept"),
                "dropped": _("dropped"),
                "pending": _("not curated"),
                "stale": _("stale"),
            },
            "verdict": {
                "pending": _("not reviewed"),
                "confirmed": _("confirmed"),
                "rejected": _("rejected"),
                "edited": _("edited"),
            },
            "evidence": {"true": _("found"), "false": _("not found")},
            "criterion": {
                "supported": _("borne out by the source"),
                "qualifiers": _("qualifiers kept"),
                "self_contained": _("stands alone"),
                "complete": _("complete"),
                "natural": _("natural"),
            },
            "flaw": {
                "wrong_figure": _("another figure"),
                "wrong_period": _("another period"),
                "dropped_qualifier": _("a qualifier is lost"),
                "wrong_subject": _("another subject"),
                "invented_detail": _("an invented detail"),
                "not_answering": _("no answer to the question"),
            },
            "stars": {"0": _("no stars")} | {str(count): "★" * count for count in range(1, 6)},
        }

    def word(self, field: str, value: str) -> str:
        """A value of a field in words; a name stays as it is."""
        if field == "reason":
            return reason_phrase(value, self._language)
        if field == "language":
            return language_phrase(value, self._language)
        return self._words.get(field, {}).get(value, value)

    def groups(self, facets: Facets, chosen: RowFilter) -> tuple[ChoiceGroup, ...]:
        """The fields that rows differ in, each with its values; a chosen value is always there."""
        return tuple(
            ChoiceGroup(name, label, tuple(choices))
            for name, label in self._names.items()
            if len(choices := self._choices(name, facets, chosen)) > 1
            or any(choice.chosen for choice in choices)
        )

    def _choices(self, name: str, facets: Facets, chosen: RowFilter) -> list[Choice]:
        wanted = getattr(chosen, name)
        if name == "evidence":
            wanted = () if wanted is None else (str(wanted).lower(),)
        wanted = tuple(map(str, wanted))
        found: tuple[Facet, ...] = getattr(facets, name)
        counts = {facet.value: facet.count for facet in found}
        counts |= {value: 0 for value in wanted if value not in counts}
        return [
            Choice(value, self.word(name, value), count, value in wanted)
            for value, count in counts.items()
        ]

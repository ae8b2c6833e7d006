"""What a form is: groups of fields that any door can show without knowing the settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.records import Record

FieldKind = Literal[
    # One kind a line.
    "number",
    "integer",
    "text",
    "long_text",
    "choice",
    "flag",
    "list",
    "words",
    "lines",
    "members",
    "json",
    "union",
]
"""`list` is words with commas between; `words` a choice of several words; `lines` parts of the same
few texts, one part a line; `members` an ordered choice of several parts, each of its own type;
`union` the choice of a type, which decides what other fields there are."""


class FormOption(Record):
    """One of the values that a field can have."""

    value: str
    """As recipes write it."""
    help: str = ""
    """What it means, where the schema says so."""


class FormField(Record):
    """One setting as a form shows it."""

    path: str
    """Its dotted path in the recipe, such as `training.rank`."""
    label: str
    """Its name in words, in English."""
    help: str
    """Its docstring."""
    kind: FieldKind
    value: Any
    """What holds now, as plain data."""
    default: Any = None
    """What holds where the recipe is silent; None where it must speak, or where none is set."""
    required: bool = False
    """True where the recipe must give a value."""
    common: bool = False
    """True for the few that most people look at; a form folds the others away."""
    optional: bool = False
    """Whether it can be left unset, which its help then explains."""
    ge: float | None = None
    le: float | None = None
    gt: float | None = None
    lt: float | None = None
    unit: str = ""
    """Such as `tokens`; empty where the label says it all."""
    options: tuple[FormOption, ...] = ()
    columns: tuple[str, ...] = ()
    """Of `lines`: the settings of each part, in the order in which a line has them."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit(".", 1)[-1]

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return bool(self.value != self.default)

    @property
    def bounds(self) -> str:
        """What a number may be, such as `1–1,024` or `> 0`; empty where anything goes."""
        low = f"≥ {self.ge:,.12g}" if self.ge is not None else ""
        low = f"> {self.gt:,.12g}" if self.gt is not None else low
        high = f"≤ {self.le:,.12g}" if self.le is not None else ""
        high = f"< {self.lt:,.12g}" if self.lt is not None else high
        if self.ge is not None and self.le is not None:
            return f"{self.ge:,.12g}–{self.le:,.12g}"
        return ", ".join(part for part in (low, high) if part)

    @property
    def in_order(self) -> tuple[FormOption, ...]:
        """The options as a person puts them in order: the chosen ones as they are chosen, each of
        the others behind the one that it follows by default."""
        by_value = {option.value: option for option in self.options}
        found = [by_value[value] for value in self.value or () if value in by_value]
        for at, option in enumerate(self.options):
            if option not in found:
                found.insert(found.index(self.options[at - 1]) + 1 if at else 0, option)
        return tuple(found)

    @property
    def text(self) -> str:
        """The value as one types it; empty where none is set."""
        return text_of(self.value, self.kind)

    @property
    def default_text(self) -> str:
        """The default as one types it."""
        return text_of(self.default, self.kind)


class FormGroup(Record):
    """The settings of one component."""

    path: str
    """The component's dotted path; empty for the recipe itself."""
    label: str
    help: str
    """What the component is for."""
    fields: tuple[FormField, ...]

    @property
    def common(self) -> tuple[FormField, ...]:
        """What is shown at once."""
        return tuple(field for field in self._own if field.common)

    @property
    def folded(self) -> tuple[FormField, ...]:
        """What is shown when it is asked for."""
        return tuple(field for field in self._own if not field.common)

    def of_member(self, field: FormField, kind: str) -> tuple[FormField, ...]:
        """The settings of one part that is chosen in a field of members."""
        under = f"{field.path}.{kind}."
        return tuple(one for one in self.fields if one.path.startswith(under))

    @property
    def _own(self) -> Iterator[FormField]:
        """The fields less the settings of members, which stand with them."""
        above = tuple(f"{field.path}." for field in self.fields if field.kind == "members")
        return (field for field in self.fields if not field.path.startswith(above or "\0"))


class Form(Record):
    """Some components of a recipe, to be looked at and changed."""

    groups: tuple[FormGroup, ...]

    def fields(self) -> Iterator[FormField]:
        """All fields, in order."""
        for group in self.groups:
            yield from group.fields

    def without(self, name: str) -> Form:
        """The form less the settings that are called `name`, wherever they stand."""

        def stays(path: str) -> bool:
            return name not in path.split(".")

        return Form(
            groups=tuple(
                group.model_copy(
                    update={"fields": tuple(one for one in group.fields if stays(one.path))}
                )
                for group in self.groups
                if stays(group.path)
            )
        )


def text_of(value: Any, kind: FieldKind = "text") -> str:
    """A plain value as one types it: words of a list with commas, blocks as JSON."""
    import json

    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    is_list = isinstance(value, (list, tuple))
    if is_list and kind == "lines":
        return "\n".join(" | ".join(map(str, part.values())) for part in value)
    if is_list and kind != "json" and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    if is_list and all(isinstance(part, str) for part in value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, indent=1) if value else ""
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)

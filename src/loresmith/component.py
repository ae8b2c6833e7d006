"""Settings and behaviour in one frozen class: the base of every family that a recipe names.

A member of a family is one file: its fields are the settings (their docstrings are the help that
recipes, forms and reference pages show) and its methods are what it does with them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, WrapValidator, model_validator

from loresmith.errors import RecipeError
from loresmith.faults import faults_of

ModelT = TypeVar("ModelT", bound=BaseModel)


class Component(BaseModel):
    """A frozen set of settings that knows what to do with them; cheap to build, opens nothing."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    @model_validator(mode="before")
    @classmethod
    def _like_the_default(cls, data: Any) -> Any:
        """Lets a recipe name only what it changes of a part that has a default.

        An empty block (all its lines are comments, say) means the default; one without a `type`
        is of the default's type.
        """
        if not isinstance(data, Mapping):
            return data
        filled = dict(data)
        for name, field in cls.model_fields.items():
            default, given = field.default, filled.get(name, {})
            if name not in filled or not isinstance(default, Component):
                continue
            if given is None:
                del filled[name]
            elif isinstance(given, Mapping) and "type" not in given and hasattr(default, "type"):
                filled[name] = {"type": default.type, **given}
        return filled

    def fingerprint(self) -> str:
        """A hash of the settings: equal for equal settings, whatever the machine."""
        return content_id(type(self).__name__, self.model_dump(mode="json"))


def content_id(*parts: object) -> str:
    """24 hex digits that depend on the content of `parts` only (JSON values; order matters)."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def any_instance_of(base: type[BaseModel]) -> WrapValidator:
    """Lets Python callers pass their own member of a family where a recipe names a built-in."""

    def accept(value: Any, validate: Any) -> Any:
        return value if isinstance(value, base) else validate(value)

    return WrapValidator(accept)


def validated(model: type[ModelT], data: Mapping[str, Any], *, source: str) -> ModelT:
    """Builds `model` from `data`; raises RecipeError with all faults at once, as dotted paths."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = faults_of(model, error)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise RecipeError(f"{source} has {count}:", faults=faults) from None

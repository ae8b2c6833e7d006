"""What one run does, from documents to exam, as one object: YAML in, YAML out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Field
from pydantic_core import PydanticUndefined
from typing_extensions import Self

from loresmith.chunking import AnyChunker, HeadingChunker
from loresmith.component import Component, validated
from loresmith.curation import Curation
from loresmith.datasets import Splitter
from loresmith.documents.document_folder import DocumentFolder
from loresmith.errors import RecipeError
from loresmith.exams import Exam
from loresmith.generation.generation import Generation
from loresmith.models import AnyModelSpec, Embedded
from loresmith.training import AnyTraining, Lora


class Recipe(Component):
    """Everything that decides what comes out. Stored with each run; a secret is never in it."""

    documents: DocumentFolder = DocumentFolder()
    """Which files are read."""
    chunking: AnyChunker = HeadingChunker()
    """How documents are cut into passages."""
    teacher: AnyModelSpec = Embedded()
    """The model that writes questions and answers."""
    generation: Generation = Generation()
    """What the teacher is asked to write."""
    curation: Curation = Curation()
    """Which rows are thrown out."""
    dataset: Splitter = Splitter()
    """What is trained on and what is kept apart."""
    base_model: str = Field(default="embedded", min_length=1)
    """The model to fine-tune: `embedded`, a folder, a hub id, or `modelscope:ID`."""
    training: AnyTraining = Lora()
    """How the base model is fine-tuned."""
    exam: Exam = Exam()
    """How the model is examined, before and after."""
    seed: int = Field(default=42, ge=0)
    """Decides every random choice of a run."""

    @classmethod
    def load(cls, path: Path, *, overrides: Iterable[str] = ()) -> Self:
        """Reads a YAML recipe and applies `key.path=value` overrides; raises RecipeError."""
        try:
            data = yaml.load(path.read_text(encoding="utf-8-sig"), _UniqueKeys) or {}
        except OSError as error:
            raise RecipeError(f"the recipe {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise RecipeError(f"the recipe {path} is not UTF-8: {error.reason}") from error
        except yaml.YAMLError as error:
            raise RecipeError(f"the recipe {path} is not valid YAML: {_where(error)}") from error
        if not isinstance(data, dict):
            raise RecipeError(
                f"the recipe {path} holds {_kind(data)} where `key: value` lines are expected"
            )
        return cls.build(data, overrides=overrides, source=f"the recipe {path}")

    @classmethod
    def build(
        cls, data: Mapping[str, Any], *, overrides: Iterable[str] = (), source: str = "the recipe"
    ) -> Self:
        """A recipe from plain data and overrides; raises RecipeError naming every fault."""
        merged: dict[str, Any] = _copied(data)
        for override in overrides:
            _set(merged, override)
        return validated(cls, merged, source=source)

    def to_yaml(self) -> str:
        """The recipe with every default written out; loads to an equal recipe."""
        return yaml.safe_dump(self.model_dump(mode="json"), allow_unicode=True, sort_keys=False)


def commented_yaml(recipe: Recipe) -> str:
    """A YAML recipe that explains each setting: what `loresmith init` writes."""
    lines = [
        "# A Loresmith recipe. Every setting is optional; what stands here are the defaults.",
        "# Secrets never belong here: keys come from the environment or a .env file.",
        "",
    ]
    _comment(recipe, lines, indent=0)
    return "\n".join(lines) + "\n"


def _comment(component: BaseModel, lines: list[str], *, indent: int) -> None:
    pad = "  " * indent
    for name, field in type(component).model_fields.items():
        value = getattr(component, name)
        for line in (field.description or "").splitlines():
            lines.append(f"{pad}# {line}".rstrip())
        if isinstance(value, BaseModel):
            lines.append(f"{pad}{name}:")
            _comment(value, lines, indent=indent + 1)
        else:
            plain = component.model_dump(mode="json", include={name})
            written = yaml.safe_dump(
                plain, allow_unicode=True, default_flow_style=None, width=10_000
            )
            # A required field without a value would not load: leave it for the user to fill.
            hidden = "# " if value is PydanticUndefined else ""
            lines.extend(f"{pad}{hidden}{line}" for line in written.rstrip().splitlines())
        if indent == 0:
            lines.append("")


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently keep the last."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def _set(data: dict[str, Any], override: str) -> None:
    path, separator, text = override.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not separator or not all(keys):
        raise RecipeError(
            f"the setting {override!r} is not understood",
            hint="Write --set KEY.PATH=VALUE, for example --set training.rank=32",
        )
    node = data
    for depth, key in enumerate(keys[:-1]):
        child = node.setdefault(key, {})
        if not isinstance(child, dict):
            raise RecipeError(f"{'.'.join(keys[: depth + 1])} is {_kind(child)}; it has no parts")
        node = child
    try:
        node[keys[-1]] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"the value of {path} is not valid YAML: {_where(error)}") from error


def _copied(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, dict) else v for k, v in data.items()}


def _kind(value: Any) -> str:
    return {list: "a list", str: "text", int: "a number", float: "a number"}.get(
        type(value), f"a {type(value).__name__}"
    )

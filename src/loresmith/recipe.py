"""What one run does, from documents to exam, as one object: YAML in, YAML out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, Field
from typing_extensions import Self

from loresmith.chunking import AnyChunker, HeadingChunker
from loresmith.component import Component, validated
from loresmith.curation import Curation
from loresmith.datasets import Assembly
from loresmith.documents.document_folder import DocumentFolder
from loresmith.errors import RecipeError
from loresmith.exams import Exam
from loresmith.generation.generation import Generation
from loresmith.models import AnyModelSpec, Embedded
from loresmith.training import AnyTraining, Lora


class Recipe(Component):
    """Everything that decides what comes out. Stored with each run; a secret is never in it."""

    domain: str = Field(default="", max_length=40)
    """The trade that the documents are of, such as `finance`, `law` or `medicine`: the studio shows
    what to beware of. Whoever chooses one there, or with `loresmith init --domain`, gets the
    settings that suit it as well; this line alone changes nothing."""
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
    dataset: Assembly = Assembly()
    """What is trained on and what is kept apart."""
    base_model: str = Field(default="embedded", min_length=1, json_schema_extra={"common": True})
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
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise RecipeError(f"the recipe {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise RecipeError(f"the recipe {path} is not UTF-8: {error.reason}") from error
        return cls.from_yaml(text, overrides=overrides, source=f"the recipe {path}")

    @classmethod
    def from_yaml(
        cls, text: str, *, overrides: Iterable[str] = (), source: str = "the recipe"
    ) -> Self:
        """The recipe that `text` is; raises RecipeError naming every fault."""
        try:
            data = yaml.load(text, _UniqueKeys) or {}
        except yaml.YAMLError as error:
            raise RecipeError(f"{source} is not valid YAML: {_where(error)}") from error
        if not isinstance(data, dict):
            raise RecipeError(f"{source} holds {_kind(data)} where `key: value` lines are expected")
        return cls.build(data, overrides=overrides, source=source)

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
        "# A Loresmith recipe. Every setting is optional: without its line the default holds.",
        "# `null` means not set. Secrets never belong here: keys come from the environment or a",
        "# .env file. To begin with a teacher's settings filled in:",
        "#     loresmith init FOLDER --force --teacher deepseek:deepseek-chat",
        "",
    ]
    _comment(recipe, lines, indent=0)
    return "\n".join(lines) + "\n"


def _comment(component: BaseModel, lines: list[str], *, indent: int, kinds: str = "") -> None:
    """Adds the settings of `component`, the `type` first; `kinds` are the types it could have."""
    pad = "  " * indent
    fields = type(component).model_fields
    for name in sorted(fields, key=lambda one: one != "type"):
        field, value = fields[name], getattr(component, name)
        known = kinds if name == "type" else _values(field.annotation)
        lines += [f"{pad}# {line}".rstrip() for line in (field.description or "").splitlines()]
        lines += [f"{pad}# One of: {known}."] if known else []
        if isinstance(value, BaseModel):
            lines.append(f"{pad}{name}:")
            _comment(value, lines, indent=indent + 1, kinds=_kinds(field.annotation))
        else:
            lines += [f"{pad}{line}" for line in _yaml_lines(component, name)]
        if indent == 0:
            lines.append("")


def _yaml_lines(component: BaseModel, name: str) -> list[str]:
    """One setting as YAML; a list has an entry a line."""
    plain = component.model_dump(mode="json", include={name})
    if isinstance(plain[name], list) and plain[name]:
        return [f"{name}:", *(f"- {_in_one_line(entry)}" for entry in plain[name])]
    return [f"{name}: {_in_one_line(plain[name])}"]


def _in_one_line(value: Any) -> str:
    if isinstance(value, dict) and "type" in value:
        value = {"type": value["type"], **value}
    text = yaml.safe_dump(
        value, allow_unicode=True, sort_keys=False, default_flow_style=True, width=10_000
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _values(annotation: Any) -> str:
    """The words that a setting can be, where there are several: `auto, on, off`."""
    if get_origin(annotation) is not Literal:
        return ""
    words = [str(word) for word in get_args(annotation)]
    return ", ".join(words) if len(words) > 1 else ""


def _kinds(annotation: Any) -> str:
    """The `type`s of a family, where it has several members."""
    members = [one for one in get_args(annotation) if "type" in getattr(one, "model_fields", {})]
    kinds = [str(one.model_fields["type"].default) for one in members]
    return ", ".join(kinds) if len(kinds) > 1 else ""


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice (YAML would silently keep the last) or is not text."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is not text", key_node.start_mark
            )
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_MERGE = "tag:yaml.org,2002:merge"
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

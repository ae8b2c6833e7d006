"""Recipes to begin with for documents of one trade: what to ask for, how to write, what to beware.

A new one is one YAML file beside these. `loresmith init --domain NAME` writes its recipe; in the
studio it is chosen for a new project, or later among the settings.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from loresmith.errors import NotFound

__all__ = ["Domain", "domain", "domains"]


class Domain(BaseModel):
    """A trade, with settings of a recipe that suit its documents."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    title: str
    """What documents it is for."""
    title_zh: str
    """The same in Chinese."""
    warnings: tuple[str, ...]
    """What whoever trains on such documents has to know beforehand."""
    warnings_zh: tuple[str, ...]
    """The same in Chinese."""
    settings: dict[str, Any]
    """A part of a recipe."""

    @property
    def changes(self) -> dict[str, Any]:
        """All that choosing it sets in a recipe, its name included."""
        return {"domain": self.name, **self.settings}

    @property
    def settings_yaml(self) -> str:
        """Its settings as a recipe has them."""
        text: str = yaml.safe_dump(self.settings, allow_unicode=True, sort_keys=False, width=10_000)
        return text


def domains() -> tuple[Domain, ...]:
    """Every domain, by name."""
    found = (one.name for one in resources.files(__name__).iterdir() if one.name.endswith(".yaml"))
    return tuple(_read(name) for name in sorted(found))


def domain(name: str) -> Domain:
    """The domain of this name; raises NotFound."""
    known = {one.name: one for one in domains()}
    if name not in known:
        raise NotFound(f"there is no domain {name!r}", hint=f"Known: {', '.join(known)}.")
    return known[name]


@lru_cache(maxsize=16)
def _read(file: str) -> Domain:
    text = resources.files(__name__).joinpath(file).read_text(encoding="utf-8")
    return Domain(name=file.removesuffix(".yaml"), **yaml.safe_load(text))

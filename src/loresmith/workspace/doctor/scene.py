"""Why: a check looks at what it is given, so that a test can give it a machine nobody here owns."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from loresmith.devices import Device, detect_device
from loresmith.devices.examination import Examination, examine_machine
from loresmith.devices.machine import Machine, probe_machine
from loresmith.models.base_models import BaseModelFacts
from loresmith.recipe import Recipe
from loresmith.settings import Settings, load_settings

Versions = tuple[int, ...]


class Scene:
    """A machine, what is installed on it, and maybe a training that is wanted there.

    What costs time (asking torch and the driver) is done when a check wants it. What is not given
    is that of this machine.
    """

    def __init__(
        self,
        *,
        recipe: Recipe | None = None,
        base: BaseModelFacts | None = None,
        asked: Mapping[str, Any] | None = None,
        settings: Settings | None = None,
        machine: Machine | None = None,
        examination: Examination | None = None,
        packages: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        python: Versions = tuple(sys.version_info[:2]),
    ) -> None:
        self.recipe, self.base, self.python = recipe, base, python
        self.asked: Mapping[str, Any] = asked or {}
        """The keys of a LLaMA Factory file that were given, by name."""
        self.environment = os.environ if environment is None else environment
        self._settings, self._machine = settings, machine
        self._examination, self._packages = examination, packages

    @cached_property
    def settings(self) -> Settings:
        return self._settings or load_settings()

    @cached_property
    def examination(self) -> Examination:
        """What came of using the machine; without products, unless it was given with them."""
        if self._examination is not None:
            return self._examination
        if self._machine is None and "torch" not in sys.modules:
            return examine_machine(products=False)
        machine = self._machine or probe_machine()
        return Examination(machine=machine, device=detect_device(machine=machine))

    @property
    def machine(self) -> Machine:
        return self.examination.machine

    @property
    def device(self) -> Device:
        return self.examination.device

    @property
    def has_dcu(self) -> bool:
        """Whether a Hygon DCU is there, whether or not torch can use it."""
        seen = self.machine
        return (
            self.device.kind == "dcu"
            or seen.hy_smi is not None
            or bool(seen.kernel_modules & {"hycu", "hydcu"})
        )

    def version(self, package: str) -> str:
        """Of an installed distribution, by its metadata; empty where it is not installed."""
        if self._packages is not None:
            return self._packages.get(package, "")
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return ""

    @property
    def model_name(self) -> str:
        """The base model as it is named; empty where none is."""
        if self.recipe is not None:
            return self.recipe.base_model
        return str(self.asked.get("model_name_or_path") or "")

    @cached_property
    def model_family(self) -> str:
        """What the base model's config calls its kind, such as `qwen2`; else its name."""
        return str(self._config.get("model_type") or Path(self.model_name).name).lower()

    @property
    def model_folder(self) -> Path | None:
        """Where the base model is, if it is here."""
        if self.base is not None:
            return None if self.base.bytes_to_download else self.base.folder
        folder = Path(self.model_name).expanduser()
        return folder if self.model_name and folder.is_dir() else None

    @cached_property
    def deepspeed(self) -> Mapping[str, Any]:
        """DeepSpeed's settings for the training; empty without any."""
        given = self.asked.get("deepspeed") or getattr(
            getattr(self.recipe, "training", None), "deepspeed", None
        )
        return given if isinstance(given, Mapping) else _json(given) if given else {}

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        folder = self.model_folder
        return _json(folder / "config.json") if folder is not None else {}


def numbers(version: str) -> Versions:
    """The numbers that a version begins with: `2.4.1+das.opt2` is (2, 4, 1)."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def _json(path: object) -> Mapping[str, Any]:
    """The object in a JSON file; empty where there is none."""
    try:
        read = json.loads(Path(str(path)).expanduser().read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, Mapping) else {}

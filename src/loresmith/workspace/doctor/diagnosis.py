"""Why: all that is wrong is told at once, of the machine and of a training that is wanted on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loresmith.devices.examination import Examination, examine_machine
from loresmith.errors import LoresmithError, NotFound
from loresmith.llamafactory import GivenSettings, is_llamafactory_file, read_training_file
from loresmith.models.base_models import BaseModelFacts, check_base_model
from loresmith.recipe import Recipe
from loresmith.records import Record
from loresmith.settings import load_settings
from loresmith.workspace.doctor.checks import MACHINE_CHECKS, TRAINING_CHECKS
from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene
from loresmith.workspace.recipes import load_recipe


class Diagnosis(Record):
    """What was looked at, and what came of it."""

    examination: Examination
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> int:
        """How many things are wrong."""
        return sum(finding.wrong for finding in self.findings)


def diagnose(
    file: Path | None = None, changes: Sequence[str] = (), *, products: bool = True
) -> Diagnosis:
    """Looks at this machine and, with `file`, at a training by a recipe or a LLaMA Factory file.

    With `products` each device computes a little, which takes some of its memory. Raises NotFound
    where there is no file, and RecipeError where it cannot be read.
    """
    if file is None:
        scene = Scene(examination=examine_machine(products=products))
        return Diagnosis(examination=scene.examination, findings=tuple(_findings(scene)))
    if not file.is_file():
        raise NotFound(f"there is no file {file}", hint="Check the path.")
    if is_llamafactory_file(file):
        reading = read_training_file(file, changes)
        recipe = reading.file.recipe if reading.file is not None else None
        asked = asked_of(reading.settings)
        found = [_of_file(str(fault)) for fault in reading.faults]
    else:
        recipe, asked, found = load_recipe(file, changes), {}, []
    examination = examine_machine(products=products)
    base = _base(recipe, found) if recipe is not None else None
    scene = Scene(examination=examination, recipe=recipe, base=base, asked=asked)
    found = [*_findings(scene), *found]
    if recipe is not None:
        found += _obstacles(recipe, base)
    found += training_findings(recipe, base, asked=asked, examination=examination)
    return Diagnosis(examination=examination, findings=tuple(found))


def training_findings(
    recipe: Recipe | None,
    base: BaseModelFacts | None,
    *,
    asked: dict[str, Any] | None = None,
    examination: Examination | None = None,
) -> list[Finding]:
    """What is known to go wrong with this base model and these settings.

    `asked` are the given keys of a LLaMA Factory file, which say more than a recipe does.
    """
    scene = Scene(recipe=recipe, base=base, asked=asked, examination=examination)
    return [finding for check in TRAINING_CHECKS for finding in check(scene)]


def asked_of(settings: GivenSettings) -> dict[str, Any]:
    """The keys that a LLaMA Factory file changes, with their values."""
    return {key: settings[key] for key in settings.changed()}


def _findings(scene: Scene) -> list[Finding]:
    return [finding for check in MACHINE_CHECKS for finding in check(scene)]


def _obstacles(recipe: Recipe, base: BaseModelFacts | None) -> list[Finding]:
    """What the training itself says would end it."""
    folder = base.folder if base is not None and not base.bytes_to_download else None
    return [_of_error(error) for error in recipe.training.obstacles(base=folder)]


def _base(recipe: Recipe, found: list[Finding]) -> BaseModelFacts | None:
    try:
        return check_base_model(recipe.base_model, load_settings())
    except LoresmithError as error:
        found.append(_of_error(error))
    return None


def _of_error(error: LoresmithError) -> Finding:
    return Finding(check="training", message=error.message, hint=error.hint)


def _of_file(fault: str) -> Finding:
    return Finding(
        check="file", message=fault, hint="loresmith check FILE tells all about the file."
    )

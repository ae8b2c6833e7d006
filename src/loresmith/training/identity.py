"""Why: a training goes on, or counts as finished, only where it would come to the same again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.training.material import Material
from loresmith.training.rows import rows_id
from loresmith.training.session import Session

# Settings that change how a training is computed, not what comes out.
_OF_NO_EFFECT = {
    "packing",
    "pass_tokens",
    "gradient_checkpointing",
    "fused_kernels",
    "checkpoint_seconds",
    "save_total_limit",
    "report_to",
    "run_name",
    "profile_steps",
    "save_steps",
    "sample_prompts",
    "processes",
    "rank_timeout",
}


class Identity(NamedTuple):
    """What tells a training from others in the same folder."""

    run_id: str
    """Equal for trainings that give the same result."""
    made_of: dict[str, str]
    """What `run_id` is made of, by name."""


def identity_of(session: Session, material: Material) -> Identity:
    """By its settings, rows, seed and what it starts from."""
    settings = session.method.model_dump(mode="json", exclude=_OF_NO_EFFECT)
    rows, validation = rows_id(material.rows), rows_id(material.validation)
    base, adapters = _base_id(session.base), session.method.content()
    return Identity(
        content_id("training/2", settings, [rows, validation], session.seed, [base, adapters]),
        {
            **{f"training.{name}": json.dumps(value) for name, value in settings.items()},
            "seed": str(session.seed),
            "rows": rows,
            "validation rows": validation,
            "base model": base,
            "earlier adapters": adapters,
        },
    )


def _base_id(base: Path) -> str:
    """Tells base models apart by their config, and by size and both ends of their weights."""
    digest = hashlib.sha256()
    for path in sorted([base / "config.json", *base.glob("*.safetensors")]):
        size = path.stat().st_size
        digest.update(f"{path.name} {size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, size - (1 << 20)))
            digest.update(file.read(1 << 20))
    return digest.hexdigest()

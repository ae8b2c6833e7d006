"""What becomes of every setting that LLaMA Factory has: one verdict for each."""

from __future__ import annotations

from collections.abc import Mapping

from loresmith.llamafactory.verdict import Verdict
from loresmith.llamafactory.verdicts.data import DATA
from loresmith.llamafactory.verdicts.finetuning import FINETUNING
from loresmith.llamafactory.verdicts.model import MODEL
from loresmith.llamafactory.verdicts.other import OTHER
from loresmith.llamafactory.verdicts.trainer import TRAINER

VERDICTS: Mapping[str, Verdict] = {**MODEL, **DATA, **FINETUNING, **OTHER, **TRAINER}
"""By the key in a file."""

__all__ = ["VERDICTS"]

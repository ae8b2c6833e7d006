"""Why: one base in memory answers for itself and for all adapters on it, in one batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loresmith.models.adapter_folders import adapter_chain
from loresmith.models.loading import errors_of_loading

_BASE = "__base__"
"""PEFT's word for a row that no adapter touches."""


class AdaptedModel:
    """A base model with any number of LoRA adapters; called as the base is.

    `labels_of_rows` names the adapter of each row of the batch; empty for the base itself.
    """

    def __init__(self, base: Any) -> None:
        self.base = base
        self._adapted: Any = None
        self.names: set[str] = set()

    def __call__(self, *, labels_of_rows: Sequence[str], **inputs: Any) -> Any:
        if self._adapted is None:
            return self.base(**inputs)
        return self._adapted(**inputs, adapter_names=[name or _BASE for name in labels_of_rows])

    def add(self, name: str, folder: Path) -> None:
        """Loads an adapter in PEFT's layout. Raises ModelUnavailable."""
        from peft import PeftModel

        device = str(next(self.base.parameters()).device)
        with errors_of_loading(folder):
            if self._adapted is None:
                self._adapted = PeftModel.from_pretrained(
                    self.base, str(folder), adapter_name=name, torch_device=device
                )
            else:
                self._adapted.load_adapter(str(folder), adapter_name=name, torch_device=device)
        self._adapted.eval()
        self.names.add(name)

    def drop(self, name: str) -> None:
        """Frees an adapter; one that is not there is dropped already."""
        if name not in self.names:
            return
        self.names.discard(name)
        if self.names:
            self._adapted.delete_adapter(name)
        else:
            self.base = self._adapted.unload()
            self._adapted = None


def shares_batches(adapter: Path) -> bool:
    """Whether PEFT can answer for this adapter in one batch with others.

    It cannot with DoRA, with layers trained as a whole, with anything that is not LoRA, and with an
    adapter that stands on earlier ones.
    """
    try:
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True  # loading it will say what is wrong
    whole = config.get("modules_to_save") or config.get("use_dora") or config.get("bias") != "none"
    alone = len(adapter_chain(adapter)) == 1
    return config.get("peft_type") == "LORA" and not whole and alone

"""Why: who has the base model already needs the adapter alone, a hundredth of the size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal

from loresmith.errors import ExportError
from loresmith.export.base import Exporter, Source, Tell
from loresmith.export.merging import all_adapters
from loresmith.models.adapter_folders import adapter_fault, keep_earlier
from loresmith.models.loading import chat_template_of, errors_of_loading

_CONFIG = "adapter_config.json"


class AdapterFolder(Exporter):
    """The adapter in PEFT's layout, with the name of its base model, tokenizer and chat template.

    Adapters that come before it in order lie in its folder `earlier`, to be merged first.
    """

    type: Literal["adapter"] = "adapter"

    def bytes_needed(self, source: Source) -> int:
        return sum(
            path.stat().st_size
            for adapter in source.adapters
            for path in adapter.rglob("*")
            if path.is_file()
        )

    def write(self, source: Source, folder: Path, on_progress: Tell) -> dict[str, Any]:
        if not source.adapters:
            raise ExportError(
                f"{source.base} holds whole weights, and no adapter", hint="Export it as merged."
            )
        on_progress("writing")
        *earlier, last = all_adapters(source.adapters)
        for adapter in (*earlier, last):
            if fault := adapter_fault(adapter, base=source.base):
                raise ExportError(f"the adapter {adapter} cannot be exported: {fault}")
        for path in last.iterdir():
            if path.is_file():
                shutil.copyfile(path, folder / path.name)
        keep_earlier(folder, earlier)
        config = json.loads((last / _CONFIG).read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = source.base_name
        (folder / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        _write_tokenizer(source, last, folder)
        return {"type": self.type, "dtype": "float32", "notes": ()}


def _write_tokenizer(source: Source, adapter: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    with errors_of_loading(source.base):
        tokenizer = AutoTokenizer.from_pretrained(source.base)
    trained = source.chat_template or chat_template_of(adapter)
    tokenizer.chat_template = trained or tokenizer.chat_template
    tokenizer.save_pretrained(folder)

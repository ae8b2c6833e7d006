"""Why: a training can go on from adapters of earlier ones, or begin a new one on top of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.component import content_id
from loresmith.errors import TrainingError
from loresmith.models.adapter_folders import (
    adapter_chain,
    adapter_fault,
    adapter_id,
    adapter_settings,
)
from loresmith.training.reward_head import reward_head

_WANTED = "Give folders of LoRA adapters in PEFT's layout, trained on the same base model."


class EarlierAdapters(NamedTuple):
    """What is merged into the base model, in order, and what is then learned further."""

    merged: tuple[Path, ...] = ()
    continued: Path | None = None
    """None when a new adapter is begun."""

    @classmethod
    def of(cls, folders: Iterable[str], *, create_new: bool) -> EarlierAdapters:
        """Those in `folders`, each after the ones that it was itself trained on top of; an adapter
        that stands twice is applied once."""
        chain: dict[str, Path] = {}
        for folder in folders:
            for adapter in adapter_chain(Path(folder).expanduser()):
                known = adapter_id(adapter) if adapter.is_dir() else str(adapter)
                chain.setdefault(known, adapter)
        adapters = tuple(chain.values())
        if create_new or not adapters:
            return cls(adapters)
        return cls(adapters[:-1], adapters[-1])

    def content(self) -> str:
        """Equal for adapters with equal weights, applied alike; empty without any."""
        if not self.merged and self.continued is None:
            return ""
        further = adapter_id(self.continued) if self.continued else None
        return content_id("adapters", [adapter_id(one) for one in self.merged], further)

    def obstacles(self, *, base: Path | None) -> Iterator[TrainingError]:
        """Those that cannot be used, each with the reason."""
        for adapter in (*self.merged, *([self.continued] if self.continued else [])):
            fault = adapter_fault(adapter, base=base)
            if fault:
                yield TrainingError(
                    f"the adapter {adapter} of training.adapters cannot be used: {fault}",
                    hint=_WANTED,
                )

    def settings(self) -> dict[str, Any]:
        """PEFT's settings of the adapter that is learned further; empty when a new one is begun."""
        return adapter_settings(self.continued) if self.continued else {}

    def merge_into(self, model: Any) -> Any:
        """The model with all but the last in its weights. Raises TrainingError."""
        for adapter in self.merged:
            model = _adapted(model, adapter, trainable=False).merge_and_unload()
        return model

    def continue_on(self, model: Any) -> Any:
        """The model with the last beside its layers, to learn further. Raises TrainingError."""
        assert self.continued is not None  # asked for only where there is one
        return _adapted(model, self.continued, trainable=True)


def _adapted(model: Any, folder: Path, *, trainable: bool) -> Any:
    from peft import PeftConfig, PeftModel

    device = str(next(model.parameters()).device)
    try:
        config = PeftConfig.from_pretrained(str(folder))
        if reward_head(model) is not None and config.task_type != "SEQ_CLS":
            config.task_type = None  # one that wrote text, merged into a model that writes none
        return PeftModel.from_pretrained(
            model, str(folder), is_trainable=trainable, config=config, torch_device=device
        )
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"the adapter {folder} of training.adapters cannot be put on this model: {error}",
            hint=_WANTED,
        ) from error

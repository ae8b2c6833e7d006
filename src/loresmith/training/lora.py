"""Why: an adapter learns a corpus with a fraction of the memory, and the base stays as it was."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from loresmith.errors import TrainingError
from loresmith.training.method import TrainingMethod


class Lora(TrainingMethod):
    """Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685) by the peft library."""

    type: Literal["lora"] = "lora"
    rank: int = Field(default=64, ge=1, le=1024, json_schema_extra={"common": True})
    """Width of the adapter: how much it can hold. 128 for more than about 100 documents."""
    alpha: float | None = Field(default=None, gt=0.0, le=65_536.0)
    """The adapter's output is scaled by alpha/rank; when not set, that scale is 2."""
    dropout: float = Field(default=0.0, ge=0.0, le=0.9)
    """Share of the adapter's inputs that is blanked at random in training."""
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    """Layers that get an adapter, by the last part of their names, such as `q_proj`."""
    rank_stabilized: bool = False
    """Scale by alpha/sqrt(rank) (rsLoRA, arXiv 2312.03732)."""

    def default_learning_rate(self, parameters: int) -> float:
        """1e-3 for 135M, 3e-4 for 3B, 2e-4 for 8B: ten times that of full fine-tuning, roughly.

        The first was measured by us; the others are the middle of what is reported to work
        (LoRA Without Regret; Biderman et al. 2024, arXiv 2405.09673).
        """
        return min(2e-3, 1e-3 * math.pow(135e6 / max(parameters, 1), 0.39))

    @property
    def default_epochs(self) -> float:
        return 5.0

    @property
    def loads_in_full_precision(self) -> bool:
        return False

    @property
    def delivery(self) -> Literal["adapter", "model"]:
        return "adapter"

    def prepare(self, model: Any, *, base: Path) -> Any:
        """Freezes the base and puts fp32 adapters beside its layers."""
        from peft import LoraConfig, get_peft_model

        targets = self.target_modules
        config = LoraConfig(
            task_type="CAUSAL_LM",
            r=self.rank,
            lora_alpha=self._alpha(),
            lora_dropout=self.dropout,
            target_modules=targets if targets == "all-linear" else list(targets),
            use_rslora=self.rank_stabilized,
        )
        config.base_model_name_or_path = str(base)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # between transformers and peft
                adapted = get_peft_model(model, config)
        except ValueError as error:
            raise TrainingError(
                f"no adapter can be put on {self.target_modules!r} of this model: {error}",
                hint=f"Its linear layers are: {', '.join(_linear_layers(model))}.",
            ) from error
        # What the recipe chose by name or folder, not by the loader's idea of it.
        adapted.peft_config["default"].base_model_name_or_path = str(base)
        return adapted

    def save_weights(self, model: Any, folder: Path) -> None:
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # an empty form

    def load_weights(self, model: Any, folder: Path) -> None:
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))

    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:  # noqa: ARG002
        self.save_weights(model, folder)

    def _alpha(self) -> float:
        if self.alpha is not None:
            return self.alpha
        return 2 * (math.sqrt(self.rank) if self.rank_stabilized else self.rank)


def _linear_layers(model: Any) -> list[str]:
    from torch.nn import Linear

    names = {name.rsplit(".", 1)[-1] for name, m in model.named_modules() if isinstance(m, Linear)}
    return sorted(names)

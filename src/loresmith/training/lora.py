"""Why: an adapter learns a corpus with a fraction of the memory, and the base stays as it was."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.adapter_folders import keep_earlier
from loresmith.models.loading import Loaded, load_base
from loresmith.training.earlier_adapters import EarlierAdapters
from loresmith.training.method import Precision, TrainingMethod
from loresmith.training.model_shape import Held, ModelShape
from loresmith.training.named_modules import saved_in_full
from loresmith.training.naming import names_not_there
from loresmith.training.quantization import Bits, quantization_obstacles
from loresmith.training.reward_head import refuse_untrained_head, reward_head_names


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
    dora: bool = False
    """Learn the length of each weight vector apart from its direction (DoRA, arXiv 2402.09353):
    often a little better at small ranks, and slower."""
    lora_plus_ratio: float | None = Field(default=None, ge=1.0, le=1000.0)
    """How many times faster the adapter's second matrix (B) learns than its first (LoRA+, arXiv
    2402.12354): 16 is usual; both learn alike when not set."""
    additional_modules: tuple[str, ...] = ()
    """Layers that are learned in full beside the adapter and saved with it, by the last part of
    their names, such as `embed_tokens` and `lm_head`."""
    adapters: tuple[str, ...] = ()
    """Folders of earlier adapters, in order: all but the last are merged into the base model, and
    the last is learned further, with its own rank and layers."""
    create_new_adapter: bool = False
    """Merge all of `adapters`, and begin a new one on top of them."""
    quantization: Bits | None = None
    """Bits that a number of the base model is held in, by bitsandbytes (QLoRA): a larger model
    fits, and learns more slowly. Not quantized when not set."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.create_new_adapter and not self.adapters:
            raise ValueError("create_new_adapter merges earlier adapters: name them in adapters")
        merges = len(self.adapters) > 1 or self.create_new_adapter
        if self.quantization is not None and merges:
            raise ValueError(
                "quantization and adapters that are merged do not go together: merging into "
                "rounded weights loses what they learned"
            )
        return self

    def default_learning_rate(self, parameters: int) -> float:
        """1e-3 for 135M, 3e-4 for 3B, 2e-4 for 8B: ten times that of full fine-tuning, roughly.

        The first was measured by us; the others are the middle of what is reported to work
        (LoRA Without Regret; Biderman et al. 2024, arXiv 2405.09673).
        """
        return min(2e-3, 1e-3 * math.pow(135e6 / max(parameters, 1), 0.39))

    @property
    def default_epochs(self) -> float:
        return 5.0

    def obstacles(self, *, base: Path | None) -> Iterator[TrainingError]:
        yield from super().obstacles(base=base)
        yield from self._earlier().obstacles(base=base)
        if self.quantization is not None:
            yield from quantization_obstacles(self.quantization)

    def wrong_names(self, *, base: Path) -> Iterator[TrainingError]:
        named = self.target_modules != "all-linear" or self.additional_modules
        if named and not self.adapters:
            yield from names_not_there(self, base=base)

    def notes(self) -> tuple[str, ...]:
        earlier = self._earlier()
        if earlier.continued is None:
            return ()
        rank = earlier.settings().get("r")
        return (f"goes on with the adapter {earlier.continued}, of rank {rank}",)

    def content(self) -> str:
        return self._earlier().content()

    def rate_factor(self, name: str) -> float:
        of_second = ".lora_B." in name or ".lora_embedding_B." in name
        return self.lora_plus_ratio if self.lora_plus_ratio and of_second else 1.0

    def load(self, base: Path, *, device: Device, precision: Precision) -> Loaded:
        dtype = "bfloat16" if precision == "bf16" else "float32"
        return load_base(base, device=device, dtype=dtype, quantization=self.quantization)

    def held(self, shape: ModelShape, *, precision: Precision) -> Held:
        base = shape.bytes_in(2 if precision == "bf16" else 4, bits=self.quantization)
        targets = shape.targets(self.target_modules)
        beside = sum(self.rank * (one.wide_in + one.wide_out) for one in targets)
        beside += sum(one.wide_out for one in targets) if self.dora else 0
        in_full = sum(
            shape.vocabulary * shape.hidden
            for name in self.additional_modules
            if name.endswith(("embed_tokens", "lm_head", "wte"))
        )
        learned = shape.layers * beside + in_full
        return Held(
            base + 4 * learned, learned, tuple(targets), rank=self.rank, dropout=self.dropout > 0
        )

    @property
    def delivery(self) -> Literal["adapter", "model"]:
        return "adapter"

    def prepare(self, model: Any, *, base: Path) -> Any:
        """Freezes the base and puts fp32 adapters beside its layers."""
        earlier = self._earlier()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # between transformers and peft
            model = earlier.merge_into(model)
            if earlier.continued is None:
                adapted = self._with_new_adapter(model)
            else:
                adapted = earlier.continue_on(model)
                refuse_untrained_head(adapted)
        for parameter in adapted.parameters():
            if parameter.requires_grad and parameter.is_floating_point():
                parameter.data = parameter.data.float()
        # What the recipe chose by name or folder, not by the loader's idea of it.
        adapted.peft_config["default"].base_model_name_or_path = str(base)
        return adapted

    def _with_new_adapter(self, model: Any) -> Any:
        from peft import LoraConfig, get_peft_model

        targets = self.target_modules
        head = reward_head_names(model)
        config = LoraConfig(
            task_type="SEQ_CLS" if head else "CAUSAL_LM",
            r=self.rank,
            lora_alpha=self._alpha(),
            lora_dropout=self.dropout,
            target_modules=targets if targets == "all-linear" else list(targets),
            use_rslora=self.rank_stabilized,
            use_dora=self.dora,
            **saved_in_full(model, (*self.additional_modules, *head)),
        )
        try:
            return get_peft_model(model, config)
        except ValueError as error:
            raise TrainingError(
                f"no adapter can be put on {self.target_modules!r} of this model: {error}",
                hint=f"Its linear layers are: {', '.join(_linear_layers(model))}.",
            ) from error

    def save_weights(self, model: Any, folder: Path) -> None:
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # an empty form

    def load_weights(self, model: Any, folder: Path) -> None:
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))

    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:  # noqa: ARG002
        """Writes the adapter, and the earlier ones that must be merged before it."""
        self.save_weights(model, folder)
        keep_earlier(folder, self._earlier().merged)

    def _earlier(self) -> EarlierAdapters:
        return EarlierAdapters.of(self.adapters, create_new=self.create_new_adapter)

    def _alpha(self) -> float:
        if self.alpha is not None:
            return self.alpha
        return 2 * (math.sqrt(self.rank) if self.rank_stabilized else self.rank)


def _linear_layers(model: Any) -> list[str]:
    from torch.nn import Linear

    names = {name.rsplit(".", 1)[-1] for name, m in model.named_modules() if isinstance(m, Linear)}
    return sorted(names)

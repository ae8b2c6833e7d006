"""Why: learning only some layers leaves the others, and what they know, exactly as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.models.loading import Loaded, load_base
from loresmith.models.weights import stored_dtype
from loresmith.training.full import learning_rate_of_whole_weights, write_whole_model
from loresmith.training.method import Precision, TrainingMethod
from loresmith.training.model_shape import Held, ModelShape
from loresmith.training.named_modules import last_parts
from loresmith.training.naming import names_not_there
from loresmith.training.reward_head import reward_head_names

_WEIGHTS = "learned.safetensors"
_ALL = "all"


class Freeze(TrainingMethod):
    """Some layers are learned, in fp32, and the others stay as they are."""

    type: Literal["freeze"] = "freeze"
    trainable_layers: int = Field(
        default=2, ge=-10_000, le=10_000, json_schema_extra={"common": True}
    )
    """How many of the model's layers are learned: the last ones, or with a minus the first."""
    trainable_modules: tuple[str, ...] = Field(default=(_ALL,), min_length=1)
    """What is learned of those layers, by names inside a layer, such as `self_attn` or `down_proj`;
    `all` is everything."""
    extra_modules: tuple[str, ...] = ()
    """What is learned outside the layers, such as `embed_tokens`, `norm` or `lm_head`."""

    @model_validator(mode="after")
    def _learns_something(self) -> Self:
        if self.trainable_layers == 0 and not self.extra_modules:
            raise ValueError("with 0 trainable_layers and no extra_modules nothing is learned")
        return self

    def default_learning_rate(self, parameters: int) -> float:
        """That of full fine-tuning: it suits the weights, however many of them are learned."""
        return learning_rate_of_whole_weights(parameters)

    @property
    def default_epochs(self) -> float:
        return 3.0

    @property
    def delivery(self) -> Literal["adapter", "model"]:
        return "model"

    def wrong_names(self, *, base: Path) -> Iterator[TrainingError]:
        yield from names_not_there(self, base=base)

    def load(self, base: Path, *, device: Device, precision: Precision) -> Loaded:
        """In bf16 where the weights are stored so and computed in it: frozen ones lose no bit."""
        exact = precision == "bf16" and stored_dtype(base) == "bfloat16"
        return load_base(base, device=device, dtype="bfloat16" if exact else "float32")

    def held(self, shape: ModelShape, *, precision: Precision) -> Held:
        layers = min(abs(self.trainable_layers), shape.layers)
        learned = layers * shape.linear_parameters // max(shape.layers, 1)
        learned += sum(
            shape.vocabulary * shape.hidden
            for name in self.extra_modules
            if name.endswith(("embed_tokens", "lm_head", "wte"))
        )
        if precision == "fp32":
            return Held(shape.bytes_in(4), learned)
        # What is learned is held in fp32, and turned into bf16 for a pass.
        return Held(shape.bytes_in(2) + 4 * learned, learned)

    def prepare(self, model: Any, *, base: Path) -> Any:  # noqa: ARG002
        """Freezes what is not named. Raises TrainingError, with what there is, for a wrong name."""
        layers = _Layers(model)
        chosen = layers.numbers(self.trainable_layers)
        learned = layers.inside(chosen, self.trainable_modules) if chosen else []
        learned += layers.outside((*self.extra_modules, *reward_head_names(model)))
        model.requires_grad_(False)
        for parameter in learned:
            parameter.requires_grad_(True)
            parameter.data = parameter.data.float()
        return model

    def save_weights(self, model: Any, folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: parameter.detach().contiguous() for name, parameter in _learned(model)}
        save_file(weights, folder / _WEIGHTS)

    def load_weights(self, model: Any, folder: Path) -> None:
        from safetensors.torch import load_file

        weights = load_file(folder / _WEIGHTS)
        for name, parameter in _learned(model):
            parameter.data.copy_(weights[name])

    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:
        """Writes whole weights; turns `model` itself into `dtype`, so it is the last thing done."""
        write_whole_model(model, folder, dtype=dtype)


class _Layers:
    """The layers of a model, and what is in them and around them, by name."""

    def __init__(self, model: Any) -> None:
        from torch.nn import ModuleList

        lists = {n: m for n, m in model.named_modules() if isinstance(m, ModuleList) and len(m)}
        if not lists:
            raise TrainingError(
                "this model has no list of layers to freeze", hint="Take the type full or lora."
            )
        # A layer can have a list of its own (experts, say): the layers' is the outermost.
        path = min(lists, key=lambda name: (name.count("."), -len(lists[name])))
        self._model = model
        self._count = len(lists[path])
        self._start = f"{path}."

    def numbers(self, wanted: int) -> range:
        """Which layers are learned, from 0. Raises TrainingError when there are not so many."""
        if abs(wanted) > self._count:
            raise TrainingError(
                f"training.trainable_layers is {wanted}, and this model has {self._count} layers",
                hint=f"Set it between -{self._count} and {self._count}.",
            )
        return range(self._count - wanted, self._count) if wanted > 0 else range(-wanted)

    def inside(self, numbers: Iterable[int], names: Iterable[str]) -> list[Any]:
        """The parameters of the named parts of these layers."""
        starts = tuple(f"{self._start}{number}." for number in numbers)
        parts = {
            name: name[len(start) :]
            for name, _ in _modules_with_parameters(self._model)
            for start in starts
            if name.startswith(start)
        }
        if _ALL in names:
            return [p for name, p in self._model.named_parameters() if name.startswith(starts)]
        return self._named(
            names, parts, "training.trainable_modules names what no layer of this model has"
        )

    def outside(self, names: Iterable[str]) -> list[Any]:
        """The parameters of the named parts that are in no layer."""
        parts = {
            name: name
            for name, module in _modules_with_parameters(self._model)
            if not name.startswith(self._start) and not self._start.startswith(f"{name}.")
        }
        return self._named(
            names, parts, "training.extra_modules names what this model has not outside its layers"
        )

    def _named(self, names: Iterable[str], parts: dict[str, str], fault: str) -> list[Any]:
        """Parameters of modules, of which `parts` has the names by which they can be called."""
        found: list[Any] = []
        unknown = []
        for wanted in names:
            own = [name for name, part in parts.items() if f".{part}".endswith(f".{wanted}")]
            unknown += [] if own else [wanted]
            found += [p for name in own for p in self._model.get_submodule(name).parameters()]
        if unknown:
            raise TrainingError(
                f"{fault}: {', '.join(unknown)}",
                hint=f"There are: {', '.join(last_parts(parts.values()))}.",
            )
        return found


def _modules_with_parameters(model: Any) -> Iterator[tuple[str, Any]]:
    for name, module in model.named_modules():
        if name and next(module.parameters(), None) is not None:
            yield name, module


def _learned(model: Any) -> Iterator[tuple[str, Any]]:
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)

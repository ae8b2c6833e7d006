"""Why: every step that computes asks one place what there is to compute on.

The decision (`kind_of`) is a pure function of what the probes saw (`Machine`), so that machines
which nobody here owns, such as one with a Hygon DCU, are tested from recorded facts.
"""

from __future__ import annotations

from typing import Literal, get_args

from loresmith.devices.machine import Machine, probe_machine
from loresmith.devices.threads import choose_threads, wait_passively
from loresmith.errors import LoresmithError
from loresmith.records import Record

DeviceKind = Literal["cpu", "cuda", "rocm", "dcu"]

_DCU_ARCHITECTURES = frozenset({"gfx926", "gfx928", "gfx936"})
_CPU_FLAGS_OF_BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # the last one is ARM's
_WITHOUT_BF16 = frozenset({"gfx900", "gfx906"})
_FIRST_NVIDIA_CAPABILITY_WITH_BF16 = (8, 0)


class Device(Record):
    """What a model is loaded on, and how to compute there."""

    kind: DeviceKind
    torch_device: str
    """The name that torch knows it by: `cpu` or `cuda:0` (AMD and Hygon cards too)."""
    name: str
    memory_bytes: int
    """All memory of the card, or of the machine (or its container) for a CPU."""
    bf16: bool
    """Whether it computes in bfloat16 by hardware."""
    threads: int
    """CPU threads that are worth having at the load when this was detected."""
    note: str = ""
    """What a user should know, such as a card that this torch cannot drive; may be empty."""


def detect_device(prefer: str = "auto", *, machine: Machine | None = None) -> Device:
    """The best device of this machine, or the one asked for by its kind.

    `machine` stands in for the probes in tests. Raises LoresmithError when `prefer` is no known
    kind, or is not there.
    """
    wait_passively()
    if prefer not in ("auto", *get_args(DeviceKind)):
        raise LoresmithError(
            f"there is no device kind {prefer!r}",
            hint=f"Use auto or one of: {', '.join(get_args(DeviceKind))}.",
        )
    seen = machine if machine is not None else probe_machine()
    kind = "cpu" if prefer == "cpu" else kind_of(seen)
    if prefer not in ("auto", kind):
        raise LoresmithError(
            f"the device {prefer!r} was asked for, but this machine offers {kind!r}",
            hint=_why_no_accelerator(seen) or f"Use auto or {kind}.",
        )
    return _on_cpu(seen) if kind == "cpu" else _on_card(seen, kind)


def kind_of(machine: Machine) -> DeviceKind:
    """Which family the card is of that torch can use; `cpu` when torch can use none.

    A DCU runs torch's HIP build, so AMD and Hygon are told apart by the wheel's version first,
    then by Hygon's tool, kernel module and card names. (gfx906 is sold by both: only the first
    three tell.)
    """
    if not machine.torch_sees_card:
        return "cpu"
    if is_dtk_wheel(machine.torch_version):
        return "dcu"
    if machine.hip_version is None:
        return "cuda"
    hygon_driver = machine.has_kfd and bool(machine.kernel_modules & {"hycu", "hydcu"})
    if machine.hy_smi or hygon_driver or machine.architecture in _DCU_ARCHITECTURES:
        return "dcu"
    return "rocm"


def is_dtk_wheel(torch_version: str) -> bool:
    """Whether torch was built for Hygon's toolkit, such as `2.4.1+das.opt2.dtk2504`."""
    local = torch_version.partition("+")[2]
    return any(part == "das" or part.startswith("dtk") for part in local.split("."))


def _on_cpu(machine: Machine) -> Device:
    return Device(
        kind="cpu",
        torch_device="cpu",
        name=machine.cpu_name,
        memory_bytes=machine.memory_bytes,
        bf16=bool(machine.cpu_flags & _CPU_FLAGS_OF_BF16),
        threads=choose_threads(),
        note=_why_no_accelerator(machine),
    )


def _on_card(machine: Machine, kind: DeviceKind) -> Device:
    if kind == "cuda":
        bf16 = machine.capability >= _FIRST_NVIDIA_CAPABILITY_WITH_BF16
    else:
        bf16 = machine.architecture not in _WITHOUT_BF16
    return Device(
        kind=kind,
        torch_device="cuda:0",
        name=machine.card_name,
        memory_bytes=machine.card_memory_bytes,
        bf16=bf16,
        threads=choose_threads(),
    )


def _why_no_accelerator(machine: Machine) -> str:
    """The likeliest reason that a card which seems to be there is not used; empty without one."""
    if machine.torch_sees_card:
        return ""
    if not machine.torch_version:
        return "torch is not installed: pip install 'loresmith[train]'."
    if machine.torch_fault:
        return (
            f"torch {machine.torch_version} cannot be imported: {machine.torch_fault}. For a "
            "Hygon DCU, source the env.sh of its DTK first; else install torch again."
        )
    if machine.hy_smi or machine.kernel_modules & {"hycu", "hydcu"}:
        return (
            f"A Hygon DCU seems to be there, but torch {machine.torch_version} cannot use it: "
            "install the torch wheel of the DTK release on this machine, and source its env.sh."
        )
    if machine.has_nvidia_driver:
        return (
            f"An NVIDIA driver is there, but torch {machine.torch_version} cannot use it: "
            "install a CUDA build of torch that fits the driver."
        )
    if machine.has_kfd:
        return (
            f"An AMD driver is there, but torch {machine.torch_version} cannot use it: "
            "install a ROCm build of torch."
        )
    return ""

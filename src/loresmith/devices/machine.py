"""Why: what can be seen of a machine, gathered once, before anybody decides what it is."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
from pathlib import Path

from loresmith.records import Record

_HYHAL_FOLDERS = ("/opt/hyhal/bin", "/usr/local/hyhal/bin")
_NVIDIA_VERSION = Path("/proc/driver/nvidia/version")
_RELEASE = re.compile(r"\b[0-9]{2}\.[0-9]{2}\b")


class Machine(Record):
    """What the probes saw. The defaults are those of a machine that shows nothing."""

    cpu_name: str = "CPU"
    cpu_flags: frozenset[str] = frozenset()
    """As Linux spells them, such as `avx512_bf16`; of these only the bf16 ones matter here."""
    memory_bytes: int = 0
    torch_version: str = ""
    """Of the installed distribution's metadata, which keeps what `torch.__version__` may drop."""
    torch_fault: str = ""
    """Why the torch that is installed cannot be imported; empty when it can."""
    torch_sees_card: bool = False
    card_count: int = 0
    """Cards that torch sees."""
    cuda_version: str | None = None
    """Of CUDA, when torch was built for it."""
    hip_version: str | None = None
    """Set when torch was built for HIP (AMD and Hygon)."""
    card_name: str = ""
    card_memory_bytes: int = 0
    capability: tuple[int, int] = (0, 0)
    """NVIDIA's compute capability."""
    architecture: str = ""
    """AMD's and Hygon's name of the chip, such as `gfx928`, without feature suffixes."""
    hy_smi: str | None = None
    """Where Hygon's monitoring tool is."""
    has_kfd: bool = False
    """Whether /dev/kfd is there: the driver of AMD and Hygon cards."""
    has_nvidia_driver: bool = False
    kernel_modules: frozenset[str] = frozenset()
    driver_version: str = ""
    """Of the driver of NVIDIA's, AMD's or Hygon's cards, as the kernel tells it."""
    dtk_version: str = ""
    """Of Hygon's toolkit, such as `25.04`."""


def probe_machine() -> Machine:
    """Looks at this machine; imports torch if it is installed, starts no process."""
    seen = probe_outside()
    return _with_card(seen) if seen.torch_version else seen


def probe_outside() -> Machine:
    """Looks at this machine without importing torch, which knows the cards."""
    return Machine(
        cpu_name=cpu_name(),
        cpu_flags=_cpu_flags(),
        memory_bytes=_memory_bytes(),
        torch_version=_torch_version(),
        hy_smi=find_hy_smi(),
        has_kfd=Path("/dev/kfd").exists(),
        has_nvidia_driver=_NVIDIA_VERSION.exists(),
        kernel_modules=loaded_modules(),
        driver_version=_driver_version(),
        dtk_version=dtk_version(),
    )


def _with_card(seen: Machine) -> Machine:
    try:
        import torch
    except (ImportError, OSError) as error:  # a library of the toolkit or driver is not found
        return seen.model_copy(update={"torch_fault": str(error).strip() or repr(error)})
    builds = {"cuda_version": torch.version.cuda, "hip_version": torch.version.hip}
    if not torch.cuda.is_available():
        return seen.model_copy(update=builds)
    card = torch.cuda.get_device_properties(0)
    return seen.model_copy(
        update={
            **builds,
            "torch_sees_card": True,
            "card_count": torch.cuda.device_count(),
            "card_name": card.name,
            "card_memory_bytes": card.total_memory,
            "capability": (card.major, card.minor),
            "architecture": str(getattr(card, "gcnArchName", "")).partition(":")[0],
        }
    )


def _torch_version() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ""


def find_hy_smi() -> str | None:
    """Where Hygon's monitoring tool is, which is often not on the PATH."""
    for folder in (None, *_HYHAL_FOLDERS):
        for name in ("hy-smi", "dcu-smi"):
            found = shutil.which(name, path=folder)
            if found:
                return found
    return None


def dtk_version(root: Path = Path("/opt")) -> str:
    """The release of Hygon's toolkit, such as `25.04`: by the note in its folder, else by the
    folder's name; empty without one."""
    for folder in [root / "dtk", *sorted(root.glob("dtk-*"), reverse=True)]:
        note = _text(folder / ".dtk_version")
        name = folder.resolve().name if folder.is_dir() else ""
        found = _RELEASE.search(note) or _RELEASE.search(name)
        if found:
            return found.group()
    return ""


def _driver_version() -> str:
    told = re.search(r"Module\s+(?:for \S+\s+)?([0-9][0-9.]*)", _text(_NVIDIA_VERSION))
    if told:
        return told.group(1)
    versions = (_text(Path(f"/sys/module/{one}/version")) for one in ("hydcu", "hycu", "amdgpu"))
    return next((version.strip() for version in versions if version.strip()), "")


def loaded_modules() -> frozenset[str]:
    """The names of the kernel's loaded modules; none where that is not told."""
    return frozenset(line.split()[0] for line in _lines("/proc/modules") if line.strip())


def cpu_name() -> str:
    """What the processor calls itself; `CPU` where that is not told."""
    names = _cpu_values("model name")
    return names[0] if names else "CPU"


def _cpu_flags() -> frozenset[str]:
    """Flags of x86 (`flags`) and ARM (`Features`); ARM calls its bf16 unit `bf16`."""
    values = _cpu_values("flags") or _cpu_values("Features")
    return frozenset(values[0].split()) if values else frozenset()


def _cpu_values(key: str) -> list[str]:
    lines = (line.partition(":") for line in _lines("/proc/cpuinfo"))
    return [value.strip() for name, _, value in lines if name.strip() == key]


def _memory_bytes() -> int:
    """The machine's memory, or the container's where that is less."""
    import psutil

    total = int(psutil.virtual_memory().total)
    for line in _lines("/sys/fs/cgroup/memory.max"):
        if line.strip().isdigit():
            total = min(total, int(line))
    return total


def _lines(path: str) -> list[str]:
    """The lines of a file of the Linux kernel; none elsewhere."""
    return _text(Path(path)).splitlines() if sys.platform == "linux" else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

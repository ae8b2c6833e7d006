"""Why: a variable that is forgotten or left over hides a card, and no error says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene

_HIDING = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


def card_environment(scene: Scene) -> Iterator[Finding]:
    """Looks at the variables that choose cards, find the toolkit and number the threads."""
    yield from _hidden(scene)
    values = {scene.environment[name] for name in _HIDING if name in scene.environment}
    if scene.machine.hip_version and len(values) > 1:
        yield _finding(
            "HIP_VISIBLE_DEVICES and CUDA_VISIBLE_DEVICES choose different cards",
            "Unset one of them: HIP honours both, one after the other.",
        )
    if scene.has_dcu:
        yield from _toolkit(scene.environment.get("ROCM_PATH", ""))
    threads = scene.environment.get("OMP_NUM_THREADS", "")
    if threads and not (threads.isdecimal() and int(threads) > 0):
        yield _finding(
            f"OMP_NUM_THREADS is {threads!r}, which is no number of threads",
            "Unset OMP_NUM_THREADS, or set it to a number from 1.",
        )


def _hidden(scene: Scene) -> Iterator[Finding]:
    machine = scene.machine
    if machine.torch_sees_card or not (machine.has_nvidia_driver or machine.has_kfd):
        return
    for name in _HIDING:
        value = scene.environment.get(name)
        if value is not None:
            yield _finding(
                f"{name} is {value!r}, and with that torch sees no card",
                f"Unset {name}, or name cards that are there, such as 0.",
            )


def _toolkit(folder: str) -> Iterator[Finding]:
    if not folder:
        yield _finding(
            "ROCM_PATH is not set: the DTK's env.sh was not sourced in this shell",
            "source /opt/dtk/env.sh, best in ~/.bashrc.",
        )
    elif not Path(folder).is_dir():
        yield _finding(
            f"ROCM_PATH names {folder}, which is not there",
            "source the env.sh of the DTK that is installed, such as /opt/dtk/env.sh.",
        )


def _finding(message: str, hint: str) -> Finding:
    return Finding(check="card_environment", message=message, hint=hint)

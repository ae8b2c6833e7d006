"""Why: on a DCU the toolkit, Python and every wheel must be of one release, or nothing starts."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.workspace.doctor.dtk_releases import DtkRelease, dtk_of_wheel, dtk_releases
from loresmith.workspace.doctor.finding import Finding
from loresmith.workspace.doctor.scene import Scene, numbers

_WHEELS = (
    "torch",
    "flash_attn",
    "vllm",
    "deepspeed",
    "lmslim",
    "torchvision",
    "triton",
    "xformers",
)
"""Packages that Hygon builds for each release."""


def dtk_matches(scene: Scene) -> Iterator[Finding]:
    """Compares toolkit, Python, wheels and the rest with what constraints/ says of the release."""
    wheels = {name: version for name in _WHEELS if (version := scene.version(name))}
    built_for = {name: dtk for name in wheels if (dtk := dtk_of_wheel(wheels[name]))}
    if not scene.has_dcu and not built_for:
        return
    toolkit = scene.machine.dtk_version
    if not toolkit:
        yield _finding(
            "a Hygon DCU or its wheels are there, and no DTK under /opt/dtk",
            "Install the DTK that the driver is for, and source its env.sh.",
        )
    dtk = toolkit or built_for.get("torch", "")
    for name, other in built_for.items():
        if other != dtk:
            yield _finding(
                f"{name} {wheels[name]} is built for DTK {other}, and this is DTK {dtk}",
                f"Install the {name} wheel of DTK {dtk}, or DTK {other} and its driver.",
            )
    release = dtk_releases().get(dtk)
    if release is not None:
        yield from _against(release, scene, wheels)
    elif dtk:
        yield Finding(
            check="dtk_matches",
            wrong=False,
            message=f"which versions go with DTK {dtk} is not known here",
            hint=f"Known are: {', '.join(dtk_releases())}. A file constraints/dtk-{dtk}.txt "
            "would tell.",
        )


def _against(release: DtkRelease, scene: Scene, wheels: dict[str, str]) -> Iterator[Finding]:
    wanted_python = numbers(release.python)[:2]
    later = release.python.endswith("+") and scene.python[:2] > wanted_python
    if wanted_python and scene.python[:2] != wanted_python and not later:
        yield _finding(
            f"this is Python {'.'.join(map(str, scene.python[:2]))}, and the wheels of DTK "
            f"{release.name} are for Python {release.python}",
            "Make an environment with that Python, and install all of it there.",
        )
    for name, version in wheels.items():
        wanted = release.wheels.get(name)
        if wanted is None:
            continue
        public = version.partition("+")[0]
        if public != wanted:
            yield _finding(
                f"{name} {version} is installed, and DTK {release.name} has {name} {wanted}",
                f"Install the {name} {wanted} wheel of DTK {release.name}.",
            )
        elif not dtk_of_wheel(version):
            yield _finding(
                f"{name} {version} is no build of Hygon's, so that it cannot use a DCU",
                f"Uninstall it, and install the {name} wheel of DTK {release.name}: pip may have "
                "put another in its place.",
            )
    others = {name: version for name in release.pins if (version := scene.version(name))}
    differing = [name for name in others if others[name] != release.pins[name]]
    if differing:
        listed = ", ".join(f"{one} {others[one]} (not {release.pins[one]})" for one in differing)
        yield _finding(
            f"other versions are installed than go with DTK {release.name}: {listed}",
            f"pip install -c {release.file} 'loresmith[all]'",
        )


def _finding(message: str, hint: str) -> Finding:
    return Finding(check="dtk_matches", message=message, hint=hint)

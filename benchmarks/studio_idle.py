"""How long the studio takes to be ready, and how much memory it takes while nobody does anything.

    python benchmarks/studio_idle.py

Starts `loresmith studio` three times over a new home with one project, and prints the best time
from the start of the process to its first answer, and the resident memory after every kind of
page and list was asked for once. The promise is: under 3 s and under 150 MB.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

_EXAMPLE = Path(__file__).parents[1] / "examples" / "harbor"
_START = "from loresmith.cli import main; main()"
_PAGES = (
    "documents",
    "questions",
    "review",
    "dataset",
    "train",
    "exam",
    "chat",
    "jobs",
    "settings",
)


def main() -> None:
    """Prints the figures; ends with 1 when one of them is not kept."""
    seconds, processor, megabytes = [], [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            ready, worked, memory = _measure(Path(folder))
        seconds.append(ready)
        processor.append(worked)
        megabytes.append(memory)
    print(f"ready after {min(seconds):.2f} s (of three: {_all(seconds, '.2f')})")
    print(f"with {min(processor):.2f} s of a processor: what a machine that is idle takes")
    print(f"idle with {max(megabytes):.0f} MB (of three: {_all(megabytes, '.0f')})")
    sys.exit(0 if min(seconds) < 3 and max(megabytes) < 150 else 1)


def _measure(folder: Path) -> tuple[float, float, float]:
    """Seconds until the first answer, by the clock and of a processor; MB after every page."""
    project = folder / "harbor"
    shutil.copytree(_EXAMPLE, project)
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-c", _START, "studio", str(project), "--port", "0", "--no-open"],
        env={**os.environ, "LORESMITH_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[4]
        _ask(f"{url}/healthz")
        ready = time.perf_counter() - began
        times = psutil.Process(server.pid).cpu_times()
        _look_round(url)
        memory = psutil.Process(server.pid).memory_info().rss / 2**20
    finally:
        server.terminate()
        server.wait(20)
    return ready, times.user + times.system, memory


def _look_round(url: str) -> None:
    import json

    projects = json.loads(_ask(f"{url}/api/v1/projects"))["items"]
    for page in ("", "models", "devices", "settings", "jobs"):
        _ask(f"{url}/{page}")
    for page in _PAGES:
        _ask(f"{url}/projects/{projects[0]['id']}/{page}")
    time.sleep(2)


def _ask(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as reply:
        return str(reply.read().decode())


def _all(figures: list[float], form: str) -> str:
    return ", ".join(format(figure, form) for figure in figures)


if __name__ == "__main__":
    main()

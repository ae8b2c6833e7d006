"""Whether time and memory stay in bounds where a project is large.

    python benchmarks/scale.py [--rows 200000] [--section export] [--folder FOLDER]

`export`: invented rows are imported from a file, frozen as a version, and exported in each form.
Every step runs in a process of its own, whose peak memory is told beside that of a process that
only opens the project; a tenth of the rows is measured too, so that what grows faster than the
rows is seen. A smoke run: --rows 2000.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

PLACES = ("Calder Reach", "Lantern Quay", "澜屿渔港", "Hask Yard", "云杉码头", "Sorrel Point")
FORMS = ("llamafactory", "alpaca", "openai", "csv", "parquet", "text")


class Step(NamedTuple):
    """What one step took, by the clock and of memory at its peak."""

    seconds: float
    megabytes: float
    written: float
    """Megabytes of the file or folder that it wrote."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--section", choices=sorted(SECTIONS), default="export")
    parser.add_argument("--folder", type=Path, help="Keep what is made there.")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        _do(*chosen.step)
        return
    with tempfile.TemporaryDirectory() as temporary:
        SECTIONS[chosen.section](chosen.folder or Path(temporary), chosen.rows)


def export(folder: Path, rows: int) -> None:
    """Import, freeze and export of a tenth of the rows, and of all."""
    print(f"{'':28s} {'rows':>9s} {'seconds':>9s} {'rows/s':>9s} {'peak MB':>9s} {'file MB':>9s}")
    for count in (max(1, rows // 10), rows):
        project = folder / f"rows-{count}"
        if not (project / "documents").exists():
            (project / "documents").mkdir(parents=True)
            _write_rows(project / "rows.jsonl", count)
        for name in ("open", "import", "freeze", *FORMS):
            step = _in_a_process(name, project)
            rate = count / step.seconds
            print(
                f"{name:28s} {count:9,d} {step.seconds:9.1f} {rate:9,.0f}"
                f" {step.megabytes:9.0f} {step.written:9.1f}",
                flush=True,
            )


SECTIONS: Mapping[str, Callable[[Path, int], None]] = {"export": export}


def _write_rows(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            place, year = PLACES[number % len(PLACES)], 1900 + number % 131
            row = {
                "question": f"How many ships did {place}, berth {number}, count in {year}?",
                "answer": f"{place}, berth {number}, counted {7 * number} ships in {year}, as its "
                f"harbour office reports: {number % 97}.{number % 7} % more than a year before.",
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _in_a_process(name: str, project: Path) -> Step:
    told = project / "step.json"
    words = [sys.executable, __file__, "--step", name, str(project), str(told)]
    home = {"LORESMITH_HOME": str(project / "home"), "OPENAI_API_KEY": ""}
    subprocess.run(words, check=True, env={**os.environ, **home}, stdout=subprocess.DEVNULL)
    return Step(*json.loads(told.read_text()))


def _do(name: str, project: str, told: str) -> None:
    """One step, in a process of its own."""
    from loresmith import Workspace
    from loresmith.workspace.datasets import Datasets, Imports, export_settings_of, import_path

    folder, target = Path(project), Path(project) / f"out-{name}"
    workspace = Workspace(folder, teacher="openai:nobody")
    began = time.perf_counter()
    if name == "open":
        Datasets(workspace).versions()
    elif name == "import":
        import_path(Imports(workspace), folder / "rows.jsonl")
    elif name == "freeze":
        workspace.do("dataset")
    else:
        Datasets(workspace).write(target, export_settings_of(name))
    seconds = time.perf_counter() - began
    files = [one for one in target.rglob("*") if one.is_file()] if target.exists() else []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    written = sum(one.stat().st_size for one in files) / 1e6
    Path(told).write_text(json.dumps([seconds, peak, written]))


if __name__ == "__main__":
    main()

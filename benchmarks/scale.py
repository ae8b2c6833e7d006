"""Whether time and memory stay in bounds where a project is large.

    python benchmarks/scale.py [--rows 200000] [--section all] [--folder FOLDER] [--json FILE]

`export`: invented rows are imported from a file, frozen as a version, and exported in each form.
`lists`: pages of every list of a project of invented documents (a document for twenty rows), first,
middle and last, filtered and searched: the slowest of three, once a first one has been shown.
`start`: `loresmith serve` from its start to its first answer, and a project's first page, with a
small project and with the large one. `freeze`: that project's rows are curated and frozen.

Every step runs in a process of its own, whose peak memory is told beside that of a process that
only opens the project; a tenth of the rows is measured too, so that what grows faster than the
rows is seen. A smoke run: --rows 2000. With --folder, what is made is kept and made once.
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
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from loresmith import Workspace

PLACES = ("Calder Reach", "Lantern Quay", "澜屿渔港", "Hask Yard", "云杉码头", "Sorrel Point")
FORMS = ("llamafactory", "alpaca", "openai", "csv", "parquet", "text")
ROWS_A_DOCUMENT = 20
_TIMES = 3


class Step(NamedTuple):
    """What one step took, by the clock and of memory at its peak."""

    seconds: float
    megabytes: float
    written: float
    """Megabytes of the file or folder that it wrote."""


class Figure(NamedTuple):
    """One line of the table."""

    section: str
    what: str
    rows: int
    seconds: float
    megabytes: float | None = None
    """Of memory at the peak."""
    written: float | None = None
    """Megabytes of what was written."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--section", choices=["all", *SECTIONS], default="all")
    parser.add_argument("--folder", type=Path, help="Keep what is made there.")
    parser.add_argument("--json", type=Path, help="Write the figures there too.")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        _do(*chosen.step)
        return
    figures: list[Figure] = []
    print(f"{'':36s} {'rows':>9s} {'seconds':>9s} {'rows/s':>9s} {'peak MB':>9s} {'file MB':>9s}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        for name in SECTIONS if chosen.section == "all" else [chosen.section]:
            for count in (max(1, chosen.rows // 10), chosen.rows):
                for figure in SECTIONS[name](folder, count):
                    figures.append(figure)
                    print(_line(figure), flush=True)
    if chosen.json:
        told = [figure._asdict() for figure in figures]
        chosen.json.write_text(json.dumps(told, indent=2), encoding="utf-8")


def _line(figure: Figure) -> str:
    rate = f"{figure.rows / figure.seconds:9,.0f}" if figure.megabytes is not None else " " * 9
    megabytes = "" if figure.megabytes is None else f"{figure.megabytes:,.0f}"
    written = "" if figure.written is None else f"{figure.written:,.1f}"
    name = f"{figure.section}: {figure.what}"
    return (
        f"{name:36s} {figure.rows:9,d} {figure.seconds:9.3f} {rate} {megabytes:>9s} {written:>9s}"
    )


def export(folder: Path, rows: int) -> Iterator[Figure]:
    """Import, freeze and export of rows of a file."""
    project = folder / f"rows-{rows}"
    if not (project / "documents").exists():
        (project / "documents").mkdir(parents=True)
        _write_rows(project / "rows.jsonl", rows)
    for name in ("open", "import", "freeze", *FORMS):
        step = _in_a_process(name, project)
        yield Figure("export", name, rows, *step)


def lists(folder: Path, rows: int) -> Iterator[Figure]:
    """Pages of every list."""
    project = _large_project(folder, rows)
    step = _in_a_process("pages", project)
    pages = json.loads((project / "pages.json").read_text())
    for what, seconds in pages.items():
        yield Figure("lists", what, rows, seconds)
    yield Figure("lists", "all of them", rows, *step)


def start(folder: Path, rows: int) -> Iterator[Figure]:
    """A server's first answers."""
    project = _large_project(folder, rows)
    yield Figure("start", "open the project", rows, *_in_a_process("open", project))
    for what, seconds in _served(project).items():
        yield Figure("start", what, rows, seconds)


def freeze(folder: Path, rows: int) -> Iterator[Figure]:
    """Curation and freezing of rows that were written about documents."""
    project = _large_project(folder, rows)
    for name in ("curate", "freeze-written"):
        yield Figure("freeze", name, rows, *_in_a_process(name, project))


SECTIONS: Mapping[str, Callable[[Path, int], Iterator[Figure]]] = {
    "export": export,
    "lists": lists,
    "start": start,
    "freeze": freeze,
}


def _large_project(folder: Path, rows: int) -> Path:
    project = folder / f"documents-{rows}"
    if not (project / "built").exists():
        project.mkdir(parents=True, exist_ok=True)
        _in_a_process("build", project)
        (project / "built").touch()
    return project


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
    subprocess.run(words, check=True, env=_environment(project), stdout=subprocess.DEVNULL)
    return Step(*json.loads(told.read_text()))


def _environment(project: Path) -> dict[str, str]:
    home = {"LORESMITH_HOME": str(project.parent / f"home-{project.name}"), "OPENAI_API_KEY": ""}
    return {**os.environ, **home}


def _do(name: str, project: str, told: str) -> None:
    """One step, in a process of its own."""
    folder, target = Path(project), Path(project) / f"out-{name}"
    began = time.perf_counter()
    if name == "build":
        _build(folder)
    else:
        began = _do_in(folder, name, target)
    seconds = time.perf_counter() - began
    files = [one for one in target.rglob("*") if one.is_file()] if target.exists() else []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    written = sum(one.stat().st_size for one in files) / 1e6
    Path(told).write_text(json.dumps([seconds, peak, written]))


def _do_in(folder: Path, name: str, target: Path) -> float:
    """Does it in a project that is there; returns when it began, with all that it needs loaded."""
    from loresmith import Workspace
    from loresmith.workspace.datasets import Datasets, Imports, export_settings_of, import_path
    from loresmith.workspace.steps.curate import Curate
    from loresmith.workspace.steps.dataset import FreezeDataset

    is_large = (folder / "loresmith.yaml").exists()
    workspace = Workspace(folder) if is_large else Workspace(folder, teacher="openai:nobody")
    began = time.perf_counter()
    if name == "open":
        Datasets(workspace).versions()
    elif name == "import":
        import_path(Imports(workspace), folder / "rows.jsonl")
    elif name == "freeze":
        workspace.do("dataset")
    elif name == "pages":
        shown = {what: _slowest(show) for what, show in _pages(workspace)}
        (folder / "pages.json").write_text(json.dumps(shown))
    elif name in ("curate", "freeze-written"):
        with workspace.opened() as context:
            (Curate() if name == "curate" else FreezeDataset()).run(context)
    else:
        Datasets(workspace).write(target, export_settings_of(name))
    return began


def _build(folder: Path) -> None:
    from large_project import build

    rows = int(folder.name.rpartition("-")[2])
    documents = max(1, rows // ROWS_A_DOCUMENT)
    build(folder, documents, calls=rows // 2, jobs_done=max(10, rows // 100))


def _slowest(show: Callable[[], object]) -> float:
    """Of some times, after a first."""
    show()
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        show()
        taken.append(time.perf_counter() - began)
    return max(taken)


def _pages(workspace: Workspace) -> Iterator[tuple[str, Callable[[], object]]]:
    """A page of fifty of each list, each as a new request would show it."""
    from loresmith.workspace.background import Background
    from loresmith.workspace.costs import Calls
    from loresmith.workspace.documents import Documents

    documents, total = Documents(workspace), Documents(workspace).page(limit=1).total
    for where, begin in (("first", 0), ("middle", total // 2), ("last", max(0, total - 50))):
        yield f"documents, {where}", lambda begin=begin: documents.page(start=begin, limit=50)
    yield "documents, searched", lambda: documents.page(search="report-00 harb", limit=50)
    key = documents.page(start=total // 2, limit=1).documents[0].key
    yield "passages of a document", lambda: documents.outline(key)
    yield from _pages_of_rows(workspace)
    calls = Calls(workspace)
    newest = next(iter(calls.page(limit=1))).number
    for where, before in (("first", None), ("middle", newest // 2), ("last", 51)):
        yield f"calls, {where}", lambda before=before: calls.page(before=before)
    job = calls.page(before=newest // 2, limit=1)[0].job
    yield "calls, of a job", lambda: calls.page(job=job)
    yield "calls, with faults", lambda: calls.page(faulty=True)
    yield "calls, what they cost", calls.spent
    yield "jobs", lambda: Background(workspace).jobs(latest=50)


def _pages_of_rows(workspace: Workspace) -> Iterator[tuple[str, Callable[[], object]]]:
    from loresmith.workspace.rows import RowFilter, Rows

    kept = RowFilter(use=("training",), kind=("paraphrase",))
    searched, rare = RowFilter(search="crates"), RowFilter(search="berth 3 of hask yard took 9")
    document = Rows(workspace).documents()[-1]

    def page(**asked: object) -> object:
        return Rows(workspace).page(**asked)  # type: ignore[arg-type]

    for order in ("position", "question", "length"):
        first, middle, last = islice(_cursors(workspace, order), 3)
        for where, cursor in (("first", first), ("middle", middle), ("last", last)):
            if order == "position" or where == "middle":
                yield (
                    f"rows by {order}, {where}",
                    lambda cursor=cursor, order=order: page(order=order, cursor=cursor),
                )
    yield "rows, filtered", lambda: page(chosen=kept)
    yield "rows of a document", lambda: page(chosen=RowFilter(document=(document,)))
    yield "rows, searched for many", lambda: page(chosen=searched)
    yield "rows, searched for few", lambda: page(chosen=rare)
    yield "rows, counts of the filters", lambda: Rows(workspace).facets(kept)


def _cursors(workspace: Workspace, order: str) -> Iterator[str | None]:
    """Where the first page begins, one in the middle, and the last."""
    from loresmith.store.row_index import RowIndex
    from loresmith.store.row_query import RowFilter
    from loresmith.workspace.rows import Rows

    total = Rows(workspace).page(limit=1).total
    yield None
    with workspace.opened() as context:
        index = RowIndex(context.engine, project_id=context.project_id)
        with index.reading() as connection:
            ids = index.ids(connection, RowFilter())
            for place in (total // 2, max(0, total - 51)):
                (row,) = index.rows(connection, [ids[place]])
                yield str(index.place(row, order=order, forward=True))  # type: ignore[arg-type]


def _served(project: Path) -> dict[str, float]:
    """Seconds from the start of `loresmith serve` to its first answer, then of further ones."""
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "loresmith", "serve", str(project), "--port", "0"],
        env=_environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = next(line for line in server.stdout if "http://" in line)
        url = next(word for word in address.split() if word.startswith("http://")).partition(
            "/api"
        )[0]
        _asked(f"{url}/healthz")
        found = {"serve, first answer": time.perf_counter() - began}
        began = time.perf_counter()
        listed = json.loads(_asked(f"{url}/api/v1/projects"))
        found["serve, list of projects"] = time.perf_counter() - began
        here = f"{url}/api/v1/projects/{listed['items'][0]['id']}"
        for name in ("documents", "rows", "jobs", "calls"):
            began = time.perf_counter()
            _asked(f"{here}/{name}")
            found[f"serve, first page of {name}"] = time.perf_counter() - began
        return found
    finally:
        server.terminate()
        server.wait()


def _asked(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    main()

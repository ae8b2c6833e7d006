"""How fast a project with 100,000 rows is listed, searched, reviewed, and shown in a browser.

    python benchmarks/rows.py [--rows 100000] [--folder FOLDER] [--browser]

The rows are made from invented documents by writing their records, as a teacher's replies would
be written; the index is built by the code that the studio uses. Times are medians of 9: by the
clock, and of this process on the processor.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from loresmith import Workspace
from loresmith.api.paging import cursor_of
from loresmith.component import content_id
from loresmith.records import Curated, Fact, StoredRecord, Wording, WordingKind, WordingUse
from loresmith.store.row_query import Cursor
from loresmith.workspace.context import Context
from loresmith.workspace.rows import RowFilter, Rows
from loresmith.workspace.rows.freshness import is_current
from loresmith.workspace.rows.projection import list_rows
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.steps.curate import unreviewed_key
from loresmith.workspace.steps.generate import facts, wordings
from loresmith.workspace.writing import opening_task, tasks_for

REPEATS = 9
PER_FACT = 10
FACTS_A_PASSAGE = 40
PLACES = ("Calder Reach", "Lantern Quay", "澜屿渔港", "Hask Yard", "云杉码头", "Sorrel Point")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--browser", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary) / "large"
        workspace = project(folder, chosen.rows)
        gc.collect()
        before = _memory()
        lists(Rows(workspace))
        print(f"memory of the listing process grew by {_memory() - before:.0f} MB")
        reviews(Rows(workspace))
        if chosen.browser:
            in_browser(folder, Path(temporary))


def project(folder: Path, rows: int) -> Workspace:
    """A project whose teacher has written about `rows` rows, all of them kept."""
    documents = max(1, rows // (PER_FACT * FACTS_A_PASSAGE))
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    if not (folder / "loresmith.yaml").exists():
        for number in range(documents):
            (folder / "documents" / f"report-{number:04d}.md").write_text(_text(number), "utf-8")
        (folder / "loresmith.yaml").write_text(_RECIPE, "utf-8")
    workspace = Workspace(folder)
    workspace.do("chunk")
    with workspace.opened() as context:
        print(f"{'':44s} {'clock':>10s} {'processor':>10s}")
        if not facts(context):
            _timed_once(f"records of {rows:,} rows written", lambda: _write(context))
        if not is_current(context):
            _timed_once("index built, in a process of its own", lambda: list_rows(context))
    return workspace


def _write(context: Context) -> None:
    """Stores what a teacher would have brought, under the keys of the tasks that ask for it."""
    for chunk, document in list(passages(context)):
        task = opening_task(context, chunk, document)
        number = int(document.name[7:11])
        made = [_fact(chunk.id, document.id, number, index) for index in range(FACTS_A_PASSAGE)]
        context.finish(task.key, "generate", task.subject, made)
        of_fact = {fact.id: list(_wordings(fact)) for fact in made}
        for more in tasks_for(context, chunk, document)[1:]:
            use = "exam" if "exam" in more.subject else "training"
            brought: list[StoredRecord] = []
            for fact in made:
                brought += [
                    w for w in of_fact[fact.id] if (w.use == "training") == (use == "training")
                ]
                of_fact[fact.id] = [w for w in of_fact[fact.id] if w not in brought]
            context.finish(more.key, "generate", more.subject, brought)
    _curate(context)


def _curate(context: Context) -> None:
    """Stores a curation that kept everything, without asking the filters 100,000 times."""
    kept, written = facts(context), wordings(context)
    context.add(
        [Curated(id=unreviewed_key(context), facts=tuple(kept), wordings=tuple(written), drops=())]
    )


def _fact(chunk: str, document: str, number: int, index: int) -> Fact:
    place, year, count = PLACES[index % len(PLACES)], 2020 + index, 100 + 7 * index + number
    return Fact(
        id=content_id("benchmark", chunk, index),
        chunk_id=chunk,
        document_id=document,
        index=index,
        language="zh" if place[0] > "z" else "en",
        question=f"How many ships did {place} {number} count in {year}?",
        answer=f"{place} {number} counted {count} ships in {year}, as its harbour office reports.",
        short_answer=f"{count} ships",
        quotes=(f"{place} {number} counted {count} ships in {year}.",),
        model="benchmark",
        prompt_version="1",
    )


_KINDS: tuple[tuple[WordingUse, WordingKind], ...] = (
    *((("training", "paraphrase"),) * 4),
    ("training", "restatement"),
    ("training", "reversed"),
    ("practice", "direct"),
    ("exam", "direct"),
    ("exam", "direct"),
)


def _wordings(fact: Fact) -> Iterator[Wording]:
    for index, (use, kind) in enumerate(_KINDS):
        yield Wording(
            id=content_id("benchmark", fact.id, index),
            fact_id=fact.id,
            chunk_id=fact.chunk_id,
            document_id=fact.document_id,
            index=index,
            language=fact.language,
            use=use,
            kind=kind,
            question=f"In other words ({index}): {fact.question}",
            answer=fact.answer,
            short_answer=fact.short_answer,
            model="benchmark",
            prompt_version="1",
        )


def _text(number: int) -> str:
    lines = [
        f"{PLACES[i % len(PLACES)]} {number} counted {100 + 7 * i + number} ships in {2020 + i}."
        for i in range(FACTS_A_PASSAGE)
    ]
    return f"# Report {number}\n\n" + " ".join(lines) + "\n"


_RECIPE = """\
teacher:
  type: openai
  model: any
  url: http://127.0.0.1:9/v1
chunking:
  type: headings
  min_length: 2000
  max_length: 4000
"""


def lists(rows: Rows) -> None:
    """What a page of the list costs the server."""
    total = rows.facets().total
    print(f"\n{total:,} rows")
    middle = rows.page(order="question", limit=200).after
    _timed("first page", lambda: rows.page(limit=50))
    _timed("page in the middle, by question", lambda: rows.page(order="question", cursor=middle))
    _timed("longest answers first", lambda: rows.page(order="-length"))
    one = RowFilter(document=("report-0007.md",))
    _timed("rows of one document", lambda: rows.page(one))
    _timed(
        "Chinese search, full-width digits", lambda: rows.page(RowFilter(search="澜屿渔港 １７"))
    )
    _timed("search that finds nothing", lambda: rows.page(RowFilter(search="xyzzy")))
    _timed("facets", lambda: rows.facets())
    _timed("facets of a search", lambda: rows.facets(RowFilter(search="lantern")))
    _timed("map of a document", lambda: rows.map("report-0007.md"))
    first = rows.page(limit=1).rows[0].id
    _timed("one row with its source", lambda: rows.row(first))


def reviews(rows: Rows) -> None:
    """What saying one thing of thousands of rows costs."""
    exam = RowFilter(use=("exam",))
    print()
    done = _timed_once("all exam rows rejected", lambda: rows.review(exam, "rejected", author="b"))
    print(f"  {done.rows:,} rows")
    _timed_once("taken back", lambda: rows.undo("b"))
    first = rows.page(limit=1).rows[0].id
    _timed_once("one row confirmed", lambda: rows.review([first], "confirmed", author="b"))
    _timed_once("taken back", lambda: rows.undo("b"))


LIMIT_SECONDS = 0.3
"""What a page of the list may take in the browser, from the click until it is shown."""


def in_browser(folder: Path, temporary: Path) -> None:
    """From click to shown, in Chromium; and the server's memory before and after."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from loresmith.settings import load_settings
    from loresmith.workspace.home import Home
    from servers.studio_server import StudioServer

    home = temporary / "home"
    os.environ["LORESMITH_HOME"] = str(home)
    known = Home(load_settings()).projects.add(folder, name="Large")
    address = f"/projects/{known.id}"
    chromium = os.environ.get("LORESMITH_CHROMIUM", "/usr/bin/chromium")
    with StudioServer(home) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=server.url, viewport={"width": 1280, "height": 850})
        page.goto(f"{address}/documents")
        print(f"\nthe server uses {_memory_of(server.pid):.0f} MB before the first list")
        slowest = max(
            _timed(f"browser: {name}", lambda path=path: page.goto(f"{address}/{path}"))
            for name, path in _pages(Rows(Workspace(folder)))
        )
        page.goto(f"{address}/questions")
        slowest = max(slowest, _timed("browser: a click on Next", lambda: _next(page)))
        _timed("browser: the list of documents", lambda: page.goto(f"{address}/documents"))
        print(f"the server uses {_memory_of(server.pid):.0f} MB after all of them")
        kept = "kept" if slowest < LIMIT_SECONDS else "NOT kept"
        print(f"any page of rows under {1000 * LIMIT_SECONDS:.0f} ms: {kept} ({_shown(slowest)})")
        browser.close()


def _pages(rows: Rows) -> Iterator[tuple[str, str]]:
    """The pages of the list that are timed, by name, with their addresses."""
    total = rows.page(limit=1).total
    middle = cursor_of(str(Cursor(True, total // 2, total // 2)))
    last = cursor_of(str(Cursor(False, total, total)))
    yield "first page", "questions"
    yield "page in the middle", f"questions?cursor={middle}&first={total // 2}"
    yield "last page", f"questions?cursor={last}&first={total - 49}"
    yield "rows of one document", "questions?document=report-0007.md"
    yield "exam rows, open", "questions?use=exam&verdict=pending"
    yield "a search", "questions?search=lantern"
    yield "a Chinese search", "questions?search=%E6%BE%9C%E5%B1%BF%E6%B8%94%E6%B8%AF"
    yield "a search that finds nothing", "questions?search=xyzzy"
    yield "by question", "questions?order=question"
    yield "longest answers first", "questions?order=-length"
    yield "latest reviews first", "questions?order=-reviewed"
    yield "review, one row", "review?verdict=pending"


def _memory_of(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def _next(page: Any) -> None:
    """Clicks on Next and waits until the list shows other rows."""
    before = page.locator(".pager span").first.inner_text()
    page.get_by_role("link", name="Next").click()
    page.wait_for_function(
        "before => document.querySelector('.pager span').innerText !== before", arg=before
    )


def _timed(name: str, work: Callable[[], object]) -> float:
    """Does some work again and again; the median time by the clock, in seconds."""
    work()
    taken, worked = [], []
    for _ in range(REPEATS):
        started, before = time.perf_counter(), time.process_time()
        work()
        taken.append(time.perf_counter() - started)
        worked.append(time.process_time() - before)
    _say(name, statistics.median(taken), statistics.median(worked))
    return statistics.median(taken)


def _timed_once(name: str, work: Callable[[], object]) -> object:
    started, before = time.perf_counter(), time.process_time()
    done = work()
    _say(name, time.perf_counter() - started, time.process_time() - before)
    return done


def _say(name: str, seconds: float, worked: float) -> None:
    """On a busy machine the processor's time says more than the clock."""
    print(f"{name:44s} {_shown(seconds):>10s} {_shown(worked):>10s}", flush=True)


def _shown(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def _memory() -> float:
    return _memory_of(os.getpid())


if __name__ == "__main__":
    main()

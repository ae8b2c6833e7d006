"""What twenty people who watch a running job cost the server, and how late they hear of it.

    python benchmarks/watchers.py [--watchers 20] [--seconds 30] [--browser]

A job writes questions, with a server on this machine as its teacher; the studio is a process of
its own. For nobody, for one and for all watchers it prints how much of a processor the studio
takes, its memory, and how late events arrive: from the moment at which the job's state can be read
in the database to the line at the watcher. Watchers are listeners to `/events`; with `--browser`
they are pages of Chromium on the page of jobs, and no lateness is told.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from loresmith import Workspace
from loresmith.settings import load_settings
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from servers.sentence_teacher import sentence_teacher
from servers.studio_server import StudioServer
from servers.teacher_server import TeacherServer

SETTLING_SECONDS = 2.0
LOOK_SECONDS = 0.02
"""How often the database is looked at: lateness is told to within that."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--browser", action="store_true")
    chosen = parser.parse_args()
    os.environ["OPENAI_API_KEY"] = "none"
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as open_things:
        os.environ["LORESMITH_HOME"] = str(Path(temporary) / "home")
        teacher = open_things.enter_context(TeacherServer(sentence_teacher, latency=0.4))
        folder = _project(Path(temporary) / "coast", teacher.url)
        known = Home(load_settings()).projects.add(folder, name="Coast")
        server = open_things.enter_context(StudioServer(Path(temporary) / "home"))
        first = httpx.get(f"{server.url}/projects/{known.id}/jobs", timeout=120, trust_env=False)
        first.raise_for_status()
        print(f"{'watchers':>8s} {'processor':>10s} {'memory':>8s} {'events':>8s}  lateness")
        with _job(folder) as job_id:
            for count in sorted({0, 1, chosen.watchers}):
                watched = _Watched(server, known.id, job_id, folder, chosen.seconds)
                print(watched.by_pages(count) if chosen.browser else watched.by_listeners(count))


class _Event(NamedTuple):
    """The state of the job, as JSON, and when it was known (monotonic seconds)."""

    body: str
    at: float


class _Watched:
    """A studio while a job runs and some people watch."""

    def __init__(
        self, server: StudioServer, project_id: str, job_id: str, folder: Path, seconds: float
    ) -> None:
        self._server = server
        self._project_id = project_id
        self._job_id = job_id
        self._folder = folder
        self._seconds = seconds

    def by_listeners(self, count: int) -> str:
        """A line of the table for `count` listeners to server-sent events."""
        stop = threading.Event()
        seen: list[_Event] = []
        heard: list[list[_Event]] = [[] for _ in range(count)]
        threads = [threading.Thread(target=self._look, args=(seen, stop))]
        threads += [threading.Thread(target=self._listen, args=(one, stop)) for one in heard]
        for thread in threads:
            thread.start()
        figures = self._measured()
        stop.set()
        for thread in threads:
            thread.join()
        events = sum(len(one) for one in heard)
        return f"{count:8d} {figures} {events:8d}  {_lateness(seen, heard)}"

    def by_pages(self, count: int) -> str:
        """A line of the table for `count` pages of a browser."""
        from playwright.sync_api import sync_playwright

        chromium = os.environ.get("LORESMITH_CHROMIUM", "/usr/bin/chromium")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for _ in range(count):
                page = browser.new_context(base_url=self._server.url).new_page()
                page.goto(f"/projects/{self._project_id}/jobs")
            figures = self._measured()
            browser.close()
        return f"{count:8d} {figures} {'':8s}  not told"

    def _measured(self) -> str:
        """The share of a processor that the studio takes, and its memory at the end."""
        time.sleep(SETTLING_SECONDS)
        studio = psutil.Process(self._server.pid)
        before, began = studio.cpu_times(), time.monotonic()
        time.sleep(self._seconds)
        after, took = studio.cpu_times(), time.monotonic() - began
        used = (after.user - before.user) + (after.system - before.system)
        return f"{100 * used / took:8.1f} % {studio.memory_info().rss / 2**20:5.0f} MB"

    def _look(self, seen: list[_Event], stop: threading.Event) -> None:
        """Notes when each state of the job can be read in the database first."""
        jobs = Background(Workspace(self._folder))
        while not stop.wait(LOOK_SECONDS):
            body = jobs.job(self._job_id).model_dump_json()
            if not seen or seen[-1].body != body:
                seen.append(_Event(body, time.monotonic()))

    def _listen(self, heard: list[_Event], stop: threading.Event) -> None:
        """Notes when each event arrives."""
        address = f"{self._server.url}/api/v1/projects/{self._project_id}/events"
        with httpx.stream("GET", address, timeout=120, trust_env=False) as reply:
            for line in reply.iter_lines():
                if stop.is_set():
                    return
                if line.startswith("data: {"):
                    heard.append(_Event(line.removeprefix("data: "), time.monotonic()))


def _lateness(seen: list[_Event], heard: list[list[_Event]]) -> str:
    """How long after it could be read a state arrived; the first, told on connecting, is none."""
    known = {event.body: event.at for event in seen[1:]}
    late = sorted(
        event.at - known[event.body] for one in heard for event in one if event.body in known
    )
    if not late:
        return "-"
    worst = late[int(0.95 * (len(late) - 1))]
    return f"median {statistics.median(late):.2f} s, 95 % within {worst:.2f} s, of {len(late):,}"


@contextmanager
def _job(folder: Path) -> Iterator[str]:
    """A job in the background for as long as it is watched."""
    jobs = Background(Workspace(folder))
    job_id = jobs.submit("generate")
    while not jobs.job(job_id).current:
        time.sleep(0.2)
    try:
        yield job_id
        if jobs.job(job_id).is_over:
            print("the job ended too soon: the last figures are those of a server at rest")
    finally:
        jobs.cancel(job_id)
        while not jobs.job(job_id).is_over:
            time.sleep(0.2)


def _project(folder: Path, teacher: str) -> Path:
    """Documents that keep the teacher busy for a quarter of an hour."""
    (folder / "documents").mkdir(parents=True)
    for number in range(300):
        lines = [
            f"The quay {number} counted {100 + 7 * i + number} ships in {2020 + i}."
            for i in range(24)
        ]
        text = f"# Report {number}\n\n{' '.join(lines)}\n"
        (folder / "documents" / f"report-{number:04d}.md").write_text(text, "utf-8")
    recipe = {"teacher": {"type": "openai", "model": "any", "url": teacher, "concurrency": 2}}
    (folder / "loresmith.yaml").write_text(json.dumps(recipe), "utf-8")
    return folder


if __name__ == "__main__":
    main()

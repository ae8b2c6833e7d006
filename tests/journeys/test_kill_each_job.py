"""Each kind of job, killed with SIGKILL at a moment of its own work, goes on as if nothing were.

One project goes the whole way and is killed in every job; its twin goes the same way undisturbed.
Both end with the same rows, versions and files, and nothing that was paid for is paid again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine

from loresmith.database import open_database, sqlite_url
from loresmith.records import Outcome, TagTree
from loresmith.store.sql import SqlStore
from loresmith.store.tables import TABLES
from postgres_server import new_database
from projects import QUICK, copy_documents, environment, with_settings
from servers.row_teacher import row_teacher
from servers.teacher_server import TeacherServer

pytestmark = pytest.mark.timeout(1800)

_LAUNCHER = Path(__file__).parents[1] / "killed_at.py"
_CONCURRENCY = 5
"""So many replies may be on their way to the client's disk when it is killed, and no more."""
_ROWS = (
    "generation.rows=[{type: dialogue}, {type: preference, form: both}, {type: pretraining},"
    " {type: distillation, topic: Harbours, branches: 1, leaves: 2, questions: 2}]"
)
_IMPORTED = [{"instruction": f"What is berth {n} for?", "output": "Rope."} for n in range(40)]


class _Job(NamedTuple):
    """A command, and the moments at which it is killed before it is let through."""

    name: str
    words: Sequence[str | Path]
    moments: Sequence[dict[str, Any]]


_LEAVING_SOMETHING = ("tags", "import", "write, curate, freeze", "export")
"""What a project that is left alone has to go through, to come to the same."""
_NEVER = {"table": "no such table", "rows": 1, "side": "before"}


class _Journey:
    """One project in one database, with a teacher whose log is the proof of what was paid for."""

    def __init__(self, folder: Path, server: TeacherServer, url: str | None) -> None:
        self.folder = folder
        self.project = copy_documents(folder / "coast", "annual-review.md", "渔港纪要.txt")
        self.in_flight: set[str] = set()
        self._server = server
        self._url = url

    def jobs(self, side: str) -> list[_Job]:
        """All kinds of jobs on the project's records, in the order of the trade."""

        def at(table: str, rows: int = 1) -> dict[str, Any]:
            return {"table": table, "rows": rows, "side": side}

        rows = self.folder / "rows.json"
        rows.write_text(json.dumps(_IMPORTED), encoding="utf-8")
        teacher = ("--teacher", f"openai:any@{self._server.url}")
        asked = (*teacher, *with_settings([_ROWS]))
        writing = [
            *(at("chunks"), at("facts", 2), at("wordings", 20), at("written_rows", 4)),
            *(at("curations"), {"file": "v1"}, at("datasets")),
        ]
        output = self.folder / "out" / "rows.jsonl"
        output.parent.mkdir(exist_ok=True)
        return [
            _Job("read documents", ["parse", self.project], [at("documents")]),
            _Job("import", ["import", self.project, rows], [at("imported_rows", 10)]),
            _Job("write, curate, freeze", ["dataset", self.project, *asked], writing),
            _Job("coverage", ["coverage", self.project], [{"read": "facts"}]),
            _Job(
                "export",
                ["export-dataset", self.project, "--form", "jsonl", "--output", output],
                [{"file": "rows.jsonl"}],
            ),
            _Job("tags", ["tags", self.project, "--from", "teacher", *teacher], [at("tag_trees")]),
        ]

    def go(self, side: str, *, disturbed: bool) -> None:
        for job in self.jobs(side):
            if not (disturbed or job.name in _LEAVING_SOMETHING):
                continue
            for moment in job.moments if disturbed else ():
                assert self.run(moment, job.words) == -9, f"{job.name} was not killed at {moment}"
                self.in_flight |= {c.digest for c in self._server.finished[-_CONCURRENCY:]}
            code = self.run(_NEVER, job.words)
            said = self._said.read_text(encoding="utf-8")[-3000:]
            assert code == 0, f"{job.name} did not go on: {said}"

    def result(self) -> dict[str, Any]:
        """All that may not differ: the ids of what is stored, each once, and the files."""
        with self._engine() as engine:
            project = json.loads((self.project / ".loresmith" / "project.json").read_text())
            store = SqlStore(engine, project_id=project["id"])
            stored = {kind.__name__: sorted(one.id for one in store.all(kind)) for kind in TABLES}
            labels = [[tag.model_dump() for tag in tree.tags] for tree in store.all(TagTree)]
            stored["Outcome"] = sorted(_done(one) for one in store.all(Outcome))
        for made_when in ("StepLog", "TagTree"):  # their ids tell when or how long
            stored.pop(made_when)
        version = self.project / "datasets" / "v1"
        return {
            "stored": stored,
            "tree": labels,
            "version": {path.name: path.read_bytes() for path in version.iterdir()},
            "exported": (self.folder / "out" / "rows.jsonl").read_bytes(),
        }

    @property
    def paid(self) -> Counter[str]:
        calls = [call.digest for call in self._server.finished if call.text != "ready"]
        return Counter(calls)

    @property
    def _said(self) -> Path:
        return self.folder / "said.txt"

    def run(self, moment: dict[str, Any], words: Sequence[str | Path]) -> int:
        command = [sys.executable, str(_LAUNCHER), json.dumps(moment), *map(str, words)]
        store = {"LORESMITH_DATABASE_URL": self._url} if self._url else {}
        env = environment(LORESMITH_HOME=str(self.folder / "home"), **store)
        with self._said.open("wb") as said:
            done = subprocess.run(command, env=env, stdout=said, stderr=said, timeout=280)
        return done.returncode

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        engine = open_database(
            self._url or sqlite_url(self.project / ".loresmith" / "project.sqlite")
        )
        yield engine
        engine.dispose()


def _done(outcome: Outcome) -> str:
    """What was done and what it made; the id of an outcome hangs on the teacher's address."""
    return " ".join((outcome.step, outcome.subject, outcome.failure, *outcome.made))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Counter[str]]:
    """What a project comes to, and what was paid for it, when nobody kills anything."""
    with TeacherServer(row_teacher) as server:
        journey = _Journey(tmp_path_factory.mktemp("undisturbed"), server, None)
        journey.go("before", disturbed=False)
        return journey.result(), journey.paid


@pytest.mark.parametrize(
    ("database", "side"),
    [
        ("sqlite", "before"),
        pytest.param("postgresql", "after", marks=pytest.mark.postgres),
        pytest.param("sqlite", "after", marks=pytest.mark.slow),
        pytest.param("postgresql", "before", marks=[pytest.mark.postgres, pytest.mark.slow]),
    ],
)
def test_killed_in_every_job_it_ends_as_one_that_was_left_alone(
    database: str,
    side: str,
    undisturbed: tuple[dict[str, Any], Counter[str]],
    tmp_path: Path,
) -> None:
    result, paid = undisturbed
    with (
        TeacherServer(row_teacher) as server,
        new_database() if database == "postgresql" else nullcontext() as url,
    ):
        journey = _Journey(tmp_path, server, url)
        journey.go(side, disturbed=True)
        assert journey.result() == result
        again = {digest for digest, times in journey.paid.items() if times > 1}
        assert again <= journey.in_flight, "a finished call was paid for again"
        assert set(journey.paid) == set(paid)


@pytest.mark.slow
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_in_exams_training_and_report_it_ends_as_one_that_was_left_alone(
    side: str, tiny_base: Path, tmp_path: Path
) -> None:
    """The trainer is a process of its own: `test_kill.py` is where that is killed too."""
    moments = [
        {"table": "exam_replies", "rows": 3, "side": side},
        {"file": "task.json"},
        {"table": "runs", "rows": 1, "side": side},
        {"file": "report.json"},
    ]
    reports = []
    for name, kills in (("quiet", []), ("killed", moments)):
        with TeacherServer(row_teacher) as server:
            journey = _Journey(tmp_path / name, server, None)
            words = [
                *("run", journey.project, "--teacher", f"openai:any@{server.url}"),
                *("--base-model", tiny_base, *with_settings(QUICK)),
            ]
            died = [journey.run(moment, words) for moment in kills]
            assert journey.run(_NEVER, words) == 0
            assert not kills or died.count(-9) >= 3, "most moments come in this process"
        (path,) = journey.project.glob("runs/*/report.json")
        reports.append(json.loads(path.read_text(encoding="utf-8")))
    quiet, killed = reports
    assert killed["training"]["losses"] == pytest.approx(quiet["training"]["losses"], abs=1e-4)
    assert [one["before"]["reply"] for one in killed["exam"]["items"]] == [
        one["before"]["reply"] for one in quiet["exam"]["items"]
    ]

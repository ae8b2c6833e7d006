"""Models in processes of their own: loaded when asked, freed when told, clear when they die."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loresmith.devices import Device
from loresmith.errors import ModelUnavailable, RateLimited
from loresmith.models.base import Sampling
from loresmith.models.hosting import Failed, Finished, Hosts, Piece, Question, Weights
from loresmith.models.local import LocalModel
from loresmith.records import Message
from served_project import model_processes
from taught_models import teach, teach_adapter

GREEDY = Sampling(max_tokens=12)
ENDLESS = Question(prompt="a", sampling=Sampling(temperature=2.0, max_tokens=400, seed=1))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return teach(tiny_model, tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    return teach_adapter(base, tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    folder = tmp_path_factory.mktemp("two")
    return teach_adapter(base, folder, {"Who?": "It cost 4.2 million."})


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    made = Hosts(device="cpu", dtype="float32", queue_limit=3)
    yield made
    made.close()


class Answer:
    """What is heard of one question."""

    def __init__(self, hosts: Hosts, weights: Weights, question: str | Question) -> None:
        if isinstance(question, str):
            asked = (Message(role="user", content=question),)
            question = Question(messages=asked, sampling=GREEDY)
        self._heard: queue.Queue[Piece | Finished | Failed] = queue.Queue()
        self.ticket = hosts.ask(weights, question, self._heard.put)
        self.text = ""

    def first(self) -> Piece | Finished | Failed:
        return self._heard.get(timeout=60)

    def end(self) -> Finished | Failed:
        while isinstance(told := self._heard.get(timeout=60), Piece):
            self.text += told.text
        return told

    def all(self) -> str:
        end = self.end()
        assert isinstance(end, Finished), end
        return self.text


def child_of(hosts: Hosts) -> psutil.Process:
    (mine,) = model_processes()
    assert len(hosts.loaded()) == 1
    return mine


def test_base_and_two_adapters_answer_from_one_process(
    hosts: Hosts, base: Path, one: Path, two: Path, device: Device
) -> None:
    answers = [Answer(hosts, Weights(base, at), "Who?") for at in (None, one, two)]
    texts = [answer.all() for answer in answers]
    with LocalModel(base, device=device, dtype="float32") as model:
        expected = model.reply((Message(role="user", content="Who?"),), GREEDY).text
    assert texts == [expected, "Ilse Brandt.", "It cost 4.2 million."]
    (loaded,) = hosts.loaded()
    assert (loaded.base, set(loaded.adapters)) == (base, {one, two})
    assert loaded.memory == pytest.approx(child_of(hosts).memory_info().rss, rel=0.2)


def test_unloading_the_last_model_ends_its_process(hosts: Hosts, base: Path, one: Path) -> None:
    hosts.load(Weights(base))
    hosts.load(Weights(base, one))
    child = child_of(hosts)
    hosts.unload(Weights(base, one))
    assert hosts.holds(Weights(base))
    assert not hosts.holds(Weights(base, one))
    assert child.is_running()
    hosts.unload(Weights(base))
    assert not psutil.pid_exists(child.pid)
    assert hosts.loaded() == []


def test_a_process_that_is_killed_says_so_and_the_next_question_loads_anew(
    hosts: Hosts, base: Path, one: Path
) -> None:
    answer = Answer(hosts, Weights(base, one), ENDLESS)
    answer.first()
    child_of(hosts).send_signal(signal.SIGKILL)
    end = answer.end()
    assert isinstance(end, Failed)
    error = end.error()
    assert isinstance(error, ModelUnavailable)
    assert "SIGKILL" in error.message
    assert "memory" in error.hint
    assert Answer(hosts, Weights(base, one), "Who?").all() == "Ilse Brandt."


def test_too_many_questions_are_turned_away_with_a_time_to_come_back(
    hosts: Hosts, base: Path
) -> None:
    hosts.load(Weights(base))
    child = child_of(hosts)
    child.suspend()
    answers = [Answer(hosts, Weights(base), ENDLESS) for _ in range(3)]
    with pytest.raises(RateLimited) as caught:
        Answer(hosts, Weights(base), "Who?")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1.0
    for answer in answers:
        answer.ticket.cancel()
    child.resume()
    assert isinstance(Answer(hosts, Weights(base), "Who?").end(), Finished)


def test_a_folder_without_a_model_is_one_clear_error_and_leaves_no_process(
    hosts: Hosts, tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailable, match="holds no model"):
        hosts.load(Weights(tmp_path))
    assert hosts.loaded() == []


def test_an_adapter_that_was_trained_again_is_loaded_again(
    hosts: Hosts, base: Path, tmp_path: Path
) -> None:
    teach_adapter(base, tmp_path, {"Who?": "Name?"})
    assert Answer(hosts, Weights(base, tmp_path), "Who?").all() == "Name?"
    teach_adapter(base, tmp_path, {"Who?": "Nobody."})
    assert Answer(hosts, Weights(base, tmp_path), "Who?").all() == "Nobody."


def test_a_model_that_nobody_asks_leaves_by_itself(base: Path) -> None:
    hosts = Hosts(device="cpu", dtype="float32", idle_seconds=1.0)
    try:
        hosts.load(Weights(base))
        child_of(hosts).wait(timeout=30)
        assert hosts.loaded() == []
    finally:
        hosts.close()


def test_the_model_leaves_when_its_parent_was_killed(base: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT + "import time; time.sleep(600)", str(base)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    child.wait(timeout=30)
    assert not child.is_running()


def test_whoever_asks_never_imports_torch(base: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PARENT + "print('torch' in sys.modules)", str(base)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.split()[-1] == "False"


_PARENT = """
import sys
from pathlib import Path
import psutil
from loresmith.models.hosting import Hosts, Weights
hosts = Hosts(device="cpu")
hosts.load(Weights(Path(sys.argv[1])))
print(psutil.Process().children()[0].pid, flush=True)
"""

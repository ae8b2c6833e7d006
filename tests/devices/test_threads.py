from __future__ import annotations

import os
import subprocess
import sys

import pytest

from loresmith.devices import choose_threads, passive_environment
from loresmith.devices.threads import available_cores, measure_busy_cores


@pytest.mark.parametrize(
    ("cores", "busy", "threads"),
    [
        (1, 0.0, 1),
        (2, 0.0, 2),
        (2, 0.2, 2),
        (2, 0.5, 1),
        (2, 1.0, 1),
        (2, 2.0, 1),
        (8, 0.1, 8),
        (8, 3.0, 5),
        (8, 40.0, 1),
    ],
)
def test_computes_on_the_cores_that_others_leave_free(
    cores: int, busy: float, threads: int
) -> None:
    assert choose_threads(busy, cores=cores) == threads


def test_what_omp_num_threads_allows_is_not_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert available_cores() == 1
    assert choose_threads() == 1


@pytest.mark.parametrize("nonsense", ["", "0", "many", "-2"])
def test_nonsense_in_omp_num_threads_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, nonsense: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


def test_the_load_is_measured_in_cores() -> None:
    assert 0.0 <= measure_busy_cores() <= (os.cpu_count() or 1)


def test_waiting_threads_sleep_also_in_child_processes_and_the_users_choice_stands() -> None:
    look = "import os; from loresmith.devices import wait_passively; wait_passively(); "
    look += "print(os.environ['OMP_WAIT_POLICY'])"
    without = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    for environment, policy in [
        (without, "PASSIVE"),
        ({**without, **passive_environment()}, "PASSIVE"),
        ({**without, "OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", look],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == policy

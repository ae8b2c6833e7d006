"""One limit for all processes of a machine: even shares, dead processes, pauses, rates."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.errors import StoreError
from loresmith.models.limits import SharedLimits
from loresmith.models.limits.shared import Rate, even_shares

URL = "http://127.0.0.1:8000/v1"


def test_a_process_that_is_alone_holds_all_places(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path / "limits.sqlite", me="one")
    assert one.renew(URL, in_flight=0, wanted=3, limit=10).granted == 10


def test_two_that_want_more_than_there_is_come_to_hold_the_same(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path / "limits.sqlite", me="one")
    two = SharedLimits(tmp_path / "limits.sqlite", me="two")
    assert one.renew(URL, in_flight=10, wanted=10, limit=10).granted == 10
    assert two.renew(URL, in_flight=0, wanted=10, limit=10).granted == 0
    assert one.renew(URL, in_flight=7, wanted=10, limit=10).granted == 7, "7 are under way"
    assert two.renew(URL, in_flight=0, wanted=10, limit=10).granted == 3
    assert one.renew(URL, in_flight=5, wanted=10, limit=10).granted == 5
    assert two.renew(URL, in_flight=3, wanted=10, limit=10).granted == 5


def test_what_one_does_not_want_the_other_gets(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path / "limits.sqlite", me="one")
    two = SharedLimits(tmp_path / "limits.sqlite", me="two")
    one.renew(URL, in_flight=1, wanted=2, limit=10)
    two.renew(URL, in_flight=0, wanted=10, limit=10)
    assert one.renew(URL, in_flight=1, wanted=2, limit=10).granted == 2
    assert two.renew(URL, in_flight=0, wanted=10, limit=10).granted == 8


def test_who_left_holds_nothing(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path / "limits.sqlite", me="one")
    two = SharedLimits(tmp_path / "limits.sqlite", me="two")
    one.renew(URL, in_flight=4, wanted=4, limit=4)
    one.leave(URL)
    assert two.renew(URL, in_flight=0, wanted=4, limit=4).granted == 4


def test_endpoints_have_nothing_to_do_with_one_another(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path / "limits.sqlite", me="one")
    one.renew(URL, in_flight=4, wanted=4, limit=4)
    assert one.renew("https://other/v1", in_flight=0, wanted=9, limit=4).granted == 4


def test_the_places_of_a_killed_process_are_free_at_once(tmp_path: Path) -> None:
    file = tmp_path / "limits.sqlite"
    hold = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from loresmith.models.limits import SharedLimits\n"
        f"SharedLimits(Path(sys.argv[1])).renew({URL!r}, in_flight=4, wanted=4, limit=4)\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", hold, str(file)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    mine = SharedLimits(file)
    assert mine.renew(URL, in_flight=0, wanted=4, limit=4).granted == 0
    process.kill()
    process.wait()
    process.stdout.close()
    assert mine.renew(URL, in_flight=0, wanted=4, limit=4).granted == 4


def test_a_pause_is_told_to_every_process(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path / "limits.sqlite", me="one")
    two = SharedLimits(tmp_path / "limits.sqlite", me="two")
    until = time.time() + 30
    one.quiet(URL, until)
    one.quiet(URL, until - 20)  # an earlier end takes nothing back
    assert two.renew(URL, in_flight=0, wanted=1, limit=1).quiet_until == until


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "limits.sqlite").write_text("not a database, but long enough to be read as one\n")
    with pytest.raises(StoreError, match=r"limits\.sqlite"):
        SharedLimits(tmp_path / "limits.sqlite").renew(URL, in_flight=0, wanted=1, limit=1)


@given(
    demands=st.dictionaries(st.text(max_size=3), st.integers(0, 50), min_size=1, max_size=8),
    places=st.integers(0, 100),
    turn=st.integers(0, 20),
)
def test_shares_are_fair(demands: dict[str, int], places: int, turn: int) -> None:
    shares = even_shares(demands, places, turn=turn)
    assert sum(shares.values()) == min(places, sum(demands.values()))
    assert all(0 <= shares[one] <= demands[one] for one in demands)
    short = [shares[one] for one in demands if shares[one] < demands[one]]
    assert max(shares.values()) <= min(short, default=max(shares.values())) + 1


@given(a_minute=st.integers(1, 600))
def test_no_minute_sees_more_than_the_rate(a_minute: int) -> None:
    free_at, now, taken = 0.0, 1000.0, []
    while now < 1130.0:
        rate = Rate(1, a_minute)
        wait = rate.wait(free_at, now)
        if wait:
            now += wait + 1e-6
            continue
        free_at = rate.after(free_at, now)
        taken.append(now)
    for start in taken:
        assert sum(start <= at < start + 59.99 for at in taken) <= a_minute + 1

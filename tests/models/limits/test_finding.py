"""The best number of calls at once, found at endpoints that are played out with a clock."""

from __future__ import annotations

from loresmith.models.limits.finding import BestConcurrency


class Endpoint:
    """Serves `room` calls at once in `seconds` each; more have to wait for one another."""

    def __init__(self, room: int, seconds: float = 1.0) -> None:
        self.room = room
        self.seconds = seconds
        self.now = 0.0
        self.best = BestConcurrency(lambda: self.now)

    def serve(self, seconds: float) -> None:
        """Keeps as many calls in flight as the limit says, for so long."""
        until = self.now + seconds
        while self.now < until:
            limit = self.best.limit
            took = self.seconds * max(1.0, limit / self.room)
            for _ in range(limit):
                self.now += took / limit
                self.best.ended(took, 1.0, in_flight=limit)


def test_it_grows_to_what_the_endpoint_serves_and_hardly_beyond() -> None:
    endpoint = Endpoint(room=64)
    endpoint.serve(120)
    assert 48 <= endpoint.best.limit <= 96


def test_it_stays_small_where_more_brings_nothing() -> None:
    endpoint = Endpoint(room=1)
    endpoint.serve(120)
    assert endpoint.best.limit <= 8


def test_a_refusal_takes_it_down_once_for_all_that_were_in_flight() -> None:
    endpoint = Endpoint(room=64)
    endpoint.serve(60)
    before = endpoint.best.limit
    for _ in range(before):
        endpoint.best.hindered()
    assert endpoint.best.limit == int(before * 0.7)


def test_it_comes_back_after_a_refusal() -> None:
    endpoint = Endpoint(room=64)
    endpoint.serve(60)
    endpoint.best.hindered()
    after = endpoint.best.limit
    endpoint.serve(200)
    assert endpoint.best.limit > after


def test_it_never_falls_below_one_call() -> None:
    endpoint = Endpoint(room=1)
    for second in range(50):
        endpoint.now = 2.0 * second
        endpoint.best.hindered()
    assert endpoint.best.limit == 1


def test_it_learns_nothing_from_an_idle_time() -> None:
    best = Endpoint(room=64).best
    before = best.limit
    for _ in range(100):
        best.ended(1.0, 1.0, in_flight=1)
    assert best.limit == before

"""The partition is the best one: checked against every possible way to cut short texts."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.chunking.partition import Piece, Stretch, partition


def all_ways(pieces: list[Piece], most: int) -> list[list[Stretch]]:
    ways = []
    inner = range(1, len(pieces))
    for count in range(len(pieces)):
        for cuts in combinations(inner, count):
            bounds = [0, *cuts, len(pieces)]
            way = [Stretch(pieces[a].start, pieces[b - 1].end) for a, b in pairwise(bounds)]
            if all(end - start <= most for start, end in way):
                ways.append(way)
    return ways


def price(way: list[Stretch], pieces: list[Piece], least: int) -> tuple[int, float]:
    short = [stretch.end - stretch.start < least for stretch in way]
    costs = {piece.start: piece.cost for piece in pieces}
    return 2 * sum(short[:-1]) + short[-1], sum(costs[stretch.start] for stretch in way[1:])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(-5, 40)),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 20),
    st.integers(9, 25),
)
def test_no_other_way_has_fewer_short_stretches_or_cheaper_cuts(
    shape: list[tuple[int, int, int]], least: int, most: int
):
    pieces, position = [], 0
    for gap, length, cost in shape:
        pieces.append(Piece(position + gap, position + gap + length, float(cost)))
        position += gap + length
    least = min(least, most)
    found = partition(pieces, min_length=least, max_length=most)
    ways = all_ways(pieces, most)
    assert found in ways
    assert price(found, pieces, least) == min(price(way, pieces, least) for way in ways)


def test_nothing_is_cut_into_nothing():
    assert partition([], min_length=1, max_length=10) == []

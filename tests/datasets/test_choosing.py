"""Rows are chosen by subject and evened out: the same choice every time, and nothing unnamed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.datasets.choosing import ChoosableRow, choose

CARGO, FISH, PORT = "Cargo", "Cargo / Fish", "Port"
ROWS = [
    *(ChoosableRow(f"fish {number}", FISH, number % 3) for number in range(9)),
    *(ChoosableRow(f"port {number}", PORT, number % 2) for number in range(4)),
    ChoosableRow("grain", "Cargo / Grain"),
    ChoosableRow("cargo bay", "Cargo bay"),
]


def kept(*subjects: str, per_subject: object = None) -> set[str]:
    return set(choose(ROWS, subjects=subjects, per_subject=per_subject).ids)  # type: ignore[arg-type]


def test_a_wider_subject_stands_for_what_is_below_it_and_for_no_name_that_begins_alike() -> None:
    assert kept(CARGO) == {"grain", *(f"fish {number}" for number in range(9))}
    assert kept("Cargo/Fish") == kept(FISH) == {f"fish {number}" for number in range(9)}
    assert choose(ROWS, subjects=[PORT]).left_out["grain"] == "other_subject"


def test_of_each_subject_so_many_and_every_fact_keeps_its_first_row_first() -> None:
    found = choose(ROWS, per_subject=3)
    assert {row for row in found.ids if row.startswith("fish")} == {"fish 0", "fish 3", "fish 6"}
    assert Counter(found.left_out.values()) == {"over_share": 7}


def test_evenly_is_as_many_as_the_subject_with_the_fewest_has() -> None:
    sizes = Counter(row.split()[0] for row in choose(ROWS, per_subject="evenly").ids)
    assert set(sizes.values()) == {1}
    both = choose(ROWS, subjects=[CARGO, PORT], per_subject="evenly")
    assert Counter(row[:4] == "port" for row in both.ids) == {True: 4, False: 4}


def test_rows_of_no_subject_by_nature_are_not_counted() -> None:
    free = ChoosableRow("abstention", "", is_free=True)
    assert "abstention" in choose([*ROWS, free], per_subject="evenly").ids
    assert choose([*ROWS, free], subjects=[PORT]).left_out["abstention"] == "other_subject"


rows = st.lists(
    st.builds(
        ChoosableRow,
        id=st.uuids().map(str),
        subject=st.sampled_from(["", CARGO, FISH, PORT, "港口 / 渔获"]),
        turn=st.integers(0, 4),
        is_free=st.booleans(),
    ),
    unique_by=lambda row: row.id,
    max_size=40,
)


@given(rows=rows, per_subject=st.sampled_from([None, 1, 3, "evenly"]), seed=st.integers(0, 9))
def test_every_row_is_chosen_or_left_out_with_a_reason_whatever_the_order(
    rows: list[ChoosableRow], per_subject: object, seed: int
) -> None:
    found = choose(rows, subjects=[CARGO, ""], per_subject=per_subject, seed=seed)  # type: ignore[arg-type]
    again = choose(rows[::-1], subjects=[CARGO, ""], per_subject=per_subject, seed=seed)  # type: ignore[arg-type]
    assert found == again
    assert found.ids | found.left_out.keys() == {row.id for row in rows}
    assert not found.ids & found.left_out.keys()


@pytest.mark.parametrize("per_subject", [None, 5])
def test_without_rows_nothing_is_chosen(per_subject: int | None) -> None:
    assert choose([], per_subject=per_subject) == (frozenset(), {})

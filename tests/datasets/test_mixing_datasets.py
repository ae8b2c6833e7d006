"""Several datasets are mixed as LLaMA Factory mixes them, the same on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataset_folders import dataset_folder
from loresmith.datasets import NamedRows, read_named
from loresmith.errors import DatasetError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sizes = {"a": 3, "b": 4, "c": 5}
    return dataset_folder(
        tmp_path,
        {name: {"file_name": f"{name}.json"} for name in sizes},
        {
            f"{name}.json": [
                {"instruction": "谁？", "output": f"{name}{number}"} for number in range(size)
            ]
            for name, size in sizes.items()
        },
    )


def order(rows: NamedRows) -> list[str]:
    assert len({row.id for row in rows.rows}) == len(rows.rows)
    return [row.messages[-1].content for row in rows.examples]


def mixed(folder: Path, mix: Any, **how: Any) -> list[str]:
    return order(read_named(["a", "b", "c"], folder=folder, mix=mix, **how))


def test_one_after_the_other(folder: Path) -> None:
    assert mixed(folder, "concat") == "a0 a1 a2 b0 b1 b2 b3 c0 c1 c2 c3 c4".split()


def test_in_turns_until_the_first_is_used_up(folder: Path) -> None:
    assert mixed(folder, "interleave_under") == "a0 b0 c0 a1 b1 c1 a2 b2 c2".split()
    rows = read_named(["a", "b", "c"], folder=folder, mix="interleave_under")
    assert [(one.usable, one.used) for one in rows.sources] == [(3, 3), (4, 3), (5, 3)]


def test_in_turns_until_all_are_used_up(folder: Path) -> None:
    rounds = "a0 b0 c0 a1 b1 c1 a2 b2 c2 a0 b3 c3 a1 b0 c4".split()
    assert mixed(folder, "interleave_over") == rounds


def test_in_turns_each_row_once(folder: Path) -> None:
    assert mixed(folder, "interleave_once") == "a0 b0 c0 a1 b1 c1 a2 b2 c2 b3 c3 c4".split()


def test_by_chance_with_shares(folder: Path) -> None:
    probs = (0.1, 0.2, 0.7)
    for mix in ("interleave_under", "interleave_over", "interleave_once"):
        drawn = mixed(folder, mix, probs=probs)
        assert drawn == mixed(folder, mix, probs=probs)
        assert drawn != mixed(folder, mix, probs=probs, seed=3)
    assert sorted(mixed(folder, "interleave_once", probs=probs)) == mixed(folder, "concat")
    over = mixed(folder, "interleave_over", probs=probs)
    assert set(over) == set(mixed(folder, "concat"))
    under = mixed(folder, "interleave_under", probs=probs)
    last = under[-1][0]
    assert len([one for one in under if one[0] == last]) == {"a": 3, "b": 4, "c": 5}[last]


def test_shares_are_kept_over_many_rows(tmp_path: Path) -> None:
    many = [{"instruction": "Q", "output": str(number)} for number in range(3000)]
    folder = dataset_folder(
        tmp_path,
        {"a": {"file_name": "a.json"}, "b": {"file_name": "b.json"}},
        {"a.json": many, "b.json": many},
    )
    rows = read_named(["a", "b"], folder=folder, mix="interleave_under", probs=(0.25, 0.75))
    share = rows.sources[0].used / len(rows.rows)
    assert 0.22 < share < 0.28


def test_the_same_rows_from_two_datasets_are_read_from_both(tmp_path: Path) -> None:
    row = {"instruction": "Q", "output": "A"}
    entries = {name: {"file_name": "rows.json"} for name in "ab"}
    folder = dataset_folder(tmp_path, entries, {"rows.json": [row]})
    assert len(order(read_named(["a", "b"], folder=folder))) == 2


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (
            {"mix": "interleave"},
            "mix_strategy: 'interleave' is unknown; it can be concat, interleave_under, "
            "interleave_over, interleave_once",
        ),
        ({"probs": (0.5, 0.5)}, "interleave_probs: is of no use with mix_strategy concat"),
        (
            {"mix": "interleave_over", "probs": (1.0,)},
            "interleave_probs: has 1 for 2 datasets",
        ),
        (
            {"mix": "interleave_over", "probs": (1.0, 0.0)},
            "interleave_probs: each should be greater than 0",
        ),
        (
            {"mix": "interleave_over", "probs": (0.5, 0.4)},
            "interleave_probs: should add up to 1, and add up to 0.9",
        ),
        ({"max_samples": 0}, "max_samples: should be greater than or equal to 1 (given: 0)"),
    ],
)
def test_what_cannot_be_mixed_is_refused_before_anything_is_read(
    tmp_path: Path, how: dict[str, Any], said: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        read_named(["a", "b"], folder=tmp_path, **how)
    assert caught.value.faults == (said,)


@pytest.mark.parametrize("most", [1, 2, 4, 7, 30])
@pytest.mark.parametrize("probs", [None, (0.1, 0.2, 0.7)])
@pytest.mark.parametrize(
    "mix", ["concat", "interleave_under", "interleave_over", "interleave_once"]
)
def test_the_first_rows_of_a_mix_are_the_same_where_no_more_is_read(
    folder: Path, mix: str, probs: tuple[float, ...] | None, most: int
) -> None:
    how = {} if probs is None or mix == "concat" else {"probs": probs}
    assert mixed(folder, mix, most=most, **how) == mixed(folder, mix, **how)[:most]

"""Rows to validate on are kept out of training: a share or a number of them, each time the same."""

from __future__ import annotations

import pytest

from loresmith.datasets import split_validation
from loresmith.errors import DatasetError
from loresmith.records import Example, Message, TextExample


def rows(*answers: str) -> list[Example]:
    return [
        Example(
            id=f"row-{number}",
            messages=(Message(role="user", content="谁？"), Message(role="assistant", content=one)),
        )
        for number, one in enumerate(answers)
    ]


HUNDRED = rows(*map(str, range(100)))


@pytest.mark.parametrize(("val_size", "count"), [(0, 0), (0.1, 10), (0.155, 16), (1, 1), (30, 30)])
def test_a_share_below_one_or_a_number_of_rows(val_size: float, count: int) -> None:
    split = split_validation(HUNDRED, val_size, seed=1)
    assert (len(split.train), len(split.validation)) == (100 - count, count)
    assert {row.id for row in (*split.train, *split.validation)} == {row.id for row in HUNDRED}
    assert {row.split for row in split.train} == {"train"}
    assert all(row.split == "validation" for row in split.validation)


def test_the_same_seed_gives_the_same_rows_in_their_old_order() -> None:
    one = split_validation(HUNDRED, 0.2, seed=1)
    assert one == split_validation(HUNDRED, 0.2, seed=1) != split_validation(HUNDRED, 0.2, seed=2)
    numbers = [int(row.messages[1].content) for row in one.validation]
    assert numbers == sorted(numbers) != list(range(20))


def test_rows_that_say_the_same_stay_on_one_side() -> None:
    doubled = rows(*[str(number // 2) for number in range(100)])
    split = split_validation(doubled, 21)
    said = [{row.messages for row in side} for side in (split.train, split.validation)]
    assert not said[0] & said[1]
    assert len(split.validation) == 20


def test_texts_are_split_too() -> None:
    texts = [TextExample(id=str(number), text=f"第 {number} 段") for number in range(4)]
    assert len(split_validation(texts, 0.25).validation) == 1


@pytest.mark.parametrize("val_size", [-0.1, -1, 1.5, float("nan"), float("inf")])
def test_a_size_that_is_neither_is_refused(val_size: float) -> None:
    with pytest.raises(DatasetError, match="is neither a share below 1 nor a whole number"):
        split_validation(HUNDRED, val_size)


@pytest.mark.parametrize("val_size", [100, 200, 0.999])
def test_something_has_to_be_left_to_train_on(val_size: float) -> None:
    with pytest.raises(DatasetError, match="leave none of 100 to train on"):
        split_validation(HUNDRED, val_size)

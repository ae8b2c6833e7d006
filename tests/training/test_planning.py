from __future__ import annotations

from collections import Counter

import pytest
from pydantic import BaseModel

from loresmith.component import validated
from loresmith.errors import RecipeError
from loresmith.training import AnyTraining, Full, Lora
from loresmith.training.order import Order, split_into_passes
from loresmith.training.plan import make_plan
from loresmith.training.rows import Row


class Recipe(BaseModel):
    training: AnyTraining


def row(length: int, first: int = 0) -> Row:
    return Row([first] * length, [False] + [True] * (length - 1))


def test_the_learning_rate_follows_the_size_of_the_model() -> None:
    def rate(method: Lora | Full, parameters: float) -> float:
        return make_plan(method, rows=100, parameters=int(parameters)).learning_rate

    assert rate(Lora(), 135e6) == pytest.approx(1e-3)
    assert 2.5e-4 < rate(Lora(), 3e9) < 5e-4
    assert 1e-4 < rate(Lora(), 8e9) < 2.5e-4
    assert rate(Full(), 135e6) == pytest.approx(1.5e-4)
    assert 1e-5 < rate(Full(), 8e9) < 3e-5
    assert rate(Lora(learning_rate=7e-4), 8e9) == 7e-4


def test_a_small_corpus_is_repeated_until_there_are_steps_enough() -> None:
    assert make_plan(Lora(), rows=40, parameters=10**8).total_steps == 200
    assert make_plan(Lora(), rows=600, parameters=10**8).total_steps == 5 * 75
    assert make_plan(Full(), rows=600, parameters=10**8).total_steps == 3 * 75
    assert make_plan(Lora(num_epochs=2.5), rows=80, parameters=10**8).total_steps == 25


def test_the_learning_rate_rises_then_falls() -> None:
    method = Lora(learning_rate=1e-3, num_epochs=10, warmup_ratio=0.1)
    plan = make_plan(method, rows=80, parameters=10**8)
    rates = [plan.learning_rate_at(step) for step in range(plan.total_steps)]
    assert rates[:10] == sorted(rates[:10])
    assert max(rates) == pytest.approx(1e-3)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-5


def test_practice_is_held_at_ends_of_epochs_and_at_the_end() -> None:
    plan = make_plan(Lora(num_epochs=3), rows=600, parameters=10**8)
    assert sorted(plan.practice_steps()) == [75, 150, 225]
    tiny = make_plan(Lora(num_epochs=60), rows=8, parameters=10**8)
    assert sorted(tiny.practice_steps()) == [25, 50, 60]


def test_every_epoch_takes_every_row_once_in_another_order() -> None:
    rows = [row(3, first=number) for number in range(21)]
    order = Order(rows, steps_per_epoch=3, seed=1)
    epochs = [
        [r.input_ids[0] for s in range(3) for r in order.rows_of_step(3 * e + s)] for e in (0, 1)
    ]
    assert all(Counter(epoch) == Counter(range(21)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert [len(order.rows_of_step(step)) for step in range(3)] == [7, 7, 7]


def test_the_order_depends_on_seed_and_step_alone() -> None:
    rows = [row(3, first=number) for number in range(20)]
    first = Order(rows, steps_per_epoch=5, seed=1)
    expected = [first.rows_of_step(step) for step in range(15)]
    assert Order(rows, steps_per_epoch=5, seed=1).rows_of_step(12) == expected[12]
    assert Order(rows, steps_per_epoch=5, seed=2).rows_of_step(12) != expected[12]


def test_passes_hold_all_rows_and_no_more_tokens_than_allowed() -> None:
    rows = [row(length) for length in (5, 90, 7, 20, 40, 6, 300)]
    for packed in (True, False):
        passes = split_into_passes(rows, tokens=100, packed=packed, worth_a_pass=60)
        assert Counter(len(r.input_ids) for part in passes for r in part) == Counter(
            len(r.input_ids) for r in rows
        )
        for part in passes:
            widest = max(len(r.input_ids) for r in part)
            taken = sum(len(r.input_ids) for r in part) if packed else widest * len(part)
            assert taken <= 100 or len(part) == 1


def test_rows_of_very_different_lengths_are_not_padded_to_one_length() -> None:
    rows = [row(length) for length in (30, 50, 80, 100, 120, 150, 180, 200)]
    passes = split_into_passes(rows, tokens=4096, packed=False, worth_a_pass=256)
    padded = sum(max(len(r.input_ids) for r in part) * len(part) for part in passes)
    assert padded < 1.4 * 910  # all at once: 1,600 for 910 tokens
    assert split_into_passes(rows, tokens=4096, packed=True, worth_a_pass=256) == [rows]
    alike = [row(length) for length in (90, 95, 100) * 4]
    assert len(split_into_passes(alike, tokens=4096, packed=False, worth_a_pass=256)) == 1


def test_all_wrong_settings_are_told_at_once_in_words() -> None:
    settings = {"type": "lora", "rnak": 8, "learning_rate": -1, "dropout": 2, "batch_size": 0}
    with pytest.raises(RecipeError) as error:
        validated(Recipe, {"training": settings}, source="recipe.yaml")
    text = str(error.value)
    assert "training.lora.rnak: unknown; did you mean rank?" in text
    for name in ("learning_rate", "dropout", "batch_size"):
        assert f"training.lora.{name}: " in text


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "lora", "rank": 0},
        {"type": "lora", "alpha": 0},
        {"type": "full", "num_epochs": 0},
        {"type": "full", "warmup_ratio": 1},
        {"type": "full", "max_length": 2},
        {"type": "full", "scheduler": "cosnie"},
        {"type": "full", "checkpoint_seconds": -1},
        {"type": "full", "learning_rate": float("nan")},
        {"type": "qlora"},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        validated(Recipe, {"training": settings}, source="recipe.yaml")


def test_yaml_names_the_built_in_and_python_gives_an_instance() -> None:
    assert Recipe.model_validate({"training": {"type": "full"}}).training == Full()
    mine = Lora(rank=8)
    assert Recipe(training=mine).training is mine

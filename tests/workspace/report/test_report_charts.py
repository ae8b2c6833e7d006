"""The loss curve is drawn to scale, and numbers read as people write them."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loresmith.workspace.report.charts import LossCurve, loss_curve
from loresmith.workspace.report.formatting import duration, interval, percent, points


def test_a_falling_loss_is_drawn_from_the_top_left_to_the_bottom_right() -> None:
    curve = _curve([4.0, 2.0, 0.0])
    assert curve.raw == "M0.0 0.0L500.0 500.0L1000.0 1000.0"
    assert [tick.label for tick in curve.y_ticks] == ["0", "1", "2", "3", "4"]
    assert [tick.label for tick in curve.x_ticks] == ["1", "2", "3"]


def test_a_smooth_line_does_not_lag_behind_a_steady_fall() -> None:
    losses = [10.0 - step / 100 for step in range(1000)]
    curve = _curve(losses)
    assert (curve.first, curve.last) == pytest.approx((losses[0], losses[-1]))


def test_steps_without_a_number_leave_a_gap() -> None:
    curve = _curve([3.0, 2.0, None, float("nan"), 1.0, 1.0])
    assert curve.raw.count("M") == 2


@pytest.mark.parametrize("losses", [[], [1.0], [None, None], [float("inf"), 1.0]])
def test_fewer_than_two_numbers_make_no_curve(losses: list[float | None]) -> None:
    assert loss_curve(losses) is None


def test_validation_losses_are_placed_on_the_same_scale() -> None:
    curve = _curve([4.0, 3.0, 2.0], validation=[(3, 2.0), (0, 9.0)])
    assert [(dot.x, dot.y) for dot in curve.validation] == [(1.0, 0.5)]


@given(st.lists(st.floats(-1e6, 1e6) | st.none(), max_size=2500))
@example([5e-324])
def test_whatever_the_losses_the_curve_has_bounded_size_and_finite_points(
    losses: list[float | None],
) -> None:
    curve = loss_curve(losses)
    if curve is None:
        return
    for path in (curve.raw, curve.smooth):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        assert all(math.isfinite(number) for number in numbers)
    assert len(re.findall("L", curve.smooth)) <= 700
    assert 2 <= len(curve.y_ticks) <= 8 and 2 <= len(curve.x_ticks) <= 8


@pytest.mark.parametrize(
    ("share", "english", "chinese"),
    [
        (0.0, "0 %", "0%"),
        (1.0, "100 %", "100%"),
        (0.812, "81 %", "81%"),
        (0.998, "99.8 %", "99.8%"),
        (0.004, "0.4 %", "0.4%"),
        (0.00001, "<0.1 %", "<0.1%"),
        (0.999999, ">99.9 %", ">99.9%"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(
    share: float, english: str, chinese: str
) -> None:
    assert percent(share).replace("\u00a0", " ") == english
    assert percent(share, "zh") == chinese


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.04, "0.0 s", "0.0 秒"),
        (9.96, "10 s", "10 秒"),
        (59.6, "1 min 00 s", "1 分 00 秒"),
        (978, "16 min 18 s", "16 分 18 秒"),
        (3780, "1 h 03 min", "1 小时 03 分"),
    ],
)
def test_times_have_two_units_at_most(seconds: float, english: str, chinese: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == english
    assert duration(seconds, "zh").replace("\u00a0", " ") == chinese


def test_gains_are_signed_and_nothing_is_plain() -> None:
    assert [points(gain) for gain in (0.81, -0.125, 0.001, -0.004)] == ["+81", "\u221212", "0", "0"]
    assert interval((0.03, 0.876), "zh") == "3–88%"


def _curve(
    losses: list[float | None] | list[float], validation: list[tuple[int, float]] | None = None
) -> LossCurve:
    curve = loss_curve(losses, validation=validation or ())
    assert curve is not None
    return curve

"""What tokens cost, cached ones among them, and a file that keeps it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from loresmith.errors import StoreError
from loresmith.models.prices import Price, Prices, added_up, in_words
from loresmith.records import Usage

PRICE = Price(
    endpoint="https://api.deepseek.com",
    model="deepseek-chat",
    currency="CNY",
    input=2.0,
    cached_input=0.2,
    output=3.0,
)


def test_cached_tokens_cost_less() -> None:
    usage = Usage(prompt_tokens=1_000_000, cached_prompt_tokens=400_000, completion_tokens=500_000)
    assert PRICE.of(usage) == pytest.approx(0.6 * 2.0 + 0.4 * 0.2 + 0.5 * 3.0)


def test_without_a_price_of_their_own_they_cost_the_same() -> None:
    usage = Usage(prompt_tokens=1_000_000, cached_prompt_tokens=400_000)
    assert PRICE.model_copy(update={"cached_input": None}).of(usage) == pytest.approx(2.0)


def test_a_price_is_found_by_endpoint_and_model_and_replaced(tmp_path: Path) -> None:
    prices = Prices(tmp_path)
    prices.set(PRICE)
    prices.set(PRICE.model_copy(update={"input": 4.0}))
    assert prices.all() == (PRICE.model_copy(update={"input": 4.0}),)
    found = prices.of("https://API.deepseek.com/", "deepseek-chat")
    assert found is not None and found.input == 4.0
    assert prices.of("https://api.deepseek.com", "another") is None
    prices.remove("https://api.deepseek.com", "deepseek-chat")
    assert prices.all() == ()


def test_a_broken_file_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text('[{"model": 1}]')
    with pytest.raises(StoreError, match=r"prices\.json cannot be read"):
        Prices(tmp_path).all()
    with pytest.raises(StoreError):
        Prices(tmp_path).set(PRICE)
    assert (tmp_path / "prices.json").read_text() == '[{"model": 1}]'
    assert stat.S_ISREG((tmp_path / "prices.json").stat().st_mode)


def test_currencies_are_never_mixed() -> None:
    amounts = added_up([("CNY", 3.0), ("USD", 0.02), ("CNY", 0.4)])
    assert in_words(amounts) == "3.40 CNY + 0.02 USD"
    assert in_words({"USD": 0.0042}) == "0.0042 USD"

"""What tokens cost, as the person who pays has written it down."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from loresmith.errors import StoreError
from loresmith.records import Record, Usage
from loresmith.whole_files import write_whole

_writing = threading.Lock()
_MILLION = 1_000_000


class Price(Record):
    """What a million tokens of one model cost at one endpoint."""

    endpoint: str = Field(max_length=500, examples=["https://api.deepseek.com"])
    """Base URL of the endpoint."""
    model: str = Field(min_length=1, max_length=200, examples=["deepseek-chat"])
    """The model's name as the endpoint knows it."""
    currency: str = Field(min_length=1, max_length=8, examples=["CNY"])
    """Any currency, by its code or sign."""
    input: float = Field(ge=0, allow_inf_nan=False, examples=[2.0])
    """A million tokens of prompts."""
    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False, examples=[0.2])
    """A million tokens of prompts that the endpoint had in its cache; the same as others when not
    set."""
    output: float = Field(ge=0, allow_inf_nan=False, examples=[3.0])
    """A million tokens of replies."""

    def of(self, usage: Usage) -> float:
        """What these calls cost, in `currency`."""
        cached = min(usage.cached_prompt_tokens, usage.prompt_tokens)
        cheap = self.input if self.cached_input is None else self.cached_input
        prompt = (usage.prompt_tokens - cached) * self.input + cached * cheap
        return (prompt + usage.completion_tokens * self.output) / _MILLION


_FILE = TypeAdapter(tuple[Price, ...])


class Prices:
    """The file `prices.json` of a home: one price for a model at an endpoint."""

    def __init__(self, home: Path) -> None:
        self._path = home / "prices.json"

    def all(self) -> tuple[Price, ...]:
        """In order of endpoint and model. Raises StoreError for a file that cannot be read."""
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"the prices in {self._path} cannot be read",
                hint="Mend the file, or move it away and enter the prices anew.",
            ) from error

    def of(self, endpoint: str, model: str) -> Price | None:
        """The price of a model; None where none was entered."""
        wanted = _key(endpoint), model
        return next((one for one in self.all() if (_key(one.endpoint), one.model) == wanted), None)

    def set(self, price: Price) -> None:
        """Enters a price, in the place of an earlier one. Raises StoreError."""
        self._write(price.endpoint, price.model, (price,))

    def remove(self, endpoint: str, model: str) -> None:
        """Forgets a price, if there is one. Raises StoreError."""
        self._write(endpoint, model, ())

    def _write(self, endpoint: str, model: str, new: tuple[Price, ...]) -> None:
        gone = _key(endpoint), model
        with _writing:
            others = [one for one in self.all() if (_key(one.endpoint), one.model) != gone]
            ordered = sorted((*others, *new), key=lambda one: (one.endpoint, one.model))
            text = _FILE.dump_json(tuple(ordered), indent=1, exclude_none=True).decode()
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_whole(self._path, f"{text}\n")
            except OSError as error:
                raise StoreError(f"{self._path} cannot be written: {error.strerror}") from error


def in_words(amounts: dict[str, float]) -> str:
    """`3.40 CNY`, or `3.40 CNY + 0.02 USD`; empty where nothing has a price."""
    return " + ".join(_amount(value, currency) for currency, value in sorted(amounts.items()))


def added_up(amounts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Amounts by currency; no two are ever converted into one another."""
    totals: dict[str, float] = {}
    for currency, value in amounts:
        totals[currency] = totals.get(currency, 0.0) + value
    return totals


def _amount(value: float, currency: str) -> str:
    if 0 < value < 0.01:
        return f"{value:.2g} {currency}"
    return f"{value:,.2f} {currency}"


def _key(endpoint: str) -> str:
    return endpoint.rstrip("/").casefold()

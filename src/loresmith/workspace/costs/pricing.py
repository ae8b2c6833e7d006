"""The prices of models, entered and shown as people name the models."""

from __future__ import annotations

from pathlib import Path

from loresmith.errors import RecipeError
from loresmith.models import OpenAICompatible, parse_teacher
from loresmith.models.prices import Price, Prices


class KnownPrices:
    """The prices of a home. A model is named as for `--teacher`: `PRESET:MODEL[@URL]`."""

    def __init__(self, home: Path) -> None:
        self._prices = Prices(home)

    def all(self) -> tuple[Price, ...]:
        """In order of endpoint and model. Raises StoreError."""
        return self._prices.all()

    def enter(
        self,
        words: str,
        *,
        input: float | None,
        output: float | None,
        cached_input: float | None = None,
        currency: str = "CNY",
    ) -> None:
        """Enters what a million tokens cost. Raises RecipeError, and StoreError."""
        spec = _hosted(words)
        if input is None or output is None:
            raise RecipeError(
                "a price needs both --input and --output",
                hint="Each is the price of a million tokens.",
            )
        if min(input, output, cached_input or 0.0) < 0 or not 1 <= len(currency) <= 8:
            raise RecipeError("a price is a number from 0 on, in a currency such as CNY")
        self._prices.set(
            Price(
                endpoint=spec.base_url,
                model=spec.model,
                currency=currency,
                input=input,
                cached_input=cached_input,
                output=output,
            )
        )

    def set(self, price: Price) -> None:
        """Enters a price, in the place of an earlier one. Raises StoreError."""
        self._prices.set(price)

    def remove(self, endpoint: str, model: str) -> None:
        """Forgets a price, if there is one. Raises StoreError."""
        self._prices.remove(endpoint, model)

    def forget(self, words: str) -> None:
        """Forgets a price, if there is one. Raises RecipeError, and StoreError."""
        spec = _hosted(words)
        self._prices.remove(spec.base_url, spec.model)


def _hosted(words: str) -> OpenAICompatible:
    fields = parse_teacher(words)
    if fields["type"] != "openai":
        raise RecipeError("a model that is computed here has no price")
    return OpenAICompatible.model_validate(fields)

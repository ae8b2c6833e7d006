"""Why: a reward model gives one number for a whole conversation, read off after its last token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loresmith.errors import TrainingError
from loresmith.training.attention import PackingUnsupported, packed_attention
from loresmith.training.forward import Forward
from loresmith.training.method import Switch
from loresmith.training.reward_head import reward_head
from loresmith.training.rows import Row


class RewardForward(Forward):
    """Gives the reward of each row, and learns from any loss of them.

    A row's only learned place is that after its last token: what stands there is never looked at,
    and the reward is read where it would be predicted.
    """

    def __init__(self, model: Any, **options: Any) -> None:
        super().__init__(model, **options)
        self._head = reward_head(self._inner)

    def choose(self, rows: Sequence[Row], packing: Switch) -> None:
        """Packs rows where a probe with the shortest shows that their rewards stay the same."""
        self.fuse()
        if packing == "off":
            return
        probe = sorted(rows, key=lambda row: len(row.input_ids))[:3]
        reason = self._reason_against(probe, max(len(row.input_ids) for row in rows))
        self.packed = not reason
        if reason and packing == "on":
            raise TrainingError(
                f"rows cannot be packed for this model: {reason}",
                hint="Set training.packing to auto or off.",
            )

    def rewards(self, rows: Sequence[Row]) -> Any:
        """One number a row, without gradients; all rows go through the model at once."""
        import torch

        with torch.no_grad():
            return self._rewards(rows)

    def learn(
        self, rows: Sequence[Row], loss_of: Callable[[Any], Any], *, last: bool = True
    ) -> Any:
        """Adds the gradients of `loss_of(rewards)`, a scalar; returns the rewards."""
        del last  # of passes in step, which a reward model does not take
        with self._noise(rows):
            rewards = self._rewards(rows)
            loss_of(rewards).backward()
        return rewards.detach()

    def fill(self, *, learn: bool, last: bool = True) -> None:
        """Never asked: a reward model is not cut into shards."""
        raise NotImplementedError

    def _rewards(self, rows: Sequence[Row]) -> Any:
        self.under_way = rows
        batch = self._batch(rows, packed=self.packed)
        with self.autocast():
            hidden = self._hidden(batch)[batch.places]
        return self._head(hidden.float()).float().squeeze(-1)

    def _reason_against(self, probe: Sequence[Row], longest: int) -> str:
        padded, packed = self._batch(probe, packed=False), self._batch(probe, packed=True)
        layout = packed.inputs["layout"]._replace(longest=longest)
        packed.inputs["layout"] = layout
        try:
            with self._probing():
                expected = self._hidden(padded)[padded.places]
                with packed_attention(self._inner):
                    given = self._hidden(packed)[packed.places]
        except (PackingUnsupported, TypeError, ValueError) as error:
            return str(error)
        return "" if self._alike(expected, given) else "packed rows would see one another"

"""Why: noise on the embeddings keeps a model from learning its rows by rote, word by word.

NEFTune (Jain et al. 2023, arXiv 2310.05914): each number of the embeddings of a row gets a number
drawn evenly from -1 to 1, times alpha / sqrt(L * d), where L is the row's length in tokens and d
the width of the embeddings. L is that of each row, also where rows are packed or padded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def noisy_embeddings(
    model: Any, *, alpha: float, lengths: Sequence[int], packed: bool
) -> Iterator[None]:
    """Within this, what `model` embeds is noisy: rows of these lengths, end to end or padded."""
    import torch

    def add_noise(_module: Any, _inputs: Any, embedded: Any) -> Any:
        of_row = torch.tensor(lengths, device=embedded.device)
        length = of_row.repeat_interleave(of_row).unsqueeze(0) if packed else of_row.unsqueeze(1)
        scale = alpha / (length * embedded.shape[-1]).sqrt()
        noise = torch.empty_like(embedded).uniform_(-1, 1)
        return embedded + noise * scale.unsqueeze(-1).to(embedded.dtype)

    hook = model.get_input_embeddings().register_forward_hook(add_noise)
    try:
        yield
    finally:
        hook.remove()

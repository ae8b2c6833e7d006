"""How a token is drawn: from the likeliest few, and with what was said made less likely."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from loresmith.models.base import Sampling
from loresmith.models.cache import reply_key
from loresmith.models.decoding import penalised, sampler
from loresmith.records import Message

LOGITS = torch.tensor([[4.0, 3.0, 2.0, 1.0, -1.0]])


@pytest.mark.parametrize(("top_k", "drawn"), [(1, {0}), (2, {0, 1}), (3, {0, 1, 2})])
def test_only_so_many_of_the_likeliest_tokens_are_drawn(top_k: int, drawn: set[int]) -> None:
    sampling = Sampling(temperature=2.0, top_k=top_k)
    draw = sampler(sampling, [7], torch.device("cpu"))
    assert {int(draw(LOGITS, [0])) for _ in range(300)} == drawn


def test_both_limits_together_are_those_of_transformers() -> None:
    """top_k first, then top_p of what is left: of 4 and 3 alone, 4 has 0.73 of the chances."""
    draw = sampler(Sampling(temperature=1.0, top_k=2, top_p=0.7), [7], torch.device("cpu"))
    assert {int(draw(LOGITS, [0])) for _ in range(100)} == {0}


def test_what_was_said_becomes_less_likely_whatever_its_sign() -> None:
    changed = penalised(LOGITS, [{0, 4}], 2.0)
    assert changed.tolist() == [[2.0, 3.0, 2.0, 1.0, -2.0]]
    assert LOGITS.tolist() == [[4.0, 3.0, 2.0, 1.0, -1.0]], "what was given stays as it was"


def test_the_penalty_is_that_of_transformers() -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    said = [3, 0, 4]
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([said]), LOGITS.clone())
    assert torch.equal(penalised(LOGITS, [set(said)], 1.3), theirs)


def test_replies_that_were_kept_before_there_were_these_settings_are_found() -> None:
    messages = [Message(role="user", content="Who?")]
    plain = reply_key("a model", messages, Sampling())
    assert plain == reply_key("a model", messages, Sampling(top_k=None, repetition_penalty=1.0))
    assert plain != reply_key("a model", messages, Sampling(top_k=5))
    assert plain != reply_key("a model", messages, Sampling(repetition_penalty=1.1))

"""Prompt tokens that an endpoint had in its own cache, by the names that endpoints use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loresmith.models.completions import read_completion


@pytest.mark.parametrize(
    ("more", "cached"),
    [
        ({}, 0),
        ({"prompt_tokens_details": {"cached_tokens": 64}}, 64),
        ({"prompt_tokens_details": None}, 0),
        ({"prompt_tokens_details": {"cached_tokens": None}, "prompt_cache_hit_tokens": 32}, 32),
        ({"prompt_cache_hit_tokens": 48, "prompt_cache_miss_tokens": 52}, 48),
        ({"prompt_tokens_details": {"cached_tokens": "many"}}, 0),
    ],
)
def test_cached_prompt_tokens_are_read(more: dict[str, Any], cached: int) -> None:
    body = {
        "choices": [{"message": {"content": "ready"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 5, **more},
    }
    usage = read_completion(json.dumps(body).encode()).usage
    assert (usage.prompt_tokens, usage.cached_prompt_tokens) == (100, cached)

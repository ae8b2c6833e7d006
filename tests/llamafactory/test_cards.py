"""What a file says of several cards becomes ours, or is told."""

from __future__ import annotations

from typing import Any

import pytest

from loresmith.llamafactory import GivenSettings, recipe_data
from loresmith.llamafactory.cards import check_cards, ignored_of_fsdp
from loresmith.llamafactory.given import NOWHERE


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ({"fsdp": "full_shard auto_wrap"}, {"fsdp": "full_shard"}),
        ({"fsdp": True}, {"fsdp": "full_shard"}),
        ({"fsdp": ["shard_grad_op", "offload"]}, {"fsdp": "shard_grad_op", "fsdp_offload": True}),
        ({"fsdp": "no_shard"}, {}),
        (
            {"fsdp": "full_shard", "fsdp_config": {"fsdp_offload_params": True}},
            {"fsdp": "full_shard", "fsdp_offload": True},
        ),
        ({"deepspeed": "examples/deepspeed/ds_z2_config.json"}, "the path"),
        ({"deepspeed": {"zero_optimization": {"stage": 2}}}, "the block"),
        ({"ddp_timeout": 7200}, {"rank_timeout": 7200}),
    ],
)
def test_settings_of_cards_become_those_of_a_recipe(given: dict[str, Any], ours: Any) -> None:
    if ours == "the path":
        ours = {"deepspeed": given["deepspeed"]}
    elif ours == "the block":
        ours = {"deepspeed": '{"zero_optimization": {"stage": 2}}'}
    training = recipe_data(_settings(**given))["training"]
    of_cards = ("fsdp", "fsdp_offload", "deepspeed", "rank_timeout")
    found = {key: training[key] for key in of_cards if key in training}
    assert found == {"rank_timeout": 1800, **ours}


def test_what_is_not_there_is_told_with_what_was_meant() -> None:
    settings = _settings(fsdp="hybrid_shard auto_warp", fsdp_config={"backward_prefech": "x"})
    check_cards(settings)
    assert [fault.told for fault in settings.faults] == [
        "hybrid_shard is not there: use full_shard",
        "unknown: auto_warp; did you mean auto_wrap?",
        "unknown: backward_prefech; did you mean backward_prefetch?",
    ]


def test_deepspeed_and_fsdp_do_not_go_together() -> None:
    settings = _settings(fsdp="full_shard", deepspeed="zero2")
    check_cards(settings)
    assert [fault.key for fault in settings.faults] == ["fsdp"]


def test_keys_that_older_versions_needed_are_named_as_ignored() -> None:
    settings = _settings(fsdp="full_shard", fsdp_config={"use_orig_params": True})
    (remark,) = ignored_of_fsdp(settings)
    assert remark.told.startswith("ignored: use_orig_params")


def _settings(**values: Any) -> GivenSettings:
    settings = GivenSettings([(NOWHERE, key, value) for key, value in values.items()])
    assert not settings.faults
    return settings

"""What a version holds is known byte for byte: how its rows are frozen may change, they may not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from loresmith.datasets import Assembly, Freezing, write_dataset
from rows_of_every_kind import RowsOfEveryKind, rows_of_every_kind

ID_AND_FILES = {
    False: (
        "12eb4e2d9ad2b9c0810c6cd7",
        {
            "README.md": "1dbea2778ae692c722de89e9",
            "alpaca.json": "f0b08c02cb165aeb3970e7c0",
            "alpaca_validation.json": "87434d7af9751fa413b85eee",
            "dataset_info.json": "819a116ca0104f71090badb3",
            "dpo.json": "5d069698d05df51fe0b65f54",
            "dpo_validation.json": "a9e8c3037bb6fda509139f27",
            "kto.json": "c71acee86b68fea189b72358",
            "kto_validation.json": "c11d928e3057c2487b497d7f",
            "pretrain.json": "c38f62f51d045d97053d9843",
            "pretrain_validation.json": "b70186c441ea3c3577d67b4d",
            "provenance.jsonl": "2a9424e08a75bc994a12dd56",
            "sharegpt.json": "187f05b9f53979cc4a725986",
            "sharegpt_validation.json": "b968b02e245fcb2cd2857609",
            "statistics.json": "59b7a7d13dffc32ad2c06be2",
        },
    ),
    True: (
        "bbe016be75fe65690fada89b",
        {
            "README.md": "b2ea7c31fb293f51f3739006",
            "alpaca.json": "5e804a2470a2365ab47c0aca",
            "alpaca_validation.json": "8a5cd4aaf3bd1bdca0528d6d",
            "dataset_info.json": "819a116ca0104f71090badb3",
            "dpo.json": "5913ece726cfe97b43f8cc96",
            "dpo_validation.json": "c7029129e20af7c97c159330",
            "kto.json": "7ca958b822a38f4b61bf80f2",
            "kto_validation.json": "453a589dfbe61da2f12e3587",
            "pretrain.json": "061db6b04659ac1f7c4d292d",
            "pretrain_validation.json": "05e9f81d430f53ae2ea5d234",
            "provenance.jsonl": "5ba1846c9e850aabbe17807e",
            "sharegpt.json": "105911ae44ff9d246dadcbc6",
            "sharegpt_validation.json": "64a00f1ff87537024ee7f8c3",
            "statistics.json": "dcc0607d86a40215e87dd5d2",
        },
    ),
}
"""With all rows and with confirmed ones only, as they were when a version was one record: the id of
the version, and the hashes of its files."""


def frozen(given: RowsOfEveryKind, *, confirmed_only: bool) -> Freezing:
    confirmed = [one.id for one in (*given.facts[::2], *given.wordings[::3])]
    settings = {"confirmed_only": confirmed_only, "split": {"validation": 0.1}}
    return Assembly.model_validate(settings).freeze(
        given.facts,
        given.wordings,
        given.documents,
        seed=1,
        confirmed=frozenset(confirmed),
        edited=frozenset({given.wordings[5].id}),
    )


@pytest.mark.parametrize("confirmed_only", [False, True])
def test_the_files_of_a_version_are_what_they_always_were(
    tmp_path: Path, confirmed_only: bool
) -> None:
    given = rows_of_every_kind()
    freezing = frozen(given, confirmed_only=confirmed_only)
    drops = freezing.take_written(iter(given.written), given.facts, given.documents)
    drops += freezing.take_imported(iter(given.imported))
    write_dataset(freezing.dataset(4), tmp_path / "v4", project="coast", drops=drops)
    files = {path.name: _hash(path) for path in sorted((tmp_path / "v4").iterdir())}
    assert (freezing.dataset(4).id, files) == ID_AND_FILES[confirmed_only]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:24]

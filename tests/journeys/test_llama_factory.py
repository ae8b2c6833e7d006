"""LLaMA Factory trains on a dataset folder as it stands, and on the very tokens that we train on.

Run by `make journeys`, or alone: `pytest -m slow tests/journeys/test_llama_factory.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from llama_factory import IGNORED, LlamaFactory, SeenRow
from loresmith.datasets import (
    AlpacaFormat,
    FrozenDataset,
    ShareGPTFormat,
    dataset_name,
    read_rows,
    write_dataset,
)
from loresmith.models.templates import ChatTemplate
from loresmith.records import Example, Message, Provenance, Role, SplitName
from projects import copy_example, loresmith

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

formats = pytest.mark.parametrize("form", [AlpacaFormat(), ShareGPTFormat()], ids=lambda f: f.type)


@pytest.fixture(scope="module")
def llama_factory() -> Iterator[LlamaFactory]:
    with TemporaryDirectory() as scratch:  # pytest would keep its gigabytes for three runs
        yield LlamaFactory.found_or_installed(Path(scratch))


@pytest.fixture(scope="module")
def harbor_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("project")
    project = copy_example(scratch / "harbor")
    done = loresmith("dataset", project, LORESMITH_HOME=str(scratch / "home"))
    assert done.code == 0, done.err[-3000:]
    return project / "datasets" / "v1"


@formats
def test_it_trains_on_every_row_of_the_harbour_example(
    llama_factory: LlamaFactory,
    harbor_dataset: Path,
    form: AlpacaFormat | ShareGPTFormat,
    tiny_base: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [dataset_name("harbor", form, validation=held) for held in (False, True)]
    run = llama_factory.train(harbor_dataset, *names, base=tiny_base, scratch=tmp_path / "run")
    counts = json.loads((harbor_dataset / "statistics.json").read_text("utf-8"))

    assert (len(run.train), len(run.validation)) == (counts["rows"], counts["validation_rows"])
    assert f"Num examples = {counts['rows']}" in run.log
    assert f"Num examples = {counts['validation_rows']}" in run.log
    assert {"train_loss", "eval_loss"} <= run.results.keys()
    assert (run.output / "adapter_model.safetensors").exists()
    _assert_same_tokens(run.train, harbor_dataset / f"{form.type}.json", tiny_base)
    _assert_same_tokens(run.validation, harbor_dataset / f"{form.type}_validation.json", tiny_base)
    with capsys.disabled():
        print(f"\nLLaMA Factory {llama_factory.version}, {names[0]}: {len(run.train)} rows")
        print(_tokenizer(tiny_base).decode(run.train[0].input_ids))


@formats
def test_it_reads_system_prompts_earlier_turns_and_reasoning_as_we_do(
    llama_factory: LlamaFactory,
    form: AlpacaFormat | ShareGPTFormat,
    tiny_base: Path,
    tmp_path: Path,
) -> None:
    rows = (*_conversations("train"), *_conversations("validation"))
    _assert_read_as_we_do(rows, form, llama_factory, tiny_base, tmp_path)


def test_a_column_of_figures_or_dates_alone_stays_text(
    llama_factory: LlamaFactory, tiny_base: Path, tmp_path: Path
) -> None:
    figures = [_example("train", n, ("2031?", figure)) for n, figure in enumerate(_FIGURES)]
    dates = [_example("validation", n, ("2031?", date)) for n, date in enumerate(_DATES)]
    _assert_read_as_we_do((*figures, *dates), AlpacaFormat(), llama_factory, tiny_base, tmp_path)


_FIGURES = ("007", "1.10", "1297", "1e5")
_DATES = ("2031-05-01", "2031-05-02")


def _conversations(split: SplitName) -> list[Example]:
    """Questions and answers in turn; the first is without earlier turns and system prompt."""
    talks = (
        ("", "Who is the harbour master?", "Ines Tavarel."),
        ("简短回答。", "谁主持会议？", "岑望舟。\n第二行。"),
        ("", "First?", "One.", "Then?", "Two.", "Last?", "Three."),
        ("Be brief.", "How many?", "1,297.", "In 2031?", "Yes."),
        ("", "2 + 2?", "<think>先看表。\nTwo and two.</think>\nFour."),
        ("", "  padded  ", "\n and a line break \n"),
        ("", "2031", "007"),
        ("", 'a {{name}} 😀 \u2028 \x85 "%s"', "null"),
    )
    return [
        _example(split, index, tuple(turns), system=system)
        for index, (system, *turns) in enumerate(talks)
    ]


def _example(split: SplitName, index: int, turns: Sequence[str], *, system: str = "") -> Example:
    roles: tuple[Role, ...] = ("user", "assistant")
    messages = [Message(role=roles[number % 2], content=text) for number, text in enumerate(turns)]
    if system:
        messages.insert(0, Message(role="system", content=system))
    return Example(
        id=f"{split} {index}",
        messages=tuple(messages),
        language="en",
        split=split,
        provenance=Provenance(fact_id=f"{split} {index}", kind="pair"),
    )


def _assert_read_as_we_do(
    rows: tuple[Example, ...],
    form: AlpacaFormat | ShareGPTFormat,
    llama_factory: LlamaFactory,
    base: Path,
    scratch: Path,
) -> None:
    folder, project = scratch / "v1", "渔港,2031: #1"
    write_dataset(FrozenDataset(id="any", version=1, examples=rows), folder, project=project)
    names = [dataset_name(project, form, validation=held) for held in (False, True)]
    run = llama_factory.train(folder, *names, base=base, scratch=scratch / "run")
    _assert_same_tokens(run.train, folder / f"{form.type}.json", base)
    _assert_same_tokens(run.validation, folder / f"{form.type}_validation.json", base)


def _assert_same_tokens(seen: Sequence[SeenRow], file: Path, base: Path) -> None:
    """Row by row the tokens that we would train on; the labels too.

    It learns, besides, the line break that the template writes after a reply's end token.
    """
    tokenizer = _tokenizer(base)
    template = ChatTemplate(tokenizer)
    read = read_rows(file)
    assert read.drops == ()
    assert len(seen) == len(read.examples)
    for row, example in zip(seen, read.examples, strict=True):
        ours = template.encode_example(example.messages)
        assert row.input_ids == ours.input_ids, tokenizer.decode(row.input_ids)
        for label, token, learned in zip(row.labels, *ours, strict=True):
            if learned or label != IGNORED:
                assert label == token
                assert learned or tokenizer.decode([token]) == "\n"


def _tokenizer(base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base)

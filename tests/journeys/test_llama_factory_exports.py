"""Every form that names itself in dataset_info.json is loaded by LLaMA Factory's own loader.

Run by `make journeys`, or alone: `pytest -m slow tests/journeys/test_llama_factory_exports.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import TypeAdapter

from llama_factory import LlamaFactory
from loresmith.datasets.exporting import (
    AnyExportForm,
    ExportForm,
    FileKind,
    SourcedRow,
    folder_files,
)
from loresmith.datasets.writing import write_files
from loresmith.records import (
    Example,
    FeedbackExample,
    Message,
    PreferenceExample,
    TextExample,
    TrainingRow,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SYSTEM = Message(role="system", content="简短回答。")
QUESTION = Message(role="user", content="澜屿渔港卸鱼量同比增长多少？")
ANSWER = "<think>先看表。</think>\n12.6%。"
TALK = Example(
    id="1", messages=(SYSTEM, QUESTION, Message(role="assistant", content=ANSWER)), language="zh"
)
LONGER = TALK.model_copy(
    update={
        "id": "2",
        "messages": (*TALK.messages, QUESTION, Message(role="assistant", content="同上。")),
    }
)
PAIR = PreferenceExample(id="3", prompt=(SYSTEM, QUESTION), chosen="12.6%。", rejected="126%。")
MARKS = [
    FeedbackExample(id=str(liked), prompt=(SYSTEM, QUESTION), completion="答。", desirable=liked)
    for liked in (True, False)
]
TEXTS = [TextExample(id="t", text="一段文字。\n第二行。"), TextExample(id="u", text="另一段。")]
CASES: list[tuple[str, FileKind | None, list[TrainingRow]]] = [
    *((name, None, [TALK, LONGER]) for name in ("llamafactory", "alpaca", "sharegpt", "openai")),
    *((name, None, [TALK, LONGER]) for name in ("jsonl", "parquet", "multilingual-thinking")),
    *(("alpaca", kind, [TALK, LONGER]) for kind in ("jsonl", "parquet")),
    *((name, None, [TALK]) for name in ("csv", "custom")),
    *(("dpo", None, [PAIR]), ("kto", None, [*MARKS]), ("text", None, [*TEXTS])),
]


@pytest.fixture(scope="module")
def llama_factory() -> Iterator[LlamaFactory]:
    with TemporaryDirectory() as scratch:
        yield LlamaFactory.found_or_installed(Path(scratch))


@pytest.mark.parametrize(("name", "kind", "rows"), CASES)
def test_it_loads_what_is_exported(
    name: str,
    kind: FileKind | None,
    rows: list[TrainingRow],
    llama_factory: LlamaFactory,
    tmp_path: Path,
) -> None:
    form: ExportForm = TypeAdapter(AnyExportForm).validate_python(name)
    folder = tmp_path / "out"
    folder.mkdir()
    files = folder_files(
        lambda _split: map(SourcedRow, rows),
        form,
        file=kind,
        project="港",
        splits=("train",),
        notes={"dataset": "d", "version": 1},
    )
    write_files(files, folder)
    found = llama_factory.loaded(folder, cache=tmp_path / "cache")
    assert len(found) == len(form.parts) * len(rows)
    for number, row in enumerate(found):
        _assert_says(row.prompt, row.response, row.system, rows[number % len(rows)], name)


def _assert_says(
    prompt: list[dict[str, str]],
    response: list[dict[str, str]],
    system: str,
    row: TrainingRow,
    name: str,
) -> None:
    said, answered = [one["content"] for one in prompt], [one["content"] for one in response]
    if isinstance(row, TextExample):
        assert (said, answered) == ([row.text], [])
    elif isinstance(row, PreferenceExample):
        assert (said, answered) == ([QUESTION.content], [row.chosen, row.rejected])
    elif isinstance(row, FeedbackExample):
        place = 0 if row.desirable else 1
        assert (said, answered[place]) == ([QUESTION.content], row.completion)
    else:
        told = [one.content for one in row.messages[1:]]
        if name in ("multilingual-thinking", "custom"):  # the thought stands in a column beside
            told = ["12.6%。" if one == ANSWER else one for one in told]
        assert [*said, *answered] == told
        assert system == (SYSTEM.content if name != "custom" else "")

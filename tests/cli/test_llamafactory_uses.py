"""LLaMA Factory's files to chat, to predict and to merge by are used as they stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from loresmith.devices import detect_device
from loresmith.models.base import Sampling
from loresmith.models.chat_templates import template_text
from loresmith.models.local import LocalModel
from loresmith.records import Message
from projects import Finished
from taught_models import teach, teach_adapter

Loresmith = Callable[..., Finished]


class _Tuned(NamedTuple):
    base: Path
    adapter: Path


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> _Tuned:
    folder = tmp_path_factory.mktemp("tuned")
    base = teach(tiny_base, folder / "base")
    return _Tuned(base, teach_adapter(base, folder / "adapter"))


@pytest.fixture
def file(tuned: _Tuned, tmp_path: Path) -> Callable[..., Path]:
    """Writes the lines that such files begin with, and more."""

    def write(*lines: str) -> Path:
        path = tmp_path / "settings.yaml"
        text = f"model_name_or_path: {tuned.base}\nadapter_name_or_path: {tuned.adapter}\n"
        path.write_text(text + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def _datasets(folder: Path) -> None:
    rows = [
        {"instruction": "Who?", "output": "Ilse Brandt."},
        {"instruction": "谁？", "output": "林海舟。"},
    ]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    info = {"people": {"file_name": "rows.json"}}
    (folder / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")


def test_a_merge_file_writes_a_model_that_answers_as_base_and_adapter(
    file, loresmith: Loresmith, tuned: _Tuned, tmp_path: Path
) -> None:
    path = file(
        "template: chatml",
        "trust_remote_code: true",
        f"export_dir: {tmp_path / 'merged'}",
        "export_size: 5",
        "export_device: cpu",
        "export_legacy_format: false",
    )
    done = loresmith("export", path)
    assert done.code == 0
    assert "Checked" in done.out and "merged" in done.out
    question = [Message(role="user", content="Who?")]
    sampling, here = Sampling(max_tokens=20), detect_device("cpu")
    template = template_text("chatml")
    with LocalModel(tmp_path / "merged", device=here, dtype="float32") as model:
        merged = model.reply(question, sampling).text
    with LocalModel(
        tuned.base, tuned.adapter, here, dtype="float32", chat_template=template
    ) as one:
        assert merged == one.reply(question, sampling).text != ""
    written = (tmp_path / "merged" / "chat_template.jinja").read_text(encoding="utf-8")
    assert written == template_text("chatml")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("export_legacy_format: true", "line 4: export_legacy_format: is refused: weights are"),
        ("export_quantization_bit: 4", "export_quantization_bit: is refused"),
        ("export_hub_model_id: me/model", "`hf upload`"),
        ("quantization_bit: 4", "full-precision"),
        ("export_sise: 2", "did you mean export_size?"),
        ("export_size: 0", "export_size: should be at least 1"),
        ("export_device: cuda", "export_device: unknown"),
    ],
)
def test_what_a_merge_cannot_do_is_told_with_its_line(
    file, loresmith: Loresmith, tmp_path: Path, line: str, told: str
) -> None:
    done = loresmith("export", file(f"export_dir: {tmp_path / 'merged'}", line))
    assert done.code == 2
    assert told in done.err
    assert not (tmp_path / "merged").exists()


def test_one_talks_by_a_file_for_chat(file, loresmith: Loresmith) -> None:
    path = file("template: default", "infer_backend: huggingface", "do_sample: false")
    done = loresmith("chat", path, "max_new_tokens=20", input="What did it cost?\n\n")
    assert done.code == 0
    assert "It cost 4.2 million." not in done.err


def test_other_engines_and_settings_of_training_are_named_and_ignored(
    file, loresmith: Loresmith
) -> None:
    done = loresmith("chat", file("infer_backend: vllm", "learning_rate: 1e-3"), input="\n")
    assert done.code == 0
    assert "line 3: infer_backend: ignored: transformers answers here" in done.out
    assert "line 4: learning_rate: ignored: `loresmith chat` has no use for it" in done.out


def test_a_file_to_predict_by_writes_replies_and_scores_under_the_names_that_are_known(
    file, loresmith: Loresmith, tmp_path: Path
) -> None:
    _datasets(tmp_path)
    path = file(
        "stage: sft",
        "do_predict: true",
        "predict_with_generate: true",
        "eval_dataset: people",
        f"dataset_dir: {tmp_path}",
        f"output_dir: {tmp_path / 'out'}",
        "do_sample: false",
        "max_new_tokens: 30",
    )
    done = loresmith("predict", path)
    assert done.code == 0
    replies = (tmp_path / "out" / "generated_predictions.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in replies]
    assert [(row["prompt"], row["label"]) for row in rows] == [
        ("Who?", "Ilse Brandt."),
        ("谁？", "林海舟。"),
    ]
    assert [row["predict"] for row in rows] == ["Ilse Brandt.", "林海舟。"]
    results = json.loads((tmp_path / "out" / "predict_results.json").read_text())
    for key in ("bleu-4", "rouge-1", "rouge-2", "rouge-l", "exact_match"):
        assert results[f"predict_{key}"] == pytest.approx(100.0)
    assert 1.0 <= results["predict_perplexity"] < 2.0
    again = loresmith("predict", path)
    assert (again.code, "overwrite_output_dir" in again.err) == (2, True)


def test_replies_to_prompts_with_a_reference_are_scored(
    loresmith: Loresmith, tuned: _Tuned, tmp_path: Path
) -> None:
    lines = [
        {"id": 1, "prompt": "Who?", "reference": "Ilse Brandt."},
        {"id": 2, "prompt": "谁？", "reference": "王小明。"},
        {"id": 3, "prompt": "Name?"},
    ]
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    words = ("predict", tuned.adapter, prompts, "--base-model", tuned.base, "--output")
    done = loresmith(*words, tmp_path / "replies.jsonl")
    assert done.code == 0
    assert "exact match 50.0 % of 2" in done.out
    scores = json.loads((tmp_path / "replies.scores.json").read_text())
    assert scores["likeness"]["n"] == 2
    assert scores["perplexity"] > 1.0
    assert "exact match 50.0 % of 2" in loresmith(*words, tmp_path / "replies.jsonl").out
    loresmith(*words, tmp_path / "plain.jsonl", "--no-scores")
    assert not (tmp_path / "plain.scores.json").exists()


def test_an_adapter_alone_is_exported_with_its_bases_name(
    loresmith: Loresmith, tuned: _Tuned, tmp_path: Path
) -> None:
    words = ("export", tuned.adapter, "--base-model", tuned.base, "--form", "adapter")
    assert loresmith(*words, "--output", tmp_path / "out").code == 0
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tuned.base)
    assert (tmp_path / "out" / "tokenizer.json").is_file()


def test_an_export_needs_a_place(loresmith: Loresmith, tuned: _Tuned) -> None:
    done = loresmith("export", tuned.adapter)
    assert (done.code, "--output DIR" in done.err) == (2, True)

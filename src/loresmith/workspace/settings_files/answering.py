"""Chats, and answers the rows of datasets, by a LLaMA Factory file as it stands."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.errors import Conflict, NotFound, RecipeError
from loresmith.json_files import read_object
from loresmith.llamafactory import InferenceFile, PredictFile
from loresmith.models.base import ChatModel
from loresmith.models.base_models import resolve_base_model
from loresmith.models.chat_templates import template_text
from loresmith.models.loading import chat_template_of
from loresmith.models.local import LocalModel
from loresmith.records import Drop, Example, Message, Reply
from loresmith.settings import load_settings
from loresmith.text.likeness import require_likeness
from loresmith.whole_files import write_whole
from loresmith.workspace.candidates import Candidate
from loresmith.workspace.progress import Progress, ProgressListener, silent
from loresmith.workspace.reply_scores import Answered, ReplyScores, score_replies
from loresmith.workspace.settings_files.named_rows import named_rows

REPLIES = "generated_predictions.jsonl"
RESULTS = "predict_results.json"


class FilePrediction(NamedTuple):
    """What came of a file with `do_predict`; `drops` are rows that could not be used."""

    folder: Path
    answered: int
    scores: ReplyScores
    drops: tuple[Drop, ...]


def candidate_of(file: InferenceFile) -> Candidate:
    """The model that a file names."""
    template = template_text(file.chat_template)
    if file.adapter is not None and not (file.adapter / "adapter_config.json").is_file():
        raise NotFound(
            f"adapter_name_or_path {file.adapter} holds no adapter",
            hint="Name a folder in PEFT's layout, such as the output_dir of a training.",
        )
    return Candidate(file.base_model, adapter=file.adapter, chat_template=template)


def served_candidate(file: InferenceFile) -> Candidate:
    """The model that a file names, to be served.

    Raises Conflict where neither model nor adapter brings a chat template, and the file names one:
    a server asks by what was saved with a model.
    """
    candidate = candidate_of(file)
    folder = resolve_base_model(candidate.base, load_settings())
    brought = file.adapter and chat_template_of(file.adapter)
    if file.chat_template and not (brought or chat_template_of(folder)):
        raise Conflict(
            f"{file.base_model} is saved without a chat template, and is served without {_NAMED}",
            hint=f"Write it with `loresmith export`, which saves {file.chat_template} with it, and "
            "serve that folder.",
        )
    return candidate


_NAMED = "the one that template names"


def predict_by_file(file: PredictFile, *, on_progress: ProgressListener = silent) -> FilePrediction:
    """Answers the last turn of each row; replies and scores go into output_dir, under LLaMA
    Factory's names, when all are there.

    Raises RecipeError for datasets that cannot be read, MissingDependency before anything is
    loaded, and Conflict where replies are there and overwrite_output_dir is not true.
    """
    require_likeness()
    if (file.output_dir / REPLIES).exists() and not file.overwrite_output_dir:
        raise Conflict(
            f"{file.output_dir} holds replies already",
            hint="Name another output_dir, or add overwrite_output_dir=true to replace them.",
        )
    rows = named_rows(
        file.datasets,
        file.dataset_dir,
        max_samples=file.max_samples,
        default_system=file.inference.default_system,
    )
    said = [row.messages for row in rows.rows if isinstance(row, Example)]
    asked = [_asked(messages) for messages in said if len(messages) > 1]
    if not asked:
        raise RecipeError("the datasets hold no row with a question and a reply")
    began = time.monotonic()
    with _open(file.inference, on_progress) as model:
        replies = _replies(model, file.inference, asked, on_progress)
        seconds = time.monotonic() - began
        answered = [
            Answered(conversation, reply.text, reference)
            for (conversation, reference), reply in zip(asked, replies, strict=True)
        ]
        on_progress(Progress("score", 0, 0, ""))
        scores = score_replies(model, answered)
    _write(file.output_dir, answered, scores, seconds)
    return FilePrediction(file.output_dir, len(answered), scores, rows.drops)


def _open(file: InferenceFile, on_progress: ProgressListener) -> ChatModel:
    candidate = candidate_of(file)
    folder = resolve_base_model(
        candidate.base,
        load_settings(),
        on_progress=lambda words: on_progress(Progress("fetch", 0, 0, words)),
    )
    return LocalModel(
        folder, candidate.adapter, dtype=file.dtype, chat_template=candidate.chat_template
    )


def _asked(messages: Sequence[Message]) -> tuple[tuple[Message, ...], str]:
    """What is asked, and the reply that the row has to it."""
    return tuple(messages[:-1]), messages[-1].content


def _replies(
    model: ChatModel,
    file: InferenceFile,
    asked: Sequence[tuple[tuple[Message, ...], str]],
    on_progress: ProgressListener,
) -> list[Reply]:
    done = 0

    def tell(_index: int, _reply: Reply) -> None:
        nonlocal done
        done += 1
        on_progress(Progress("predict", done, len(asked)))

    conversations = [conversation for conversation, _ in asked]
    return model.reply_all(conversations, file.sampling, on_reply=tell)


def _write(folder: Path, answered: Sequence[Answered], scores: ReplyScores, seconds: float) -> None:
    """Under the names that LLaMA Factory has, and as percentages, as there."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        {"prompt": _shown(one.conversation), "predict": one.reply, "label": one.reference}
        for one in answered
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_whole(folder / REPLIES, text)
    found = scores.likeness
    results = {
        "predict_bleu-4": round(found.bleu_4, 4),
        "predict_exact_match": round(found.exact_match, 4),
        "predict_perplexity": scores.perplexity,
        "predict_rouge-1": round(found.rouge_1, 4),
        "predict_rouge-2": round(found.rouge_2, 4),
        "predict_rouge-l": round(found.rouge_l, 4),
        "predict_runtime": round(seconds, 4),
        "predict_samples_per_second": round(len(answered) / max(seconds, 1e-9), 4),
    }
    known = read_object(folder / "all_results.json")
    write_whole(folder / RESULTS, json.dumps(results, indent=4) + "\n")
    write_whole(folder / "all_results.json", json.dumps({**known, **results}, indent=4) + "\n")


def _shown(conversation: Sequence[Message]) -> str:
    """What was asked, a line or more a turn."""
    if len(conversation) == 1:
        return conversation[0].content
    return "\n".join(f"{message.role}: {message.content}" for message in conversation)

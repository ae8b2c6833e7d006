"""What becomes of a stage's rows: nothing is lost, cut or mixed up without being told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.records import PreferenceExample, TextExample
from loresmith.training import Lora
from loresmith.training.rows import TooLong
from loresmith.training.stages import Dpo, Encoding, Kto, Pretrain, Reward, Sft
from loresmith.training.stages.stage import Encoded
from tiny_model import make_tiny_tokenizer
from tiny_training import example
from training.stages.stage_rows import asked, feedback, preferences, texts

TOKENIZER = make_tiny_tokenizer()
END = TOKENIZER.eos_token_id


def encoding(max_length: int = 512, too_long: TooLong = "drop", tokenizer: Any = None) -> Encoding:
    return Encoding(tokenizer or TOKENIZER, max_length, too_long, "replies", seed=0)


def text(content: str) -> TextExample:
    return TextExample(id=content[:20], text=content)


@given(
    st.lists(st.text("ab 港é1", min_size=1, max_size=40), min_size=1, max_size=6),
    st.integers(8, 40),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_token_of_the_texts_is_learned_exactly_once(
    contents: list[str], length: int, join: bool
) -> None:
    done = Pretrain(join=join).encode([text(one) for one in contents], encoding(length))
    assert all(len(row.input_ids) <= length for row in done.kept)
    learned = [token for row in done.kept for token in row.input_ids[1:]]
    whole = [[*TOKENIZER.encode(one, add_special_tokens=False), END] for one in contents]
    if join:
        together = [token for ids in whole for token in ids]
        assert [done.kept[0].input_ids[0], *learned] == together
    else:
        assert learned == [token for ids in whole for token in ids[1:]]
    assert all(all(row.labels_mask) for row in done.kept)


def test_what_spells_a_special_token_in_a_text_stays_text() -> None:
    (row,) = Pretrain().encode([text("a <|im_end|> b")], encoding()).kept
    assert row.input_ids.count(END) == 1
    assert row.input_ids[-1] == END
    assert TOKENIZER.decode(row.input_ids[:-1]) == "a <|im_end|> b"


def test_a_base_model_without_a_chat_template_is_pretrained_without_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bare = make_tiny_tokenizer(chat_template=None)
    assert Pretrain().encode(texts(range(2)), encoding(tokenizer=bare)).kept
    assert not caplog.records


def test_a_tokenizer_that_begins_texts_with_a_token_does_so_here() -> None:
    from tokenizers.processors import TemplateProcessing

    begins = make_tiny_tokenizer()
    begins._tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
    )
    (row,) = Pretrain().encode([text("harbour")], encoding(tokenizer=begins)).kept
    assert row.input_ids == [1, *TOKENIZER.encode("harbour", add_special_tokens=False), END]


def learned_text(row: Any) -> str:
    return str(TOKENIZER.decode([t for t, m in zip(*row[:2], strict=True) if m]))


def test_of_a_pair_only_the_last_replies_and_their_ends_are_learned() -> None:
    (pair,) = Dpo().encode(preferences([3]), encoding()).kept
    assert learned_text(pair.chosen) == "Berth 3, sir.<|im_end|>"
    assert learned_text(pair.rejected) == "No idea about 3!<|im_end|>"
    assert pair.tokens == len(pair.chosen.input_ids) + len(pair.rejected.input_ids)


LONG = PreferenceExample(
    id="long", prompt=asked("What of the harbour?"), chosen="a b " * 90, rejected="c d " * 60
)


def encoded_long(stage: Dpo | Reward, too_long: TooLong) -> Encoded:
    return stage.encode([LONG, *preferences([1])], encoding(120, too_long))


@pytest.mark.parametrize("stage", [Dpo(), Reward()])
def test_a_pair_that_is_too_long_is_dropped_and_counted(stage: Dpo | Reward) -> None:
    done = encoded_long(stage, "drop")
    assert len(done.kept) == 1
    (drop,) = done.dropped
    assert (drop.subject_id, drop.reason) == ("long", "too_long")
    assert "and max_length is 120" in drop.detail


def test_or_both_of_its_replies_are_shortened_behind_the_same_question() -> None:
    done = encoded_long(Dpo(), "shorten")
    pair = done.kept[0]
    assert [drop.subject_id for drop in done.shortened] == ["long"]
    for row, letters in ((pair.chosen, "a b"), (pair.rejected, "c d")):
        said = learned_text(row)
        assert len(row.input_ids) <= 120
        assert said.startswith(letters)
        assert said.endswith("<|im_end|>")
        assert "What of the harbour?" in TOKENIZER.decode(row.input_ids)


def test_or_it_ends_the_training_before_it_begins() -> None:
    with pytest.raises(TrainingError, match=r"1 rows are longer than max_length=120: long"):
        encoded_long(Dpo(), "error")


def test_marked_answers_are_compared_with_replies_to_other_questions() -> None:
    items = Kto().encode(feedback(range(6)), encoding()).kept
    for item in items:
        assert item.strange is not None
        asked_own = TOKENIZER.decode(item.row.input_ids).split("<|im_start|>assistant")[0]
        asked_strange = TOKENIZER.decode(item.strange.input_ids).split("<|im_start|>assistant")[0]
        assert asked_own == asked_strange
    replies = sorted(learned_text(item.row) for item in items)
    assert sorted(learned_text(item.strange) for item in items) == replies
    assert any(learned_text(item.strange) != learned_text(item.row) for item in items)
    assert Kto().encode(feedback(range(6)), encoding()).kept == items  # the seed decides


def test_one_marked_answer_alone_has_no_stranger() -> None:
    (item,) = Kto().encode(feedback([1])[:1], encoding()).kept
    assert item.strange is None
    assert len(item.rows) == 1


@pytest.mark.parametrize(
    ("stage", "wanted"),
    [
        (Dpo(), "questions with a better and a worse answer"),
        (Reward(), "questions with a better and a worse answer"),
        (Kto(), "answers that somebody liked or did not"),
        (Pretrain(), "texts"),
    ],
)
def test_rows_of_another_shape_are_refused_by_name(
    stage: Any, wanted: str, base: Path, device: Device, tmp_path: Path
) -> None:
    rows = [example("Who is there?", "Ilse Brandt.")]
    with pytest.raises(TrainingError, match=f"takes {wanted}, and these rows are conversations"):
        Lora(stage=stage).train(rows, base=base, folder=tmp_path, seed=0, device=device)


def test_labels_are_smoothed_for_one_loss_alone() -> None:
    assert Dpo(label_smoothing=0.1).label_smoothing == 0.1
    with pytest.raises(ValueError, match="is of the loss sigmoid alone"):
        Dpo(loss="ipo", label_smoothing=0.1)


def test_sft_is_what_a_recipe_learns_where_it_says_nothing() -> None:
    assert Lora().stage == Sft()

"""A judge sees the source, scores every criterion with a reason, and says the same again."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from loresmith.curation import Source
from loresmith.curation.judge import RUBRIC, Judge, JudgedRow, JudgeReply
from loresmith.errors import RecipeError
from loresmith.recipe import Recipe
from loresmith.records import CriterionScore, Rating
from small_corpus import CHINESE, ENGLISH, chunk_of, document_of

NAMES = [criterion.name for criterion in RUBRIC]


def row(number: int, *, language: str = "en") -> JudgedRow:
    text = ENGLISH if language == "en" else CHINESE
    document = document_of(text, name=f"{language}.md", language=language)
    source = Source(document, chunk_of(document, context="Ships"))
    return JudgedRow(f"row {number}", language, f"Question: {number}?", "Ines Tavarel", (source,))


def reply(*scores: int, reasons: bool = True, number: int = 1) -> JudgeReply:
    given: list[dict[str, Any]] = [
        {"criterion": name, "score": score, "reason": "so it is" if reasons else ""}
        for name, score in zip(NAMES, scores, strict=False)
    ]
    return JudgeReply.model_validate({"rows": [{"number": number, "scores": given}]})


def rating(**scores: int) -> Rating:
    return Rating(
        id="rating",
        subject_id="row",
        scores=tuple(
            CriterionScore(criterion=name, score=scores.get(name, 5), reason="why")
            for name in NAMES
        ),
        model="judge",
        prompt_version="1",
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_shown_source_headings_evidence_and_the_rubric_in_the_row_s_language(
    language: str,
) -> None:
    asked = row(1, language=language)
    system, user = Judge().request([asked, row(2, language=language)]).messages
    document = asked.sources[0].document
    for part in (
        document.text,
        document.title,
        "Ships",
        asked.said,
        "Question: 2?",
        asked.evidence,
    ):
        assert part in user.content
    for criterion in RUBRIC:
        assert criterion.name in system.content and criterion.asks(language) in system.content
    assert ("你评判" in system.content) is (language == "zh")


def test_rows_of_one_passage_and_language_share_calls_and_others_do_not() -> None:
    rows = [*(row(number) for number in range(5)), row(5, language="zh")]
    sizes = [len(batch) for batch in Judge(rows_per_call=2).batches(rows)]
    assert sizes == [2, 2, 1, 1]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (reply(5, 5, 5, 5), "row 1: score each of"),
        (reply(5, 5, 5, 5, 4, reasons=False), "natural is scored 4 without a reason"),
        (reply(5, 5, 5, 5, 5, number=2), "each row from 1 to 1 has to appear once"),
    ],
)
def test_a_reply_that_leaves_something_out_is_asked_for_again(
    given: JudgeReply, fault: str
) -> None:
    check = Judge().request([row(1)]).check
    assert check is not None
    assert any(fault in one for one in check(given)), check(given)
    assert check(reply(5, 5, 5, 5, 5, reasons=False)) == []


@pytest.mark.parametrize("score", [-1, 6, 4.5, "good", None])
def test_a_score_is_a_whole_number_from_0_to_5(score: object) -> None:
    scores = [{"criterion": "supported", "score": score, "reason": "?"}]
    with pytest.raises(ValidationError):
        JudgeReply.model_validate({"rows": [{"number": 1, "scores": scores}]})


def test_weights_and_thresholds_are_put_to_the_scores_when_they_are_read() -> None:
    low = rating(natural=0, complete=0)
    assert Judge().overall(low) == pytest.approx(5 * 6 / 8)
    assert Judge(use="drop").verdict(low).keep
    verdict = Judge(use="drop", threshold=4.0).verdict(low)
    assert (verdict.reason, "natural 0: why" in verdict.detail) == ("rated_low", True)
    assert Judge(use="rate", threshold=4.0).verdict(low).keep
    assert Judge(use="drop", threshold=4.0).verdict(None).keep
    asked = row(1)
    ids = {Judge(threshold=at).rating_id(asked, judged_by="x") for at in (1.0, 4.0)}
    assert len(ids) == 1
    assert Judge().rating_id(asked._replace(said="Other."), judged_by="x") not in ids


def test_what_the_source_does_not_bear_out_is_dropped_however_well_it_reads() -> None:
    verdict = Judge(use="drop", threshold=0.0).verdict(rating(supported=3))
    assert not verdict.keep and verdict.detail.endswith("supported 3: why")


def test_a_rubric_of_one_s_own_names_each_criterion_once() -> None:
    own = {"name": "tone", "en": "It is friendly."}
    built = Recipe.build({"curation": {"judge": {"use": "rate", "rubric": [own]}}})
    assert [one.name for one in built.curation.judge.rubric] == ["tone"]
    with pytest.raises(RecipeError, match="1 fault"):
        Recipe.build({"curation": {"judge": {"rubric": [own, own]}}})
    assert built.curation.fingerprint() == Recipe().curation.fingerprint()

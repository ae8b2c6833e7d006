"""The writer that needs no strong teacher, on prose, with a small model that talks nonsense too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from loresmith.chunking import HeadingChunker
from loresmith.curation import Curation
from loresmith.documents import parse_document
from loresmith.generation.extractive import ExtractiveWriter, Written
from loresmith.generation.extractive.sampled_questions import RankingModel
from loresmith.models.base import Sampling
from loresmith.models.local import LocalModel
from loresmith.records import Chunk, Document, Message, Reply
from loresmith.text.figures import figures
from loresmith.text.overlap import jaccard, token_set
from loresmith.text.phrases import covers

PROSE = Path(__file__).parents[2] / "examples" / "prose" / "documents"
NONSENSE = (
    "When did Napoleon visit Brennick?",
    "How many people were killed in 1999?",
    "What was it?",
    "I'm ready to assist you with any questions you have.",
    "What is the number of bicycles that Tamsin Cycleworks sold, 15,300?",
    "",
)


class Parrot:
    """Asks nonsense, and after it what it was shown to ask; likes short questions best."""

    name = "parrot"

    def __init__(self) -> None:
        self.asked = 0

    def reply_all(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling
    ) -> list[Reply]:
        self.asked += len(conversations)
        return [
            Reply(text=NONSENSE[(number + (sampling.seed or 0)) % len(NONSENSE)])
            for number in range(len(conversations))
        ]

    def score_all(self, candidates: Sequence[tuple[Sequence[Message], str]]) -> list[float]:
        return [-float(len(prompt[-1].content)) for prompt, _ in candidates]


def _written(writer: ExtractiveWriter) -> list[tuple[Document, Chunk, Written]]:
    made = []
    for path in sorted(PROSE.iterdir()):
        document = parse_document(path, name=path.name)
        for chunk in HeadingChunker().chunk(document):
            made.append((document, chunk, writer.write(chunk, document, Parrot())))
    return made


@pytest.fixture(scope="module")
def written() -> list[tuple[Document, Chunk, Written]]:
    return _written(ExtractiveWriter())


def test_three_short_texts_give_some_thirty_facts_and_most_have_an_exam_question(written) -> None:
    facts = [fact for _, _, one in written for fact in one.facts]
    examined = {w.fact_id for _, _, one in written for w in one.wordings if w.use == "exam"}
    assert len(facts) >= 28
    assert len(examined) >= 0.6 * len(facts)


def test_every_answer_stands_in_the_source_and_passes_the_curation(written) -> None:
    facts = [fact for _, _, one in written for fact in one.facts]
    wordings = [wording for _, _, one in written for wording in one.wordings]
    chunks = [chunk for _, chunk, _ in written]
    documents = [document for document, _, _ in written]
    assert all(fact.quotes[0] in chunk.text for _, chunk, one in written for fact in one.facts)
    kept = Curation().curate_facts(facts, chunks, documents)
    assert kept.drops == ()
    assert all(fact.evidence for fact in kept.kept)
    worded = Curation().curate_wordings(wordings, kept.kept, chunks, documents)
    assert {drop.reason for drop in worded.drops} <= {"duplicate"}


def test_no_row_holds_a_figure_or_a_name_that_its_document_does_not_hold(written) -> None:
    for document, _, one in written:
        known = figures(f"{document.title}\n{document.text}")
        words = set(re.findall(r"\w+", f"{document.title}\n{document.text}"))
        for row in (*one.facts, *one.wordings):
            for text in (row.question, row.answer):
                for figure in figures(text):
                    assert any(covers(given, figure) for given in known), text
                for name in re.findall(r"(?<=[a-z] )[A-Z]\w+", text):
                    assert name in words, text


def test_nonsense_of_the_model_never_becomes_a_row(written) -> None:
    questions = {row.question for _, _, one in written for row in (*one.facts, *one.wordings)}
    assert not questions & set(NONSENSE)


def test_exam_and_practice_questions_stay_apart_from_those_trained(written) -> None:
    for _, _, one in written:
        for fact in one.facts:
            own = [w for w in one.wordings if w.fact_id == fact.id and w.kind != "restatement"]
            trained = [fact.question, *(w.question for w in own if w.use == "training")]
            for held in (w for w in own if w.use != "training"):
                assert held.kind == "direct"
                for question in trained:
                    assert jaccard(token_set(held.question), token_set(question)) <= 0.6


def test_there_are_at_most_as_many_facts_as_the_density_allows(written) -> None:
    assert all(len(one.facts) <= max(1, len(chunk.text) // 240) for _, chunk, one in written)
    dense = _written(ExtractiveWriter(density=100))
    facts = sum(len(one.facts) for _, _, one in dense)
    assert facts > sum(len(one.facts) for _, _, one in written)


def test_every_sentence_that_is_not_used_has_a_reason(written) -> None:
    reasons = {drop.reason for _, _, one in written for drop in one.skipped}
    assert {"first_person", "subject_unresolved", "over_density"} <= reasons
    assert all(drop.reason and drop.text for _, _, one in written for drop in one.skipped)


def test_writing_again_gives_the_same_records_and_other_settings_other_ids(written) -> None:
    again = _written(ExtractiveWriter())
    assert [one for _, _, one in again] == [one for _, _, one in written]
    other = _written(ExtractiveWriter(seed=1))
    ids = {fact.id for _, _, one in written for fact in one.facts}
    assert not ids & {fact.id for _, _, one in other for fact in one.facts}
    assert len(ids) == sum(len(one.facts) for _, _, one in written)


def test_without_samples_the_model_is_only_asked_to_rank() -> None:
    model = Parrot()
    document = parse_document(PROSE / "brennick-history.md", name="brennick-history.md")
    chunk = next(iter(HeadingChunker().chunk(document)))
    assert ExtractiveWriter(samples=0).write(chunk, document, model).facts
    assert model.asked == 0


def test_a_chinese_document_is_refused_before_any_work_and_the_reason_names_its_language(
    tmp_path: Path,
) -> None:
    path = tmp_path / "纪要.txt"
    path.write_text("青礁船厂2031年交付船舶14艘，营业收入3,100万元。厂长是林若海。", "utf-8")
    document = parse_document(path, name="纪要.txt")
    reason = ExtractiveWriter().supports(document)
    assert reason is not None
    assert "(zh)" in reason
    model = Parrot()
    for chunk in HeadingChunker().chunk(document):
        one = ExtractiveWriter().write(chunk, document, model)
        assert (one.facts, one.wordings) == ([], [])
        assert [drop.reason for drop in one.skipped] == ["not_english"]
    assert model.asked == 0


def test_an_english_document_is_supported() -> None:
    document = parse_document(PROSE / "kelp-lab-note.md", name="kelp-lab-note.md")
    assert ExtractiveWriter().supports(document) is None


@pytest.mark.parametrize("text", ["# Only a heading\n", "| a | b |\n|---|---|\n| 1 | 2 |\n"])
def test_a_text_without_sentences_gives_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bare.md"
    path.write_text(text, encoding="utf-8")
    document = parse_document(path, name="bare.md")
    for chunk in HeadingChunker().chunk(document):
        one = ExtractiveWriter().write(chunk, document, Parrot())
        assert (one.facts, one.wordings) == ([], [])


def test_a_local_model_can_take_the_models_part() -> None:
    model: RankingModel = LocalModel(Path("no-such-folder"), name="nothing")
    assert model.name == "nothing"

"""What every passage's request tells alike: the style, the subjects, types and the language."""

from __future__ import annotations

import pytest

from loresmith.generation import FactWriter, TrainingWordingWriter
from loresmith.generation.brief import Brief
from loresmith.generation.question_mix import Difficulties, QuestionTypes
from loresmith.generation.replies import WrittenFacts
from loresmith.records import Chunk, Document
from small_corpus import fact_of

TREE = (("Traffic", "Ships"), ("Traffic", "Cargo"), ("People",))


def reply(**parts: str) -> WrittenFacts:
    pair = {
        "question": "How many ship calls did Calder Reach count in 2031?",
        "answer": "Calder Reach counted 1,297 ship calls in 2031.",
        "short_answer": "1,297",
        "evidence": ["Calder Reach counted 1,297 ship calls in 2031."],
    }
    return WrittenFacts.model_validate({"pairs": [pair | parts]})


def test_subjects_are_numbered_as_in_a_table_of_contents() -> None:
    assert Brief(tags=TREE).numbered == ("1.1 Traffic > Ships", "1.2 Traffic > Cargo", "2 People")


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ("1.2", ("Traffic", "Cargo")),
        ("1.2.", ("Traffic", "Cargo")),
        ("1.2 Traffic > Cargo", ("Traffic", "Cargo")),
        ("Cargo", ("Traffic", "Cargo")),
        ("Traffic > Cargo", ("Traffic", "Cargo")),
        ("2", ("People",)),
        ("1", ()),
        ("7.7", ()),
        ("", ()),
    ],
)
def test_an_answer_names_a_subject_by_its_number_or_label(answer: str, path: object) -> None:
    assert Brief(tags=TREE).tag(answer) == path


def test_questions_are_tagged_in_the_call_that_writes_them(
    english: tuple[Chunk, Document], chinese: tuple[Chunk, Document]
) -> None:
    brief = Brief(tags=TREE)
    asked = FactWriter().request(*english, brief).messages
    assert "1.2 Traffic > Cargo" in asked[1].content
    assert '"tag"' in asked[0].content
    assert "1.2 Traffic > Cargo" in FactWriter().request(*chinese, brief).messages[1].content
    (fact,) = FactWriter().facts(*english, reply(tag="1.1"), model="t", brief=brief)
    assert fact.tag == ("Traffic", "Ships")
    without = FactWriter().request(*english).messages
    assert '"tag"' not in without[0].content
    (untagged,) = FactWriter().facts(*english, reply(tag="1.1"), model="t")
    assert untagged.tag == ()


def test_a_mix_of_types_and_difficulties_is_asked_for_and_kept(
    english: tuple[Chunk, Document],
) -> None:
    writer = FactWriter(
        density=25,
        types=QuestionTypes(fact=1, analysis=1),
        difficulties=Difficulties(easy=3, hard=1),
    )
    system, user = writer.request(*english).messages
    assert "of type `fact`" in user.content
    assert "of type `analysis`" in user.content
    assert "`easy`" in user.content
    assert "- `analysis`:" in system.content
    assert "- `procedure`:" not in system.content
    (fact,) = writer.facts(*english, reply(type="analysis", difficulty="hard"), model="t")
    assert (fact.type, fact.difficulty) == ("analysis", "hard")
    (odd,) = writer.facts(*english, reply(type="riddle"), model="t")
    assert odd.type == ""


def test_pairs_that_do_not_say_their_type_are_sent_back(english: tuple[Chunk, Document]) -> None:
    check = FactWriter(types=QuestionTypes(analysis=1)).request(*english).check
    assert check is not None
    assert check(reply()) == ["give each pair its type: fact, analysis"]
    assert check(reply(type="fact")) == []


def test_the_language_of_what_is_written_can_be_chosen(
    english: tuple[Chunk, Document], chinese: tuple[Chunk, Document]
) -> None:
    to_chinese = FactWriter(language="zh")
    request = to_chinese.request(*english)
    assert "都请用中文写作" in request.messages[0].content
    assert request.check is not None
    assert request.check(reply()) == ["write the questions and answers in Chinese"]
    (fact,) = to_chinese.facts(*english, reply(), model="t")
    assert fact.language == "zh"
    assert "Write in English" in FactWriter(language="en").request(*chinese).messages[0].content


def test_a_style_guide_reaches_whoever_writes_rows_to_train_on(
    english: tuple[Chunk, Document],
) -> None:
    brief = Brief(style="Write tersely, {{ as }} in a log.")
    assert brief.style in FactWriter().request(*english, brief).messages[0].content
    writer = TrainingWordingWriter()
    (batch,) = writer.batches(*english, [fact_of(english[0])])
    assert brief.style in writer.request(batch, brief).messages[0].content
    assert "style that is wanted" not in writer.request(batch).messages[0].content

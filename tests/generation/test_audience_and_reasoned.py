"""The same facts for other readers, and with the thoughts that lead to their answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loresmith.curation import Curation
from loresmith.errors import MalformedReply
from loresmith.generation.row_kinds import AudienceRows, PassageFacts, ReasonedRows
from loresmith.generation.row_kinds.audience import Audience, WrittenForAudience
from loresmith.generation.row_kinds.reasoned import WrittenThoughts
from loresmith.models.cache import ReplyCache
from loresmith.models.scripted import ScriptedModel
from loresmith.models.structured import Asker
from loresmith.records import Chunk, Document, Reply, WrittenConversation
from small_corpus import fact_of

Passage = tuple[Chunk, Document]
FORUM = Audience(genre="a question in a forum", audience="apprentices")
LETTER = Audience(genre="写给老客户的信", audience="货主")
ANSWER = "Calder Reach counted 1,297 ship calls in 2031."


@pytest.fixture
def harbour(english: Passage) -> PassageFacts:
    """Two facts of a passage."""
    chunk, document = english
    master = fact_of(
        chunk,
        1,
        question="Who is the harbour master of Calder Reach?",
        answer="The harbour master of Calder Reach is Ines Tavarel.",
        short_answer="Ines Tavarel",
        quotes=("The harbour master is Ines Tavarel.",),
    )
    return PassageFacts(chunk, document, (fact_of(chunk, 0), master))


def test_each_pair_of_genre_and_audience_asks_for_every_fact_again(harbour: PassageFacts) -> None:
    kind = AudienceRows(audiences=(FORUM, LETTER), facts_per_call=1)
    batches = kind.batches([harbour])
    assert len(batches) == 4
    assert len({json.dumps(batch.ids) for batch in batches}) == 4
    system = kind.request(batches[0]).messages[0].content
    assert "a question in a forum" in system
    assert "apprentices" in system
    assert "写给老客户的信" in kind.request(batches[2]).messages[0].content
    assert AudienceRows().batches([harbour]) == []


def test_an_answer_for_an_audience_keeps_what_the_fact_says(harbour: PassageFacts) -> None:
    kind = AudienceRows(audiences=(FORUM,))
    (batch,) = kind.batches([harbour])
    check = kind.request(batch).check
    assert check is not None
    good = {"number": 1, "question": "So how many ships called there?", "answer": ANSWER}
    other = {"number": 2, "question": "Who runs the place?", "answer": "Ines Tavarel does."}
    assert check(WrittenForAudience.model_validate({"pairs": [good, other]})) == []
    vague = good | {"answer": "Quite a few, my friend."}
    faults = check(WrittenForAudience.model_validate({"pairs": [vague, other]}))
    assert faults == ["pair 1: the answer must contain '1,297 ship calls'"]
    assert check(WrittenForAudience.model_validate({"pairs": [good]})) == [
        "no wordings for pair: 2"
    ]
    rows = kind.rows(batch, WrittenForAudience.model_validate({"pairs": [good, other]}), model="t")
    assert [row.fact_ids for row in rows] == [(fact.id,) for fact in harbour.facts]


def test_thoughts_stand_before_the_fact_s_own_answer(harbour: PassageFacts) -> None:
    kind = ReasonedRows()
    (batch,) = kind.batches([harbour])
    reply = WrittenThoughts.model_validate(
        {
            "thoughts": [
                {"number": 1, "reasoning": "Asked is the count of ship calls of 2031."},
                {"number": 2, "reasoning": "Asked is who the harbour master is."},
            ]
        }
    )
    check = kind.request(batch).check
    assert check is not None
    assert check(reply) == []
    first = kind.rows(batch, reply, model="t")[0]
    assert isinstance(first.content, WrittenConversation)
    (turn,) = first.content.turns
    assert turn.answer == f"<think>Asked is the count of ship calls of 2031.</think>\n{ANSWER}"
    missing = reply.model_copy(update={"thoughts": reply.thoughts[:1]})
    assert check(missing) == ["no wordings for pair: 2"]


def test_a_thought_with_a_figure_that_the_evidence_lacks_is_thrown_out(
    harbour: PassageFacts,
) -> None:
    kind = ReasonedRows()
    (batch,) = kind.batches([harbour])
    texts = ("In 2031 it was more than the 1,144 of the year before.", "It is the harbour master.")
    reply = WrittenThoughts.model_validate(
        {"thoughts": [{"number": n, "reasoning": t} for n, t in enumerate(texts, start=1)]}
    )
    rows = kind.rows(batch, reply, model="t")
    chunk, document, facts = harbour
    curation = Curation()
    kept = curation.curate_facts(facts, [chunk], [document]).kept
    judged = curation.curate_rows(rows, kept, [chunk], [document])
    assert [row.id for row in judged.kept] == [rows[1].id]
    (drop,) = judged.drops
    assert drop.reason == "figure_not_in_evidence"
    assert "1,144" in drop.detail


def test_the_reasoning_of_a_reasoning_model_is_taken_as_it_is(
    harbour: PassageFacts, tmp_path: Path
) -> None:
    kind = ReasonedRows(thoughts="own")
    batches = kind.batches([harbour])
    assert [len(batch.facts) for batch in batches] == [1, 1]
    text = '{"thoughts": [{"number": 1, "reasoning": "done"}]}'
    thought = "Hmm, ship calls of 2031.\nThat is 1,297."
    model = ScriptedModel(
        [Reply(text=text, reasoning=thought), Reply(text=f"<think>{thought}</think>{text}")]
    )
    with ReplyCache(tmp_path / "replies.sqlite") as cache, model:
        replies = [Asker(model, cache).ask(kind.request(batch)) for batch in batches]
    assert [one.thoughts[0].reasoning for one in replies] == [thought, thought]


def test_a_model_that_shows_no_reasoning_is_told_of(harbour: PassageFacts, tmp_path: Path) -> None:
    kind = ReasonedRows(thoughts="own")
    batch = kind.batches([harbour])[0]
    text = '{"thoughts": [{"number": 1, "reasoning": "done"}]}'
    model = ScriptedModel([text])
    with (
        ReplyCache(tmp_path / "replies.sqlite") as cache,
        model,
        pytest.raises(MalformedReply, match="thoughts: written"),
    ):
        Asker(model, cache, attempts=1).ask(kind.request(batch))

"""What every store promises, in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from loresmith.records import Chunk, Document, ExamItem, Outcome, StoredRecord, Wording
from loresmith.store import Store


def chunk(number: int, text: str = "渔港纪要 £9.4 m") -> Chunk:
    return Chunk(id=f"c{number}", document_id="d", index=number, start=0, end=1, text=text)


def outcome(record_id: str, *, failure: str = "", made: tuple[str, ...] = ()) -> Outcome:
    return Outcome(id=record_id, step="facts", subject="a passage", failure=failure, made=made)


def test_what_is_added_comes_back_equal(store: Store) -> None:
    records = [chunk(1), chunk(2, 'line one\nline two\t"quoted" \\ 🚢 \x00 end')]
    store.add(records)
    assert store.all(Chunk) == records


def test_an_empty_store_has_nothing(store: Store) -> None:
    assert store.all(Document) == []
    assert store.get(Document, ["x"]) == []
    assert store.get(Document, []) == []
    assert store.one(Document, "x") is None
    assert store.add([]) == 0


def test_adding_again_adds_only_what_is_missing(store: Store) -> None:
    assert store.add([chunk(1), chunk(2)]) == 2
    assert store.add([chunk(1), chunk(2), chunk(3)]) == 1
    assert len(store.all(Chunk)) == 3


def test_a_record_that_is_given_twice_counts_once(store: Store) -> None:
    assert store.add([chunk(1), chunk(1)]) == 1


def test_a_known_id_keeps_its_first_content(store: Store) -> None:
    store.add([chunk(1, "first")])
    store.add([chunk(1, "second")])
    assert store.all(Chunk)[0].text == "first"


def test_put_replaces_the_content_and_keeps_the_place(store: Store) -> None:
    store.put(outcome("a", failure="no reply"))
    store.put(outcome("b"))
    store.put(outcome("a", made=("c1",)))
    assert store.all(Outcome) == [outcome("a", made=("c1",)), outcome("b")]


def test_get_answers_in_the_order_asked_and_leaves_out_what_is_unknown(store: Store) -> None:
    store.add([chunk(1), chunk(2), chunk(3)])
    found = store.get(Chunk, ["c3", "nobody", "c1", "c3"])
    assert [c.id for c in found] == ["c3", "c1", "c3"]


def test_all_keeps_the_order_in_which_records_came(store: Store) -> None:
    numbers = random.Random(4).sample(range(3000), 3000)
    store.add(chunk(n) for n in numbers[:2500])
    store.add(chunk(n) for n in numbers[2500:])
    assert [c.index for c in store.all(Chunk)] == numbers
    asked = [f"c{n}" for n in sorted(numbers)]
    assert [c.id for c in store.get(Chunk, asked)] == asked


def test_kinds_do_not_mix_though_their_ids_are_equal(store: Store) -> None:
    mixed: list[StoredRecord] = [outcome("c1"), chunk(1), outcome("c2"), chunk(2)]
    assert store.add(mixed) == 4
    assert store.one(Outcome, "c1") == outcome("c1")
    assert store.one(Chunk, "c1") == chunk(1)
    assert store.one(Wording, "c1") is None


def test_records_may_be_made_from_the_store_while_they_are_added(store: Store) -> None:
    store.add([chunk(1), chunk(2)])
    store.add(outcome(c.id) for c in store.all(Chunk) if store.one(Outcome, c.id) is None)
    assert [o.id for o in store.all(Outcome)] == ["c1", "c2"]


def test_nothing_is_added_when_a_record_on_the_way_cannot_be_made(store: Store) -> None:
    def records() -> list[Chunk]:
        yield chunk(1)
        raise RuntimeError("the reader broke")

    with pytest.raises(RuntimeError):
        store.add(records())
    assert store.all(Chunk) == []


def test_a_kind_that_no_store_keeps_is_refused_before_anything_is_stored(store: Store) -> None:
    item = ExamItem.model_validate(
        {
            "id": "i",
            "prompt": "?",
            "kind": "direct",
            "language": "en",
            "key": {"short_answer": "", "answer": ""},
        }
    )
    with pytest.raises(TypeError, match="no ExamItem"):
        store.add([chunk(1), item])
    with pytest.raises(TypeError, match="no ExamItem"):
        store.all(ExamItem)
    assert store.all(Chunk) == []


def test_threads_that_add_the_same_records_at_once_store_each_once(store: Store) -> None:
    ready = threading.Barrier(6)

    def add(seed: int) -> int:
        records = [chunk(n) for n in range(300)]
        random.Random(seed).shuffle(records)
        ready.wait()
        return sum(store.add(records[start : start + 60]) for start in range(0, 300, 60))

    with ThreadPoolExecutor(6) as threads:
        new = list(threads.map(add, range(6)))
    assert sum(new) == 300
    assert sorted(c.index for c in store.all(Chunk)) == list(range(300))

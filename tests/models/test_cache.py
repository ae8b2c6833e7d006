"""Replies that were paid for stay, are served once valid, and outlive the process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loresmith.errors import StoreError
from loresmith.models.base import Sampling
from loresmith.models.cache import ReplyCache, reply_key
from loresmith.records import Message, Reply, Usage

ASKED = (Message(role="user", content="港口吞吐量是多少？"),)
GOOD = Reply(text='{"answer": "三千一百万吨"}', usage=Usage(calls=1, prompt_tokens=9))


def test_a_valid_reply_is_served_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "replies.db"
    with ReplyCache(path) as cache:
        cache.put("k", GOOD, valid=True, model="m", purpose="facts")
    with ReplyCache(path) as cache:
        assert cache.get("k") == GOOD
        assert cache.get("other") is None
        assert cache.lookups == (1, 1)
        assert len(cache) == 1


def test_a_bad_reply_is_kept_to_look_at_and_never_served(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.db") as cache:
        cache.put("k", Reply(text="抱歉"), valid=False, model="m", faults=["没有 JSON"])
        cache.put("k", Reply(text="Sorry"), valid=False, model="m", faults=["no JSON"])
        assert cache.get("k") is None
        assert [bad.reply.text for bad in cache.bad_replies("k")] == ["抱歉", "Sorry"]
        assert cache.bad_replies()[0].faults == ("没有 JSON",)
        assert cache.bad_replies("other") == []


def test_verdicts_can_change_both_ways(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.db") as cache:
        cache.put("k", GOOD, valid=True, model="m")
        cache.invalidate("k", faults=["a stricter check"])
        assert cache.get("k") is None
        cache.accept(cache.bad_replies("k")[0])
        assert cache.get("k") == GOOD
        assert cache.bad_replies("k") == []


def test_what_was_spent_counts_good_and_bad_by_purpose(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.db") as cache:
        cache.put("a", GOOD, valid=True, model="m", purpose="facts")
        cache.put("b", GOOD, valid=False, model="m", purpose="facts")
        cache.put("c", GOOD, valid=True, model="m", purpose="exam wordings")
        assert cache.spent()["facts"] == Usage(calls=2, prompt_tokens=18)
        assert cache.spent()["exam wordings"].calls == 1


def test_keys_depend_on_content_only() -> None:
    key = reply_key("m", ASKED, Sampling())
    assert key == reply_key("m", list(ASKED), Sampling(), sample=0)
    others = {
        reply_key("n", ASKED, Sampling()),
        reply_key("m", (*ASKED, *ASKED), Sampling()),
        reply_key("m", (Message(role="system", content=ASKED[0].content),), Sampling()),
        reply_key("m", ASKED, Sampling(temperature=0.1)),
        reply_key("m", ASKED, Sampling(max_tokens=513)),
        reply_key("m", ASKED, Sampling(seed=1)),
        reply_key("m", ASKED, Sampling(), sample=1),
    }
    assert len(others | {key}) == 8


def test_many_threads_may_write_and_read(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.db") as cache, ThreadPoolExecutor(8) as pool:

        def keep(number: int) -> bool:
            cache.put(f"k{number % 50}", GOOD, valid=True, model="m")
            return cache.get(f"k{number % 50}") == GOOD

        assert all(pool.map(keep, range(200)))
        assert len(cache) == 50


def test_two_processes_may_use_one_file(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with ReplyCache(path) as one, ReplyCache(path) as other:
        one.put("k", GOOD, valid=True, model="m")
        assert other.get("k") == GOOD


def test_what_was_kept_survives_a_killed_process(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from loresmith.models.cache import ReplyCache
from loresmith.records import Reply
cache = ReplyCache(Path(sys.argv[1]))
for number in range(10_000):
    cache.put(f"k{number}", Reply(text=str(number)), valid=True, model="m")
    print(number, flush=True)
"""
    path = tmp_path / "replies.db"
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = int(line)
            if last == 40:
                os.kill(process.pid, signal.SIGKILL)
                break
    with ReplyCache(path) as cache:
        assert all(cache.get(f"k{number}") is not None for number in range(last + 1))


@pytest.mark.parametrize("content", [b"this is not a database, it is prose. " * 200, b"SQLite"])
def test_a_file_that_is_no_cache_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "replies.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"replies\.db is damaged") as caught:
        ReplyCache(path)
    assert "nothing was deleted" in caught.value.hint
    assert path.read_bytes() == content


def test_a_cache_with_torn_pages_is_refused_rather_than_half_read(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    with ReplyCache(path) as cache:
        for number in range(300):
            cache.put(f"k{number}", GOOD, valid=True, model="m")
    content = bytearray(path.read_bytes())
    content[8192:20480] = b"\xff" * 12288
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        ReplyCache(path)


def test_a_folder_in_the_place_of_the_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot use the reply cache"):
        ReplyCache(tmp_path)


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.db") as cache:
        cache.put("k", GOOD, valid=True, model="m")
        cache._run("PRAGMA max_page_count = 8")
        with pytest.raises(StoreError, match="full") as caught:
            cache.put("l", Reply(text="长" * 50_000), valid=True, model="m")
        assert "room" in caught.value.hint
        assert cache.get("k") == GOOD
        assert cache.get("l") is None


def test_a_cache_of_the_first_version_is_read_and_its_calls_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "replies.sqlite"
    old = sqlite3.connect(file)
    old.executescript(
        """
        CREATE TABLE replies (id INTEGER PRIMARY KEY, key TEXT NOT NULL, valid INTEGER NOT NULL,
            model TEXT NOT NULL, purpose TEXT NOT NULL, asked_at REAL NOT NULL,
            reply TEXT NOT NULL, faults TEXT NOT NULL);
        CREATE UNIQUE INDEX one_valid_reply ON replies (key) WHERE valid;
        CREATE INDEX replies_by_key ON replies (key);
        PRAGMA user_version = 1;
        """
    )
    reply = (
        '{"text":"good","finish_reason":"stop","usage":{"calls":1,"cached":0,"prompt_tokens":70,'
        '"completion_tokens":30},"reasoning":""}'
    )
    old.execute("INSERT INTO replies VALUES (1, 'key', 1, 'm', 'facts', 5.0, ?, '[]')", [reply])
    old.commit()
    old.close()
    with ReplyCache(file) as cache:
        kept = cache.get("key")
        assert kept is not None and kept.text == "good"
        assert cache.spent()["facts"] == Usage(calls=1, prompt_tokens=70, completion_tokens=30)
        whole = cache.call(1)
        assert whole is not None
        assert (whole.messages, whole.call.job, whole.call.seconds) == ((), "", None)


def test_a_call_is_kept_with_its_prompt_once_for_equal_texts(tmp_path: Path) -> None:
    with ReplyCache(tmp_path / "replies.sqlite") as cache:
        for number in range(3):
            messages = (
                Message(role="system", content="You write. " * 1000),
                Message(role="user", content=f"Write {number}."),
            )
            reply = Reply(text="done", seconds=1.5, usage=Usage(calls=1, prompt_tokens=9))
            cache.put(
                str(number),
                reply,
                valid=number != 1,
                model="m",
                faults=["too short"] if number == 1 else [],
                messages=messages,
                job="job-1",
                endpoint="http://here/v1",
            )
        found = cache.call(2)
        assert found is not None
        assert [one.content for one in found.messages] == ["You write. " * 1000, "Write 1."]
        assert found.call.faults == ("too short",)
        assert [one.number for one in cache.calls(faulty=True)] == [2]
        assert [one.number for one in cache.calls(before=3, limit=1)] == [2]
        connection = sqlite3.connect(cache.path)
        assert connection.execute("SELECT count(*) FROM texts").fetchone() == (4,)
        connection.close()

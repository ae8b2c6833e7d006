"""Why: a large dataset is tokenised once for a run, however often the run is stopped and goes on.

What is kept lies in the run's folder under a key of all that it was made from: rows, tokenizer,
template, settings. Whatever differs gives another key, so nothing stale is ever read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loresmith.component import content_id
from loresmith.records import Drop, Example
from loresmith.training.rows import Row, Rows
from loresmith.training.sealed import write_at_once

_WORTH_KEEPING = 256  # rows; fewer are tokenised in less than a second
_VERSION = 2  # raise it when `encode_rows` or the chat templates make other tokens of equal text


def encoded_once(
    examples: Sequence[Example],
    tokenizer: Any,
    folder: Path,
    encode: Callable[[Sequence[Example]], Rows],
    **settings: Any,
) -> Rows:
    """What `encode` makes of the examples, or made of them in an earlier attempt in `folder`.

    `settings` are all else that the tokens depend on. A file that is damaged is made anew.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if len(examples) < _WORTH_KEEPING or backend is None:
        return encode(examples)
    path = folder / f"tokens-{_key(examples, tokenizer, settings)}.json"
    known = _read(path)
    if known is not None:
        return known
    rows = encode(examples)
    write_at_once(path, _as_json(rows))
    return rows


def forget_tokens(folder: Path) -> None:
    """Deletes what is kept; a finished training needs it no more."""
    for path in folder.glob("tokens-*.json"):
        path.unlink(missing_ok=True)


def _key(examples: Sequence[Example], tokenizer: Any, settings: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(example.model_dump_json(include={"id", "messages", "tools"}).encode())
    digest.update(tokenizer.backend_tokenizer.to_str().encode())
    digest.update(str(tokenizer.special_tokens_map).encode())
    digest.update(str(tokenizer.chat_template).encode())
    return content_id("tokens", _VERSION, digest.hexdigest(), settings)[:24]


def _as_json(rows: Rows) -> str:
    kept = [
        [row.input_ids, "".join("01"[mark] for mark in row.labels_mask), row.id]
        for row in rows.kept
    ]
    drops = [[one.model_dump(mode="json") for one in group] for group in rows[1:]]
    return json.dumps([kept, *drops], separators=(",", ":"), ensure_ascii=False)


def _read(path: Path) -> Rows | None:
    try:
        kept, *drops = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(ids, [mark == "1" for mark in marks], id) for ids, marks, id in kept]
        dropped, shortened = ([Drop.model_validate(one) for one in group] for group in drops)
    except (OSError, ValueError, TypeError):
        return None
    return Rows(rows, dropped, shortened)

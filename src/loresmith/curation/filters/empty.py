"""Throws out rows of which a part is missing or cannot be read."""

from __future__ import annotations

import re
from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict


class EmptyFilter(Filter):
    """Drops a claim without question, answer or short answer (`empty`), or with lost characters
    (`unreadable`)."""

    type: Literal["empty"] = "empty"

    def judge(self, claim: Claim) -> Verdict:
        parts = {"question": claim.question, "answer": claim.answer}
        if claim.kind != "abstention":
            parts["short answer"] = claim.short_answer
        missing = [name for name, text in parts.items() if not re.search(r"\w", text)]
        if missing:
            return drop("empty", f"no {' and no '.join(missing)}")
        lost = [name for name, text in parts.items() if _LOST.search(text)]
        if lost:
            return drop("unreadable", f"lost or control characters in the {lost[0]}")
        return KEEP


_LOST = re.compile(r"[\ufffd\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

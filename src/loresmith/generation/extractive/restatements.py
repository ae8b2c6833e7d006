"""Why: what is only asked for in one way is only known in one way; a statement is also retold."""

from __future__ import annotations

import re

from loresmith.generation.extractive.clauses import clauses_of
from loresmith.generation.extractive.statements import Statement
from loresmith.generation.extractive.targets import Target
from loresmith.generation.extractive.vocabulary import Vocabulary


def restatements(statement: Statement, target: Target, vocabulary: Vocabulary) -> list[str]:
    """Open requests that `statement` answers: about its named subject, and to complete it."""
    made = []
    clause = next(iter(clauses_of(statement.text)), None)
    if clause and vocabulary.names(clause.subject) and "," not in clause.subject:
        subject = vocabulary.inside(clause.subject)
        made += [f"Tell me about {subject}.", f"What is known about {subject}?"]
    lead = re.sub(r"[\s,]+$", "", statement.text[: target.start])
    if len(lead.split()) >= _FEWEST_WORDS and vocabulary.names(lead):
        made.append(f'Complete the sentence: "{lead} ..."')
    return made


_FEWEST_WORDS = 4

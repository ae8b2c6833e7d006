"""report.html: one file to look at, which fetches nothing and runs no script but its own.

Everything that documents, models and file names contribute is escaped by the template engine and
stripped of control characters (see `inert`); the page's own Content-Security-Policy then allows
one style sheet and one script, both named by their hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loresmith.models.prices import in_words
from loresmith.records import Document, Drop
from loresmith.workspace.report import formatting
from loresmith.workspace.report.charts import loss_curve
from loresmith.workspace.report.formatting import PageLanguage
from loresmith.workspace.report.inert import inert, shorten
from loresmith.workspace.report.mark_reasons import mark_reason
from loresmith.workspace.report.model import RunReport
from loresmith.workspace.report.phrases import (
    language_phrase,
    phrases,
    reason_phrase,
    section_phrase,
    stage_phrase,
)
from loresmith.workspace.report.questions import outcome_counts, question_sets
from loresmith.workspace.report.scoreboard import scoreboard
from loresmith.workspace.report.verdict import verdict

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent


def render_page(
    report: RunReport, documents: Mapping[str, Document], *, language: PageLanguage = "en"
) -> str:
    """The whole page as HTML, to be written as UTF-8.

    `documents` are the sources in which evidence is shown, under any keys: they are found by id
    and by name. Evidence whose document is not among them is shown as its bare quotes.
    """
    from markupsafe import Markup

    style, script = _own("page.css"), _own("page.js")
    sets = question_sets(report.exam.items, documents, language=language)
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            exam=report.exam,
            training=report.training,
            language=language,
            t=phrases(language),
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            created=report.run.created.replace("T", " ").replace("+00:00", " UTC"),
            verdict=verdict(report.exam, language=language),
            scoreboard=scoreboard(report.exam, language=language),
            question_sets=sets,
            item_count=len(report.exam.items),
            outcomes=outcome_counts(sets, language=language),
            languages=sorted({item.language for item in report.exam.items}),
            drops=_drops(report, language),
            curve=loss_curve(report.training.losses, validation=_validation(report)),
            practice=[p.score for p in report.training.practice if p.score is not None],
            stages=_stages(report, language),
            money=in_words(report.usage.money),
            seconds=sum(report.usage.seconds.values()),
            stage=partial(stage_phrase, language=language),
            why=partial(mark_reason, language=language),
            percent=partial(formatting.percent, language=language),
            interval=partial(formatting.interval, language=language),
            duration=partial(formatting.duration, language=language),
            language_name=partial(language_phrase, language=language),
            section=partial(section_phrase, language=language),
            points=formatting.points,
            count=formatting.count,
            shorten=shorten,
        )
    )


class _DropBar(NamedTuple):
    """A reason, how often it was given, as a share of the most frequent one, and examples."""

    label: str
    number: int
    share: float
    examples: tuple[Drop, ...]


class _StageBar(NamedTuple):
    """A stage's time, and as a share of the longest one."""

    label: str
    seconds: float
    share: float


def _drops(report: RunReport, language: PageLanguage) -> list[_DropBar]:
    most = max(report.dropped.values(), default=0) or 1
    return [
        _DropBar(
            label=reason_phrase(reason, language),
            number=number,
            share=number / most,
            examples=report.dropped_examples.get(reason, ()),
        )
        for reason, number in sorted(report.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _stages(report: RunReport, language: PageLanguage) -> list[_StageBar]:
    most = max(report.usage.seconds.values(), default=0.0) or 1.0
    return [
        _StageBar(stage_phrase(name, language), seconds, max(0.0, seconds / most))
        for name, seconds in report.usage.seconds.items()
    ]


def _validation(report: RunReport) -> list[tuple[int, float]]:
    return [
        (one.step, one.validation_loss)
        for one in report.training.practice
        if one.validation_loss is not None
    ]


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@lru_cache
def _own(name: str) -> str:
    """A file of this package; line ends as a browser sees them, since the hash depends on it."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8").splitlines())


@lru_cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: object) -> object:
        return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        keep_trailing_newline=True,
    )

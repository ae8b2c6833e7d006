"""What the next version would hold, told before it is frozen: what goes in, what not, and why."""

from __future__ import annotations

from collections import Counter

from pydantic import Field

from loresmith.errors import LoresmithError
from loresmith.records import Record
from loresmith.workspace.context import Context
from loresmith.workspace.documents.estimate import Estimate, estimate
from loresmith.workspace.fill_rounds import added_ids
from loresmith.workspace.rows import Facet, RowFilter, Rows
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.chosen_rows import chosen_rows
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.workspace import Workspace


class NextVersion(Record):
    """What freezing would bring, counted from the list of rows."""

    rows: int
    """Rows that go in as things stand. Imported rows that say what another row says, or ask for a
    withheld fact, are found only at freezing."""
    facts: int
    """Facts among them."""
    apart: int
    """Facts of these whose rows are validated on and not trained, as a control."""
    kinds: dict[str, int] = Field(default_factory=dict)
    """The rows by kind; `imported` are those of imported files."""
    languages: dict[str, int] = Field(default_factory=dict)
    left_out: dict[str, int] = Field(default_factory=dict)
    """Rows that were written to be trained on and stay out, by reason; `unconfirmed` where the
    recipe wants confirmed rows only and nobody has confirmed them."""
    exam: int
    """Questions that are kept for the exam."""
    practice: int
    """Questions that are kept for the practice during training."""
    unchecked: int
    """Rows that curation has not seen yet: it runs before freezing, and may leave some out."""
    passages: int
    """Passages about which questions are missing: they are written before freezing."""
    calls: int
    """Calls of the teacher which that takes."""
    writing: Estimate | None = None
    """What that takes in tokens, money and time; null where nothing can be said."""
    teacher: str
    """Who is asked then."""
    obstacle: str = ""
    """What would stop that at once; empty where nothing is known to stand in the way."""
    hint: str = ""
    """What to do about the obstacle."""
    current: bool
    """False while the list of rows is being built anew: then the counts are of a moment ago."""


def next_version(workspace: Workspace) -> NextVersion:
    """Counts what would go in today; nothing is begun."""
    rows, recipe = Rows(workspace), workspace.recipe.dataset
    entering = RowFilter(use=("training",), state=("kept",))
    if recipe.confirmed_only:
        entering = entering.model_copy(update={"verdict": ("confirmed", "edited")})
    found, facts = rows.facets(entering), rows.facets(_facts(entering))
    dropped = rows.facets(RowFilter(use=("training",), state=("dropped",)))
    kept_for = _counts(rows.facets(RowFilter(state=("kept",))).use)
    left_out = _counts(dropped.reason)
    if recipe.confirmed_only:
        left_out["unconfirmed"] = kept_for.get("training", 0) - found.total
    with workspace.opened() as context:
        writing = _writing(context)
        going = found.total
        if recipe.min_stars or recipe.subjects or recipe.per_subject is not None:
            chosen = chosen_rows(context)
            going = len(chosen.ids) if chosen is not None else found.total
            left_out |= Counter(chosen.left_out.values()) if chosen is not None else {}
        first = _without_added(context, _counts(facts.language))
    return NextVersion(
        rows=going,
        facts=facts.total,
        apart=recipe.split.count_apart(first),
        kinds=_counts(found.kind),
        languages=_counts(found.language),
        left_out={reason: count for reason, count in left_out.items() if count},
        exam=kept_for.get("exam", 0),
        practice=kept_for.get("practice", 0),
        unchecked=rows.facets(RowFilter(use=("training",), state=("pending",))).total,
        current=rows.page(limit=1).current,
        **writing,
    )


def _facts(entering: RowFilter) -> RowFilter:
    return entering.model_copy(update={"kind": ("pair",)})


def _counts(facets: tuple[Facet, ...]) -> dict[str, int]:
    return {facet.value: facet.count for facet in facets if facet.count}


def _without_added(context: Context, languages: dict[str, int]) -> dict[str, int]:
    """Facts by language without those that filled gaps: none of these is drawn to be kept apart."""
    added, kept = added_ids(context), curated(context) if added_ids(context) else None
    later = Counter(one.language for one in (kept.facts if kept else ()) if one.id in added)
    return {name: max(0, count - later[name]) for name, count in languages.items()}


def _writing(context: Context) -> dict[str, int | str | Estimate]:
    """What of the writing is missing; a project of imported rows alone needs none."""
    try:
        told = estimate(context, Scope())
    except LoresmithError:  # no document is there, or none can be read: nothing can be written
        return {"passages": 0, "calls": 0, "teacher": ""}
    missing = told.passages - told.finished
    found: dict[str, int | str | Estimate] = {
        "writing": told,
        "passages": missing,
        "calls": told.calls,
        "teacher": told.teacher,
    }
    return found | ({"obstacle": told.obstacle, "hint": told.hint} if missing else {})

"""The verbs about calls and what they cost: calls, costs, prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from loresmith.cli.options import Folder

if TYPE_CHECKING:
    from loresmith.workspace.documents.estimate import Estimate


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="List the calls of the teacher, or show one with its prompt and reply.")(calls)
    app.command(help="Tell what was spent, and what writing the rest will take.")(costs)
    app.command(help="List the prices of models, or enter one.")(prices)


def calls(
    folder: Folder,
    number: Annotated[int | None, typer.Argument(help="A call to show whole.")] = None,
    job: Annotated[
        str | None, typer.Option(metavar="ID", help="Only calls of the job with this id.")
    ] = None,
    faulty: Annotated[bool, typer.Option("--faulty", help="Only replies with faults.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only calls that brought no reply: 429, time-outs.")
    ] = False,
    before: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Only calls before this number.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="So many at most.")] = 20,
) -> None:
    from loresmith.cli.cost_display import show_call, show_calls, show_failures
    from loresmith.workspace import Workspace
    from loresmith.workspace.costs import Calls

    found = Calls(Workspace.as_last_used(folder))
    if number is not None:
        show_call(found.one(number))
    else:
        only = True if failed else None
        show_calls(found.page(before=before, limit=limit, job=job, faulty=faulty, failed=only))
        show_failures(found.failures(job))


def costs(folder: Folder) -> None:
    from loresmith.cli.cost_display import show_estimate, show_spent
    from loresmith.workspace import Workspace
    from loresmith.workspace.costs import Calls

    workspace = Workspace.as_last_used(folder)
    show_spent(Calls(workspace).spent())
    show_estimate(_estimate(folder))


def _estimate(folder: Folder) -> Estimate:
    from loresmith.workspace import Workspace
    from loresmith.workspace.documents.estimate import estimate
    from loresmith.workspace.scope import Scope

    with Workspace.as_last_used(folder).opened() as context:
        return estimate(context, Scope())


def prices(
    model: Annotated[
        str | None, typer.Argument(help="PRESET:MODEL or PRESET:MODEL@URL, as for --teacher.")
    ] = None,
    input: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Of a million prompt tokens.")
    ] = None,
    output: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Of a million reply tokens.")
    ] = None,
    cached_input: Annotated[
        float | None,
        typer.Option(metavar="PRICE", help="Of a million prompt tokens in the endpoint's cache."),
    ] = None,
    currency: Annotated[str, typer.Option(metavar="NAME", help="Such as CNY or USD.")] = "CNY",
    forget: Annotated[bool, typer.Option("--forget", help="Forget the model's price.")] = False,
) -> None:
    from loresmith.cli.cost_display import show_prices
    from loresmith.settings import load_settings
    from loresmith.workspace.costs import KnownPrices

    known = KnownPrices(load_settings().home)
    if model is not None and forget:
        known.forget(model)
    elif model is not None:
        known.enter(model, input=input, output=output, cached_input=cached_input, currency=currency)
    show_prices(known.all())

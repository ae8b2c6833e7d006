"""The verbs about this machine: what it computes with, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loresmith.cli.options import Changes

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(help="Show what this machine computes with: use, memory, heat, processes.")(devices)
    app.command(help="List what is wrong with this machine, or a training on it, with the fix.")(
        doctor
    )


def devices(
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing, until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option(min=0.5, max=3600, metavar="SECONDS", help="Time between two looks.")
    ] = 2.0,
    json: AsJson = False,
) -> None:
    from loresmith.cli.device_display import print_devices, print_devices_as_json, watch_devices
    from loresmith.workspace.machine_use import machine_view

    if watch:
        watch_devices(every, as_json=json)
        return
    view = machine_view(products=True)
    (print_devices_as_json if json else print_devices)(view)
    wrong = view.examination.fault or not all(one.right for one in view.examination.products)
    raise typer.Exit(1 if wrong else 0)


def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="A recipe or a LLaMA Factory file, to look at too.")
    ] = None,
    changes: Changes = None,
    json: AsJson = False,
) -> None:
    from loresmith.cli.device_display import print_diagnosis
    from loresmith.workspace.doctor import diagnose

    diagnosis = diagnose(file, changes or [])
    print_diagnosis(diagnosis, as_json=json)
    raise typer.Exit(1 if diagnosis.faults else 0)

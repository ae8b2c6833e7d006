"""Forms that follow from the schema, on pages: their words in a language, and what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request

from loresmith.web.i18n import Gettext, gettext_of, language_of_request, translations
from loresmith.web.said import said_to
from loresmith.workspace.forms import FieldFault

Typed = Mapping[str, list[str]]
"""All values of a submitted form, by field path."""


def said_of(request: Request) -> Callable[[str], str]:
    """Turns a label or a help text of the schema into the language of whoever asked.

    Templates that show schema forms are given it as `said`; the texts are in settings_help.po.
    """
    texts = translations(language_of_request(request))
    return lambda text: texts.gettext(text) if text else ""


async def typed_of(request: Request) -> Typed:
    """What was typed into the form that `request` submits."""
    form = await request.form()
    return {name: [str(value) for value in form.getlist(name)] for name in form}


def fault_texts(request: Request, faults: Mapping[str, FieldFault]) -> dict[str, str]:
    """Each fault in words, by field path."""
    _ = gettext_of(request)
    return {path: said_to(request, _words(_, fault)) for path, fault in faults.items()}


def typed_over(shown: Any, typed: Typed) -> dict[str, str]:
    """What people typed, by field path: it is shown again where the form comes back with faults."""
    kinds = {field.path: field.kind for field in shown.fields()}
    return {
        path: ", ".join(filter(None, values)) if kinds[path] == "words" else values[-1]
        for path, values in typed.items()
        if path in kinds and values
    }


def _words(_: Gettext, fault: FieldFault) -> str:
    bound = f"{fault.bound:g}" if fault.bound is not None else ""
    known = {
        "number": _("This should be a number."),
        "integer": _("This should be a whole number."),
        "ge": _("This should be at least %(bound)s.", bound=bound),
        "gt": _("This should be greater than %(bound)s.", bound=bound),
        "le": _("This should be at most %(bound)s.", bound=bound),
        "lt": _("This should be less than %(bound)s.", bound=bound),
        "json": _("This is not valid JSON."),
        "needed": _("This has to be filled in."),
    }
    return known.get(fault.kind, fault.message)

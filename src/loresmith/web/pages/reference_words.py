"""The reference of settings in another language: it is built from docstrings, which are English.

Each text of it is a docstring, and these have their translation for the forms already; what is left
are the words around them, which are here.
"""

from __future__ import annotations

import re
from collections.abc import Callable


def in_words_of(_: Callable[[str], str]) -> Callable[[str], str]:
    """What puts one text of the reference into the language of the function `_`.

    A text that is not known stays English.
    """
    introduction = _introduction(_)
    around = _words_around(_)
    kinds = _kinds_of_values(_)

    def said(text: str) -> str:
        text = " ".join(text.split())
        if text.startswith("Every setting with its type and default"):
            return introduction
        known = around.get(text) or _(text) if text else text
        if known != text:
            return known
        for pattern, words in kinds:
            text = pattern.sub(words, text)
        return text

    return said


def _introduction(_: Callable[[str], str]) -> str:
    return _(
        "Every setting with its type and default, from the code's own docstrings. A setting is "
        "named by its path: `training.rank` stands as `rank` under `training:` in "
        "`loresmith.yaml`, and is changed by `--set training.rank=32`. A block may name only "
        "what it changes. Where a block has several kinds, its `type` chooses one; without it, "
        "the default's. `null` means not set."
    )


def _words_around(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "setting": _("setting"),
        "type": _("type"),
        "default": _("default"),
        "meaning": _("meaning"),
        "what it does": _("what it does"),
        "Settings of every kind:": _("Settings of every kind:"),
        "`loresmith init FOLDER` writes a recipe with all of this in its comments.": _(
            "`loresmith init FOLDER` writes a recipe with all of this in its comments."
        ),
    }


def _kinds_of_values(_: Callable[[str], str]) -> list[tuple[re.Pattern[str], str]]:
    """The words of the column `type`, the longer ones first."""
    words = {
        "whole number": _("whole number"),
        "true or false": _("true or false"),
        "map to anything": _("map to anything"),
        "all of them": _("all of them"),
        "list of": _("list of"),
        "number": _("number"),
        "blocks": _("blocks"),
        "block": _("block"),
        "text": _("text"),
        "with": _("with"),
        "or": _("or"),
    }
    return [(re.compile(rf"(?<![\w`#.]){word}(?![\w`])"), said) for word, said in words.items()]

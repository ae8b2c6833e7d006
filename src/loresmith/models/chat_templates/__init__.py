"""The chat templates that a recipe can name, one Jinja file each, written as tokenizers have them.

They are for base models, which bring none, and for who comes with a file that names one. A chat
model brings its own: the same as here where the name is its family's. A file of yours
(`my-template.jinja`) does as well.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from loresmith.errors import RecipeError


@cache
def template_names() -> tuple[str, ...]:
    """All that can be named, in the order of the alphabet."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(one.name[: -len(_ENDING)] for one in files if one.name.endswith(_ENDING)))


def template_text(name: str | None) -> str | None:
    """The Jinja text of a named template, or of the file that `name` is the path of; None for None.

    Raises RecipeError where there is neither.
    """
    if name is None:
        return None
    if known_name(name):
        return _TOOLS.sub(lambda found: _shipped(f"tools/{found[1]}"), _shipped(name))
    try:
        return Path(name).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"the chat template {name} cannot be read: {error}",
            hint="Give a Jinja file in UTF-8, or one of the names.",
        ) from error


def give_template(tokenizer: Any, name: str | None) -> None:
    """Makes the template of this name the tokenizer's own, to be saved with it; None leaves that
    as it is. Raises RecipeError as `template_text` does."""
    text = template_text(name)
    if text is not None:
        tokenizer.chat_template = text


def known_name(name: str) -> bool:
    """Whether it is one of ours, and not the path of a file. Raises RecipeError for neither."""
    if name in template_names():
        return True
    if name.endswith((_ENDING, ".j2")) or "/" in name:
        return False
    known = ", ".join(template_names())
    hint = f"There are {known}, or the path of a .jinja file."
    if near := difflib.get_close_matches(name.lower(), template_names(), n=1):
        hint = f"did you mean {near[0]}? There are {known}, or the path of a .jinja file."
    raise RecipeError(f"there is no chat template {name!r}", hint=hint)


_ENDING = ".jinja"
_TOOLS = re.compile(r"\{# tools: (\w+) #\}\n")
"""The line for which the way to write tools stands, from a file of `tools/`: a template has to be
whole, because it is saved with the model."""


def _shipped(name: str) -> str:
    return resources.files(__name__).joinpath(name + _ENDING).read_text(encoding="utf-8")

"""Loresmith turns a folder of domain documents into a language model that provably knows them.

>>> from loresmith import Workspace
>>> report = Workspace("reports", teacher="deepseek:deepseek-chat").run()  # doctest: +SKIP
>>> report.exam.after.accuracy  # doctest: +SKIP
0.91
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loresmith.recipe import Recipe
    from loresmith.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["Recipe", "Workspace", "__version__"]


def __getattr__(name: str) -> Any:
    """Loads the public names on first use, so that `import loresmith` costs nothing."""
    if name == "Workspace":
        from loresmith.workspace import Workspace

        return Workspace
    if name == "Recipe":
        from loresmith.recipe import Recipe

        return Recipe
    raise AttributeError(f"module 'loresmith' has no attribute {name!r}")

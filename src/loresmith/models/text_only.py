"""Why: text needs neither sound nor pictures, yet transformers loads what is there for them."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec

_FOR_OTHER_MEDIA = ("torchaudio", "torchvision")


def pass_over_broken_media() -> None:
    """Lets transformers do without packages for sound and pictures that do not fit this torch.

    To be called before transformers is imported. Where such a package was built for another
    torch, which is common beside a CPU build of it, transformers cannot load even text models.
    """
    for package in _FOR_OTHER_MEDIA:
        if package in sys.modules or find_spec(package) is None:
            continue
        try:
            importlib.import_module(package)
        except (ImportError, OSError, RuntimeError, AttributeError):
            sys.modules[package] = None  # type: ignore[assignment]  # the sign of what is not there

"""What an uploaded file may be called: no path, nothing hidden, nothing that cannot be seen."""

from __future__ import annotations

import re
import unicodedata

from loresmith.errors import DocumentError

MOST_BYTES = 200
"""Longest name, in bytes of UTF-8: file systems take 255, and a temporary name stands beside."""


def safe_name(given: str) -> str:
    """The last part of `given` as a plain file name in NFC; raises DocumentError for a bad one.

    Left out are folders (of any system), control and invisible characters (such as marks that
    turn the direction of writing), and dots and spaces at the end; what Windows cannot have in a
    name becomes `_`.
    """
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(character for character in last if not _is_invisible(character))
    name = _NOT_IN_NAMES.sub("_", " ".join(seen.split(" "))).strip(" ").rstrip(". ")
    if not name:
        raise DocumentError("the file has no name", hint="Give it one, such as report.md.")
    if name.startswith((".", "~$")):
        raise DocumentError(
            f"{name} is a hidden or temporary file", hint="Rename it if it is a document."
        )
    if _DEVICE.fullmatch(name.split(".", 1)[0].strip()):
        raise DocumentError(
            f"{name} is the name of a device on Windows", hint="Give the file another name."
        )
    if len(name.encode("utf-8")) > MOST_BYTES:
        raise DocumentError(
            f"the name {name[:40]}… is too long",
            hint=f"A name takes at most {MOST_BYTES} bytes: about 65 Chinese characters.",
        )
    return name


def visible(given: str) -> str:
    """A name as it was sent, without what cannot be seen, shortened: to be shown, not used."""
    seen = "".join(character for character in given if not _is_invisible(character))
    return seen if len(seen) <= _SHOWN else f"{seen[:_SHOWN]}…"


def same_name(one: str, other: str) -> bool:
    """Whether some file systems take two names for one: they differ in case or composition."""
    return _folded(one) == _folded(other)


_SHOWN = 120
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]", re.IGNORECASE)


def _is_invisible(character: str) -> bool:
    """Control, format, private, unassigned and half characters, and line separators."""
    return unicodedata.category(character) in _INVISIBLE


_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

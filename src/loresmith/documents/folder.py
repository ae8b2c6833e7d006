"""Finds the documents of a folder, and says of every other file why it is not one of them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.errors import DocumentError


class Ignored(NamedTuple):
    """A file that is not read, and why."""

    path: Path
    reason: str


class Listing(NamedTuple):
    """What a folder holds."""

    found: list[Path]
    """Documents, in the order of their names."""
    ignored: list[Ignored]
    """Visible files that are not read, in the order of their names."""
    folder: Path
    """What the names of documents are relative to: `documents/`, or the folder itself."""

    def name_of(self, path: Path) -> str:
        """The document's name: its path relative to the folder, with forward slashes."""
        return path.relative_to(self.folder).as_posix()


def list_folder(folder: Path, *, suffixes: Sequence[str]) -> Listing:
    """The files with one of `suffixes` in `folder/documents`, or where there is none in `folder`.

    Hidden files and, beside a project's own folder, our outputs are passed over; links that lead
    out of the folder are refused. Raises DocumentError where the folder does not exist.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DocumentError(
            f"the folder {folder} {what}", hint="Name a folder that holds your documents."
        )
    own = folder / "documents"
    root = own if own.is_dir() else folder
    passed_over = frozenset() if root == own else _OUR_OUTPUTS
    listing = Listing([], [], root)
    for path in sorted(_visible(root, passed_over), key=lambda path: path.relative_to(root).parts):
        reason = _reason_to_ignore(path, root, suffixes)
        if reason:
            listing.ignored.append(Ignored(path, reason))
        else:
            listing.found.append(path)
    return listing


def can_be_shown(name: str) -> bool:
    """Whether a name holds no control characters, which would steer the terminal that it is shown
    in."""
    return not any(unicodedata.category(character) == "Cc" for character in name)


def shown_name(name: str) -> str:
    """A name with `?` in place of control characters."""
    return "".join(character if can_be_shown(character) else "?" for character in name)


_OUR_OUTPUTS = frozenset({"datasets", "runs", "loresmith.yaml"})


def _visible(root: Path, passed_over: frozenset[str]) -> Iterator[Path]:
    """Files and links below `root` that are neither hidden nor, at the top, `passed_over`."""
    for folder, subfolders, files in os.walk(root):
        here = Path(folder)
        skipped = passed_over if here == root else frozenset()
        names = [name for name in subfolders + files if not name.startswith(".")]
        kept = [name for name in names if name not in skipped]
        links = [name for name in kept if name in subfolders and (here / name).is_symlink()]
        subfolders[:] = [name for name in kept if name in subfolders and name not in links]
        yield from (here / name for name in kept if name not in subfolders)


def _reason_to_ignore(path: Path, root: Path, suffixes: Sequence[str]) -> str:
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return "a link that leads nowhere"
        if not target.is_relative_to(root.resolve()):
            return "a link that leads out of the folder"
        if target.is_dir():
            return "a link to a folder"
    if not path.is_file():
        return "not a regular file"
    if not can_be_shown(path.relative_to(root).as_posix()):
        return "a name with characters that cannot be seen"
    if path.name.startswith("~$"):
        return "a lock file of an open Office document"
    if path.suffix.lower() not in suffixes:
        kind = f"{path.suffix} files" if path.suffix else "files without a suffix"
        return f"{kind} are not read (only {', '.join(suffixes)})"
    return ""

"""Finds the documents of a folder, and says of every other file why it is not one of them."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from loresmith.errors import DocumentError


class Ignored(NamedTuple):
    """A file that is not read, and why."""

    path: Path
    reason: str


class Look(NamedTuple):
    """What tells that a file was changed, without reading it."""

    name: str
    size: int
    modified: int
    """In nanoseconds since 1970."""


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
        return _name_of(os.fspath(path), f"{self.folder}{os.sep}") or (
            path.relative_to(self.folder).as_posix()
        )

    def looks(self) -> Iterator[Look]:
        """What each document's file looks like from outside; those that have just gone are left
        out."""
        above = f"{self.folder}{os.sep}"
        for path in self.found:
            text = os.fspath(path)
            try:
                seen = os.stat(text)  # noqa: PTH116 - of thousands; Path takes twice as long
            except OSError:
                continue
            name = _name_of(text, above) or self.name_of(path)
            yield Look(name, seen.st_size, seen.st_mtime_ns)


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
    seen = list(_visible(root, frozenset() if root == own else _OUR_OUTPUTS))
    key = (os.fspath(root), tuple(suffixes))
    with _lock:
        known = _listed.get(key)
    if known is not None and known.seen == seen:
        return Listing(list(known.listing.found), list(known.listing.ignored), root)
    listing = _listing(root, [Path(one.path) for one in seen], suffixes)
    if root.is_absolute() and not any(one.kind == "link" for one in seen):
        kept = Listing(list(listing.found), list(listing.ignored), root)
        with _lock:
            _listed[key] = _Listed(seen, kept)
    return listing


def _listing(root: Path, paths: list[Path], suffixes: Sequence[str]) -> Listing:
    listing = Listing([], [], root)
    for path in sorted(paths, key=lambda path: path.relative_to(root).parts):
        reason = _reason_to_ignore(path, root, suffixes)
        if reason:
            listing.ignored.append(Ignored(path, reason))
        else:
            listing.found.append(path)
    return listing


def _name_of(path: str, above: str) -> str:
    """The name of a file below a folder; empty where it is not below it. Of thousands of files:
    `Path.relative_to` takes twenty times as long."""
    return path[len(above) :].replace(os.sep, "/") if path.startswith(above) else ""


def can_be_shown(name: str) -> bool:
    """Whether a name holds no control characters, which would steer the terminal that it is shown
    in."""
    return not any(unicodedata.category(character) == "Cc" for character in name)


def shown_name(name: str) -> str:
    """A name with `?` in place of control characters."""
    return "".join(character if can_be_shown(character) else "?" for character in name)


_OUR_OUTPUTS = frozenset({"datasets", "runs", "loresmith.yaml"})


class _Seen(NamedTuple):
    """A file or link as its folder has it; nothing is known of its content."""

    path: str
    kind: Literal["file", "link", "other"]


class _Listed(NamedTuple):
    """What a folder held when it was last listed."""

    seen: list[_Seen]
    listing: Listing


_listed: dict[tuple[str, tuple[str, ...]], _Listed] = {}
"""Where a folder holds the same names as before, they are not judged again: every page of a list
asks for it. A folder with links is judged each time, for what they lead to may change."""
_lock = threading.Lock()


def _visible(root: Path, passed_over: frozenset[str]) -> Iterator[_Seen]:
    """Files and links below `root` that are neither hidden nor, at the top, `passed_over`."""
    folders = [os.fspath(root)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:  # it has just gone, or may not be read
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in passed_over:
                continue
            if entry.is_symlink():
                yield _Seen(entry.path, "link")
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                is_file = entry.is_file(follow_symlinks=False)
                yield _Seen(entry.path, "file" if is_file else "other")
        passed_over = frozenset()


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

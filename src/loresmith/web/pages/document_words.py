"""What is wrong with a file, in the language of whoever asks: the parsers speak English."""

from __future__ import annotations

import re

from fastapi import Request

from loresmith.web.i18n import Gettext, gettext_of, language_of_request


class DocumentWords:
    """Puts warnings and refusals of files into the language of a request."""

    def __init__(self, request: Request) -> None:
        self._translates = language_of_request(request) != "en"
        _ = gettext_of(request)
        self._sayings = _warnings(_) | _refusals(_) | _refused_names(_) | _hints(_)

    def said(self, english: str) -> str:
        """`english` in the language of the page, with the hint that may follow after a full stop;
        what is not known stays as it is."""
        if not self._translates:
            return english
        for pattern, words in self._sayings.items():
            found = re.fullmatch(rf"{pattern}(?:\. (?P<hint>.+))?", english, re.DOTALL)
            if found:
                parts = found.groupdict()
                hint = parts.pop("hint")
                said = words % parts if parts else words
                return f"{said}。{self.said(hint)}" if hint else said
        return english


def _warnings(_: Gettext) -> dict[str, str]:
    return {
        r"the encoding was guessed to be (?P<encoding>\S+)": _(
            "the encoding was guessed to be %(encoding)s"
        ),
        r"(?P<count>\d+) characters? could not be decoded as (?P<encoding>\S+) and became �": _(
            "characters that could not be decoded as %(encoding)s and became �: %(count)s"
        ),
        r"removed (?P<count>\d+) control characters? \(such as NUL\) from the text": _(
            "control characters taken out of the text: %(count)s"
        ),
        r"pages? (?P<pages>.+): no text layer, so nothing was read \(scanned\?\)": _(
            "page %(pages)s: no text layer, so nothing was read (scanned?)"
        ),
        r"pages? (?P<pages>.+): damaged, so nothing was read": _(
            "page %(pages)s: damaged, so nothing was read"
        ),
        r"left out (?P<count>\d+) lines of running heads, feet and page numbers": _(
            "lines of running heads, feet and page numbers left out: %(count)s"
        ),
        r"the file is named (?P<suffix>.+), but its content is (?P<true>\S+)": _(
            "the file is named %(suffix)s, but its content is %(true)s"
        ),
    }


def _refusals(_: Gettext) -> dict[str, str]:
    return {
        r"(?P<name>.+): (?P<kind>\.\S+) files cannot be read": _(
            "%(name)s: %(kind)s files cannot be read"
        ),
        r"(?P<name>.+): files without an ending cannot be read": _(
            "%(name)s: files without an ending cannot be read"
        ),
        r"(?P<name>.+) is larger than (?P<limit>[\d,]+) bytes": _(
            "%(name)s is larger than %(limit)s bytes"
        ),
        r"(?P<name>.+) is not what its name says: its content is that of a (?P<true>.+) file": _(
            "%(name)s is not what its name says: its content is that of a %(true)s file"
        ),
        r"(?P<name>.+) has no text layer on any of its pages: it seems to be scanned": _(
            "%(name)s has no text layer on any of its pages: it seems to be scanned"
        ),
        r"(?P<name>.+) is protected by a password": _("%(name)s is protected by a password"),
        r"(?P<name>.+) is not a whole (?P<kind>PDF|Word file): .+?": _(
            "%(name)s is no whole %(kind)s: it may be cut short or damaged"
        ),
        r"(?P<name>.+) is an old \.doc or a password-protected Word file": _(
            "%(name)s is an old .doc or a password-protected Word file"
        ),
        r"(?P<name>.+) is not text(?: but .+?|: .+?)": _("%(name)s is not text"),
        r"(?P<name>.+) holds no text": _("%(name)s holds no text"),
        r"(?P<name>.+) is empty": _("%(name)s is empty"),
        r"(?P<name>.+) has a format that is not read": _("%(name)s has a format that is not read"),
    }


def _refused_names(_: Gettext) -> dict[str, str]:
    return {
        r"there is a document called (?P<name>.+) already": _(
            "there is a document called %(name)s already"
        ),
        r"the file has no name": _("the file has no name"),
        r"(?P<name>.+) is a hidden or temporary file": _("%(name)s is a hidden or temporary file"),
        r"(?P<name>.+) is the name of a device on Windows": _(
            "%(name)s is the name of a device on Windows"
        ),
        r"the name (?P<name>.+)… is too long": _("the name %(name)s… is too long"),
    }


def _hints(_: Gettext) -> dict[str, str]:
    return {
        r"What can be read: (?P<kinds>.+)\.": _("What can be read: %(kinds)s"),
        r"Formats that are read: (?P<kinds>.+)\.": _("What can be read: %(kinds)s"),
        r"Replace it, or give the new file another name\.": _(
            "Replace it, or give the new file another name."
        ),
        r"Split the file, or raise documents\.max_bytes in the settings\.": _(
            "Split the file, or raise documents.max_bytes in the settings."
        ),
        r"Rename it, and upload it again\.": _("Rename it, and upload it again."),
        r"Run it through an OCR program that adds a text layer, such as ocrmypdf\.": _(
            "Run it through an OCR program that adds a text layer, such as ocrmypdf."
        ),
        r"Save a copy without a password \(for example: qpdf --decrypt\) and use that\.": _(
            "Save a copy without a password (for example: qpdf --decrypt) and use that."
        ),
        r"Put text into the file, or take it out of the folder\.": _(
            "Put text into the file, or take it out of the folder."
        ),
        r"Give (?:it one, such as report\.md|the file another name)\.": _(
            "Give the file another name."
        ),
    }

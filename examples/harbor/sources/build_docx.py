"""Build pilotage-handbook.docx, one of the invented documents of this example.

Run it with python-docx installed:  python build_docx.py
The same source always gives the same bytes (fixed dates, fixed zip entries).
"""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

from docx import Document
from docx.oxml import OxmlElement

TARGET = Path(__file__).parents[1] / "documents" / "pilotage-handbook.docx"
WHEN = datetime.datetime(2032, 3, 3)

# (kind, content): "h1"/"h2" are headings, "p" a paragraph, "li" a list item,
# "table" a list of rows whose first row is the header.
CONTENT: list[tuple[str, object]] = [
    ("h1", "Tessary Strait Pilot Service: Pilotage Handbook"),
    ("h2", "Purpose"),
    (
        "p",
        "This handbook is in force from 3 March 2032 and replaces the edition of 2029. It is "
        "written for masters, agents and the pilots themselves. The Tessary Strait is narrow, "
        "its tides are strong, and much of what a master needs is not on any chart.",
    ),
    (
        "p",
        "The chief pilot of the Tessary Strait Pilot Service is Bram Oskeld. His deputy, Lysa "
        "Corrant, leads the training of new pilots. Complaints and praise go to the deputy.",
    ),
    ("h2", "Who must take a pilot"),
    (
        "p",
        "Every ship of 68 metres or more in length must take a pilot in the Tessary Strait. "
        "Ships that carry liquid gas must take a pilot whatever their length. Ferries on the "
        "Skerry Dun run are exempt if the master has made the passage 45 times.",
    ),
    ("h2", "Ordering a pilot"),
    (
        "p",
        "An order must reach the watch room 14 hours before boarding in summer and 22 hours "
        "before boarding in winter. The watch room of the Tessary Strait Pilot Service answers "
        "by radio under the call sign Ember Watch. An order by letter or through a third "
        "ship is not accepted.",
    ),
    ("h2", "Seasons and boarding stations"),
    (
        "p",
        "For this service summer runs from 16 April to 15 October, and the rest of the year is "
        "winter. In summer, Tessary Strait pilots board at the Fennick Point station. In "
        "winter, Tessary Strait pilots board at the Oster Ledge station. The stations change "
        "because the north-east swell of the cold months breaks on the outer bank.",
    ),
    (
        "p",
        "In summer, Tessary Strait pilots may board in waves of up to 3.2 metres. In winter, "
        "Tessary Strait pilots may board in waves of up to 2.6 metres. The coxswain measures "
        "the waves at the station, and the word of the coxswain is final.",
    ),
    ("h2", "The pilot boats"),
    (
        "p",
        "The service runs two pilot boats, the Ardent Tern and the Brindle Gull. The Ardent "
        "Tern does most of the daily work, while the Brindle Gull serves ships that wait far "
        "out. Both boats carry a heated rescue cradle at the stern.",
    ),
    (
        "table",
        [
            [
                "Pilot boat",
                "Top speed (knots)",
                "Range (nautical miles)",
                "Year built",
                "Home pier",
            ],
            ["Ardent Tern", "24.5", "310", "2030", "Rook Pier"],
            ["Brindle Gull", "21.8", "465", "2026", "Salter Pier"],
        ],
    ),
    (
        "p",
        "A boat that has lost one engine goes home at once. The second boat then takes over "
        "all orders, and the watch room tells waiting ships about the delay.",
    ),
    ("h2", "Rules of passage"),
    (
        "li",
        "Ships must not enter the Corve Gap on a falling tide because the ebb uncovers Mallet "
        "Rock.",
    ),
    ("li", "Speed in the strait is held under 11 knots from the Twin Cairns to the Bell Shoal."),
    ("li", "Two ships may not meet between the Bell Shoal and the Corve Gap."),
    ("li", "A ship under tow takes a second pilot on the tug."),
    ("h2", "Duty and rest"),
    (
        "p",
        "A Tessary Strait pilot must rest at least 9.5 hours between two duties. The rest may "
        "be taken at home or in the bunk house at Rook Pier. A pilot who was called out in "
        "that time starts the rest again from the beginning.",
    ),
    ("h2", "Fees"),
    ("p", "The fee for one passage depends on the length of the ship."),
    (
        "table",
        [
            ["Length of ship", "Passage fee (crowns)"],
            ["Under 120 metres", "1,640"],
            ["120 to 180 metres", "2,385"],
            ["Over 180 metres", "3,170"],
        ],
    ),
    (
        "p",
        "The late cancellation fee of the Tessary Strait Pilot Service is 745 crowns. A "
        "cancellation is late when the pilot boat has already left its pier. Fees are due "
        "within thirty days, and the ship's agent is liable for them. No fee is charged when "
        "the service itself calls off a passage for waves or fog.",
    ),
    ("h2", "On board"),
    (
        "p",
        "The master meets the pilot on the bridge, hands over the passage plan and names any "
        "fault in engine, rudder or anchor. The pilot advises, and the master stays in command. "
        "If the two disagree, the ship is stopped in the Anvil Roads until the matter is "
        "settled with the watch room. The ladder is rigged on the lee side, with a lit ring and "
        "a heaving line beside it. A ship that rigs a damaged ladder is left at the station and "
        "loses her turn.",
    ),
    ("h2", "When things go wrong"),
    (
        "p",
        "A master who sees that a pilot is unwell tells the watch room and anchors at the next "
        "safe place. After a grounding the pilot writes a statement on the same day. The "
        "statements are read by a panel of three pilots from other waters, who look for causes "
        "and not for blame. Their findings are read aloud at the spring meeting.",
    ),
]


def build() -> bytes:
    """Return the bytes of the finished document."""
    document = Document()
    for kind, content in CONTENT:
        if kind in ("h1", "h2"):
            document.add_heading(str(content), level=int(kind[1]))
        elif kind == "p":
            document.add_paragraph(str(content))
        elif kind == "li":
            document.add_paragraph(str(content), style="List Bullet")
        elif kind == "table":
            assert isinstance(content, list)
            table = document.add_table(rows=0, cols=len(content[0]), style="Table Grid")
            for row in content:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
            # Mark the first row as the header row, as "Repeat Header Rows" does in a word
            # processor; converters then know that it holds the column names.
            properties = table.rows[0]._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:tblHeader"))
    core = document.core_properties
    core.title = "Pilotage Handbook"
    core.author = "Tessary Strait Pilot Service"
    core.last_modified_by = "Tessary Strait Pilot Service"
    core.comments = "Invented example document"
    core.created = core.modified = WHEN
    raw = io.BytesIO()
    document.save(raw)

    # Write the parts again with one fixed date, so that the build is repeatable.
    fixed = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(fixed, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return fixed.getvalue()


if __name__ == "__main__":
    TARGET.write_bytes(build())
    print(f"wrote {TARGET}")

"""What follows from a corrected text: here, where its pages begin."""

from loresmith.documents.revised import revised
from loresmith.records import Document, Section


def test_pages_are_found_again_in_a_corrected_text() -> None:
    text = "The first page.\n\nThe second page says that.\n\nThe third page ends.\n"
    starts = [0, text.index("The second"), text.index("The third")]
    document = Document(
        id="d",
        name="a.pdf",
        title="a",
        text=text,
        language="en",
        media_type="application/pdf",
        source_sha256="0",
        sections=tuple(
            Section(kind="page", label=str(number), start=start)
            for number, start in enumerate(starts, 1)
        ),
    )
    corrected = revised(document, "New: " + text.replace("second page says", "middle part says"))
    found = {one.label: corrected.text[one.start :].split()[1] for one in corrected.sections}
    assert found["2"] == "middle"
    assert found["3"] == "third"

"""Write crane-inquiry.pdf, one of the example documents (invented throughout).

Needs reportlab (BSD licence):  pip install reportlab
Run:  python build_pdf.py
The same version of reportlab writes the same bytes on every run.
"""

from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate

TITLE = "Failure of Quay Crane Osprey Nine at the Port of Marrowmere"

SECTIONS = [
    (
        "1. Summary",
        [
            "This paper sets out what was found about the failure of a quay crane at the "
            "Port of Marrowmere. At 04:37 on 18 March 2031 crane Osprey Nine dropped its "
            "load on Slate Wharf. Crane Osprey Nine was unloading the ship Pale Marten when "
            "it failed. A crate of mill gears fell to the wharf and broke through the "
            "timber deck. Nobody was killed. A lasher and a tally clerk were treated for "
            "cuts and went home the same day.",
            "The inquiry into the failure of Osprey Nine was chaired by Ansel Quorby. It "
            "sat in the Rope Hall at Marrowmere from 12 May to 30 September 2031 and heard "
            "26 witnesses.",
        ],
    ),
    (
        "2. The two cranes of Slate Wharf",
        [
            "The port works two tall cranes on Slate Wharf. They look alike from the water, "
            "and several of the papers laid before the inquiry had mixed them up. Crane "
            "Osprey Nine stands at the northern end of the wharf and has a rated load of "
            "64 tonnes. Crane Grebe Six stands at the southern end of the wharf and has a "
            "rated load of 47 tonnes. Both are painted grey.",
            "The yearly inspection of crane Osprey Nine for 2030 took place on 23 October. "
            "The yearly inspection of crane Grebe Six for 2030 took place on 11 June. Both "
            "cranes passed, and no note about the brakes was made on either card.",
        ],
    ),
    (
        "3. The night of the failure",
        [
            "The driver of crane Osprey Nine at the time of the failure was Lenka Dovry. "
            "She had come on shift at ten in the evening and had made 18 lifts without "
            "trouble. The foreman on the wharf was Petr Halvane, who gave the hand signals "
            "by lamp. There was light rain and little wind.",
            "On the nineteenth lift the load rose past the rail of the ship and then began "
            "to slide. Dovry set the hoist brake twice. It held for a moment, slipped, and "
            "let go. She sounded the horn, and the men below ran clear toward the chain "
            "shed. The fall lasted less than three seconds.",
        ],
    ),
    (
        "4. The cause",
        [
            "Crane Osprey Nine failed because of chalk dust in the hoist brake. For most of "
            "that winter open bags of chalk had been stacked against the northern end of "
            "Slate Wharf. The brake cover had been taken off for painting in February and "
            "was put back with half of its bolts. Dust came in through the gap, mixed with "
            "the rain, and set like glaze on the brake lining.",
            "The inquiry looked at three other causes and set them aside. The wire rope was "
            "sound, the load was below the limit, and the driver had made no mistake. Crane "
            "Grebe Six was opened as well. Its brake was clean, since the chalk was never "
            "stacked at the southern end.",
        ],
    ),
    (
        "5. The cost of the repair",
        [
            "In April 2031 the port gave a figure for the damage before the crane had been "
            "stripped. The first estimate for the repair of crane Osprey Nine was 5.26 "
            "million crowns. The final cost of the repair of crane Osprey Nine was 7.94 "
            "million crowns. The bill grew because a bent trolley beam came to light only "
            "after the paint had been burned off. The wharf deck was mended separately by "
            "the port's own carpenters and is not part of either sum.",
            "Osprey Nine went back to work on 8 August 2031, after 143 days out of service. "
            "In those weeks Grebe Six handled all the heavy lifts of the port, and ships "
            "with larger pieces had to wait at anchor.",
        ],
    ),
    (
        "6. What must change",
        [
            "The brake cover of each crane must be closed with every bolt and sealed with "
            "wax before the crane is given back to its driver. Chalk may no longer be stored "
            "on Slate Wharf in open bags. The inspection card must name the crane in full, "
            "so that the papers of Osprey Nine and Grebe Six cannot be mixed up again. The "
            "port has agreed to all of these points.",
        ],
    ),
]


def build(path: Path) -> None:
    title = ParagraphStyle(
        "title", fontName="Helvetica-Bold", fontSize=19, leading=25, spaceAfter=12
    )
    heading = ParagraphStyle(
        "heading",
        fontName="Helvetica-Bold",
        fontSize=14.5,
        leading=19,
        spaceBefore=11,
        spaceAfter=6,
    )
    body = ParagraphStyle("body", fontName="Helvetica", fontSize=11.5, leading=16.5, spaceAfter=8)

    story = [Paragraph(TITLE, title)]
    for name, paragraphs in SECTIONS:
        first, *rest = [Paragraph(text, body) for text in paragraphs]
        # A paragraph is never cut by a page end, and a heading stays with its text.
        story.append(KeepTogether([Paragraph(name, heading), first]))
        story.extend(KeepTogether([paragraph]) for paragraph in rest)

    SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=27 * mm,
        rightMargin=27 * mm,
        topMargin=25 * mm,
        bottomMargin=25 * mm,
        title=TITLE,
        author="Loresmith example",
        invariant=1,
    ).build(story)


if __name__ == "__main__":
    build(Path(__file__).parents[1] / "documents" / "crane-inquiry.pdf")

"""report.html shows the run, needs nothing else, and cannot be made to run anything."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import pytest
from harbor_report import harbor_documents, harbor_report
from page_reader import Page

from loresmith.records import Document, Drop, Section, Span
from loresmith.workspace.report import (
    DocumentSummary,
    Failure,
    RunReport,
    RunSummary,
    RunUsage,
    TrainingSummary,
    render_page,
)
from loresmith.workspace.report.phrases import phrases

MakeReport = Callable[..., RunReport]

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}{# c #}",
    "</style></script></textarea><svg onload=alert(1)>",
    "<!-- --><![CDATA[ ]]>",
    "javascript:alert(1)",
    "nul \x00 escape \x1b[31m bell \x07",
    "right to left \u202e gnp.exe \u2066 isolate",
    "lone surrogate \udcff",
    "&lt;b&gt; &#x3c;",
]


@pytest.fixture(scope="module", params=["en", "zh"])
def harbor_page(request: pytest.FixtureRequest) -> str:
    return render_page(harbor_report(), harbor_documents(), language=request.param)


def test_a_whole_report_is_well_formed_and_fetches_nothing(harbor_page: str) -> None:
    page = Page(harbor_page)
    for element in page.elements:
        assert not {"src", "srcset", "action", "style", "data", "poster"} & set(element.attributes)
        assert not [name for name in element.attributes if name.startswith("on")]
        assert element.attributes.get("href", "#").startswith("#")
    assert not page.all("link") and not page.all("img") and not page.all("iframe")
    assert "url(" not in harbor_page and "@import" not in harbor_page


def test_the_policy_allows_our_style_and_script_only(harbor_page: str) -> None:
    page = Page(harbor_page)
    policy = next(
        element.attributes["content"]
        for element in page.all("meta")
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    for tag, text in (("style", page.text_in["style"]), ("script", page.text_in["script"])):
        assert len(text) == 1
        digest = base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_links_within_the_page_lead_somewhere(harbor_page: str) -> None:
    page = Page(harbor_page)
    targets = {element.attributes.get("id") for element in page.elements}
    assert {element.attributes["href"][1:] for element in page.all("a")} <= targets


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_is_inert_wherever_it_stands(
    text: str, make_report: MakeReport, make_document: Callable[..., Document]
) -> None:
    document = make_document(f"Before. {text} After.", name=f"{text}.md", title=text)
    plain = _page(_filled_with("plain", make_report, make_document("Before. plain After.")))
    hostile = _page(_filled_with(text, make_report, document))
    assert [e.tag for e in hostile.elements] == [e.tag for e in plain.elements]
    for ours, theirs in zip(plain.elements, hostile.elements, strict=True):
        assert set(ours.attributes) == set(theirs.attributes)
    assert "49" not in hostile.text


def test_hostile_text_is_still_readable_as_text(make_report: MakeReport) -> None:
    page = Page(render_page(make_report(prompt="<script>alert(1)</script>"), {}))
    assert "<script>alert(1)</script>" in page.text


def test_characters_that_reorder_or_control_are_named_or_replaced(make_report: MakeReport) -> None:
    html = render_page(make_report(prompt="a\u202eb\x00c\udc80d"), {})
    assert "a[U+202E]b\ufffdc\ufffdd" in html
    html.encode("utf-8")


def test_a_reply_of_100_kilobytes_is_shortened_with_a_note(make_report: MakeReport) -> None:
    html = render_page(make_report(prompt="?", replies=("word " * 20_000, "x" * 100_000)), {})
    assert len(html) < 60_000
    assert html.count("more characters") >= 2


def test_an_empty_reply_is_said_to_be_empty(make_report: MakeReport) -> None:
    page = Page(render_page(make_report(prompt="?", replies=("", " \n")), {}))
    assert page.text.count("(no reply)") == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_without_exam_losses_or_documents_still_has_a_page(
    make_report: MakeReport, language: str
) -> None:
    html = render_page(make_report(), {}, language=language)  # type: ignore[arg-type]
    page = Page(html)
    assert not page.all("script") and not page.all("path")
    for key in ("no_exam", "no_questions", "no_documents", "dropped_none", "no_training"):
        assert phrases(language)[key] in page.text  # type: ignore[arg-type]


def test_two_steps_make_a_curve_and_one_does_not(make_report: MakeReport) -> None:
    one = make_report(training=TrainingSummary(steps=1, losses=(2.0,)))
    two = make_report(training=TrainingSummary(steps=2, losses=(2.0, 1.0)))
    assert not Page(render_page(one, {})).all("path")
    assert len(Page(render_page(two, {})).all("path", "raw")) == 1


def test_a_very_long_run_stays_a_page_of_reasonable_size(make_report: MakeReport) -> None:
    losses = tuple(3.0 + (step % 7) / 10 for step in range(200_000))
    report = make_report(training=TrainingSummary(steps=200_000, losses=losses))
    assert len(render_page(report, {})) < 100_000


@pytest.mark.parametrize(
    ("kind", "scores", "outcome"),
    [
        ("direct", (0.0, 1.0), "learned"),
        ("direct", (1.0, 1.0), "kept"),
        ("reversed", (1.0, 0.0), "forgotten"),
        ("direct", (0.0, 0.5), "still_wrong"),
        ("abstention", (1.0, 0.0), "made_up"),
        ("abstention", (0.0, 1.0), "declined"),
        ("retention", (1.0, 0.0), "forgotten"),
    ],
)
def test_each_question_carries_what_came_of_it(
    make_report: MakeReport, kind: str, scores: tuple[float, float], outcome: str
) -> None:
    page = Page(render_page(make_report(prompt="?", kind=kind, scores=scores), {}))
    assert [e.attributes["data-outcome"] for e in page.all("details", "item")] == [outcome]


def test_the_filters_are_hidden_until_their_script_runs(harbor_page: str) -> None:
    page = Page(harbor_page)
    assert all("hidden" in form.attributes for form in page.all("form"))
    items = page.all("details", "item")
    assert len(items) == len(harbor_report().exam.items)
    assert not [item for item in items if "hidden" in item.attributes]


def test_every_filter_value_matches_some_question(harbor_page: str) -> None:
    page = Page(harbor_page)
    items = page.all("details", "item")
    chips = {
        e.attributes["data-outcome"] for e in page.all("button") if "data-outcome" in e.attributes
    }
    assert chips == {""} | {item.attributes["data-outcome"] for item in items}
    options = {e.attributes["value"] for e in page.all("option")} - {""}
    assert options == {i.attributes[k] for i in items for k in ("data-document", "data-language")}


def test_evidence_is_marked_in_its_source(
    make_report: MakeReport, make_document: Callable[..., Document]
) -> None:
    document = make_document("It was dark. The total was 388 tons. Nobody asked why.")
    span = Span(document_id=document.id, start=13, end=36)
    html = render_page(make_report(prompt="?", evidence=(span,)), {"any": document})
    assert "It was dark. <mark>The total was 388 tons.</mark> Nobody asked why." in html


def test_every_evidence_of_the_example_is_marked_word_for_word(harbor_page: str) -> None:
    marked = " ".join(text for text in Page(harbor_page).text_in["mark"])
    for item in harbor_report().exam.items:
        for span in item.evidence:
            source = harbor_documents()[span.document_id].text[span.start : span.end]
            for word in re.findall(r"\w+", source):
                assert word in marked


def test_evidence_whose_document_is_not_at_hand_is_shown_as_a_quote(
    make_report: MakeReport,
) -> None:
    span = Span(document_id="gone", start=3, end=9)
    page = Page(render_page(make_report(prompt="?", evidence=(span,), quotes=("a quote",)), {}))
    assert page.text_in["mark"] == ["a quote"]
    assert "its place in the source is not at hand" in page.text


def test_what_was_dropped_is_counted_and_explained(harbor_page: str) -> None:
    page = Page(harbor_page)
    assert "'3.14 million crowns' is not in the evidence" in page.text
    rows = page.all("details", "why")
    assert len(rows) == 3


def test_the_chinese_page_is_chinese() -> None:
    html = render_page(harbor_report(), harbor_documents(), language="zh")
    text = Page(html).text
    assert '<html lang="zh-Hans">' in html
    for words in ("训练前后成绩", "逐题对照", "近似重复", "澜屿渔港", "16\u00a0分\u00a018\u00a0秒"):
        assert words in text
    assert "Scores before and after" not in text


def test_both_languages_fill_the_same_blanks() -> None:
    for key, english in phrases("en").items():
        assert english.count("{}") == phrases("zh")[key].count("{}")


def _page(content: tuple[RunReport, Document]) -> Page:
    report, document = content
    return Page(render_page(report, {document.id: document}))


def _filled_with(
    text: str, make_report: MakeReport, document: Document
) -> tuple[RunReport, Document]:
    """`text` at every place that something from outside can reach."""
    end = len(document.text) - len(" After.")
    report = make_report(
        prompt=text,
        expected=text,
        replies=(text, text),
        document=document.name,
        evidence=(Span(document_id=document.id, start=8, end=end),),
        run=RunSummary(id=text, created=text, base_model=text, teacher=text, version=text),
        dropped={text: 2},
        dropped_examples={
            text: (Drop(subject_id="s", subject="row", reason=text, detail=text, text=text),)
        },
        usage=RunUsage(seconds={text: 1.0}),
        training=TrainingSummary(steps=1, method=text, device=text),
        documents=(DocumentSummary(name="n", title=text, language=text, warnings=(text,)),),
        failures=(Failure(step=text, subject=text, reason=text),),
        recipe=text,
        notes=(text,),
    )
    return report, document


def test_the_report_names_the_page_of_evidence(
    make_report: MakeReport, make_document: Callable[..., Document]
) -> None:
    text = "One is here. Two is here. Three is there."
    document = make_document(text).model_copy(
        update={
            "sections": (
                Section(kind="sheet", label="2030", start=0),
                Section(kind="sheet", label="2031", start=13),
            )
        }
    )
    span = Span(document_id=document.id, start=13, end=25)
    report = make_report(prompt="Where?", evidence=(span,))
    english = render_page(report, {document.id: document})
    assert "<bdi>a.md</bdi> · <bdi>sheet 2031</bdi>" in english
    chinese = render_page(report, {document.id: document}, language="zh")
    assert "<bdi>工作表 2031</bdi>" in chinese

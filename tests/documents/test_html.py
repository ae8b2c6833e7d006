"""Web pages: what a reader sees, as Markdown."""

from loresmith.documents import HtmlParser
from loresmith.records import Document


def page(body: str, head: str = "<title>Dues &amp; rules</title>") -> Document:
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return HtmlParser().parse_bytes(html.encode(), name="page.html")


def test_menus_scripts_styles_and_hidden_parts_are_left_out():
    document = page(
        "<nav><a href='/'>Start</a></nav><script>var price = 999;</script><style>p {}</style>"
        "<p hidden>secret</p><p style='display: none'>unseen</p><noscript>turn on</noscript>"
        "<!-- a comment --><p>Orrin Quay is open.</p><footer>Imprint</footer>"
    )
    assert document.text == "Orrin Quay is open.\n"


def test_headings_lists_and_words_of_links_are_kept():
    document = page(
        "<h1>Berth tariff</h1><h2>Rules</h2><ul><li>No <a href='http://x.y'>horns</a></li>"
        "<li>No <b>fires</b></li></ul><p>snake_case * 2</p><img src='a.png' alt='a quay'>"
    )
    assert document.text == (
        "# Berth tariff\n\n## Rules\n\n- No horns\n- No **fires**\n\nsnake_case * 2\n\na quay\n"
    )
    assert document.title == "Berth tariff"


def test_the_title_of_a_page_without_headings_is_its_own():
    assert page("<p>Text.</p>").title == "Dues & rules"


def test_tables_have_a_header_row_whether_marked_or_not():
    marked = "<thead><tr><th>Quay</th><th>2031</th></tr></thead><tr><td>Orrin</td><td>659</td></tr>"
    plain = "<tr><td>Quay</td><td>2031</td></tr><tr><td>Orrin</td><td>659</td></tr>"
    expected = "| Quay | 2031 |\n| --- | --- |\n| Orrin | 659 |\n"
    assert page(f"<table>{marked}</table>").text == expected
    assert page(f"<table>{plain}</table>").text == expected


def test_cells_that_span_are_repeated_so_that_each_row_can_be_read_alone():
    document = page(
        "<table><tr><th>码头</th><th colspan=2>泊位费</th></tr>"
        "<tr><td rowspan=2>灯笼</td><td>2030</td><td>412</td></tr>"
        "<tr><td>2031</td><td>a|b</td></tr></table>"
    )
    assert document.text == (
        "| 码头 | 泊位费 | 泊位费 |\n| --- | --- | --- |\n| 灯笼 | 2030 | 412 |\n"
        "| 灯笼 | 2031 | a\\|b |\n"
    )


def test_a_wrapped_line_is_joined_with_no_space_between_chinese_characters():
    document = page("<p>码头组通报了\n   卸鱼情况。The port\n  is open.</p><pre>a\n  b</pre>")
    assert document.text.startswith("码头组通报了卸鱼情况。The port is open.\n")
    assert "a\n  b" in document.text


def test_a_declared_encoding_is_believed():
    html = "<meta charset=gb2312><p>泊位费由许小满收取，瀞字除外。</p>"
    document = HtmlParser().parse_bytes(html.encode("gb18030"), name="a.html")
    assert document.text == "泊位费由许小满收取，瀞字除外。\n"
    assert document.warnings == ()


def test_a_wrongly_declared_encoding_is_not():
    html = "<meta charset='iso-8859-1'><p>泊位费由许小满收取。</p>"
    assert HtmlParser().parse_bytes(html.encode(), name="a.html").text == "泊位费由许小满收取。\n"


def test_a_page_nested_beyond_reason_becomes_plain_text_with_a_warning():
    document = page("<div>" * 5000 + "deep" + "</div>" * 5000)
    assert document.text.strip() == "deep"
    assert document.warnings == (
        "the page is nested too deeply: its headings and tables became plain text",
    )

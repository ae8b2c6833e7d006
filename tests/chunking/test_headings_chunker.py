"""Where the default chunker cuts, and what it tells of the text before a cut."""

from loresmith.chunking import HeadingChunker, SentenceChunker
from loresmith.documents import MarkdownParser, PlainTextParser
from loresmith.records import Chunk

PARAGRAPH = "Orrin Quay was built of grey stone and has a rail. " * 4


def chunks_of(text: str, *, least: int, most: int) -> list[Chunk]:
    document = MarkdownParser().parse_bytes(text.encode(), name="report.md")
    return list(HeadingChunker(min_length=least, max_length=most).chunk(document))


def test_cuts_lie_before_headings_where_the_sections_are_long_enough():
    text = (
        f"# Report\n\n## One\n\n{PARAGRAPH}\n\n## Two\n\n{PARAGRAPH}\n\n## Three\n\n{PARAGRAPH}\n"
    )
    chunks = chunks_of(text, least=150, most=600)
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["# Report", "## Two", "## Three"]


def test_the_context_names_the_title_and_the_headings_above():
    text = (
        f"# Report\n\n## One\n\n### Deep\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n\n## Two\n\n{PARAGRAPH}\n"
    )
    chunks = chunks_of(text, least=150, most=260)
    assert [chunk.context for chunk in chunks] == ["", "Report\nOne\nDeep", "Report"]
    assert chunks[2].text.startswith("## Two")


def test_the_title_is_told_even_where_no_heading_says_it():
    document = PlainTextParser().parse_bytes("营收增长。".encode(), name="二季度/简报.txt")
    assert [chunk.context for chunk in HeadingChunker().chunk(document)] == ["简报"]


def test_short_sections_are_joined_under_their_own_heading_first():
    text = (
        "# Report\n\n## North\n\n### a\n\nIt is cold here all the year.\n\n"
        "### b\n\nIt is dark here all the year.\n\n"
        "## South\n\n### c\n\nIt is warm here all the year.\n\n### d\n\nIt is light all the year.\n"
    )
    chunks = chunks_of(text, least=50, most=110)
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["# Report", "## South"]


def test_a_heading_is_never_parted_from_what_follows_it():
    sections = "".join(f"## Section {i}\n\n{PARAGRAPH}\n\n" for i in range(20))
    for chunk in chunks_of(sections, least=100, most=230):
        assert not chunk.text.rstrip().split("\n")[-1].startswith("#")


def test_an_underlined_heading_stays_with_its_line():
    text = f"Report\n======\n\n{PARAGRAPH}\n\nNext\n----\n\n{PARAGRAPH}\n"
    chunks = chunks_of(text, least=100, most=250)
    assert [chunk.text.split("\n")[:2] for chunk in chunks] == [
        ["Report", "======"],
        ["Next", "----"],
    ]


def test_a_long_table_is_cut_between_rows_and_its_header_goes_on_in_the_context():
    rows = "".join(f"| 码头{i} | {400 + i} | {450 + i} |\n" for i in range(60))
    header = "| 码头 | 2030 | 2031 |\n| --- | --- | --- |\n"
    text = f"# 港口资费\n\n各码头的泊位费：\n\n{header}{rows}\n完。\n"
    chunks = chunks_of(text, least=100, most=300)
    assert len(chunks) > 3
    assert chunks[0].context == ""
    for chunk in chunks[1:]:
        assert chunk.text.startswith("| 码头")
        assert chunk.context == "港口资费\n| 码头 | 2030 | 2031 |"
    assert all(chunk.text.split("\n")[-1].endswith("|") for chunk in chunks[:-1])


def test_after_a_table_its_header_is_no_longer_told():
    text = f"| a | b |\n|---|---|\n| 1 | 2 |\n\n{PARAGRAPH}\n"
    chunks = chunks_of(text, least=20, most=210)
    assert chunks[-1].text.startswith("Orrin")
    assert "| a | b |" not in chunks[-1].context


def test_a_table_keeps_its_header_with_its_first_row():
    text = f"{PARAGRAPH}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
    chunks = chunks_of(text, least=20, most=215)
    assert chunks[-1].text.startswith("| a | b |\n|---|---|\n| 1 | 2 |")


def test_chinese_numbered_headings_guide_the_cuts():
    body = "会议听取了前五个月的生产情况，讨论了冷库改造和航道清淤等事项。" * 5
    text = f"港务会议纪要\n\n一、概况\n{body}\n二、卸鱼\n{body}\n三、登记\n{body}\n"
    document = PlainTextParser().parse_bytes(text.encode("gb18030"), name="纪要.txt")
    chunks = list(HeadingChunker(min_length=100, max_length=400).chunk(document))
    assert [chunk.text[:3].strip() for chunk in chunks] == ["港务会", "二、卸", "三、登"]
    assert [chunk.context for chunk in chunks] == ["", "港务会议纪要", "港务会议纪要"]


def test_a_rest_that_must_be_short_comes_last():
    chunks = chunks_of("这句话正好有十个字。" * 25, least=90, most=100)
    assert [len(chunk.text) >= 90 for chunk in chunks] == [True, True, False]


def test_the_sentence_chunker_makes_as_few_chunks_as_fit():
    text = (
        f"# Report\n\n## One\n\n{PARAGRAPH}\n\n## Two\n\n{PARAGRAPH}\n\n## Three\n\n{PARAGRAPH}\n"
    )
    document = MarkdownParser().parse_bytes(text.encode(), name="report.md")
    assert len(list(SentenceChunker(min_length=100, max_length=900).chunk(document))) == 1

"""Finding a quote in its source, however its space, width and emphasis differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.text.normalising import locate, normalise

SOURCE = (
    "The **Osprey**  lighthouse of\nVellmark grew 173.7 % in ２０３１，"
    "净利润为 **73.7％** 左右。\nIt’s “new” — at a_b `code` 2*3, café."
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("Osprey lighthouse of Vellmark", "Osprey**  lighthouse of\nVellmark"),
        ("173.7%", "173.7 %"),
        ("净利润为73.7%左右", "净利润为 **73.7％** 左右"),
        ("in 2031,净利润", "in ２０３１，净利润"),
        ('It\'s "new" - at', "It’s “new” — at"),
        ("the osprey LIGHTHOUSE", "The **Osprey**  lighthouse"),
        ("a_b code 2*3", "a_b `code` 2*3"),
        ("cafe\u0301", "café"),
        ("  Vellmark grew ", "Vellmark grew"),
    ],
)
def test_a_quote_is_found_where_it_stands(quote: str, found: str) -> None:
    place = locate(quote, SOURCE)
    assert place is not None
    assert SOURCE[slice(*place)] == found


@pytest.mark.parametrize(
    "quote", ["73.7 % in", "grew 173", "Vell", "not there", "", "  ", "**", "净利润为73.8%"]
)
def test_what_is_not_there_is_not_found(quote: str) -> None:
    assert locate(quote, SOURCE) is None


def test_a_match_inside_a_longer_number_is_passed_over_for_a_true_one() -> None:
    assert locate("12 ships", "112 ships and 12 ships") == (14, 22)


@given(st.text(max_size=30), st.text(max_size=60))
def test_no_text_breaks_the_search_and_a_place_lies_in_the_source(quote: str, text: str) -> None:
    for wanted in (quote, text, text[3:9]):
        place = locate(wanted, text)
        assert place is None or 0 <= place[0] < place[1] <= len(text)


@given(
    st.lists(st.sampled_from(["海港", "ship", "73.7", "％", "的", "x"]), min_size=1, max_size=12)
)
def test_other_spacing_never_hides_a_quote(words: list[str]) -> None:
    assert locate(" ".join(words), "起 " + "\n ".join(words) + " 止") is not None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("　Ｖｅｌｌ　\n mark ", "Vell mark"),
        ("“全角”，３．５％。", '"全角",3.5%。'),
        ("10² m½", "10² m½"),
        ("soft\u00adhyphen\ufeff", "softhyphen"),
        ("", ""),
    ],
)
def test_normalising_keeps_what_carries_meaning(text: str, plain: str) -> None:
    assert normalise(text) == plain
    assert normalise(plain) == plain


def test_case_is_folded_on_request() -> None:
    assert normalise("Straße ＯＫ", fold_case=True) == "strasse ok"

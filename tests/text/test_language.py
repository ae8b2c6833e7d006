"""Which language a text is in."""

import pytest

from loresmith.text.language import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The harbour was built by the people of the island.", "en"),
        ("澜屿渔港第二季度港务会议纪要，会议由港务主任主持。", "zh"),
        ("美团 SaaS 平台 Universal Auto X (UAX) 的渗透率不断提升，收入增长。", "zh"),
        ("臺灣的港口由政府管理，船隻很多。", "zh"),
        ("この港は島の人々によって建てられました。東京都港区。", "ja"),
        ("이 항구는 섬 사람들이 세웠습니다.", "ko"),
        ("Der Hafen wurde von den Leuten der Insel gebaut und ist alt.", "de"),
        ("Le port a été construit par les gens de l'île et il est dans la baie.", "fr"),
        ("Порт был построен жителями острова.", "ru"),
        ("Berth tariff 2031", "en"),
        ("2031: 44.1 %", "und"),
        ("", "und"),
    ],
)
def test_the_main_language_is_named(text: str, code: str):
    assert language_of(text) == code


def test_an_english_report_that_quotes_a_chinese_name_stays_english():
    assert (
        language_of("The report of 美团 says that the sales of the group grew in the quarter.")
        == "en"
    )

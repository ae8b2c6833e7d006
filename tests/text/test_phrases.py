"""Whether a text says a short answer, and whether a question gives it away."""

from __future__ import annotations

import pytest

from loresmith.text.phrases import reveals, states


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The mean wait was 6.4 hours.", "6.4 hours"),
        ("In all, 1,297 calls were counted.", "1,297 ship calls"),
        ("概算为3,100万元。", "0.31亿元"),
        ("截至２０３１年5月31日，共２７６艘。", "276艘"),
        ("墨鸥号于2031年9月16日下水。", "9月16日"),
        ("It was built by the firm Quillon Drake.", "Quillon Drake"),
        ("A crack in the slewing ring is why it stood still.", "the slewing ring"),
        ("停工是因为坞门的轴承锈蚀了。", "坞门轴承锈蚀"),
        ("The crane that failed was Osprey Nine.", "Osprey Nine"),
    ],
)
def test_a_text_states_a_phrase_whatever_its_width_unit_or_article(text: str, phrase: str) -> None:
    assert states(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The figure was 173.7 percent.", "73.7%"),
        ("It opened in 2031.", "9 September 2031"),
        ("The crane was Osprey Six.", "Osprey Nine"),
        ("Nine boats came.", "Osprey Nine"),
        ("The firm Stane built it.", "Quillon Drake"),
        ("利润增长7.4个百分点。", "7.4%"),
        ("anything", ""),
    ],
)
def test_another_figure_name_or_unit_does_not_state_it(text: str, phrase: str) -> None:
    assert not states(text, phrase)


def test_a_question_reveals_its_answer_by_name_or_by_amount() -> None:
    assert reveals("Did Quillon Drake build the store?", "Quillon Drake")
    assert reveals("冷库概算是否为3,100万元？", "0.31亿元")
    assert reveals("Was the wait of 6.4 hours the mean?", "6.4 hours")


def test_a_year_a_bare_count_or_a_yes_reveals_nothing() -> None:
    assert not reveals("On which day of 2031 was she launched?", "16 September 2031")
    assert not reveals("Which of the 2 firms was cheaper, and by how long?", "2 weeks")
    assert not reveals("Is there a lock?", "Yes")
    assert not reveals("2031年5月卸鱼量是否增长？", "是")

"""Lines break where a Chinese or an English reader expects it."""

import re
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from kiosk.ui.typesetting import break_lines

TEXTS = st.text(alphabet="请将身份证平放在，。、：；（）“”ABC abc 123", max_size=60)


def ems(text: str) -> float:
    """A measure: Chinese is one em wide, Latin half of it."""
    return sum(1.0 if ord(character) > 0x2000 else 0.5 for character in text)


@given(TEXTS, st.integers(4, 30))
@example("“1“ ”1", 4)
def test_nothing_is_lost_and_no_line_begins_with_a_stop(text: str, width: int) -> None:
    unbreakable = re.findall(r"[，。、：；）”（“ ]+", text)
    assume(all(len(run) < width for run in unbreakable))
    lines = break_lines(text, ems, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for before, line in pairwise(lines):
        assert line[0] not in "，。、：；）”"
        assert before[-1] not in "（“"


@given(TEXTS, st.integers(12, 30))
def test_no_line_is_too_wide_unless_it_cannot_be_cut(text: str, width: int) -> None:
    for line in break_lines(text, ems, width):
        assert ems(line) <= width or len(break_lines(line, ems, 0.5)) == 1


def test_lines_are_balanced_and_break_behind_a_comma() -> None:
    assert break_lines("请先看看出纸口，再联系工作人员。", ems, 12) == ["请先看看出纸口，", "再联系工作人员。"]


def test_words_stay_whole() -> None:
    assert break_lines("Lay your card here", ems, 5) == ["Lay your", "card here"]


def test_a_text_that_fits_is_one_line() -> None:
    assert break_lines("打印完成", ems, 4) == ["打印完成"]


def test_too_many_lines_end_in_an_ellipsis() -> None:
    lines = break_lines("出具某某某某某某某某某某证明", ems, 5, limit=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(ems(line) <= 5 for line in lines)


def test_no_character_stands_alone_on_the_last_line() -> None:
    assert all(len(line) > 1 for line in break_lines("一二三四五六七", ems, 6))

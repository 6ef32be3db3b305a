"""E04: the number rule of GB 11643."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.cards.resident_number import (
    InvalidNumber,
    NumberFlaw,
    check_character,
    validate,
    validate_permanent_residence,
    validate_residence_permit,
)

TODAY = date(2026, 6, 1)
THE_STANDARDS_EXAMPLE = "11010519491231002X"


@st.composite
def numbers(draw: st.DrawFn) -> str:
    region = draw(st.sampled_from(["110105", "119999", "659004"]))
    birth = draw(st.dates(date(1900, 1, 1), TODAY))
    first_seventeen = f"{region}{birth:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return first_seventeen + check_character(first_seventeen)


def flaw(number: str, today: date = TODAY) -> NumberFlaw | None:
    try:
        validate(number, today)
    except InvalidNumber as error:
        assert str(error) == error.flaw.value, "the text is fixed, so it cannot quote the number"
        return error.flaw
    return None


def with_check(first_seventeen: str) -> str:
    return first_seventeen + check_character(first_seventeen)


def test_the_standards_own_example_is_valid() -> None:
    assert flaw(THE_STANDARDS_EXAMPLE) is None


@given(numbers())
def test_a_number_made_by_the_rule_is_valid(number: str) -> None:
    assert flaw(number) is None


@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: str, position: int, shift: int) -> None:
    wrong = str((int(number[position]) + shift) % 10)
    assert flaw(number[:position] + wrong + number[position + 1 :]) is not None


@given(numbers(), st.integers(0, 15))
def test_two_exchanged_neighbours_are_always_found(number: str, position: int) -> None:
    exchanged = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    assert exchanged == number or flaw(exchanged) is not None


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("", NumberFlaw.SHAPE),
        ("110105194912310021", NumberFlaw.CHECK_CHARACTER),
        ("11010519491231002x", NumberFlaw.SHAPE),
        ("1101051949123100２X", NumberFlaw.SHAPE),
        ("110105491231002", NumberFlaw.SHAPE),
        (with_check("99010519491231002"), NumberFlaw.REGION),
        (with_check("16010519491231002"), NumberFlaw.REGION),
        (with_check("11000019491231002"), NumberFlaw.REGION),
        (with_check("81000119491231002"), NumberFlaw.REGION),
        (with_check("81000019491231002"), NumberFlaw.REGION),
        (with_check("91199919491231002"), NumberFlaw.REGION),
        (with_check("11010519490229002"), NumberFlaw.BIRTH),
        (with_check("11010519491301002"), NumberFlaw.BIRTH),
        (with_check("11010520260602002"), NumberFlaw.BIRTH),
        (with_check("11010518491231002"), NumberFlaw.BIRTH),
    ],
)
def test_each_flaw_has_its_name(number: str, expected: NumberFlaw) -> None:
    assert flaw(number) is expected


@given(st.text(max_size=20))
def test_any_text_is_judged_without_another_exception(text: str) -> None:
    flaw(text)


@pytest.mark.parametrize(
    ("rule", "first_six", "kept"),
    [
        (validate_residence_permit, "810000", True),
        (validate_residence_permit, "820000", True),
        (validate_residence_permit, "830000", True),
        (validate_residence_permit, "840000", False),
        (validate_residence_permit, "110105", False),
        (validate_permanent_residence, "911999", True),
        (validate_permanent_residence, "965004", True),
        (validate_permanent_residence, "916999", False),
        (validate_permanent_residence, "911000", False),
        (validate_permanent_residence, "811999", False),
    ],
)
def test_each_kind_of_person_has_its_own_first_digits(
    rule: Callable[[str, date], None], first_six: str, kept: bool
) -> None:
    number = with_check(f"{first_six}19491231002")
    if kept:
        rule(number, TODAY)
    else:
        with pytest.raises(InvalidNumber) as invalid:
            rule(number, TODAY)
        assert invalid.value.flaw is NumberFlaw.REGION

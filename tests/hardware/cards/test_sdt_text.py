"""The text block: every field comes out as it is on the card, and every bad one is named."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from card_samples import CITIZENS, ENDLESS, LONG_NATION, TODAY, VALID, with_wrong_check_character
from hypothesis import given
from hypothesis import strategies as st

from hardware.cards import synthetic
from hardware.cards.codes import NATION, SEX
from hardware.cards.port import CardError, CardFault
from hardware.cards.sdt_text import ResidentText, parse
from hardware.cards.synthetic import SyntheticCard

# Han characters, also those beyond 16 bits that only some names have, and a private-use one.
han = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.characters(
    min_codepoint=0x20000, max_codepoint=0x2A6DF
)


def texts(width_bytes: int) -> st.SearchStrategy[str]:
    some = st.text(han | st.just("\ue000"), min_size=1, max_size=width_bytes // 2)
    return some.filter(lambda text: len(text.encode("utf-16-le")) <= width_bytes)


@st.composite
def cards(draw: st.DrawFn) -> SyntheticCard:
    birth = draw(st.dates(date(1900, 1, 1), TODAY))
    valid_from = draw(st.dates(date(2004, 1, 1), TODAY))
    valid_until = draw(st.none() | st.just(valid_from + timedelta(days=7305)))
    return replace(
        VALID,
        name=draw(texts(30)),
        sex=draw(st.sampled_from(sorted(SEX))),
        nation=draw(st.sampled_from(sorted(NATION))),
        birth=f"{birth:%Y%m%d}",
        number=synthetic.number(birth, f"{draw(st.integers(0, 999)):03}"),
        address=draw(texts(70)),
        issuer=draw(texts(30)),
        valid_from=f"{valid_from:%Y%m%d}",
        valid_until="长期" if valid_until is None else f"{valid_until:%Y%m%d}",
    )


def fault(block: bytes) -> CardError:
    with pytest.raises(CardError) as raised:
        parse(block, TODAY)
    assert raised.value.__context__ is None, "a library's exception would carry the card's bytes along"
    assert VALID.number not in str(raised.value)
    return raised.value


@given(cards())
def test_what_is_on_the_card_comes_out(card: SyntheticCard) -> None:
    """A07, the nine text fields."""
    text = parse(card.text_block(), TODAY)
    assert (text.name, text.address, text.issuer, text.number) == (card.name, card.address, card.issuer, card.number)
    assert (text.sex, text.nation) == (SEX[card.sex], NATION[card.nation])
    assert f"{text.birth:%Y%m%d} {text.valid_from:%Y%m%d}" == f"{card.birth} {card.valid_from}"
    assert (text.valid_until is None) == (card.valid_until == "长期")


@given(st.binary(min_size=256, max_size=256))
def test_any_block_is_a_text_or_a_named_fault(block: bytes) -> None:
    with pytest.raises(CardError):
        parse(block, TODAY)


@given(st.sampled_from(CITIZENS), st.integers(0, 8 * 256 - 1))
def test_a_turned_bit_ends_in_a_text_or_a_named_fault(card: SyntheticCard, bit: int) -> None:
    block = bytearray(card.text_block())
    block[bit // 8] ^= 1 << bit % 8
    try:
        assert isinstance(parse(bytes(block), TODAY), ResidentText)
    except CardError as error:
        assert error.__context__ is None


def test_the_code_tables_have_every_entry_of_the_standards() -> None:
    assert len(NATION) == 58
    assert (NATION["01"], NATION["05"], NATION["29"], NATION["56"], NATION["98"]) == (
        "汉",
        "维吾尔",
        "柯尔克孜",
        "基诺",
        "外国血统",
    )
    assert SEX["1"] + SEX["2"] == "男女"


def test_endless_validity_and_long_names() -> None:
    assert parse(ENDLESS.text_block(), TODAY).valid_until is None
    assert parse(LONG_NATION.text_block(), TODAY).nation == "维吾尔"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"birth": "19900230"}, "birth is no date"),
        ({"birth": "1990 307"}, "birth is no date"),
        ({"valid_from": "20261301"}, "valid_from is no date"),
        ({"valid_until": "长久"}, "valid_until is no date"),
        ({"valid_until": "20100101"}, "valid_until lies before valid_from"),
        ({"sex": "3"}, "sex is not in its code table"),
        ({"nation": "57"}, "nation is not in its code table"),
        ({"nation": ""}, "nation is not in its code table"),
        ({"name": ""}, "name is no text"),
        ({"name": "章\n三"}, "name is no text"),
        ({"address": " 示范市"}, "address is no text"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, str], detail: str) -> None:
    error = fault(replace(VALID, **change).text_block())
    assert (error.fault, error.detail) == (CardFault.UNREADABLE, detail)


def test_half_a_surrogate_pair_is_no_text() -> None:
    error = fault(b"\x00\xd8" + VALID.text_block()[2:])
    assert (error.fault, error.detail) == (CardFault.UNREADABLE, "name is not UTF-16")


@pytest.mark.parametrize("size", [0, 255, 257])
def test_a_block_of_another_size_is_not_parsed(size: int) -> None:
    assert fault(bytes(size)).fault is CardFault.UNREADABLE


@pytest.mark.parametrize("flag", ["J", "I", "Y", "Z", "\u4e00", "\ud800"])
def test_other_kinds_are_recognised_and_refused(flag: str) -> None:
    block = VALID.text_block()
    error = fault(block[:248] + flag.encode("utf-16-le", "surrogatepass") + block[250:])
    assert error.fault is CardFault.KIND_UNSUPPORTED
    assert error.detail.startswith({"J": "residence permit", "I": "permanent", "Y": "permanent"}.get(flag, "unknown"))


@pytest.mark.parametrize(
    "change",
    [{"number": with_wrong_check_character(VALID)}, {"birth": "19900308"}, {"number": ""}],
    ids=["check character", "another birth", "none"],
)
def test_a_number_that_breaks_the_rule_or_names_another_birth_is_refused(change: dict[str, str]) -> None:
    """E04"""
    assert fault(replace(VALID, **change).text_block()).fault is CardFault.NUMBER_INVALID

"""The text block: every field of every layout comes out as it is on the card, and every bad one is named."""

from dataclasses import replace
from datetime import date, timedelta
from string import ascii_uppercase

import pytest
from card_samples import (
    CITIZENS,
    ENDLESS,
    FOREIGNER_2017,
    FOREIGNER_2023,
    FROM_MACAU,
    LONG_NATION,
    OTHERS,
    TODAY,
    VALID,
    with_wrong_check_character,
)
from hypothesis import given
from hypothesis import strategies as st

from hardware.cards import synthetic
from hardware.cards.codes import NATION, NATIONALITIES, SEX
from hardware.cards.port import CardError, CardFault
from hardware.cards.reading import Kind
from hardware.cards.sdt_text import FLAGS, LAYOUTS, CardText, newest_address, parse
from hardware.cards.synthetic import SyntheticCard

# Han characters, also those beyond 16 bits that only some names have, and a private-use one.
han = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.characters(
    min_codepoint=0x20000, max_codepoint=0x2A6DF
)


def texts(width_bytes: int) -> st.SearchStrategy[str]:
    some = st.text(han | st.just("\ue000"), min_size=1, max_size=width_bytes // 2)
    return some.filter(lambda text: len(text.encode("utf-16-le")) <= width_bytes)


latin_names = st.from_regex(r"\A[A-Z][A-Z ,.'-]{0,44}[A-Z]\Z")
digits = st.integers(0, 9).map(str)


def days(first: date) -> st.SearchStrategy[date]:
    return st.dates(first, TODAY)


@st.composite
def resident_cards(draw: st.DrawFn) -> SyntheticCard:
    birth, valid_from = draw(days(date(1900, 1, 1))), draw(days(date(2004, 1, 1)))
    valid_from = max(birth, valid_from)
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


@st.composite
def other_cards(draw: st.DrawFn) -> SyntheticCard:
    """The three layouts for people who are no citizens."""
    birth = draw(days(date(1900, 1, 1)))
    valid_from = max(birth, draw(days(date(2017, 6, 1))))
    card = replace(
        draw(st.sampled_from(OTHERS)),
        name=draw(texts(30)),
        sex=draw(st.sampled_from(sorted(SEX))),
        birth=f"{birth:%Y%m%d}",
        valid_from=f"{valid_from:%Y%m%d}",
        valid_until=f"{valid_from + timedelta(days=1826):%Y%m%d}",
    )
    count = f"{draw(st.integers(0, 99)):02}"
    nationality = draw(st.sampled_from(sorted(NATIONALITIES)))
    match card.kind:
        case Kind.HMT_RESIDENCE:
            return replace(
                card,
                number=synthetic.residence_permit_number(birth, draw(st.sampled_from(["81", "82", "83"]))),
                pass_number=draw(st.sampled_from(["H", "M", ""])) + f"{draw(st.integers(0, 99999999)):08}",
                issue_count=count,
                address=draw(texts(70)),
                issuer=draw(texts(30)),
            )
        case Kind.FOREIGN_2017:
            return replace(
                card,
                latin_name=draw(latin_names),
                nationality=nationality,
                number=f"{nationality}9999{birth:%y%m%d}{draw(digits)}{draw(digits)}",
                issuer=draw(st.text(digits, min_size=4, max_size=4)),
            )
    return replace(
        card,
        name=draw(st.just("") | texts(30)),
        latin_name=draw(latin_names),
        nationality=nationality,
        number=synthetic.permanent_residence_number(birth, f"{draw(st.integers(0, 999)):03}"),
        issue_count=count,
        related_number=draw(st.text(ascii_uppercase + "0123456789", max_size=3)),
    )


def fault(block: bytes) -> CardError:
    with pytest.raises(CardError) as raised:
        parse(block, TODAY)
    assert raised.value.__context__ is None, "a library's exception would carry the card's bytes along"
    assert VALID.number not in str(raised.value)
    return raised.value


@given(resident_cards() | other_cards())
def test_what_is_on_the_card_comes_out(card: SyntheticCard) -> None:
    """A07, the nine text fields of a resident, and those that the other layouts have besides."""
    text = parse(card.text_block(), TODAY)
    assert text.kind is card.kind
    assert (text.name, text.latin_name) == (card.name or card.latin_name, card.latin_name)
    assert (text.address, text.issuer, text.number) == (card.address, card.issuer, card.number)
    assert (text.sex, text.nation) == (SEX[card.sex], NATION.get(card.nation, ""))
    assert (text.nationality, text.pass_number) == (card.nationality, card.pass_number)
    assert (text.issue_count, text.related_number) == (
        int(card.issue_count) if card.issue_count else None,
        card.related_number,
    )
    assert f"{text.birth:%Y%m%d} {text.valid_from:%Y%m%d}" == f"{card.birth} {card.valid_from}"
    assert (text.valid_until is None) == (card.valid_until == "长期")
    assert text.valid_until is None or f"{text.valid_until:%Y%m%d}" == card.valid_until


@given(st.binary(min_size=256, max_size=256), st.sampled_from(sorted(FLAGS.values())))
def test_any_block_is_a_text_or_a_named_fault(block: bytes, flag: str) -> None:
    with pytest.raises(CardError) as raised:
        parse(block[:248] + flag.encode("utf-16-le") + block[250:], TODAY)
    assert raised.value.__context__ is None


@given(st.binary(min_size=256, max_size=256))
def test_any_block_whatever_its_flag_is_a_text_or_a_named_fault(block: bytes) -> None:
    with pytest.raises(CardError):
        parse(block, TODAY)


@given(st.sampled_from(CITIZENS + OTHERS), st.integers(0, 8 * 256 - 1))
def test_a_turned_bit_ends_in_a_text_or_a_named_fault(card: SyntheticCard, bit: int) -> None:
    block = bytearray(card.text_block())
    block[bit // 8] ^= 1 << bit % 8
    try:
        assert isinstance(parse(bytes(block), TODAY), CardText)
    except CardError as error:
        assert error.__context__ is None


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_layout_fills_the_block_and_has_its_flag_at_byte_248(kind: Kind) -> None:
    assert sum(width for _, width in LAYOUTS[kind]) == 256
    before = 0
    for name, width in LAYOUTS[kind]:
        if name == "flag":
            break
        before += width
    assert before == 248


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
    assert len(NATIONALITIES) == 249 + 4


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
        ({"valid_from": "19900306"}, "valid_from lies before birth"),
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


@pytest.mark.parametrize("flag", ["Z", "j", "\u4e00", "\ud800"])
def test_an_unknown_kind_is_refused(flag: str) -> None:
    block = VALID.text_block()
    error = fault(block[:248] + flag.encode("utf-16-le", "surrogatepass") + block[250:])
    assert (error.fault, error.detail) == (CardFault.KIND_UNSUPPORTED, "unknown kind of card")


def test_a_blank_flag_may_be_written_as_zero() -> None:
    block = VALID.text_block()
    assert parse(block[:248] + bytes(2) + block[250:], TODAY).kind is Kind.RESIDENT


@pytest.mark.parametrize("kind", Kind)
def test_a_card_of_one_kind_does_not_pass_for_another(kind: Kind) -> None:
    """The number rules differ, so that a turned flag cannot make a citizen out of somebody else."""
    for card in (VALID, *OTHERS):
        if kind in FLAGS and kind is not card.kind:
            block = card.text_block()
            error = fault(block[:248] + FLAGS[kind].encode("utf-16-le") + block[250:])
            assert error.fault in (CardFault.UNREADABLE, CardFault.NUMBER_INVALID)


@pytest.mark.parametrize(
    ("card", "change", "detail"),
    [
        (FROM_MACAU, {"pass_number": "X00000000"}, "pass_number breaks its rule"),
        (FROM_MACAU, {"pass_number": ""}, "pass_number breaks its rule"),
        (FROM_MACAU, {"issue_count": "1"}, "issue_count breaks its rule"),
        (FROM_MACAU, {"issue_count": "²3"}, "issue_count breaks its rule"),
        (FROM_MACAU, {"valid_until": "长期"}, "valid_until is no date"),
        (FOREIGNER_2017, {"latin_name": "本"}, "latin_name breaks its rule"),
        (FOREIGNER_2017, {"nationality": "UTO"}, "nationality is not in its code table"),
        (FOREIGNER_2017, {"valid_until": "长期"}, "valid_until is no date"),
        (FOREIGNER_2017, {"issuer": ""}, "issuer is no text"),
        (FOREIGNER_2023, {"nationality": ""}, "nationality is not in its code table"),
        (FOREIGNER_2023, {"issue_count": ""}, "issue_count breaks its rule"),
        (FOREIGNER_2023, {"related_number": "a7"}, "related_number breaks its rule"),
        (FOREIGNER_2023, {"latin_name": ""}, "latin_name breaks its rule"),
    ],
)
def test_a_bad_field_of_another_layout_is_named(card: SyntheticCard, change: dict[str, str], detail: str) -> None:
    error = fault(replace(card, **change).text_block())
    assert (error.fault, error.detail) == (CardFault.UNREADABLE, detail)


@pytest.mark.parametrize(
    ("card", "change"),
    [
        (FROM_MACAU, {"number": with_wrong_check_character(FROM_MACAU)}),
        (FROM_MACAU, {"number": VALID.number}),
        (FOREIGNER_2017, {"number": "NOR99997802280"}),
        (FOREIGNER_2017, {"number": "UTO999978022801"}),
        (FOREIGNER_2017, {"number": "NOR999978022901"}),
        (FOREIGNER_2017, {"birth": "20780228"}),
        (FOREIGNER_2023, {"number": with_wrong_check_character(FOREIGNER_2023)}),
        (FOREIGNER_2023, {"number": VALID.number}),
        (FOREIGNER_2023, {"birth": "19690421"}),
    ],
)
def test_numbers_of_the_other_layouts_have_rules_too(card: SyntheticCard, change: dict[str, str]) -> None:
    """E04"""
    assert fault(replace(card, **change).text_block()).fault is CardFault.NUMBER_INVALID


@pytest.mark.parametrize("first", ["A" * 34 + " ", "A" * 35], ids=["at a blank", "in a word"])
def test_a_long_name_goes_on_in_its_second_place(first: str) -> None:
    card = replace(FOREIGNER_2023, latin_name=first + "BALTHASAR")
    assert len(card.text_block()) == 256
    assert parse(card.text_block(), TODAY).latin_name == first + "BALTHASAR"


def test_what_stands_in_reserved_places_is_not_looked_at() -> None:
    block = VALID.text_block()
    assert parse(block[:220] + b"\x00\xd8" * 14 + block[248:], TODAY).number == VALID.number


def test_the_newest_address_counts() -> None:
    def slots(*addresses: str) -> bytes:
        return replace(VALID, new_addresses=addresses).extra_address_block()

    assert newest_address(b"") == newest_address(bytes(70)) == newest_address(slots("")) == ""
    assert newest_address(slots("示范市新路3号")) == "示范市新路3号"
    assert newest_address(slots("示范市新路3号", "示范市再新路4号", "", "")) == "示范市再新路4号"
    with pytest.raises(CardError, match="new address is no text"):
        newest_address(slots("示范市\n新路3号"))


@given(st.binary(max_size=280))
def test_any_address_block_is_an_address_or_a_named_fault(block: bytes) -> None:
    try:
        assert isinstance(newest_address(block), str)
    except CardError as error:
        assert (error.fault, error.__context__) == (CardFault.UNREADABLE, None)


@pytest.mark.parametrize(
    "change",
    [{"number": with_wrong_check_character(VALID)}, {"birth": "19900308"}, {"number": ""}],
    ids=["check character", "another birth", "none"],
)
def test_a_number_that_breaks_the_rule_or_names_another_birth_is_refused(change: dict[str, str]) -> None:
    """E04"""
    assert fault(replace(VALID, **change).text_block()).fault is CardFault.NUMBER_INVALID

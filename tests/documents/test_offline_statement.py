"""C17: what a terminal says about a paper can be checked without a network, and no field of it can be changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealed_samples import EXPECTED, OTHER, ZHANG, Citizen
from signing_hall import OTHER_TERMINAL, TERMINAL, Hall
from test_gate import PDF

from kiosk.documents import base45, cbor, offline_statement
from kiosk.documents.offline_statement import PREFIX, NotGenuine, check, modules


def test_it_says_which_file_of_whom_by_whom_until_when(hall: Hall) -> None:
    stated = check(hall.code, [hall.certificate(OTHER_TERMINAL), hall.certificate(TERMINAL)])
    assert stated == hall.statement
    assert (stated.terminal, stated.kind, stated.issuer) == (TERMINAL, "household", EXPECTED.agency)
    assert (stated.subject, stated.valid_until, stated.pages) == ("张*", date(2026, 12, 31), 1)
    assert stated.made_at == hall.now.replace(microsecond=0)
    assert stated.is_of_file(PDF) and not stated.is_of_file(PDF + b" ")
    assert stated.is_about(ZHANG)


@pytest.mark.parametrize("other", [OTHER, Citizen(OTHER.name, ZHANG.number), Citizen(ZHANG.name, OTHER.number)])
def test_another_name_or_number_on_the_paper_is_found(hall: Hall, other: Citizen) -> None:
    assert not hall.statement.is_about(other)


@pytest.mark.parametrize(
    "change",
    [
        {"terminal": OTHER_TERMINAL},
        {"made_at": datetime(2026, 11, 23, tzinfo=UTC)},
        {"kind": "property"},
        {"issuer": "示例省民政厅"},
        {"subject": "李*"},
        {"valid_until": date(2027, 12, 31)},
        {"pages": 2},
        {"file_sha256": bytes(32)},
        {"fields_digest": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_changed_field_is_found(hall: Hall, change: dict[str, object]) -> None:
    """The old signature on a changed statement."""
    changed = replace(hall.statement, **change)  # type: ignore[arg-type]
    message = cbor.decode(base45.decode(hall.code.removeprefix(PREFIX)))
    assert isinstance(message, cbor.Tagged) and isinstance(message.value, tuple)
    forged = (*message.value[:2], cbor.encode(changed._payload()), message.value[3])
    text = PREFIX + base45.encode(cbor.encode(cbor.Tagged(message.tag, forged)))
    with pytest.raises(NotGenuine):
        check(text, [hall.certificate(TERMINAL), hall.certificate(OTHER_TERMINAL)])


@given(position=st.integers(min_value=0), character=st.sampled_from(base45.ALPHABET))
@settings(max_examples=200, deadline=None)
def test_any_other_character_is_found(hall: Hall, position: int, character: str) -> None:
    position %= len(hall.code)
    forged = hall.code[:position] + character + hall.code[position + 1 :]
    if forged != hall.code:
        with pytest.raises(NotGenuine):
            check(forged, [hall.certificate(TERMINAL)])


@given(st.text(max_size=60) | st.binary(max_size=300).map(lambda data: PREFIX + base45.encode(data)))
@settings(max_examples=300, deadline=None)
def test_whatever_else_a_code_holds_ends_in_a_name(hall: Hall, text: str) -> None:
    with pytest.raises(NotGenuine):
        check(text, [hall.certificate(TERMINAL)])


def test_an_unknown_terminal_or_one_whose_certificate_was_not_valid_then(hall: Hall) -> None:
    with pytest.raises(NotGenuine, match="no certificate of that terminal"):
        check(hall.code, [hall.certificate(OTHER_TERMINAL)])
    old = replace(hall.statement, made_at=hall.now.replace(microsecond=0) - timedelta(days=2))
    with pytest.raises(NotGenuine, match="none was valid then"):
        check(old.signed(hall.device(TERMINAL)), [hall.certificate(TERMINAL)])


def test_a_terminal_signs_for_no_other(hall: Hall) -> None:
    with pytest.raises(ValueError):
        hall.statement.signed(hall.device(OTHER_TERMINAL))


def test_nothing_personal_stands_in_the_code(hall: Hall) -> None:
    """E05: masked name, digests, nothing else of the person."""
    message = base45.decode(hall.code.removeprefix(PREFIX))
    for secret in (ZHANG.number, ZHANG.name):
        assert secret.encode() not in message
    assert ZHANG.name not in repr(hall.statement)


def test_the_code_is_small_enough_for_a_slip(hall: Hall) -> None:
    """At most 77 modules with their quiet zone: 0.5 mm each on 40 mm of an 80 mm roll."""
    rows = modules(hall.code)
    assert len(rows) == len(rows[0]) <= 77
    assert not any(rows[0]) and not any(row[0] for row in rows)


@given(st.binary(max_size=80))
def test_base45_there_and_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


def test_base45_as_the_standard_writes_it() -> None:
    """RFC 9285, 4.3 and 4.4."""
    assert base45.encode(b"Hello!!") == "%69 VD92EX0"
    assert base45.encode(b"base-45") == "UJCLQE7W581"
    assert base45.decode("QED8WEX0") == b"ietf!"
    for text in ("GGW", ":::", "A", "a0"):
        with pytest.raises(ValueError):
            base45.decode(text)


_values = st.recursive(
    st.integers(-(1 << 64), (1 << 64) - 1) | st.binary(max_size=30) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=8,
)


@given(_values)
def test_cbor_there_and_back(value: cbor.Value) -> None:
    try:
        assert cbor.decode(cbor.encode(value)) == value
    except cbor.NotOurCbor as error:
        assert str(error) == "nested too deeply"


def test_cbor_as_the_standard_writes_it() -> None:
    """RFC 8949, appendix A."""
    for value, spelt in (
        (23, "17"),
        (24, "1818"),
        (1000, "1903e8"),
        (-1000, "3903e7"),
        ("水", "63e6b0b4"),
        ((1, (2, 3), (4, 5)), "8301820203820405"),
        (cbor.Tagged(1, 1363896240), "c11a514b67b0"),
        ({1: -7}, "a10126"),
    ):
        assert cbor.encode(value).hex() == spelt
        assert cbor.decode(bytes.fromhex(spelt)) == value
    for other in ("1817", "f5", "9f01ff", "fb3ff0000000000000", "6161ff", "62c3", "5a7fffffff"):
        with pytest.raises(cbor.NotOurCbor):
            cbor.decode(bytes.fromhex(other))
    assert offline_statement._PROTECTED.hex() == "a10126"

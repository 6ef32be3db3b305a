"""Hostile bytes: whatever a chip sends, a parser gives a value or the named error, and never reads past the end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from document_samples import TODAY
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.cards.emrtd import chip_authentication, lds, mrz, pace, security_infos, signatures, tlv
from hardware.cards.emrtd.active_authentication import verify_recoverable
from hardware.cards.emrtd.apdu import Command, Response, decode
from hardware.cards.emrtd.ciphers import Suite, pad, unpad
from hardware.cards.emrtd.curves import CURVES, Curve
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
from hardware.cards.emrtd.files import MAX_FILE_BYTES, SHORT_PIECE, FileId, Files
from hardware.cards.emrtd.messaging import Session
from hardware.cards.emrtd.trust import TrustAnchors, passive_authentication
from hardware.cards.emulator.specimens import Specimen, make
from hardware.cards.emulator.utopia import Traveller, written_out
from hardware.cards.port import Mrz

NAMED = {EmrtdFault.PROTOCOL, EmrtdFault.NOT_AUTHENTIC}
tags = st.sampled_from([0x02, 0x30, 0x5C, 0x61, 0x7F60, 0x5F1F, 0x5F2E, 0x7F49, 0xA1])
objects = st.lists(st.tuples(tags, st.binary(max_size=300)), max_size=8)
mrz_characters = st.text("ABCXYZ0123456789<", min_size=88, max_size=90)
document_numbers = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=22)


@given(objects)
def test_tlv_reads_what_it_wrote(written: list[tuple[int, bytes]]) -> None:
    assert tlv.parse(b"".join(tlv.encode(tag, value) for tag, value in written)) == written


@given(st.binary(max_size=400))
def test_tlv_of_any_bytes(data: bytes) -> None:
    with suppress(EmrtdError):
        found = tlv.parse(data)
        assert sum(len(value) for _, value in found) <= len(data)


@pytest.mark.parametrize("data", ["30", "3080", "3002FF", "1F", "1FFFFFFF00", "3085000000000100", "30840000"])
def test_tlv_that_is_not_whole(data: str) -> None:
    with pytest.raises(EmrtdError, match="TLV"):
        tlv.parse(bytes.fromhex(data))


def test_tlv_bounds_the_number_of_objects() -> None:
    with pytest.raises(EmrtdError, match="too many"):
        tlv.parse(b"\x02\x00" * 257)


@given(st.binary(max_size=300))
def test_every_group_of_any_bytes(data: bytes) -> None:
    for number, parser in GROUP_PARSERS.items():
        for contents in (data, tlv.encode(lds.GROUP_TAGS[number - 1], data)):
            _named_only(lambda parser=parser, contents=contents: parser(contents))  # type: ignore[misc]
    _named_only(lambda: lds.common(tlv.encode(lds.COM_TAG, data)))
    _named_only(lambda: passive_authentication(tlv.encode(lds.SOD_TAG, data), TrustAnchors(), TODAY))
    _named_only(lambda: pace.choose(security_infos.parse(data)))
    _named_only(lambda: chip_authentication.choose(security_infos.parse(data)))
    _named_only(lambda: signatures.public_key(data))


@settings(max_examples=300)
@given(st.sampled_from(sorted(lds.GROUP_TAGS[number - 1] for number in (1, 2, 11, 12, 14, 15))), st.data())
def test_a_good_file_with_damage(tag: int, data: st.DataObject) -> None:
    file = bytearray(GOOD[tag])
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(file[: data.draw(st.integers(0, len(file)))])
    number = lds.GROUP_TAGS.index(tag) + 1
    for contents in (bytes(file), cut):
        _named_only(lambda contents=contents: GROUP_PARSERS[number](contents))  # type: ignore[misc]


@given(mrz_characters | st.text(max_size=100))
def test_mrz_of_any_text(text: str) -> None:
    _named_only(lambda: mrz.parse(text))


@given(document_numbers, st.dates(date(1930, 1, 1), TODAY))
def test_mrz_reads_what_it_wrote(number: str, birth: date) -> None:
    traveller = Traveller(document_number=number[:9], birth=f"{birth:%y%m%d}")
    zone = mrz.parse(traveller.td3())
    assert (zone.document_number, zone.birth) == (number[:9], f"{birth:%y%m%d}")
    assert (zone.surname, zone.given_names) == ("ERIKSSON", "ANNA MARIA")
    long = mrz.parse(replace(traveller, document_number=number).td1())
    assert long.document_number == number
    assert mrz.information(long.access) == mrz.information(Mrz(number, traveller.birth, traveller.expiry))


@given(st.integers(0, 87), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"))
def test_mrz_with_one_wrong_digit(place: int, other: str) -> None:
    """A check digit never accepts one digit for another; letters may share a value, which the standard accepts."""
    zone = Traveller().td3()
    if not (place >= 44 and zone[place].isdigit() and other.isdigit() and zone[place] != other):
        return
    with pytest.raises(EmrtdError, match="check digit"):
        mrz.parse(zone[:place] + other + zone[place + 1 :])


@pytest.mark.parametrize(
    ("zone", "number"),
    [
        ("I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<", "D23145890"),
        ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6", "D23145890"),
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10", "L898902C3"),
    ],
    ids=["TD1", "TD2", "TD3"],
)
def test_the_specimens_of_the_standard(zone: str, number: str) -> None:
    """Doc 9303 part 5 appendix B, part 6 appendix B, part 4 appendix B."""
    read = mrz.parse(zone)
    assert (read.document_number, read.surname, read.given_names) == (number, "ERIKSSON", "ANNA MARIA")
    assert (read.birth_date(TODAY), read.expiry_date(TODAY)) == (date(1974, 8, 12), date(2012, 4, 15))


def test_days_in_a_zone() -> None:
    zone = mrz.parse(Traveller(birth="7408<<").td3())
    assert zone.birth_date(TODAY) is None
    assert mrz.parse(Traveller(birth="261124").td3()).birth_date(TODAY) == date(1926, 11, 24)
    assert mrz.parse(Traveller(birth="261123").td3()).birth_date(TODAY) == date(2026, 11, 23)
    with pytest.raises(EmrtdError, match="no day of expiry"):
        mrz.parse(Traveller(expiry="340230").td3()).expiry_date(TODAY)


@given(st.binary(max_size=300))
def test_a_session_opens_nothing_that_was_not_protected(data: bytes) -> None:
    for suite in Suite:
        _named_only(lambda suite=suite: Session.derived(suite, b"k").unwrap(Response(data, 0x9000)), must=True)  # type: ignore[misc]


@pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)
@given(data=st.data())
def test_one_turned_bit_in_a_protected_answer(suite: Suite, data: st.DataObject) -> None:
    answer = Session.derived(suite, b"secret").close(Response(b"twelve bytes", 0x9000), 0xB0)
    turned = bytearray(answer.data)
    bit = data.draw(st.integers(0, 8 * len(turned) - 1))
    turned[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EmrtdError):
        Session.derived(suite, b"secret").unwrap(Response(bytes(turned), 0x9000))


def test_a_replayed_answer_is_refused() -> None:
    chip, terminal = (Session.derived(Suite.AES256, b"secret") for _ in range(2))
    answer = chip.close(Response(b"once", 0x9000), 0xB0)
    assert terminal.unwrap(answer).data == b"once"
    with pytest.raises(EmrtdError, match="wrong MAC"):
        terminal.unwrap(answer)


def test_another_status_than_the_protected_one_is_refused() -> None:
    chip, terminal = (Session.derived(Suite.AES128, b"secret") for _ in range(2))
    answer = chip.close(Response(b"", 0x9000), 0xB0)
    with pytest.raises(EmrtdError, match="status"):
        terminal.unwrap(Response(answer.data, 0x6282))


@given(st.binary(max_size=64), st.sampled_from([8, 16]))
def test_padding(message: bytes, block_bytes: int) -> None:
    padded = pad(message, block_bytes)
    assert len(padded) % block_bytes == 0
    assert unpad(padded) == message


@given(
    st.binary(max_size=600),
    st.none() | st.integers(1, 65536),
)
def test_commands_are_decoded_as_they_were_encoded(data: bytes, le: int | None) -> None:
    command = Command(0x00, 0xB0, 0x01, 0x02, data, le)
    assert decode(command.encode()) == command


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_points_that_are_none(curve: Curve) -> None:
    size = curve.field_bytes
    good = curve.encode(curve.g)
    bad = [
        b"",
        b"\x00",
        good[:-1],
        b"\x02" + good[1 : 1 + size],
        good[:-1] + bytes([good[-1] ^ 1]),
        b"\x04" + curve.p.to_bytes(size, "big") + good[1 + size :],
        b"\x04" + bytes(2 * size),
    ]
    for encoded in bad:
        with pytest.raises(EmrtdError):
            curve.decode(encoded)
    with pytest.raises(EmrtdError, match="infinity"):
        curve.private_key(curve.n)
    with pytest.raises(EmrtdError, match="infinity"):
        curve.multiply(curve.generate(), (curve.g[0], curve.p - curve.g[1]))
    with pytest.raises(EmrtdError, match="infinity"):
        curve.add(curve.g, (curve.g[0], curve.p - curve.g[1]))
    assert curve.add(curve.g, curve.g) == curve.public(curve.private_key(2))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_whole_points_are_the_library_s(curve: Curve) -> None:
    """k * (m * G) is (k * m) * G, and m * G + k * G is (m + k) * G."""
    random = [curve.generate().private_numbers().private_value for _ in range(2)]
    for k, m in product((1, 2, 3, curve.n - 2, curve.n - 1, *random), repeat=2):
        point = curve.public(curve.private_key(m))
        if m != curve.n - 1:
            assert curve.multiply(curve.private_key(k), point) == curve.public(curve.private_key(k * m))
        if (k + m) % curve.n:
            assert curve.add(curve.public(curve.private_key(k)), point) == curve.public(curve.private_key(k + m))


def test_a_chip_that_sends_our_own_key_back() -> None:
    """Doc 9303-11, 4.4.1: equal keys would let somebody in who reflects ours."""
    offer = pace.choose(security_infos.parse(bytes.fromhex("31143012060A04007F0007020204020202010202010D")))
    assert offer is not None
    with pytest.raises(EmrtdError, match="our own key"):
        pace.establish(_Mirror(), offer, Mrz("L898902C3", "740812", "340415"))


def test_a_chip_with_pace_in_unknown_forms_only_is_refused_and_not_opened_by_bac() -> None:
    integrated_mapping = bytes.fromhex("31143012060A04007F0007020204040202010202010D")
    with pytest.raises(EmrtdError, match="forms that are not spoken"):
        pace.choose(security_infos.parse(integrated_mapping))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.parametrize("form", ["written out", "named", "standardized"])
def test_pace_with_domain_parameters_of_its_own(curve: Curve, form: str) -> None:
    """PACEDomainParameterInfo (Doc 9303-11, 9.2.2) under a number that no standard knows."""
    public = ec.generate_private_key(curve.library()).public_key()
    algorithm = {
        "written out": tlv.parse(tlv.only(written_out(public), 0x30))[0][1],
        "named": core.ObjectIdentifier(security_infos.EC_PUBLIC_KEY).dump() + core.ObjectIdentifier(curve.oid).dump(),
        "standardized": core.ObjectIdentifier(security_infos.STANDARDIZED_PARAMETERS).dump()
        + core.Integer(curve.parameter_id).dump(),
    }[form]
    number = core.Integer(77).dump()
    infos = (
        core.ObjectIdentifier(f"{security_infos.PACE_ECDH_GM}.2").dump() + core.Integer(2).dump() + number,
        core.ObjectIdentifier(security_infos.PACE_ECDH_GM).dump() + tlv.encode(0x30, algorithm) + number,
    )
    card_access = tlv.encode(0x31, b"".join(tlv.encode(0x30, info) for info in infos))
    offer = pace.choose(security_infos.parse(card_access))
    assert offer is not None
    assert (offer.curve, offer.parameter_id) == (curve, 77)


@pytest.mark.parametrize("number", [-1, 1 << 32, 1 << 4000])
def test_a_reference_that_no_command_can_carry(number: int) -> None:
    info = core.ObjectIdentifier(f"{security_infos.PACE_ECDH_GM}.2").dump() + core.Integer(2).dump()
    card_access = tlv.encode(0x31, tlv.encode(0x30, info + core.Integer(number).dump()))
    with pytest.raises(EmrtdError, match="out of bounds"):
        pace.choose(security_infos.parse(card_access))


@given(st.binary(max_size=300), st.integers(1023, 1100))
def test_active_authentication_with_any_signature(signature: bytes, bits: int) -> None:
    """Also under a key whose length is no number of bytes."""
    key = rsa.RSAPublicNumbers(65537, (1 << bits - 1) + 1).public_key()
    for made in (signature, signature.ljust(128, b"\x01"), signature.rjust((bits + 7) // 8, b"\x00")):
        _named_only(lambda made=made: verify_recoverable(key, made, bytes(8)), must=True)  # type: ignore[misc]


def test_a_curve_that_looks_like_a_known_one_is_refused() -> None:
    """Another generator on the same curve: whoever chose it may know logarithms (CVE-2020-0601)."""
    curve = CURVES[0]
    key = written_out(ec.generate_private_key(curve.library()).public_key())
    other = curve.encode(curve.public(curve.private_key(2)))
    with pytest.raises(EmrtdError, match="no known curve"):
        signatures.public_key(key.replace(curve.encode(curve.g), other, 1))


@given(st.binary(min_size=2, max_size=12))
def test_files_never_grow_beyond_their_limit(head: bytes) -> None:
    """A chip that answers for ever: every piece is full, whatever length the header claims."""
    transferred = 0

    def send(command: Command) -> Response:
        nonlocal transferred
        piece = (head + bytes(command.le or 0))[: command.le or 0]
        transferred += len(piece)
        if command.ins == 0xB1:
            piece = tlv.encode(0x53, piece[: max(1, (command.le or 0) - 8)])
        return Response(piece, 0x9000)

    _named_only(lambda: Files(send, SHORT_PIECE).read(FileId.DG2))
    assert transferred <= 2 * MAX_FILE_BYTES


class _Mirror:
    """A chip without a key of its own."""

    def transmit(self, command: bytes) -> bytes:
        if command[1] == 0x22:
            return b"\x90\x00"
        dynamic = tlv.parse(tlv.only(decode(command).data, pace.DYNAMIC))
        body = tlv.encode(dynamic[0][0] + 1, dynamic[0][1]) if dynamic else tlv.encode(0x80, bytes(16))
        return tlv.encode(pace.DYNAMIC, body) + b"\x90\x00"


GROUP_PARSERS: dict[int, Callable[[bytes], object]] = {
    1: lds.machine_readable_zone,
    2: lds.portrait,
    11: lds.personal_details,
    12: lds.document_details,
    14: lambda file: chip_authentication.choose(security_infos.parse(lds.security_infos(file))),
    15: lambda file: signatures.public_key(lds.active_authentication_key(file)),
}
GOOD = {
    file[0]: file
    for specimen in (Specimen.PASSPORT, Specimen.OLD_PASSPORT)
    for file in make(specimen, b"\xff\xd8 a picture", TODAY).document.files.values()
}


def _named_only(parse: Callable[[], object], *, must: bool = False) -> None:
    """`must`: it has to be refused."""
    try:
        parse()
    except EmrtdError as refusal:
        assert refusal.fault in NAMED
    else:
        assert not must

"""Whole documents, read from an emulated chip that runs every protocol for real (A07, E05)."""

import pickle
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from document_samples import LENIENT, TODAY, picture, read

from hardware.cards.emrtd.ciphers import Suite
from hardware.cards.emrtd.curves import CURVES, Curve
from hardware.cards.emrtd.document import EmrtdDocument, Policy, read_document
from hardware.cards.emrtd.faults import EmrtdError
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.specimens import Issued, Specimen, make
from hardware.cards.emulator.utopia import State, Traveller, issue, offer
from hardware.cards.port import Can


@pytest.mark.parametrize(
    ("specimen", "checks"),
    [
        (Specimen.PASSPORT, ("pace-mrz", "passive-authentication", "chip-authentication")),
        (Specimen.OLD_PASSPORT, ("bac", "passive-authentication", "active-authentication")),
        (Specimen.CARD, ("pace-mrz", "passive-authentication", "active-authentication")),
        (Specimen.SEVERAL_PACE, ("pace-mrz", "passive-authentication", "chip-authentication")),
        (Specimen.COPYABLE, ("pace-mrz", "passive-authentication")),
    ],
    ids=lambda value: value.name if isinstance(value, Specimen) else "",
)
def test_a_good_document_is_read(specimen: Specimen, checks: tuple[str, ...], portrait: bytes) -> None:
    document = read(make(specimen, portrait, TODAY))
    assert document.authenticity.checks == checks
    assert document.authenticity.level == ("chip" if len(checks) == 3 else "passive")
    assert (document.latin_name, document.name) == ("ERIKSSON ANNA MARIA", "Eriksson, Anna Maria")
    assert document.birth == date(1974, 8, 12)
    assert document.valid_until > TODAY
    assert document.zone.document_number == ("D23145890734" if specimen is Specimen.CARD else "L898902C3")
    assert (document.zone.nationality, document.zone.sex) == ("UTO", "F")
    assert document.personal.address == "1 Sample Street, Amaurot"
    assert document.document.authority == "Utopian Office of Samples"
    assert document.document.issued == date(2024, 4, 16)
    assert (document.portrait.encoding, document.portrait.data) == ("jpeg", portrait)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.parametrize("suite", [Suite.AES256], ids=["AES-256"])
def test_pace_on_every_curve_by_can(suite: Suite, curve: Curve, small_portrait: bytes) -> None:
    state = State(TODAY)
    document = issue(state, Traveller(), small_portrait, pace=(offer(suite, curve.parameter_id),), can="314159")
    read_by_can = read(Issued(document, state.certificate), Can("314159"), Policy())
    assert read_by_can.authenticity.checks == ("pace-can", "passive-authentication")


@pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)
def test_every_cipher_in_pace_and_in_chip_authentication(suite: Suite, small_portrait: bytes) -> None:
    state = State(TODAY)
    pace = (offer(suite, CURVES[0].parameter_id),)
    document = issue(state, Traveller(), small_portrait, pace=pace, agreement=(suite, CURVES[1]))
    assert read(Issued(document, state.certificate)).authenticity.level == "chip"


def test_the_strongest_of_several_is_named_and_taken(small_portrait: bytes) -> None:
    issued = make(Specimen.SEVERAL_PACE, small_portrait, TODAY)
    heard = _Recorder(issued)
    read_document(heard, issued.document.access, Policy(), TrustAnchors([issued.anchor]), TODAY)
    chosen = next(command for command in heard.commands if command[:4] == bytes.fromhex("0022C1A4"))
    assert chosen.endswith(bytes.fromhex("84010D"))


def test_a_jpeg_2000_portrait(small_portrait: bytes) -> None:
    jp2 = picture("JPEG2000", (48, 64))
    document = read(make(Specimen.COPYABLE, jp2, TODAY))
    assert (document.portrait.encoding, document.portrait.data) == ("jp2", jp2)


@pytest.mark.parametrize(
    "faults",
    [ChipFaults(no_extended_length=True), ChipFaults(longest_le=256)],
    ids=["session ended", "politely refused"],
)
@pytest.mark.parametrize(
    "specimen", [Specimen.PASSPORT, Specimen.OLD_PASSPORT, Specimen.CARD], ids=lambda each: each.name
)
def test_short_pieces_where_long_ones_are_refused(specimen: Specimen, faults: ChipFaults, portrait: bytes) -> None:
    assert read(make(specimen, portrait, TODAY), faults=faults).portrait.data == portrait


def test_a_reader_without_extended_length_never_sends_it(portrait: bytes) -> None:
    issued = make(Specimen.CARD, portrait, TODAY)
    heard = _Recorder(issued)
    policy = replace(LENIENT, extended_length=False)
    read_document(heard, issued.document.access, policy, TrustAnchors([issued.anchor]), TODAY)
    assert max(len(command) for command in heard.commands) <= 5 + 255 + 1
    assert not [command for command in heard.commands if len(command) > 6 and command[4] == 0]


@pytest.mark.parametrize("status", ["6A82", "6982", "6985", "6986", "6D00"])
def test_a_chip_without_pace_may_say_so_in_its_own_way(status: str, small_portrait: bytes) -> None:
    issued = make(Specimen.OLD_PASSPORT, small_portrait, TODAY)
    chip = EmrtdChip(issued.document)

    class _Old:
        def transmit(self, command: bytes) -> bytes:
            answer = chip.transmit(command)
            return bytes.fromhex(status) if command.endswith(bytes.fromhex("011C")) else answer

    document = read_document(_Old(), issued.document.access, LENIENT, TrustAnchors([issued.anchor]), TODAY)
    assert document.authenticity.checks[0] == "bac"


def test_a_long_signature_needs_extended_length(rsa_key: rsa.RSAPrivateKey, small_portrait: bytes) -> None:
    state = State(TODAY)
    issued = Issued(issue(state, Traveller(), small_portrait, signing_key=rsa_key), state.certificate)
    assert read(issued).authenticity.level == "chip"
    with pytest.raises(EmrtdError, match="needs extended length"):
        read(issued, faults=ChipFaults(no_extended_length=True), policy=replace(LENIENT, extended_length=False))


def test_no_le_on_select(small_portrait: bytes) -> None:
    """Some chips refuse a SELECT that expects an answer."""
    issued = make(Specimen.COPYABLE, small_portrait, TODAY)
    heard = _Recorder(issued)
    read_document(heard, issued.document.access, Policy(), TrustAnchors([issued.anchor]), TODAY)
    plain = [command for command in heard.commands if command[:2] == b"\x00\xa4"]
    assert plain
    assert all(len(command) == 5 + command[4] for command in plain)


def test_fingerprints_and_irises_have_no_name_here() -> None:
    """E05: DG3 and DG4 are never selected."""
    assert not {0x0103, 0x0104} & {int(file) for file in FileId}


def test_a_slow_chip_is_waited_for(small_portrait: bytes) -> None:
    issued = make(Specimen.PASSPORT, small_portrait, TODAY)
    waits: list[float] = []
    chip = EmrtdChip(issued.document, ChipFaults(answer_delay_s=0.2), waits.append)
    read_document(chip, issued.document.access, Policy(), TrustAnchors([issued.anchor]), TODAY)
    assert set(waits) == {0.2}


@pytest.mark.parametrize("pss", [False, True], ids=["PKCS1", "PSS"])
def test_a_signer_with_rsa(pss: bool, rsa_key: rsa.RSAPrivateKey, small_portrait: bytes) -> None:
    state = State(TODAY, key=rsa_key, pss=pss)
    document = issue(state, Traveller(), small_portrait)
    assert read(Issued(document, state.certificate)).authenticity.level == "passive"


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_signer_whose_curve_is_written_out(curve: Curve, small_portrait: bytes) -> None:
    state = State(TODAY, key=ec.generate_private_key(curve.library()), written_out=True)
    document = issue(state, Traveller(), small_portrait)
    assert read(Issued(document, state.certificate)).authenticity.level == "passive"


def test_nobody_else_makes_a_document_and_it_shows_itself_masked(small_portrait: bytes) -> None:
    """E05"""
    document = read(make(Specimen.CARD, small_portrait, TODAY))
    shown = f"{document!r} {document} {document.zone!r} {document.personal!r} {document.portrait!r}"
    for secret in ("ERIKSSON", "Eriksson", "ANNA", "D23145890734", "740812", "1974", "Amaurot", "ZE184226B"):
        assert secret not in shown
    with pytest.raises(TypeError):
        pickle.dumps(document)
    with pytest.raises(TypeError, match="only read_document"):
        EmrtdDocument(
            mint=object(),
            zone=document.zone,
            personal=document.personal,
            document=document.document,
            portrait=document.portrait,
            birth=None,
            valid_until=TODAY,
            authenticity=document.authenticity,
        )


class _Recorder:
    """A chip whose commands are kept."""

    def __init__(self, issued: Issued) -> None:
        self._chip = EmrtdChip(issued.document)
        self.commands: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self._chip.transmit(command)

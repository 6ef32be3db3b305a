"""Everything that is wrong with a chip, its data or the hand that holds it ends in the fault that names it (A07)."""

from datetime import timedelta

import pytest
from document_samples import LENIENT, TODAY, read

from hardware.cards.emrtd.apdu import CardGone
from hardware.cards.emrtd.document import Policy, read_document
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.specimens import Specimen, make
from hardware.cards.emulator.utopia import Document
from hardware.cards.port import Can, Mrz

ALL = [Specimen.PASSPORT, Specimen.OLD_PASSPORT, Specimen.CARD]


def refused(
    specimen: Specimen,
    portrait: bytes,
    faults: ChipFaults | None = None,
    access: Mrz | Can | None = None,
    policy: Policy = LENIENT,
) -> EmrtdError:
    with pytest.raises(EmrtdError) as refusal:
        read(make(specimen, portrait, TODAY), access, policy, faults)
    return refusal.value


@pytest.mark.parametrize(
    ("specimen", "fault", "detail"),
    [
        (Specimen.PACE_HIDDEN, EmrtdFault.NOT_AUTHENTIC, "another PACE"),
        (Specimen.GROUP_MISSING, EmrtdFault.NOT_AUTHENTIC, "DG14 is signed"),
        (Specimen.EXPIRED, EmrtdFault.EXPIRED, "day of expiry"),
        (Specimen.SIGNER_EXPIRED, EmrtdFault.NOT_AUTHENTIC, "document signer: the certificate is not valid"),
        (Specimen.FOREIGN_STATE, EmrtdFault.NOT_AUTHENTIC, "no country signing CA of ours"),
        (Specimen.OTHER_STATE, EmrtdFault.NOT_AUTHENTIC, "signed by another state"),
        (Specimen.WRONG_CHECK_DIGIT, EmrtdFault.PROTOCOL, "check digit of all fields"),
    ],
    ids=lambda value: value.name if isinstance(value, Specimen) else "",
)
def test_a_bad_document(specimen: Specimen, fault: EmrtdFault, detail: str, small_portrait: bytes) -> None:
    refusal = refused(specimen, small_portrait)
    assert refusal.fault is fault
    assert detail in refusal.detail


@pytest.mark.parametrize("specimen", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("file", [FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG12, FileId.SOD], ids=lambda f: f.name)
def test_a_tampered_file(specimen: Specimen, file: FileId, small_portrait: bytes) -> None:
    """The hash, or the signature over the hashes, does not fit any more."""
    refusal = refused(specimen, small_portrait, ChipFaults(tampered=file))
    in_structure = {EmrtdFault.PROTOCOL} if file is FileId.SOD else set()
    assert refusal.fault in {EmrtdFault.NOT_AUTHENTIC} | in_structure


@pytest.mark.parametrize("specimen", [*ALL, Specimen.SEVERAL_PACE], ids=lambda each: each.name)
def test_a_cloned_chip(specimen: Specimen, small_portrait: bytes) -> None:
    refusal = refused(specimen, small_portrait, ChipFaults(cloned=True))
    assert refusal.fault is EmrtdFault.NOT_AUTHENTIC
    assert "authentication" in refusal.detail


def test_a_document_that_could_be_a_copy_where_a_proof_is_required(small_portrait: bytes) -> None:
    refusal = refused(Specimen.COPYABLE, small_portrait, policy=Policy(chip_proof_required=True))
    assert refusal.fault is EmrtdFault.NOT_AUTHENTIC


@pytest.mark.parametrize("specimen", ALL, ids=lambda each: each.name)
def test_a_wrong_mrz(specimen: Specimen, small_portrait: bytes) -> None:
    refusal = refused(specimen, small_portrait, access=Mrz("L898902C4", "740812", "301231"))
    assert refusal.fault is EmrtdFault.ACCESS_REFUSED


def test_a_wrong_can(small_portrait: bytes) -> None:
    refusal = refused(Specimen.CARD, small_portrait, access=Can("654321"))
    assert (refusal.fault, refusal.detail) == (EmrtdFault.ACCESS_REFUSED, "PACE: 6300")


def test_a_failed_pace_never_falls_back_to_bac(small_portrait: bytes) -> None:
    """Even where the policy allows BAC and the chip would accept it, no command of BAC is sent."""
    issued = make(Specimen.PASSPORT, small_portrait, TODAY)
    chip = _FailsInPace(issued.document)
    with pytest.raises(EmrtdError) as refusal:
        read_document(chip, issued.document.access, LENIENT, TrustAnchors([issued.anchor]), TODAY)
    assert refusal.value.fault is EmrtdFault.PROTOCOL
    assert chip.after_failure == []


def test_bac_only_where_the_policy_allows_it(small_portrait: bytes) -> None:
    refusal = refused(Specimen.OLD_PASSPORT, small_portrait, policy=Policy())
    assert (refusal.fault, "BAC is not allowed" in refusal.detail) == (EmrtdFault.ACCESS_NOT_ALLOWED, True)


def test_a_can_does_not_open_a_chip_without_pace(small_portrait: bytes) -> None:
    assert refused(Specimen.OLD_PASSPORT, small_portrait, access=Can("123456")).fault is EmrtdFault.ACCESS_REFUSED


@pytest.mark.parametrize("specimen", ALL, ids=lambda each: each.name)
def test_pulled_at_any_moment(specimen: Specimen, small_portrait: bytes) -> None:
    issued = make(specimen, small_portrait, TODAY)
    counter = ChipFaults(pulled_after=10_000)
    assert read(issued, faults=counter)
    commands = 10_000 - (counter.pulled_after or 0)
    for moment in range(commands):
        with pytest.raises(EmrtdError) as refusal:
            read(issued, faults=ChipFaults(pulled_after=moment))
        assert refusal.value.fault is EmrtdFault.GONE


def test_silence(small_portrait: bytes) -> None:
    assert refused(Specimen.PASSPORT, small_portrait, ChipFaults(silent=True)).fault is EmrtdFault.GONE


@pytest.mark.parametrize("file", [FileId.CARD_ACCESS, FileId.SOD, FileId.DG2], ids=lambda file: file.name)
def test_a_huge_file_is_not_read(file: FileId, small_portrait: bytes) -> None:
    refusal = refused(Specimen.PASSPORT, small_portrait, ChipFaults(huge_file=file))
    assert refusal.fault is EmrtdFault.PROTOCOL
    assert "says it has 167772" in refusal.detail


@pytest.mark.parametrize("specimen", ALL, ids=lambda each: each.name)
def test_answers_with_wrong_macs(specimen: Specimen, small_portrait: bytes) -> None:
    refusal = refused(specimen, small_portrait, ChipFaults(wrong_macs=True))
    assert (refusal.fault, refusal.detail) == (EmrtdFault.PROTOCOL, "secure messaging: wrong MAC")


def test_the_printed_mrz_is_not_the_one_in_the_chip(small_portrait: bytes) -> None:
    """A chip that opens with one MRZ and says another, as when a sticker covers the printed one."""
    issued = make(Specimen.COPYABLE, small_portrait, TODAY + timedelta(days=30))
    later = make(Specimen.COPYABLE, small_portrait, TODAY).document.access
    object.__setattr__(issued.document, "access", later)
    with pytest.raises(EmrtdError) as refusal:
        read(issued)
    assert (refusal.value.fault, "printed MRZ" in refusal.value.detail) == (EmrtdFault.NOT_AUTHENTIC, True)


def test_no_fault_speaks_of_the_person(small_portrait: bytes) -> None:
    """E05: neither in the message nor in a chained exception."""
    for specimen in Specimen:
        try:
            read(make(specimen, small_portrait, TODAY))
        except EmrtdError as refusal:
            assert refusal.__cause__ is None
            for secret in ("ERIKSSON", "ANNA", "L898902C3", "740812"):
                assert secret not in str(refusal)


class _FailsInPace:
    """A chip that fails in the second step of PACE, and notes what comes then."""

    def __init__(self, document: Document) -> None:
        self._chip = EmrtdChip(document)
        self._steps = 0
        self.after_failure: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        if self._steps >= 2:
            self.after_failure.append(command)
            raise CardGone
        self._steps += command[1] == 0x86
        return b"\x6f\x00" if self._steps == 2 else self._chip.transmit(command)

"""One electronic travel document, read from the first command to the last check.

    PACE (or BAC)  the holder lets us in, for the password is printed on the document
    EF.SOD         passive authentication: what did the issuing state sign?
    DG14, DG15     chip or active authentication: is this the chip that the state issued, or a copy?
    DG1 .. DG12    the person, each file compared with its signed hash as soon as it is read

PACE comes first whenever EF.CardAccess offers it, and a PACE that fails is the end: BAC is spoken only to a chip that
offers no PACE, and only where the policy allows it. Passive authentication is not a choice. Which data groups there
are, and whether the chip must prove itself, is read out of the signed hashes and not out of EF.COM, which anybody could
have shortened. Likewise DG14 says, signed, whether the chip has PACE: hiding EF.CardAccess to force BAC is noticed.
"""

from dataclasses import InitVar, dataclass
from datetime import date
from typing import Final

from hardware.cards.emrtd import (
    active_authentication,
    bac,
    chip_authentication,
    lds,
    pace,
    security_infos,
    states,
)
from hardware.cards.emrtd.apdu import Apdu, Command, send
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken, not_authentic
from hardware.cards.emrtd.files import EXTENDED_PIECE, SHORT_PIECE, ExtendedLengthRefused, FileId, Files, select
from hardware.cards.emrtd.lds import DocumentDetails, PersonalDetails
from hardware.cards.emrtd.messaging import SecureChip
from hardware.cards.emrtd.mrz import MachineReadableZone
from hardware.cards.emrtd.trust import SignedHashes, TrustAnchors, passive_authentication
from hardware.cards.port import Can, Mrz
from hardware.cards.reading import Authenticity, Check, NotPicklable, Portrait

APPLICATION: Final = bytes.fromhex("A0000002471001")
_SELECT_MASTER_FILE: Final = Command(0x00, 0xA4, 0x00, 0x0C, bytes.fromhex("3F00"))
_SELECT_APPLICATION: Final = Command(0x00, 0xA4, 0x04, 0x0C, APPLICATION)
_MINT: Final = object()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a terminal accepts. The defaults are the strict ones."""

    bac_allowed: bool = False
    """Chips without PACE may be opened by BAC."""
    chip_proof_required: bool = False
    """A document that can be copied, for it offers neither chip nor active authentication, is refused."""
    extended_length: bool = True
    """The reader carries extended APDUs."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class EmrtdDocument(NotPicklable):
    """What an issuing state signed about somebody, read today from a chip that lay on the reader."""

    mint: InitVar[object]
    zone: MachineReadableZone
    personal: PersonalDetails
    document: DocumentDetails
    portrait: Portrait
    birth: date | None
    """From DG11 where it is there in full, else from the MRZ; None when not even that knows the day."""
    valid_until: date
    authenticity: Authenticity

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("only read_document makes an EmrtdDocument")

    @property
    def latin_name(self) -> str:
        """Surname, then given names."""
        return f"{self.zone.surname} {self.zone.given_names}".strip()

    @property
    def name(self) -> str:
        """In national characters where DG11 has them."""
        return self.personal.name or self.latin_name

    def __repr__(self) -> str:
        return f"EmrtdDocument({self.zone!r}, {self.portrait!r}, {self.authenticity.level})"


def read_document(card: Apdu, access: Mrz | Can, policy: Policy, trust: TrustAnchors, today: date) -> EmrtdDocument:
    """Blocks until the document is read. Raises EmrtdError."""
    if not policy.extended_length:
        return _read(card, access, policy, trust, today, SHORT_PIECE)
    try:
        return _read(card, access, policy, trust, today, EXTENDED_PIECE)
    except ExtendedLengthRefused:
        return _read(card, access, policy, trust, today, SHORT_PIECE)


def _read(card: Apdu, access: Mrz | Can, policy: Policy, trust: TrustAnchors, today: date, piece: int) -> EmrtdDocument:
    chip, offered, check = _open(card, access, policy)
    files = Files(chip.send, piece)
    signed = passive_authentication(_required(files, FileId.SOD), trust, today)
    groups = _Groups(files, signed)
    groups.compare_with_common()
    checks: list[Check] = [check, "passive-authentication"]

    infos = _security_infos(groups)
    if infos is not None and _pace_infos(infos) not in (frozenset(), _pace_infos(offered)):
        raise not_authentic("EF.CardAccess offers another PACE than the signed DG14")
    proof = _prove_chip(chip, groups, infos or [], extended=policy.extended_length and piece == EXTENDED_PIECE)
    if proof is not None:
        checks.append(proof)
    elif policy.chip_proof_required:
        raise not_authentic("the chip offers no proof that it is no copy")

    zone = lds.machine_readable_zone(groups.required(1))
    if not states.issued_by(zone.issuing_state, signed.country):
        raise not_authentic("signed by another state than the one that issued the document")
    if isinstance(access, Mrz) and _differs(access, zone):
        raise not_authentic("the printed MRZ is not the one in the chip")
    valid_until = zone.expiry_date(today)
    if valid_until < today:
        raise EmrtdError(EmrtdFault.EXPIRED, "the day of expiry has passed")
    portrait = lds.portrait(groups.required(2))
    group_11, group_12 = groups.read(11), groups.read(12)
    personal = PersonalDetails() if group_11 is None else lds.personal_details(group_11)
    return EmrtdDocument(
        mint=_MINT,
        zone=zone,
        personal=personal,
        document=DocumentDetails() if group_12 is None else lds.document_details(group_12),
        portrait=portrait,
        birth=personal.birth or zone.birth_date(today),
        valid_until=valid_until,
        authenticity=Authenticity("passive" if proof is None else "chip", tuple(checks)),
    )


class _Groups:
    """Data groups that are what was signed."""

    def __init__(self, files: Files, signed: SignedHashes) -> None:
        self._files = files
        self._signed = signed

    def read(self, number: int) -> bytes | None:
        """None when the state signed no such group. Raises EmrtdError NOT_AUTHENTIC when it did and it is not there."""
        if number not in self._signed.hashes:
            return None
        file = self._files.read(FileId[f"DG{number}"])
        if file is None:
            raise not_authentic(f"DG{number} is signed, but not in the chip")
        self._signed.check(number, file)
        return file

    def required(self, number: int) -> bytes:
        file = self.read(number)
        if file is None:
            raise not_authentic(f"DG{number} is not signed")
        return file

    def compare_with_common(self) -> None:
        """A group that EF.COM announces and nobody signed was put there by somebody else."""
        common = self._files.read(FileId.COM)
        if common is not None and not lds.common(common) <= set(self._signed.hashes):
            raise not_authentic("EF.COM announces a data group that is not signed")


def _open(card: Apdu, access: Mrz | Can, policy: Policy) -> tuple[SecureChip, list[security_infos.SecurityInfo], Check]:
    """A chip under a session with the application selected, what EF.CardAccess offered, and how it was opened."""
    send(card, _SELECT_MASTER_FILE)  # some chips have none to select; EF.CardAccess is then found as well
    card_access = _card_access(card)
    offered = [] if card_access is None else security_infos.parse(card_access)
    offer = pace.choose(offered)
    if offer is not None:
        chip = SecureChip(card, pace.establish(card, offer, access))
        if not chip.send(_SELECT_APPLICATION).ok:
            raise broken("no eMRTD application")
        return chip, offered, "pace-can" if isinstance(access, Can) else "pace-mrz"
    if not policy.bac_allowed:
        raise EmrtdError(EmrtdFault.ACCESS_NOT_ALLOWED, "the chip offers no PACE, and BAC is not allowed here")
    if isinstance(access, Can):
        raise EmrtdError(EmrtdFault.ACCESS_REFUSED, "the chip offers no PACE, and a CAN is not for BAC")
    if not send(card, _SELECT_APPLICATION).ok:
        raise broken("no eMRTD application")
    return SecureChip(card, bac.establish(card, access)), offered, "bac"


def _card_access(card: Apdu) -> bytes | None:
    """None when it cannot be selected: chips without PACE refuse that with many a status. See above why hiding it does
    not help anybody.
    """
    if not send(card, select(FileId.CARD_ACCESS)).ok:
        return None
    return Files(lambda command: send(card, command), SHORT_PIECE).read(FileId.CARD_ACCESS)


def _prove_chip(
    chip: SecureChip, groups: _Groups, infos: list[security_infos.SecurityInfo], *, extended: bool
) -> Check | None:
    """By chip authentication where it is offered, else by active authentication; None when neither is."""
    offer = chip_authentication.choose(infos)
    if offer is not None:
        chip_authentication.perform(chip, offer)
        return "chip-authentication"
    group_15 = groups.read(15)
    if group_15 is None:
        return None
    active_authentication.perform(chip.send, group_15, infos, extended=extended)
    return "active-authentication"


def _security_infos(groups: _Groups) -> list[security_infos.SecurityInfo] | None:
    group_14 = groups.read(14)
    return None if group_14 is None else security_infos.parse(lds.security_infos(group_14))


def _pace_infos(infos: list[security_infos.SecurityInfo]) -> frozenset[bytes]:
    return frozenset(info.encoded for info in infos if info.speaks(security_infos.PACE))


def _differs(access: Mrz, zone: MachineReadableZone) -> bool:
    printed = (access.document_number.rstrip("<"), access.birth, access.expiry)
    return printed != (zone.document_number, zone.birth, zone.expiry)


def _required(files: Files, file: FileId) -> bytes:
    contents = files.read(file)
    if contents is None:
        raise broken(f"the chip has no {file.name}")
    return contents

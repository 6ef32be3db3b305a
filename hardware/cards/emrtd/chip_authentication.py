"""Chip Authentication over ECDH (Doc 9303-11, 6.2): the chip proves that it holds the key whose public half is in DG14.

A copy has DG14, for that is data, but not the private key: after the agreement it cannot speak under the new session
keys. So the proof is the first exchange that works under them. DG14 must have passed passive authentication before.

Only ECDH is spoken; a chip that offers the protocol over DH in finite fields alone is read as one without it.
"""

from dataclasses import dataclass
from typing import Final

from asn1crypto import keys

from hardware.cards.emrtd import security_infos, tlv
from hardware.cards.emrtd.apdu import SHORT_LE_MAX, Command, Response
from hardware.cards.emrtd.ciphers import Suite
from hardware.cards.emrtd.curves import Curve
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken, not_authentic, parsing
from hardware.cards.emrtd.files import FileId, select
from hardware.cards.emrtd.messaging import SecureChip, Session
from hardware.cards.emrtd.pace import DYNAMIC, SUITES

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Offer:
    """The chip's static key and how it is to be used. `key_id` None: the chip has one key."""

    oid: bytes
    suite: Suite
    curve: Curve
    public: bytes
    key_id: int | None


def choose(infos: list[security_infos.SecurityInfo]) -> Offer | None:
    """The strongest cipher that DG14 offers with a key on a known curve; None when it offers nothing over ECDH."""
    public_keys = {
        info.reference(): _static_key(info)
        for info in infos
        if info.protocol == security_infos.CHIP_AUTHENTICATION_KEY_ECDH
    }
    offers = []
    for info in infos:
        suite = SUITES.get(int(info.protocol.rpartition(".")[2]))
        if not info.speaks(security_infos.CHIP_AUTHENTICATION_ECDH) or suite is None or info.integer() != _VERSION:
            continue
        key_id = info.reference()
        if key_id not in public_keys:
            raise broken("DG14: chip authentication without its key")
        offers.append(Offer(info.oid, suite, *public_keys[key_id], key_id))
    return max(offers, key=lambda offer: offer.suite.key_bytes + offer.suite.block_bytes, default=None)


def perform(chip: SecureChip, offer: Offer) -> None:
    """Agrees on new session keys and proves that the chip has them. Raises EmrtdError NOT_AUTHENTIC, PROTOCOL, GONE."""
    curve = offer.curve
    private = curve.generate()
    public = curve.encode(curve.public(private))
    key = security_infos.reference_object(offer.key_id)
    if offer.suite is Suite.TDES:
        _accepted(chip.send(Command(0x00, 0x22, 0x41, 0xA6, tlv.encode(0x91, public) + key)))
    else:
        _accepted(chip.send(Command(0x00, 0x22, 0x41, 0xA4, tlv.encode(0x80, offer.oid) + key)))
        body = tlv.encode(DYNAMIC, tlv.encode(0x80, public))
        _accepted(chip.send(Command(0x00, 0x86, 0x00, 0x00, body, le=SHORT_LE_MAX)))
    chip.session = Session.derived(offer.suite, curve.agree(private, curve.decode(offer.public)))
    try:
        chip.send(select(FileId.DG14))
    except EmrtdError as error:
        if error.fault is EmrtdFault.GONE:
            raise
        raise not_authentic("chip authentication: the chip does not have the key of DG14") from None


def _static_key(info: security_infos.SecurityInfo) -> tuple[Curve, bytes]:
    with parsing("DG14 key"):
        key = keys.PublicKeyInfo.load(info.required.dump(), strict=True)
        curve = security_infos.curve_of(key["algorithm"])
        public = bytes(key["public_key"])
    if curve is None:
        raise broken("DG14: a key that is not on a curve")
    return curve, public


def _accepted(answer: Response) -> None:
    if not answer.ok:
        raise not_authentic(f"chip authentication: refused with {answer.status:04X}")

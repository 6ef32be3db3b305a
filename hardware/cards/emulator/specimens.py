"""Ready-made documents of Utopia, one for each way of reading and one for each thing that can be wrong from the start.

What can go wrong while a document lies there is in `chip.ChipFaults`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hardware.cards.emrtd.ciphers import Suite
from hardware.cards.emrtd.curves import CURVES
from hardware.cards.emrtd.files import FileId
from hardware.cards.emulator.utopia import Document, State, Traveller, face_39794, issue, offer, without

_P256, _BRAINPOOL256 = CURVES[0], CURVES[1]
_RSA_BITS: Final = 1536
_RSA_EXPONENT: Final = 65537


class Specimen(Enum):
    """Which document. The value is how a technician names it."""

    PASSPORT = "passport"
    """PACE and BAC, chip authentication with AES."""
    OLD_PASSPORT = "old-passport"
    """BAC only, active authentication with RSA."""
    CARD = "card"
    """PACE only, with 256-bit AES; three-line MRZ with a long number; portrait in ISO/IEC 39794-5; active
    authentication with ECDSA.
    """
    SEVERAL_PACE = "several-pace"
    """PACE on three curves, so that the terminal must name one; chip authentication with 3DES."""
    COPYABLE = "copyable"
    """No proof that the chip is no copy."""
    PACE_HIDDEN = "pace-hidden"
    """Somebody took EF.CardAccess away to force BAC."""
    GROUP_MISSING = "group-missing"
    """A signed data group is not there."""
    EXPIRED = "expired"
    """Expired yesterday."""
    SIGNER_EXPIRED = "signer-expired"
    """The certificate of the document signer expired yesterday."""
    FOREIGN_STATE = "foreign-state"
    """Signed by a state that calls itself Utopia, and is not."""
    OTHER_STATE = "other-state"
    """Signed by a state that we believe, but that did not issue it."""
    WRONG_CHECK_DIGIT = "wrong-check-digit"
    """The MRZ in DG1 has a wrong check digit, under a good signature."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A document, and the certificate of the state that a terminal should believe."""

    document: Document
    anchor: bytes


def make(specimen: Specimen, portrait: bytes, today: date) -> Issued:
    """Issues it as of today. `portrait`: JPEG or JPEG 2000."""
    yesterday = today - timedelta(days=1)
    expired_signer = specimen is Specimen.SIGNER_EXPIRED
    state = State(
        today,
        country="IX" if specimen is Specimen.OTHER_STATE else "UT",
        written_out=True,
        signer_expiry=yesterday if expired_signer else None,
    )
    signing = State(today) if specimen is Specimen.FOREIGN_STATE else state
    expiry = yesterday if specimen is Specimen.EXPIRED else today + timedelta(days=1500)
    traveller = replace(Traveller(), expiry=f"{expiry:%y%m%d}")
    recipe = _RECIPES.get(specimen, _passport)
    return Issued(recipe(signing, traveller, portrait), state.certificate)


def _passport(state: State, traveller: Traveller, portrait: bytes) -> Document:
    return issue(state, traveller, portrait, agreement=(Suite.AES128, _BRAINPOOL256))


def _old_passport(state: State, traveller: Traveller, portrait: bytes) -> Document:
    key = rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    return issue(state, traveller, portrait, pace=(), signing_key=key)


def _card(state: State, traveller: Traveller, portrait: bytes) -> Document:
    holder = replace(traveller, document_number="D23145890734")
    pace = (offer(Suite.AES256, _P256.parameter_id),)
    key = ec.generate_private_key(ec.SECP256R1())
    return issue(state, holder, portrait, pace=pace, bac=False, signing_key=key, zone=holder.td1(), face=face_39794)


def _several_pace(state: State, traveller: Traveller, portrait: bytes) -> Document:
    suites = (Suite.TDES, Suite.AES128, Suite.AES128)
    pace = tuple(offer(suite, curve.parameter_id, named=True) for suite, curve in zip(suites, CURVES[:3], strict=True))
    return issue(state, traveller, portrait, pace=pace, agreement=(Suite.TDES, _P256))


def _copyable(state: State, traveller: Traveller, portrait: bytes) -> Document:
    return issue(state, traveller, portrait)


def _pace_hidden(state: State, traveller: Traveller, portrait: bytes) -> Document:
    return replace(without(_passport(state, traveller, portrait), FileId.CARD_ACCESS), pace=())


def _group_missing(state: State, traveller: Traveller, portrait: bytes) -> Document:
    return without(_passport(state, traveller, portrait), FileId.DG14)


def _wrong_check_digit(state: State, traveller: Traveller, portrait: bytes) -> Document:
    zone = traveller.td3()
    wrong = str((int(zone[-1]) + 1) % 10)
    return issue(state, traveller, portrait, zone=zone[:-1] + wrong)


_RECIPES: Final[dict[Specimen, Callable[[State, Traveller, bytes], Document]]] = {
    Specimen.OLD_PASSPORT: _old_passport,
    Specimen.CARD: _card,
    Specimen.SEVERAL_PACE: _several_pace,
    Specimen.COPYABLE: _copyable,
    Specimen.PACE_HIDDEN: _pace_hidden,
    Specimen.GROUP_MISSING: _group_missing,
    Specimen.WRONG_CHECK_DIGIT: _wrong_check_digit,
}

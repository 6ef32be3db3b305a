"""The platform's front desk: is this evidence from that terminal, fresh, and about somebody real? (E02, E03, C14)

What is not right is refused by a code; the codes are the whole answer, nothing of the evidence is repeated.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from platform_client import wire
from platform_client.messages import ShownEvidence
from platform_client.sandbox.catalogue import Offer
from platform_client.sandbox.registry import Person, check_character
from platform_client.wire import WireError

_FRESH: Final = timedelta(minutes=10)


class Refuse(Exception):
    """The platform does not grant this; carries the code of the refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class Applicant:
    """Who asks, by evidence that was checked."""

    person: Person
    nonce: str

    def __repr__(self) -> str:
        return "Applicant(***)"

    def age(self, today: date) -> int:
        """Completed years, from the number's date of birth."""
        born = _birth(self.person.number)
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    def may_have(self, offer: Offer, today: date) -> bool:
        return self.age(today) >= offer.from_age


def admit(shown: ShownEvidence, device: x509.Certificate, now: datetime) -> Applicant:
    """The person of evidence that `device` signed. Raises Refuse."""
    _check_signature(shown, device)
    try:
        root = wire.parse(shown.document, wire.EVIDENCE)
    except WireError:
        raise Refuse("evidence-invalid") from None
    if wire.text_at(root, "Terminal") != terminal_of(device):
        raise Refuse("evidence-of-another-terminal")
    if abs(now - datetime.fromisoformat(wire.text_at(root, "At"))) > _FRESH:
        raise Refuse("evidence-stale")
    if float(wire.text_at(root, "Match/Score")) > float(wire.text_at(root, "Match/Threshold")):
        raise Refuse("not-matched")
    person = Person(wire.text_at(root, "Card/Name"), wire.text_at(root, "Card/Number"))
    _check_number(person.number)
    return Applicant(person, wire.text_at(root, "Nonce"))


def terminal_of(device: x509.Certificate) -> str:
    """The terminal a client certificate names."""
    return str(device.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _check_signature(shown: ShownEvidence, device: x509.Certificate) -> None:
    key = device.public_key()
    try:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        key.verify(shown.signature, shown.document, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refuse("evidence-signature") from None


def _check_number(number: str) -> None:
    """GB 11643: check character and a date of birth that exists. Stands for the population registry (E03)."""
    try:
        _birth(number)
    except ValueError:
        raise Refuse("number-invalid") from None
    if number[17] != check_character(number[:17]):
        raise Refuse("number-invalid")


def _birth(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))

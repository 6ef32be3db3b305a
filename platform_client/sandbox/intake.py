"""The platform's front desk: is this evidence from that terminal, fresh, and about somebody real? (E02, E03, C14)

What is not right is refused by a code; the codes are the whole answer, nothing of the evidence is repeated.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from platform_client import binding, wire
from platform_client.evidence import TYPE, ShownEvidence, Statement, subject_digest
from platform_client.operation import About
from platform_client.sandbox.accounts import Account
from platform_client.sandbox.catalogue import CITIZEN_NUMBERED, Offer
from platform_client.sandbox.registry import Person, check_character
from platform_client.wire import WireError

FRESH: Final = timedelta(minutes=10)
"""How old evidence may be, and how far the clocks of terminal and platform may differ."""


class Refuse(Exception):
    """The platform does not grant this, or cannot; carries the refusal's code and the HTTP status it leaves with.

    `until`: when it ends, if it ends by itself.
    """

    def __init__(self, code: str, status: int = 403, *, until: datetime | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.until = until


@dataclass(frozen=True, slots=True, repr=False)
class Applicant:
    """Who asks, by evidence that was checked, and the account of the terminal they ask at."""

    person: Person
    statement: Statement
    account: Account

    @property
    def request_id(self) -> str:
        return self.statement.request_id

    @property
    def nonce(self) -> str:
        return self.statement.nonce

    def about(self, person: Person) -> About:
        """The first part of an answer with data of `person`, as the source of the data names them."""
        return About(self.request_id, self.nonce, subject_digest(self.nonce, person))

    def __repr__(self) -> str:
        return "Applicant(***)"

    def age(self, today: date) -> int:
        """Completed years, from the date of birth in a number under GB 11643."""
        born = self.person.born
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    def may_have(self, offer: Offer, today: date) -> bool:
        """At this terminal (C14), to holders of such a document, at this age."""
        return (
            self.account.may_issue(offer.kind.code)
            and self.statement.card.kind in offer.holders
            and offer.suits(self.age(today))
        )


def admit(shown: ShownEvidence, device: x509.Certificate, account: Account, call_id: str, now: datetime) -> Applicant:
    """The person of evidence that `device`, whose is `account`, signed for the call `call_id`. Raises Refuse."""
    applicant = admit_card(shown, device, account, call_id, now)
    match = applicant.statement.match
    if match is None or match.score > match.threshold:
        raise Refuse("not-matched")
    return applicant


def admit_card(
    shown: ShownEvidence, device: x509.Certificate, account: Account, call_id: str, now: datetime
) -> Applicant:
    """The same for evidence of a card, whoever stands before it. Raises Refuse."""
    said = _statement(shown, device)
    if said.terminal != terminal_of(device):
        raise Refuse("evidence-of-another-terminal")
    if said.request_id != call_id:
        raise Refuse("evidence-of-another-call")
    if abs(now - said.at) > FRESH:
        raise Refuse("evidence-stale")
    person = Person(shown.name, shown.number)
    if said.card.subject_digest != subject_digest(said.nonce, person):
        raise Refuse("evidence-of-another-person")
    _check_number(person, said.card.kind)
    return Applicant(person, said, account)


def terminal_of(device: x509.Certificate) -> str:
    """The terminal a client certificate names."""
    return str(device.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _statement(shown: ShownEvidence, device: x509.Certificate) -> Statement:
    """The statement under the signature of `device` (RFC 7515)."""
    key = device.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refuse("evidence-signature")
    try:
        signed = jws.deserialize_compact(shown.jws, ECKey.import_key(key), algorithms=["ES256"])
        thumbprint = urlsafe_b64decode(str(signed.protected.get("x5t#S256", "")).encode())
    except (JoseError, ValueError):
        raise Refuse("evidence-signature") from None
    if signed.protected.get("typ") != TYPE or thumbprint != device.fingerprint(SHA256()):
        raise Refuse("evidence-signature")
    try:
        return binding.decode(wire.parse(signed.payload, wire.EVIDENCE), Statement)
    except WireError:
        raise Refuse("evidence-invalid") from None


def _check_number(person: Person, kind: str) -> None:
    """GB 11643: check character and a date of birth that exists. Stands for the population registry (E03). Other
    documents have numbers of other rules, and no register of ours."""
    if kind not in CITIZEN_NUMBERED:
        return
    try:
        _ = person.born
    except ValueError:
        raise Refuse("number-invalid") from None
    if len(person.number) != 18 or person.number[17] != check_character(person.number[:17]):
        raise Refuse("number-invalid")

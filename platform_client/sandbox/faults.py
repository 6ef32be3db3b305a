"""What can be made to go wrong, one switch at a time, while the sandbox runs.

A fault spoils exactly one thing and leaves everything else genuine, so that a test proves which check caught it. Faults
of the wire act between platform and terminal (glitches.py), those of the paper where it is made and sealed, those of a
source in the source (sources.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Final

from platform_client.materials import Level
from platform_client.sandbox.catalogue import OFFERS, Offer
from platform_client.sandbox.registry import Person, somebody_else


class Fault(Enum):
    """The value is the word used on the command line and on the switch."""

    # between platform and terminal
    UNREACHABLE = "unreachable"
    """The connection ends before the call is looked at."""
    DROP = "drop"
    """The call is served, the answer is not sent."""
    SLOW = "slow"
    DRIP = "drip"
    """The answer comes byte by byte."""
    TRUNCATE = "truncate"
    """Half of the answer comes."""
    SWAP = "swap"
    """Two calls in flight get each other's answer."""
    STALE_ANSWER = "stale-answer"
    """Each call gets the answer to the first one of its kind."""
    OVERLOADED = "overloaded"
    """503, and the wish to be left alone."""
    REDIRECT = "redirect"
    """To plain http."""
    OVERSIZE = "oversize"
    ENTITY_BOMB = "entity-bomb"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    WRONG_CLOCK = "wrong-clock"
    OTHER_NONCE = "other-nonce"
    """The answer says that it is to another nonce."""
    OTHER_SUBJECT = "other-subject"
    """The answer says that it is about somebody else."""
    REFUSE = "refuse"
    MALFORMED_ANSWER = "malformed-answer"
    """XML, but against the schema."""
    # in the handshake (tls.py)
    UNKNOWN_AUTHORITY = "unknown-authority"
    WRONG_HOST = "wrong-host"
    SERVER_EXPIRED = "server-expired"
    SERVER_NOT_YET_VALID = "server-not-yet-valid"
    # on the paper
    WRONG_PERSON = "wrong-person"
    """The page is about somebody else, the statement names the asker."""
    WRONG_SUBJECT = "wrong-subject"
    """Page and statement are about somebody else."""
    WRONG_KIND = "wrong-kind"
    WRONG_LEVEL = "wrong-level"
    STALE_NONCE = "stale-nonce"
    """The statement carries another nonce than the call."""
    EXPIRED = "expired"
    OTHER_AGENCY_SEAL = "other-agency-seal"
    REVOKED_SEAL = "revoked-seal"
    UNSEALED = "unsealed"
    BROKEN_SEAL = "broken-seal"
    """One bit of the sealed file is flipped."""
    NOT_A_PDF = "not-a-pdf"


@dataclass(slots=True)
class Faults:
    """The switchboard: at most one fault is on. `seconds`: how long SLOW and DRIP take, and SWAP waits for a second."""

    active: Fault | None = None
    seconds: float = 30.0


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What is about to be composed and sealed. `holder` is on the page, `subject` in the statement, `seal`: whose."""

    offer: Offer
    holder: Person
    subject: Person
    nonce: str
    level: Level
    valid_until: date
    seal: str | None

    def __repr__(self) -> str:
        return f"Plan({self.offer.kind.code})"


def spoil_plan(plan: Plan, fault: Fault | None) -> Plan:
    """The plan with what `fault` does to it; unchanged for faults that act elsewhere."""
    match fault:
        case Fault.WRONG_PERSON:
            return replace(plan, holder=somebody_else(plan.holder))
        case Fault.WRONG_SUBJECT:
            return replace(plan, holder=somebody_else(plan.holder), subject=somebody_else(plan.subject))
        case Fault.WRONG_KIND:
            other = next(offer for offer in OFFERS.values() if offer.kind.code != plan.offer.kind.code)
            return replace(plan, offer=other, seal=other.agency.code)
        case Fault.WRONG_LEVEL:
            return replace(plan, level=Level.B)
        case Fault.STALE_NONCE:
            return replace(plan, nonce="0" * len(plan.nonce))
        case Fault.EXPIRED:
            past = timedelta(days=plan.offer.valid_days + 2)  # over in every time zone
            return replace(plan, valid_until=plan.valid_until - past)
        case Fault.OTHER_AGENCY_SEAL:
            other = next(offer for offer in OFFERS.values() if offer.agency != plan.offer.agency)
            return replace(plan, seal=other.agency.code)
        case Fault.UNSEALED:
            return replace(plan, seal=None)
        case _:
            return plan


def _flip_one_byte(pdf: bytes) -> bytes:
    """One bit of the page's compressed content: under the signature, far from its structure."""
    where = pdf.index(b"stream\n") + 64
    return pdf[:where] + bytes([pdf[where] ^ 1]) + pdf[where + 1 :]


_AFTER: Final[dict[Fault, Callable[[bytes], bytes]]] = {
    Fault.BROKEN_SEAL: _flip_one_byte,
    Fault.NOT_A_PDF: lambda _: b"<html><body>502 Bad Gateway</body></html>",
}


def spoil_bytes(pdf: bytes, fault: Fault | None) -> bytes:
    """The finished document with what `fault` does to it."""
    return _AFTER[fault](pdf) if fault in _AFTER else pdf

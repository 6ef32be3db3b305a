"""Salted digests by which the three parties name a person to each other without writing the number down.

The platform puts the subject's digest under the seal, the document process sends digests of the numbers it found on
the page, the gate computes both from the card. The salt is the nonce of this one issue, so a digest says nothing
outside it.
"""

import hashlib
from typing import Protocol


class CardLike(Protocol):
    """What the digests need of a card reading: the 18-character resident number and the name, as read from the card."""

    @property
    def number(self) -> str: ...

    @property
    def name(self) -> str: ...


class Holder(CardLike, Protocol):
    """Whose card it is. `masked_name` is what may be seen of them elsewhere (张*)."""

    @property
    def masked_name(self) -> str: ...


def salted_digest(nonce: str, *parts: str) -> str:
    """SHA-256 over the UTF-8 of `nonce` and `parts`, joined by one zero byte each; 64 lower-case hex digits."""
    return hashlib.sha256("\0".join((nonce, *parts)).encode()).hexdigest()


def number_digest(nonce: str, card: CardLike) -> str:
    """The digest of the card holder's number: SHA-256(nonce ‖ 0x00 ‖ number)."""
    return salted_digest(nonce, card.number)


def subject_digest(nonce: str, card: CardLike) -> str:
    """The digest of the card holder: SHA-256(nonce ‖ 0x00 ‖ number ‖ 0x00 ‖ name)."""
    return salted_digest(nonce, card.number, card.name)

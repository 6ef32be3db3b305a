"""What this terminal shows the platform about the person and the proof: CardReading + LiveMatch, never typed text
(E01).

One issue is one `IssueRequest`: a request id (the idempotency key: asking twice never issues twice) and a fresh nonce,
which comes back under the seal and ties the paper to this request.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from hardware.cards.reading import CardReading
from kiosk.clock import Clock
from kiosk.pages import Offer
from kiosk.vision.witness import LiveMatch
from platform_client.evidence import Evidence, Moment


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """This person asks for this certificate, now. Lives and dies with the journey that made it.

    `request_id` and `nonce`: 32 hexadecimal digits each. `asked_at`: on the terminal's monotonic clock, seconds.
    """

    request_id: str
    nonce: str
    offer: Offer
    card: CardReading
    match: LiveMatch
    asked_at: float

    @classmethod
    def new(cls, offer: Offer, card: CardReading, match: LiveMatch, clock: Clock) -> Self:
        return cls(secrets.token_hex(16), secrets.token_hex(16), offer, card, match, clock.monotonic())


@dataclass(frozen=True, slots=True)
class Station:
    """Where the evidence comes from: this terminal, the version of its software, and what its machine booted.

    `boot`: the digest of kiosk.boot, None on a machine without a TPM.
    """

    terminal: str
    software: str
    boot: str | None = None

    def show(self, card: CardReading, match: LiveMatch, *, request_id: str, nonce: str, at: datetime) -> Evidence:
        """The two proofs in the platform's vocabulary, ready to be signed by the terminal."""
        return Evidence.of(card, match, Moment(self.terminal, request_id, nonce, at, self.software, self.boot))

    def show_card(self, card: CardReading, *, request_id: str, nonce: str, at: datetime) -> Evidence:
        """The card alone: there is no face to compare with yet."""
        return Evidence.of_card(card, Moment(self.terminal, request_id, nonce, at, self.software, self.boot))

"""The suite that the emulated readers pass, on a real one: `pytest -s tests/hardware/cards -k hardware --reader URI`.

Somebody lays two people's cards when asked. What is on them is compared by digest, in memory, and never shown.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import pytest
import pytest_asyncio
from conformance.identity_reader import Card, IdentityReaderConformance

from hardware.cards import sdt_uri
from hardware.cards.reading import CardReading
from hardware.cards.sdt_reader import SdtReader

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class SomeonesCard:
    """A card of which nothing is known but whose turn it is. `name`: what the person at the reader is told."""

    name: str
    address: str = ""
    number: str = ""


class Hands:
    """The person at the reader."""

    cards = (SomeonesCard("the first card"), SomeonesCard("another person's card"))

    def __init__(self, reader: SdtReader) -> None:
        self.reader = reader

    def insert(self, card: SomeonesCard) -> None:
        _ask(f"Lay {card.name} on the reader")

    def remove(self) -> None:
        _ask("Take the card off the reader")

    def unplug(self) -> None:
        _ask("Pull the reader's cable")

    def plug(self) -> None:
        _ask("Lift the card, put the cable back, and lay the card again")


def _ask(what: str) -> None:
    input(f"\n>>> {what}, then press Enter: ")


@pytest_asyncio.fixture
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Hands]:
    uri = request.config.getoption("--reader", default=None)
    if uri is None:
        pytest.skip("no --reader URI")
    hands = Hands(SdtReader(sdt_uri.line(uri), sam_id=None, today=date.today))
    _ask("Take every card off the reader")
    await hands.reader.open()
    await hands.reader.wait_absent()
    yield hands
    await hands.reader.close()


@pytest.mark.timeout(900)
class TestOnHardware(IdentityReaderConformance):
    """The whole suite; `seen`: the digest of each card's number, to know it again."""

    seen: ClassVar[dict[str, bytes]] = {}

    def recognised(self, reading: CardReading, card: Card) -> bool:
        digest = hashlib.sha256(reading.number.encode()).digest()
        return self.seen.setdefault(card.name, digest) == digest and list(self.seen.values()).count(digest) == 1

"""What every identity reader must do, whatever its protocol.

A reader's own test subclasses the suite and gives it a bench: the reader, and the hands that put cards on it.
"""

import asyncio
from typing import Protocol

import pytest

from hardware.cards.port import Access, CardError, CardFault, IdentityReader, ReaderState
from hardware.cards.reading import CardReading

NOTHING_HAPPENS_S = 1.0


class Card(Protocol):
    """What is known of a card before it is read."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def number(self) -> str: ...


class ReaderBench(Protocol):
    """A reader that is open, and the hands that put cards on it. `cards`: one valid, then others of its kind."""

    reader: IdentityReader
    cards: tuple[Card, ...]

    def insert(self, card: Card) -> None: ...
    def remove(self) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...


async def outcome(reader: IdentityReader, access: Access | None = None) -> CardReading | CardFault:
    """A reading, or the fault's name."""
    try:
        return await reader.read(access)
    except CardError as error:
        return error.fault


class IdentityReaderConformance:
    """Subclass with a fixture `bench` that gives a ReaderBench."""

    def access(self, card: Card) -> Access | None:
        """What opens this card; a card that opens by itself needs nothing."""
        return None

    def recognised(self, reading: CardReading, card: Card) -> bool:
        """Is this the reading of this card?"""
        return (reading.name, reading.address, reading.number) == (card.name, card.address, card.number)

    async def test_a_card_is_noticed_read_and_missed(self, bench: ReaderBench) -> None:
        """A07: the text fields and the portrait."""
        reader, card = bench.reader, bench.cards[0]
        assert not reader.present
        bench.insert(card)
        await reader.wait_present()
        reading = await reader.read(self.access(card))
        assert self.recognised(reading, card)
        assert reading.portrait is not None
        assert reading.portrait.data
        assert reading.reader_id
        bench.remove()
        await reader.wait_absent()
        assert not reader.present

    async def test_a_card_that_stays_is_present_and_can_be_read_again(self, bench: ReaderBench) -> None:
        access = self.access(bench.cards[0])
        bench.insert(bench.cards[0])
        await bench.reader.wait_present()
        first = await bench.reader.read(access)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bench.reader.wait_absent(), NOTHING_HAPPENS_S)
        assert await bench.reader.read(access) == first

    async def test_the_next_card_is_the_next_person(self, bench: ReaderBench) -> None:
        for card in bench.cards[:2]:
            bench.insert(card)
            await bench.reader.wait_present()
            assert self.recognised(await bench.reader.read(self.access(card)), card)
            bench.remove()
            await bench.reader.wait_absent()

    async def test_without_a_card_there_is_nothing_to_read(self, bench: ReaderBench) -> None:
        assert await outcome(bench.reader) is CardFault.REMOVED

    async def test_an_unplugged_reader_is_lost_and_comes_back(self, bench: ReaderBench) -> None:
        bench.insert(bench.cards[0])
        await bench.reader.wait_present()
        bench.unplug()
        await bench.reader.wait_absent()
        await bench.reader.wait_state(ReaderState.LOST)
        assert await outcome(bench.reader) is CardFault.READER_LOST
        waiting = asyncio.ensure_future(bench.reader.wait_present())
        bench.plug()
        await waiting
        assert bench.reader.state is ReaderState.READY
        assert self.recognised(await bench.reader.read(self.access(bench.cards[0])), bench.cards[0])

    async def test_a_closed_reader_is_lost_and_can_be_opened_again(self, bench: ReaderBench) -> None:
        await bench.reader.close()
        assert bench.reader.state is ReaderState.LOST
        assert await outcome(bench.reader) is CardFault.READER_LOST
        await bench.reader.open()
        assert bench.reader.state is ReaderState.READY

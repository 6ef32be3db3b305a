"""What every reader of staff cards must do, whatever stands behind it.

A reader's own test subclasses the suite and gives it a bench: the reader, and the hands that put cards on it.
"""

import asyncio
import secrets
from typing import Protocol

import pytest

from hardware.cards.piv.card import CHALLENGE_BYTES, Pin, is_answer
from hardware.cards.piv.faults import PivError, PivFault
from hardware.cards.piv.port import StaffCardReader
from hardware.cards.port import ReaderState

PATIENCE_S = 20.0


class StaffCardBench(Protocol):
    """A reader that is open, and the hands that put cards on it."""

    reader: StaffCardReader
    pin: Pin

    def insert(self) -> None: ...
    def remove(self) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...


async def insert(bench: StaffCardBench) -> None:
    async with asyncio.timeout(PATIENCE_S):
        bench.insert()
        await bench.reader.wait_present()


class StaffCardReaderConformance:
    """Subclass with a fixture `bench` that gives a StaffCardBench."""

    async def test_a_card_says_whose_it_is_and_proves_it(self, bench: StaffCardBench) -> None:
        """C16: certificate and PIN, and a signature over what nobody knew before."""
        await insert(bench)
        holder = await bench.reader.look()
        for _ in range(2):
            challenge = secrets.token_bytes(CHALLENGE_BYTES)
            signature = await bench.reader.prove(bench.pin, holder.tries_left, challenge)
            assert is_answer(holder.certificate, challenge, signature)
            assert not is_answer(holder.certificate, secrets.token_bytes(CHALLENGE_BYTES), signature)

    async def test_a_pin_that_was_right_opens_nothing_later(self, bench: StaffCardBench) -> None:
        """C16: between two conversations the card has lost its power."""
        await insert(bench)
        holder = await bench.reader.look()
        await bench.reader.prove(bench.pin, holder.tries_left, secrets.token_bytes(CHALLENGE_BYTES))
        assert (await bench.reader.look()).tries_left == holder.tries_left, "the card asks for its PIN again"

    async def test_no_try_is_spent_on_somebody_who_was_told_of_more(self, bench: StaffCardBench) -> None:
        """C16: the card's lock is respected."""
        await insert(bench)
        holder = await bench.reader.look()
        assert holder.tries_left
        with pytest.raises(PivError) as refused:
            await bench.reader.prove(bench.pin, holder.tries_left + 1, secrets.token_bytes(CHALLENGE_BYTES))
        assert refused.value.fault is PivFault.TRIES_CHANGED
        assert (await bench.reader.look()).tries_left == holder.tries_left

    async def test_a_card_that_is_gone_proves_nothing(self, bench: StaffCardBench) -> None:
        """C16."""
        await insert(bench)
        bench.remove()
        async with asyncio.timeout(PATIENCE_S):
            await bench.reader.wait_absent()
        with pytest.raises(PivError) as refused:
            await bench.reader.look()
        assert refused.value.fault is PivFault.GONE

    async def test_a_reader_that_is_pulled_out_has_no_card_and_comes_back(self, bench: StaffCardBench) -> None:
        """C16."""
        await insert(bench)
        bench.unplug()
        async with asyncio.timeout(PATIENCE_S):
            await bench.reader.wait_absent()
            await bench.reader.wait_state(ReaderState.LOST)
        with pytest.raises(PivError) as refused:
            await bench.reader.look()
        assert refused.value.fault is PivFault.READER_LOST
        bench.plug()
        async with asyncio.timeout(PATIENCE_S):
            await bench.reader.wait_state(ReaderState.READY)
        await insert(bench)
        await bench.reader.look()

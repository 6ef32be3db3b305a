"""A technician's card in a reader, without a reader's hardware between: what behind PC/SC takes half a second to notice
is noticed here at once. The card itself is the emulated one, commands and all."""

import asyncio

from hardware.cards.emulator.piv_chip import PivChip
from hardware.cards.piv import card as piv
from hardware.cards.piv.faults import PivError, PivFault
from hardware.cards.port import ReaderState
from hardware.cards.watched import WatchedReader


class Slot(WatchedReader):
    """A `StaffCardReader`."""

    def __init__(self) -> None:
        super().__init__()
        self._enter(ReaderState.READY)
        self._chip: PivChip | None = None

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    def insert(self, chip: PivChip) -> None:
        self._chip = chip
        self._card_here()

    def remove(self) -> None:
        self._chip = None
        self._card_gone()

    def lose(self) -> None:
        self.remove()
        self._enter(ReaderState.LOST)

    async def look(self) -> piv.Holder:
        chip = self._powered()
        await asyncio.sleep(0)
        return piv.look(chip)

    async def prove(self, pin: piv.Pin, tries_told: int | None, challenge: bytes) -> bytes:
        chip = self._powered()
        await asyncio.sleep(0)
        return piv.prove(chip, pin, tries_told, challenge)

    def _powered(self) -> PivChip:
        if self._state is not ReaderState.READY:
            raise PivError(PivFault.READER_LOST)
        if self._chip is None:
            raise PivError(PivFault.GONE)
        self._chip.reset()
        return self._chip

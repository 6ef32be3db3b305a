"""A PC/SC reader for staff cards: it notices a card, tells whose it says it is, and has it prove that."""

from collections.abc import Callable
from typing import Final, TypeVar

from hardware.cards.emrtd.apdu import Apdu
from hardware.cards.pcsc.station import PcscStation
from hardware.cards.piv.card import Holder, Pin, look, prove
from hardware.cards.piv.faults import PivError, PivFault
from hardware.cards.port import CardError, CardFault

TALK_S: Final = 15.0
"""An RSA signature takes an old card two seconds."""
_FAULTS: Final = {
    CardFault.REMOVED: PivFault.GONE,
    CardFault.READER_LOST: PivFault.READER_LOST,
}

Answer = TypeVar("Answer")


class PivReader(PcscStation):
    """The `StaffCardReader` (hardware.cards.piv.port) behind the PC/SC service.

    Each call powers the card anew and takes its power afterwards, so a PIN that was right once opens nothing later.
    """

    async def look(self) -> Holder:
        return await self._with_card(look)

    async def prove(self, pin: Pin, tries_told: int | None, challenge: bytes) -> bytes:
        return await self._with_card(lambda card: prove(card, pin, tries_told, challenge))

    async def _with_card(self, work: Callable[[Apdu], Answer]) -> Answer:
        try:
            return await self.talk(work, TALK_S)
        except CardError as error:
            raise PivError(_FAULTS.get(error.fault, PivFault.UNREADABLE), error.detail) from None

"""A PC/SC reader for staff cards: it notices a card, tells whose it says it is, and has it prove that."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from hardware.cards.emrtd.apdu import Apdu
from hardware.cards.pcsc.station import PcscStation
from hardware.cards.piv.card import Holder, Pin, look, prove
from hardware.cards.piv.faults import PivError, PivFault
from hardware.cards.port import CardError, CardFault, ReaderState

TALK_S: Final = 15.0
"""An RSA signature takes an old card two seconds."""
_FAULTS: Final = {
    CardFault.REMOVED: PivFault.GONE,
    CardFault.READER_LOST: PivFault.READER_LOST,
}

Answer = TypeVar("Answer")


class StaffCardReader(Protocol):
    """A reader for staff cards. `look` and `prove` as in hardware.cards.piv.card; each raises PivError, and leaves
    nothing open in the card."""

    @property
    def present(self) -> bool: ...

    @property
    def state(self) -> ReaderState: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def wait_present(self) -> None: ...

    async def wait_absent(self) -> None: ...

    async def look(self) -> Holder: ...

    async def prove(self, pin: Pin, tries_told: int | None, challenge: bytes) -> bytes: ...


class PivReader(PcscStation):
    """The `StaffCardReader` behind the PC/SC service. Each call powers the card anew and takes its power afterwards, so
    a PIN that was right once opens nothing later."""

    async def look(self) -> Holder:
        return await self._with_card(look)

    async def prove(self, pin: Pin, tries_told: int | None, challenge: bytes) -> bytes:
        return await self._with_card(lambda card: prove(card, pin, tries_told, challenge))

    async def _with_card(self, work: Callable[[Apdu], Answer]) -> Answer:
        try:
            return await self.talk(work, TALK_S)
        except CardError as error:
            raise PivError(_FAULTS.get(error.fault, PivFault.UNREADABLE), error.detail) from None

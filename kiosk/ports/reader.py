"""The reader port: an identity card reader whose faults are refusals."""

from hardware.cards.port import CardError, CardFault, IdentityReader, ReaderState
from hardware.cards.reading import CardReading
from kiosk.reasons import Reason, Refused

_REASONS = {
    CardFault.UNREADABLE: Reason.CARD_UNREADABLE,
    CardFault.REMOVED: Reason.CARD_REMOVED,
    CardFault.NUMBER_INVALID: Reason.CARD_NUMBER_INVALID,
    CardFault.EXPIRED: Reason.CARD_EXPIRED,
    CardFault.KIND_UNSUPPORTED: Reason.CARD_KIND_UNSUPPORTED,
    CardFault.READER_LOST: Reason.READER_LOST,
    CardFault.READER_REPLACED: Reason.READER_LOST,
}


class CardPort:
    """The desk's `Reader`, on any IdentityReader."""

    def __init__(self, reader: IdentityReader) -> None:
        self._reader = reader

    @property
    def trouble(self) -> Reason | None:
        return None if self._reader.state is ReaderState.READY else Reason.READER_LOST

    @property
    def present(self) -> bool:
        return self._reader.present

    async def wait_present(self) -> None:
        await self._reader.wait_present()

    async def wait_absent(self) -> None:
        await self._reader.wait_absent()

    async def wait_lost(self) -> None:
        """Until the reader is gone: a reader in use is lost before it can come back as another one."""
        await self._reader.wait_state(ReaderState.LOST)

    async def read(self) -> CardReading:
        """Raises Refused with a card reason."""
        try:
            return await self._reader.read()
        except CardError as error:
            raise Refused(_REASONS[error.fault], error.detail) from None

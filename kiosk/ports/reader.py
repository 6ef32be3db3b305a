"""The reader port: an identity card reader whose faults are refusals."""

from hardware.cards.port import Access, CardError, CardFault, IdentityReader, ReaderState
from hardware.cards.reading import CardReading
from kiosk.opening import Closed, DoesNotOpen
from kiosk.reasons import Reason, Refused

_REASONS = {
    CardFault.UNREADABLE: Reason.CARD_UNREADABLE,
    CardFault.REMOVED: Reason.CARD_REMOVED,
    CardFault.NUMBER_INVALID: Reason.CARD_NUMBER_INVALID,
    CardFault.EXPIRED: Reason.CARD_EXPIRED,
    CardFault.KIND_UNSUPPORTED: Reason.CARD_KIND_UNSUPPORTED,
    CardFault.NOT_AUTHENTIC: Reason.CARD_NOT_AUTHENTIC,
    CardFault.PROTOCOL: Reason.CARD_UNREADABLE,
    CardFault.READER_LOST: Reason.READER_LOST,
    CardFault.READER_REPLACED: Reason.READER_LOST,
}


class CardPort:
    """The desk's `Reader`, on any IdentityReader."""

    def __init__(self, reader: IdentityReader, *, travel_documents: bool = False) -> None:
        self._reader = reader
        self.travel_documents = travel_documents

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

    async def read(self, access: Access | None = None) -> CardReading:
        """Whatever kind of document it is: what its holder may get, the platform says. Raises Refused with a card
        reason, Closed or DoesNotOpen."""
        try:
            return await self._reader.read(access)
        except CardError as error:
            match error.fault:
                case CardFault.ACCESS_NEEDED:
                    raise Closed from None
                case CardFault.ACCESS_REFUSED:
                    raise DoesNotOpen(error.detail) from None
            raise Refused(_REASONS[error.fault], error.detail) from None

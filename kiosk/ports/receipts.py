"""The receipts port: a slip for whoever wants one, on any ticket printer, signed by this terminal."""

import asyncio
import logging

from hardware.printers.supplies import Supplies, Supply, SupplyKind, Unit
from hardware.tickets.port import TicketError, TicketPrinter
from kiosk.clock import Clock
from kiosk.documents.gate import PrintableDocument
from kiosk.documents.offline_statement import Device
from kiosk.pages import Kind, Notice
from kiosk.paper.receipt import receipt
from kiosk.paper.stock import Source, StockHistory
from kiosk.reasons import fault
from platform_client.device_key import DeviceKeyError

log = logging.getLogger(__name__)


class SlipPort:
    """The desk's `Receipts`."""

    def __init__(self, printer: TicketPrinter, stock: StockHistory, device: Device, clock: Clock) -> None:
        self._printer = printer
        self._stock = stock
        self._device = device
        self._clock = clock

    async def are_offered(self) -> bool:
        return (await self._printer.condition()).trouble is None

    async def notices(self) -> tuple[Notice, ...]:
        condition = await self._printer.condition()
        if condition.trouble is not None:
            return (Notice.NO_RECEIPTS,)
        roll = Supply(SupplyKind.TICKET_ROLL, "roll", Unit.PERCENT, None, None, condition.paper_is_low)
        self._stock.note(Source.TICKETS, Supplies((roll,), ()))
        return (Notice.RECEIPT_PAPER_LOW,) if condition.paper_is_low else ()

    async def print(self, paper: PrintableDocument, kind: Kind) -> bool:
        try:
            slip = await asyncio.to_thread(receipt, paper, kind, self._device, self._clock.now())
            await self._printer.print(slip)
        except TicketError as error:
            log.warning("receipt: %s", error)
            return False
        except (
            OSError,
            ValueError,
            DeviceKeyError,
        ) as error:  # no font, no key: a fault, but not one of the paper that is out
            log.error("receipt: %s", fault(error))
            return False
        return True


class NoReceipts:
    """The desk's `Receipts` of a terminal without a ticket printer."""

    async def are_offered(self) -> bool:
        return False

    async def notices(self) -> tuple[Notice, ...]:
        return ()

    async def print(self, paper: PrintableDocument, kind: Kind) -> bool:
        return False

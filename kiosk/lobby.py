"""Before and after a citizen: the home page, kept true, and the page that says why a journey ended."""

import asyncio
import logging
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from kiosk.clock import within
from kiosk.health.board import DESK, SIGN
from kiosk.health.findings import Finding, warn
from kiosk.maintenance.pages import CallStaff
from kiosk.pages import Cancel, Done, Home, Kind, Notice, Offer, Pick, Refusal, Retry
from kiosk.reasons import EXPLANATIONS, MAY_LEAVE_PAPER, Reason, Refused, fault

if TYPE_CHECKING:
    from kiosk.desk import Desk

log = logging.getLogger(__name__)

FRESH_S: Final = 10.0
"""How often the home page asks whether a citizen could be served; while not, every `TROUBLED_S`."""
TROUBLED_S: Final = 1.0
GRACE_S: Final = 20.0
"""A terminal that was just switched on is given this long to find its platform and printer before it complains. Whoever
begins meanwhile is told at once if there is no printer (kiosk.citizen)."""
MOMENT_S: Final = 1.0
"""The first page waits this long for its tiles: to paint it twice costs a slow machine a second."""
_PARTS: Final = {
    Notice.PAPER_LOW: "paper",
    Notice.TONER_LOW: "toner",
    Notice.RECEIPT_PAPER_LOW: "receipt paper",
    Notice.NO_RECEIPTS: "ticket printer",
}


class Errand(Enum):
    """Who comes is no citizen: staff need the terminal for themselves (kiosk.maintenance.floor)."""

    WAITS = "waits"
    CALLED = "called"
    """A technician stands there (kiosk.maintenance.way_in)."""


class Lobby:
    """Remembers the last offers for the next welcome."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._complains_from = desk.clock.monotonic() + GRACE_S
        self._offers: tuple[Offer, ...] = ()
        self._notices: tuple[Notice, ...] = ()
        self._trouble: Reason | None = None
        self._refused: Refused | None = None
        self._asked = False

    async def welcome(self) -> Kind | Errand | None:
        """The home page, until somebody taps a tile (its kind), lays a card on the reader (None) or staff need the
        terminal.

        Raises Refused when a print was interrupted a moment ago: whoever waits for it must hear what became of it.
        """
        self._desk.screen.reset()
        card = asyncio.ensure_future(self._fresh_card())
        fresh = asyncio.ensure_future(self._keep_fresh())
        tapped = asyncio.ensure_future(self._tapped())
        staff = asyncio.ensure_future(self._staff())
        key = asyncio.ensure_future(self._key())
        tasks: list[asyncio.Future[Any]] = [fresh, card, tapped, staff, key]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            came: Kind | Errand | None = next(task.result() for task in tasks if task.done())
            return came
        finally:
            await _leave(*tasks)

    def stand_aside(self) -> None:
        """What stands on the screen while staff have the terminal."""
        self._desk.screen.show(Home((), Reason.STAFF_AT_WORK))

    async def explain(self, refused: Refused) -> bool:
        """The refusal page, until the citizen has read it or a while has passed. True: they want to try again."""
        screen, reader = self._desk.screen, self._desk.reader
        paper = refused.reason in MAY_LEAVE_PAPER
        screen.show(Refusal(refused.reason, reader.present, paper, refused.again_at))

        async def answer() -> bool:
            while True:
                match await screen.action():
                    case Retry() if EXPLANATIONS[refused.reason].retry:
                        return True
                    case Done() | Cancel():
                        return False

        async def follow_card() -> None:
            await reader.wait_absent()
            screen.show(Refusal(refused.reason, False, paper, refused.again_at))

        card = asyncio.ensure_future(follow_card())
        try:
            return await within(self._desk.clock, self._desk.timing.farewell_s, answer())
        except TimeoutError:
            return False
        finally:
            await _leave(card)

    @property
    def _kinds(self) -> dict[str, Kind]:
        return {offer.kind.code: offer.kind for offer in self._offers}

    async def _tapped(self) -> Kind | Errand:
        """The kind of the tile that somebody taps. A card that lies there now is not theirs: it would have begun. Nor
        does a technician come in over it: its holder may want to go on."""
        desk = self._desk
        while True:
            match await desk.screen.action():
                case Pick(code) if code in self._kinds and not desk.reader.present:
                    return self._kinds[code]
                case CallStaff() if desk.way_in is not None and desk.way_in.by_gesture and not desk.reader.present:
                    return Errand.CALLED

    async def _key(self) -> Errand:
        """The key switch was turned, and no card lies on the reader."""
        if self._desk.way_in is None:
            await asyncio.Event().wait()
        else:
            await self._desk.way_in.wait_key()
        await self._desk.reader.wait_absent()
        return Errand.CALLED

    async def _staff(self) -> Errand:
        await self._desk.floor.wanted()
        return Errand.WAITS

    async def _fresh_card(self) -> None:
        """A card that the last citizen forgot must be taken away before the next one counts."""
        await self._desk.reader.wait_absent()
        await self._desk.reader.wait_present()

    async def _keep_fresh(self) -> None:
        """Asks platform and printer again and again, and shows what they say."""
        desk = self._desk
        while True:
            found = await self._answers()
            if interrupted := desk.printer.interruption():
                raise Refused(interrupted, "a print before this desk")
            starting = desk.clock.monotonic() < self._complains_from
            if self._offers or not starting:
                for part, reason in found.items():
                    if starting and reason is Reason.PRINTER_LOST:
                        desk.health.post(part, warn(part, "is starting", "wait half a minute"))
                    else:
                        desk.health.report(part, reason)
                self._trouble = desk.health.trouble
            self._show()
            await self._look_at_supplies()
            troubled = self._trouble or any(found.values())
            await desk.clock.sleep(TROUBLED_S if troubled or desk.reader.present else FRESH_S)

    async def _answers(self) -> dict[str, Reason | None]:
        """What `_ask` finds, and the page meanwhile."""
        if self._asked:
            self._show()
            return await self._ask()
        showing = asyncio.ensure_future(self._show_in_a_moment())
        try:
            return await self._ask()
        finally:
            self._asked = True
            await _leave(showing)

    async def _show_in_a_moment(self) -> None:
        await self._desk.clock.sleep(MOMENT_S)
        self._show()

    def _show(self) -> None:
        desk = self._desk
        kinds, left = tuple(self._kinds.values()), desk.reader.present
        if self._trouble is None:
            documents = desk.reader.travel_documents
            desk.screen.show(Home(kinds, card_left=left, notices=self._notices, documents=documents))
        else:
            again_at = self._refused.again_at if self._refused and self._refused.reason is self._trouble else None
            desk.screen.show(Home(kinds, self._trouble, left, again_at))

    async def _look_at_supplies(self) -> None:
        """What runs low goes on the page, and into the log when it changes (F01). Nobody's service hangs on it."""
        try:
            notices = (*await self._desk.printer.notices(), *await self._desk.receipts.notices())
            if notices != self._notices:
                self._desk.audit.record("supplies", low=" ".join(notice.name for notice in notices))
                self._notices = notices
                self._desk.health.post("supplies", *map(_low, notices))
                self._show()
        except Refused as refused:
            log.warning("supplies: %s", refused.detail)
        except Exception as error:
            log.error("fault: %s", fault(error))

    async def _ask(self) -> dict[str, Reason | None]:
        """What keeps each part from its job, by its name. All are asked, so that staff read of all. A fault is one
        more trouble, and not the end of the terminal."""
        desk = self._desk
        found: dict[str, Reason | None] = {DESK: None}
        self._refused = None
        offers = asyncio.ensure_future(desk.platform.kinds())
        try:
            found[SIGN] = desk.sign.reason
            found["audit log"] = desk.audit.trouble
            found["card reader"] = desk.reader.trouble
            found["printer"] = await desk.printer.trouble()
            self._offers = await offers
            found["platform"] = None if self._offers else Reason.NOTHING_TO_ISSUE
        except Refused as refused:
            found["platform"] = refused.reason
            self._refused = refused
        except Exception as error:
            log.error("fault: %s", fault(error))
            found[DESK] = Reason.INTERNAL
        finally:
            await _leave(offers)
        return found


async def _leave(*tasks: asyncio.Future[Any]) -> None:
    """Returns when each has put down what it held: the journey that follows wants the same devices."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _low(notice: Notice) -> Finding:
    """As staff read it."""
    part = _PARTS[notice]
    if notice is Notice.NO_RECEIPTS:
        return warn(part, "gives no receipts", "certificates are printed without them until it is mended")
    return warn(part, "runs low", "bring some; `kiosk paper` says until when")

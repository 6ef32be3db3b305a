"""The technician at the terminal, from the card prompt until the menu is closed.

Whoever knows the way in sees a card prompt and nothing else. Behind it stands `Login`. Four things close the menu from
outside, at once: the card leaves its reader, the key is turned back, nobody touches the screen for a while, the
technician leaves. Whatever the way out, an entry that runs is left first, and the next citizen finds the home page as
if nobody had been there.

It starts from the home page and nowhere else (kiosk.journeys.attract), and not while a card lies on the citizens'
reader: so never while somebody is served, and nobody is served until it is over.
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, Final, NoReturn, Protocol, TypeVar

from hardware.cards.piv.card import Pin
from hardware.cards.port import ReaderState
from kiosk.audit.record import Field
from kiosk.clock import Clock, within
from kiosk.health.board import Board
from kiosk.maintenance.credential import NotLetIn
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.key_switch import KeySwitch
from kiosk.maintenance.line import Line, Live, Said
from kiosk.maintenance.login import Audit, Claim, Login, Technician, WrongPin
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.pages import (
    Agree,
    Back,
    Denied,
    StaffCard,
    StaffChoose,
    StaffConfirm,
    StaffDenied,
    StaffMenu,
    StaffPin,
    StaffRun,
    Tile,
    TypedPin,
)
from kiosk.pages import Action, Cancel, Done, Home, Page, Pick
from kiosk.reasons import Reason, Refused, fault

log = logging.getLogger(__name__)

PART: Final = "maintenance"
READ_S: Final = 20.0
"""How long a page that says no stays."""
PROMPT_S: Final = 30.0
"""How long the card prompt waits: most who find it by chance have no card."""

Expected = TypeVar("Expected", bound=Action)


class Screen(Protocol):
    """What a technician sees and does."""

    def show(self, page: Page, countdown_s: int | None = None) -> None: ...

    async def action(self) -> Action: ...

    def reset(self) -> None: ...


class _Left(Exception):
    """The visit is over. The text says why, for the audit log."""


class _AtWork:
    """An entry that runs, as the screen shows it."""

    def __init__(self, screen: Screen, page: StaffRun) -> None:
        self._screen = screen
        self.page = page
        screen.show(page)

    async def follow(self, saying: AsyncGenerator[Said, None]) -> None:
        """Shows what it says as it says it."""
        page = self.page
        async with aclosing(saying):
            async for said in saying:
                match said:
                    case Line():
                        page = StaffRun(page.title, (*page.lines, said), page.live)
                    case Live():
                        page = StaffRun(page.title, page.lines, said)
                self.page = page
                self._screen.show(page)
        self.page = StaffRun(page.title, page.lines, page.live, over=True)


class WayIn:
    """`key`: the switch that opens it; without one the hidden gesture on the home page does."""

    def __init__(
        self,
        login: Login,
        menu: Menu,
        screen: Screen,
        clock: Clock,
        audit: Audit,
        health: Board,
        *,
        key: KeySwitch | None,
        idle_s: float,
        countdown_s: int,
    ) -> None:
        self._login = login
        self._menu = menu
        self._screen = screen
        self._clock = clock
        self._audit = audit
        self._health = health
        self._key = key
        self._idle_s = idle_s
        self._countdown_s = countdown_s

    @property
    def by_gesture(self) -> bool:
        """Whether the hidden gesture counts."""
        return self._key is None

    async def wait_key(self) -> None:
        """Until the key is turned; for ever where there is none."""
        if self._key is None:
            await asyncio.Event().wait()
        else:
            await self._key.wait_turned()

    async def attend(self) -> None:
        """One visit. Never raises, but for a cancellation from outside."""
        self._health.report(PART, Reason.STAFF_AT_WORK)
        self._screen.reset()
        if self._key is not None:
            self._key.answer()
        try:
            await self._visit()
        except _Left as left:
            self._note("maintenance.closed", why=str(left))
        except Exception as error:
            log.error("fault: %s", fault(error))
            self._note("maintenance.closed", why="fault")
        finally:
            self._health.report(PART, None)

    async def _visit(self) -> NoReturn:
        """Raises _Left."""
        reader = self._login.reader
        self._note("maintenance.called", way="gesture" if self._key is None else "key")
        if reader.state is not ReaderState.READY:
            await self._deny(Denied.READER_LOST)
        if not reader.present:
            await self._unless(self._card_comes(), self._closes())
        await self._unless(self._with_card(), {"card out": reader.wait_absent(), **self._closes()})
        raise _Left("left")

    def _closes(self) -> "dict[str, Coroutine[Any, Any, None]]":
        """What ends a visit, with or without a card."""
        return {} if self._key is None else {"key turned back": self._key.wait_turned_back()}

    async def _unless(self, work: Coroutine[Any, Any, None], watches: dict[str, Coroutine[Any, Any, None]]) -> None:
        """Does `work` until one of `watches` ends: then the screen is empty at once, whatever has still to be left."""
        working = asyncio.ensure_future(work)
        watching = {asyncio.ensure_future(watch): why for why, watch in watches.items()}
        tasks: list[asyncio.Future[None]] = [working, *watching]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended = [why for watch, why in watching.items() if watch.done()]
            if not ended:
                return working.result()
            self._screen.show(Home((), Reason.STAFF_AT_WORK))
            raise _Left(ended[0])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _card_comes(self) -> None:
        self._screen.show(StaffCard())
        waiting = asyncio.ensure_future(self._login.reader.wait_present())
        leaving = asyncio.ensure_future(self._answer(Cancel))
        alarm = asyncio.ensure_future(self._clock.sleep(PROMPT_S))
        tasks: list[asyncio.Future[Any]] = [waiting, leaving, alarm]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise _Left("no card came")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _with_card(self) -> None:
        try:
            technician = await self._log_in(await self._login.look())
            await self._show_menu(technician)
        except NotLetIn as denied:
            await self._deny(denied.why)
        except Refused as refused:
            log.error("maintenance: %s", refused)
            await self._deny(Denied.NO_RECORD)

    async def _deny(self, why: Denied) -> NoReturn:
        self._screen.show(StaffDenied(why))
        with suppress(TimeoutError):
            await within(self._clock, READ_S, self._answer(Done, Cancel))
        raise _Left(why.value)

    async def _log_in(self, claim: Claim) -> Technician:
        """Raises NotLetIn."""
        page = StaffPin(claim.holder.tries_left)
        while True:
            while (left := self._login.wait_s) > 0:
                await self._wait_a_second(StaffPin(page.tries_left, page.wrong, math.ceil(left)))
            typed = await self._ask(page, TypedPin)
            try:
                pin = Pin(typed.digits)
            except ValueError:
                continue
            try:
                return await self._login.prove(claim, pin, page.tries_left)
            except WrongPin as wrong:
                page = StaffPin(wrong.tries_left, wrong=True)
                await self._forget_taps()

    async def _forget_taps(self) -> None:
        """What was tapped while the card was asked: a second tap is no second try, which the card would count."""
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0):
                    action = await self._screen.action()
                if isinstance(action, Cancel):
                    raise _Left("left")

    async def _wait_a_second(self, page: StaffPin) -> None:
        """Nothing can be typed now, but whoever waits may leave."""
        self._screen.show(page)
        try:
            await within(self._clock, 1.0, self._answer(Cancel))
        except TimeoutError:
            return
        raise _Left("left")

    # --- the menu ----------------------------------------------------------------------------------------------------

    async def _show_menu(self, technician: Technician) -> None:
        own = {entry.name: entry for entry in self._menu.entries if technician.role in entry.roles}
        tiles = tuple(Tile(each.name, each.title, each.group, each.asks is not None) for each in own.values())
        while True:
            picked = await self._ask(StaffMenu(technician.role, tiles), Pick)
            if (entry := own.get(picked.code)) is not None and (choice := await self._settle(entry)) is not None:
                await self._run(entry, choice, technician)

    async def _settle(self, entry: Entry) -> str | None:
        """With what it is to run; None when it is not to run after all."""
        chosen = None
        if entry.choices:
            picked = await self._ask(StaffChoose(entry.title, entry.choices), Pick, Back)
            chosen = next((each for each in entry.choices if picked == Pick(each.value)), None)
            if chosen is None:
                return None
        if entry.asks is not None:
            question = StaffConfirm(entry.title, entry.asks, chosen.title if chosen else None)
            if await self._ask(question, Agree, Back) == Back():
                return None
        return chosen.value if chosen else ""

    async def _run(self, entry: Entry, choice: str, technician: Technician) -> None:
        """Until it is over and read, or left before that. An entry at work is not idle; one that only shows how it is
        at this moment is, while nobody touches the screen."""
        if entry.takes_screen:
            await self._run_on_screen(entry, choice, technician)
            return
        at_work = _AtWork(self._screen, StaffRun(entry.title))
        work = asyncio.ensure_future(at_work.follow(self._menu.perform(entry, choice, technician.name)))
        leaving = asyncio.ensure_future(self._leave(at_work))
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                leaving.result()
                return
            work.result()
        finally:
            work.cancel()
            leaving.cancel()
            await asyncio.gather(work, leaving, return_exceptions=True)
        await self._ask(at_work.page, Back)

    async def _run_on_screen(self, entry: Entry, choice: str, technician: Technician) -> None:
        """It shows what it is about, and ends by itself; what it found is read then."""
        lines: list[Line] = []
        async with aclosing(self._menu.perform(entry, choice, technician.name)) as saying:
            async for said in saying:
                if isinstance(said, Line):
                    lines.append(said)
        await self._ask(StaffRun(entry.title, tuple(lines), over=True), Back)

    async def _leave(self, at_work: "_AtWork") -> None:
        """Until the technician goes back to the menu. Raises _Left."""
        while True:
            try:
                action = await within(self._clock, self._idle_s, self._screen.action())
            except TimeoutError:
                if at_work.page.live is None:
                    continue
                raise _Left("idle") from None
            if isinstance(action, Cancel):
                raise _Left("left")
            if isinstance(action, Back):
                return

    # --- how it asks -------------------------------------------------------------------------------------------------

    async def _ask(self, page: Page, *expected: type[Expected]) -> Expected:
        """The action on this page; `Cancel` leaves, and so does nobody being there. Raises _Left."""
        self._screen.show(page)
        while True:
            action = await self._next_action(page)
            if isinstance(action, Cancel):
                raise _Left("left")
            if isinstance(action, expected):
                return action

    async def _next_action(self, page: Page) -> Action:
        try:
            return await within(self._clock, self._idle_s, self._screen.action())
        except TimeoutError:
            pass
        for left in range(self._countdown_s, 0, -1):
            self._screen.show(page, countdown_s=left)
            try:
                action = await within(self._clock, 1.0, self._screen.action())
            except TimeoutError:
                continue
            self._screen.show(page)
            return action
        raise _Left("idle")

    async def _answer(self, *expected: type[Expected]) -> Expected:
        """The next of these actions; nobody is hurried."""
        while True:
            action = await self._screen.action()
            if isinstance(action, expected):
                return action

    def _note(self, event: str, **fields: Field) -> None:
        """Of the visit itself. A log that is full keeps nobody out of here: the login does (`Denied.NO_RECORD`)."""
        try:
            self._audit.record(event, **fields)
        except Refused as refused:
            log.error("maintenance: %s", refused)

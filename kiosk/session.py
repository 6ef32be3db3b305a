"""The scope of one citizen: how a page waits for them, and what ends it.

A journey is one coroutine, and `Session` is its scope: everything learnt about a person lives in the journey's locals,
and leaving the scope, by whatever way, is what wipes it. Three things end a session from outside: the citizen taps
*stop*, the card is taken away, nothing happens for a while. Each has one owner here and ends the journey in the same
way: its task is cancelled, and at the edge of the scope the cancellation becomes `Refused` with the reason, just as
`asyncio.timeout` turns its own into `TimeoutError`. A cancellation that came from elsewhere (the terminal is going
down) passes through untouched.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import msgspec

from kiosk.pages import Action, Cancel, ChooseCertificate, Page, Preview, Reveal
from kiosk.reasons import Reason, Refused, fault

if TYPE_CHECKING:
    from kiosk.desk import Desk

log = logging.getLogger(__name__)

BRIEF_S: Final = 0.2
"""Work that ends sooner gets no page of its own: nobody could read it, and painting it would delay the next one."""

Answer = TypeVar("Answer")
Expected = TypeVar("Expected")


class Session:
    """The scope of one citizen: how they are asked, and the end of everything known about them. What they do meanwhile
    is in `answers`."""

    def __init__(self, desk: "Desk") -> None:
        self.desk: Final = desk
        self.answers: Final[asyncio.Queue[Action]] = asyncio.Queue()
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._journey: asyncio.Task[object] | None = None
        self._stirred = asyncio.Event()
        self._ended: Reason | None = None
        self._overlooked = False
        self._trusts = False
        self._left_s: int | None = None
        """Of the countdown, while it runs."""

    async def __aenter__(self) -> Self:
        self._journey = asyncio.current_task()
        self.desk.audit.begin_session()
        self.desk.health.session_began()
        self._watch("actions", self._watch_actions())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for watch in self._watches.values():
            watch.cancel()
        try:
            await asyncio.gather(*self._watches.values(), return_exceptions=True)
        except asyncio.CancelledError:
            if self._ended is None:
                raise
            # Our own cancellation, delivered late: the journey was already leaving, for a reason of its own.
        self.desk.documents.retire()
        if kind is asyncio.CancelledError and self._ended is not None:
            error = Refused(self._ended)
        match error:
            case None:
                outcome = "finished"
            case Refused():
                outcome = error.reason.name
            case _:
                outcome = type(error).__name__
        try:
            self.desk.audit.end_session(outcome)
        finally:
            self.desk.health.session_ended(outcome)
        if kind is asyncio.CancelledError and isinstance(error, Refused):
            raise error from None

    # How it asks.

    async def unless_brief(self, page: Page, work: Awaitable[Answer]) -> Answer:
        """Waits for `work`, on this page if it takes longer than `BRIEF_S`."""
        task = asyncio.ensure_future(work)
        alarm = asyncio.ensure_future(self.desk.clock.sleep(BRIEF_S))
        try:
            await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self.desk.screen.show(page)
            return await task
        finally:
            for future in (task, alarm):
                future.cancel()
            await asyncio.gather(task, alarm, return_exceptions=True)

    async def ask(self, page: Page, expected: type[Expected]) -> Expected:
        """Shows a page that waits for the citizen; returns the action of this class."""

        async def answer() -> Expected:
            while True:
                action = await self.answers.get()
                if isinstance(action, expected):
                    return action

        self.forget_answers()
        return await self.patiently(page, answer())

    async def ask_in_private(self, page: ChooseCertificate | Preview, expected: type[Expected]) -> Expected:
        """As `ask`. While somebody looks over the shoulder nothing private shows and nothing goes on, until they are
        gone or the citizen says that they may see it: then for the rest of the session."""

        async def answer() -> Expected:
            while True:
                action = await self.answers.get()
                if isinstance(action, Reveal):
                    self._overlooked, self._trusts = False, True
                    self.desk.screen.show(page)
                elif isinstance(action, expected) and not self._overlooked:
                    return action

        async def guard() -> None:
            async with aclosing(self.desk.presence.onlookers()) as onlookers:
                async for near in onlookers:
                    self._overlooked = near and not self._trusts
                    self._show(page)

        self.forget_answers()
        watching = None if self._trusts else asyncio.ensure_future(guard())
        try:
            return await self.patiently(page, answer())
        finally:
            self._overlooked = False
            if watching is not None:
                watching.cancel()
                (ended,) = await asyncio.gather(watching, return_exceptions=True)
                if isinstance(ended, Exception):
                    log.error("fault: %s", fault(ended))  # nobody watched any more, and nobody's paper waits for it

    def _show(self, page: Page) -> None:
        """As it may be seen now, and with what is left of the countdown."""
        private = isinstance(page, ChooseCertificate | Preview)
        veiled = msgspec.structs.replace(page, overlooked=True) if private and self._overlooked else page
        self.desk.screen.show(veiled, countdown_s=self._left_s)

    def forget_answers(self) -> None:
        """What was tapped on an earlier page is no answer to this one."""
        while not self.answers.empty():
            self.answers.get_nowait()

    async def patiently(self, page: Page, answer: Coroutine[None, None, Answer]) -> Answer:
        """Shows the page and waits for `answer`; after `idle_s` without an action counts down, then refuses."""
        timing = self.desk.timing
        self._show(page)
        work = asyncio.ensure_future(answer)
        try:
            while True:
                self._stirred.clear()
                if await self._quiet_for(timing.idle_s, work):
                    for self._left_s in range(timing.countdown_s, 0, -1):
                        self._show(page)
                        if not await self._quiet_for(1.0, work):
                            break
                    else:
                        raise Refused(Reason.IDLE)
                self._left_s = None
                if work.done():
                    return work.result()
                self._show(page)
        finally:
            self._left_s = None
            work.cancel()

    async def _quiet_for(self, seconds: float, work: "asyncio.Future[Answer]") -> bool:
        """True when `seconds` pass in which the citizen does nothing and `work` is not done."""
        stirred = asyncio.ensure_future(self._stirred.wait())
        alarm = asyncio.ensure_future(self.desk.clock.sleep(seconds))
        any_of: set[asyncio.Future[Any]] = {work, stirred, alarm}
        try:
            await asyncio.wait(any_of, return_when=asyncio.FIRST_COMPLETED)
            return not work.done() and not stirred.done()
        finally:
            stirred.cancel()
            alarm.cancel()

    # What may end it.

    def watch_reader(self) -> None:
        """From now on a reader that is lost ends the session."""
        self._watch("reader", self._reader_is_lost())

    def watch_card(self) -> None:
        """From now on the card must lie there."""
        self._watch("card", self._card_is_taken())

    def unwatch_reader_and_card(self) -> None:
        """From now on they may be gone."""
        for name in ("reader", "card"):
            self._watches.pop(name).cancel()

    def _watch(self, name: str, watch: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(watch)
        self._watches[name] = task
        task.add_done_callback(self._watch_ended)

    def _watch_ended(self, task: asyncio.Task[None]) -> None:
        """A watch that fails ends the session, too: nobody may print while nobody listens for *stop*."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("fault: %s", fault(error))
            self._end(Reason.INTERNAL)

    async def _watch_actions(self) -> None:
        while True:
            action = await self.desk.screen.action()
            self._stirred.set()
            if isinstance(action, Cancel):
                self._end(Reason.CANCELLED)
                return
            self.answers.put_nowait(action)

    async def _reader_is_lost(self) -> None:
        await self.desk.reader.wait_lost()
        self._end(Reason.READER_LOST)

    async def _card_is_taken(self) -> None:
        await self.desk.reader.wait_absent()
        self._end(self.desk.reader.trouble or Reason.CARD_REMOVED)

    def _end(self, reason: Reason) -> None:
        if self._ended is None and self._journey is not None:
            self._ended = reason
            self._journey.cancel()

"""A PC/SC reader as every driver of a card on it needs it: watched, and talked to one conversation at a time.

A card is talked to by blocking code in a thread, with a context of its own for each conversation: nothing of one
channel is left for the next, and a restarted service is met afresh.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import Final, TypeVar

from hardware.cards.emrtd.apdu import Apdu, CardGone
from hardware.cards.pcsc.scard import Connection, Context, ScardError, has_card
from hardware.cards.pcsc.watch import Event, Health, PcscWatch
from hardware.cards.port import CardError, CardFault, ReaderState
from hardware.cards.watched import WatchedReader

_SETTLES_MS: Final = 1500
_STILL_MOVING_S: Final = (0.2, 0.5)

Answer = TypeVar("Answer")


class PcscStation(WatchedReader):
    """`name`: what the reader's name begins with, empty for the first one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch = PcscWatch(name, self._from_watch)
        self._chip_in_use = threading.Lock()
        self._tried = asyncio.Event()

    @property
    def health(self) -> Health:
        """Why the reader cannot be used, if it cannot."""
        return self._watch.health

    async def open(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._tried.clear()
            self._watch.start()
        await self._tried.wait()

    async def close(self) -> None:
        if self._loop is None:
            return
        await asyncio.to_thread(self._watch.stop)
        self._loop = None
        self._see(Event.READER_LOST)

    async def talk(self, conversation: Callable[[Apdu], Answer], at_most_s: float) -> Answer:
        """What `conversation` has out of the card that lies there, which is powered for it alone.

        Raises CardError READER_LOST, REMOVED or UNREADABLE when card or reader leave it; what else it raises passes.
        """
        if self._state is not ReaderState.READY:
            raise CardError(CardFault.READER_LOST, self._watch.health.why)
        if not self.present:
            raise CardError(CardFault.REMOVED)
        reader = self._watch.reader
        try:
            async with asyncio.timeout(at_most_s):
                return await _in_thread(lambda: self._hold(reader, conversation))
        except TimeoutError:
            raise CardError(CardFault.UNREADABLE, "the chip does not answer") from None

    # --- watching ----------------------------------------------------------------------------------------------------

    def _from_watch(self, event: Event) -> None:
        """In the watching thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._see, event)

    def _see(self, event: Event) -> None:
        match event:
            case Event.PRESENT:
                self._card_here()
            case Event.REMOVED:
                self._card_gone()
            case Event.READER_BACK:
                self._enter(ReaderState.READY)
                self._tried.set()
            case Event.READER_LOST:
                self._card_gone()
                self._enter(ReaderState.LOST)
                self._tried.set()

    # --- talking, in a thread ----------------------------------------------------------------------------------------

    def _hold(self, reader: str, conversation: Callable[[Apdu], Answer]) -> Answer:
        # A conversation whose time was up may still hang in the service.
        if not self._chip_in_use.acquire(blocking=False):
            raise CardError(CardFault.UNREADABLE, "the reader is still busy with the reading before")
        try:
            context = Context()
            try:
                return _hold_in(context, reader, conversation)
            finally:
                context.release()
        except ScardError as error:
            raise _card_error(error) from None
        finally:
            self._chip_in_use.release()


def _hold_in(context: Context, reader: str, conversation: Callable[[Apdu], Answer]) -> Answer:
    with closing(_connect(context, reader)) as connection:
        chip = _Chip(connection)
        try:
            return conversation(chip)
        except Exception:
            if chip.lost is not None:
                raise _why_lost(context, reader, chip.lost) from None
            raise


def _connect(context: Context, reader: str) -> Connection:
    """A card that is noticed may still be on its way in, and not answer yet."""
    for pause_s in _STILL_MOVING_S:
        try:
            return context.connect(reader)
        except ScardError as error:
            if not error.card_mute:
                raise
            time.sleep(pause_s)
    return context.connect(reader)


async def _in_thread(work: Callable[[], Answer]) -> Answer:
    """Not asyncio.to_thread: its threads hold up the end of the process, and a silent chip would hold up them."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answer] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not done.done():
            outcome()

    def run() -> None:
        try:
            answer = work()
        except Exception as error:
            outcome = partial(done.set_exception, error)
        else:
            outcome = partial(done.set_result, answer)
        # The loop may have ended while the chip was silent.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="card conversation", daemon=True).start()
    return await done


class _Chip:
    """The card as an `Apdu`. `lost`: the error after which there was no answer any more."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.lost: ScardError | None = None

    def transmit(self, command: bytes, /) -> bytes:
        try:
            return self._connection.transmit(command)
        except ScardError as error:
            self.lost = error
            raise CardGone from None


def _why_lost(context: Context, reader: str, error: ScardError) -> CardError:
    """The service tells a lifted card from a dead one only at its next look at the reader: waits for it."""
    if not error.undecided:
        return _card_error(error)
    try:
        state = context.wait_change(reader, 0, 0) or 0
        if has_card(state):
            state = context.wait_change(reader, state, _SETTLES_MS) or state
    except ScardError as later:
        return _card_error(later)
    return CardError(CardFault.UNREADABLE if has_card(state) else CardFault.REMOVED, str(error))


def _card_error(error: ScardError) -> CardError:
    if error.card_gone:
        return CardError(CardFault.REMOVED)
    return CardError(CardFault.UNREADABLE if error.card_mute else CardFault.READER_LOST, str(error))

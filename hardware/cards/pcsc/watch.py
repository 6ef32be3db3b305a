"""Watching one PC/SC reader: a thread of our own around SCardGetStatusChange.

pyscard's CardMonitor falls silent for good when pcscd restarts, so this loop takes every error as the end of its
context and begins anew, ever less often. pcscd has no event that a reader is back: it is asked.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hardware.cards.pcsc.scard import Context, NoReader, ScardError, has_card, moves

WAIT_MS: Final = 500
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 2.0
# The loop turns at least this often whatever happens, unless the service hangs.
_STALLED_AFTER_S: Final = _LAST_RETRY_S + 3.0
_STATE_UNAWARE: Final = 0
_CANCEL_AGAIN_S: Final = 0.05

_log = logging.getLogger(__name__)


class Event(Enum):
    """What was seen. Between READER_LOST and READER_BACK there is no card."""

    PRESENT = "card present"
    REMOVED = "card removed"
    READER_LOST = "reader lost"
    READER_BACK = "reader back"


@dataclass(frozen=True, slots=True)
class Health:
    """Can the reader be used now, and if not, why."""

    ready: bool
    why: str


class PcscWatch:
    """Watches the reader whose name begins with `wanted`, the first one when that is empty.

    `report(event)` is called from the watching thread. The first event after `start` is READER_BACK or READER_LOST.
    """

    def __init__(self, wanted: str, report: Callable[[Event], None]) -> None:
        self._wanted = wanted
        self._report = report
        self._reader = ""
        self._card = False
        self._why: str | None = None
        self._turned_s = time.monotonic()
        self._stopping = threading.Event()
        self._context: Context | None = None
        self._access = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def reader(self) -> str:
        """The full name of the reader as the service gives it; empty while it is lost."""
        return self._reader

    @property
    def health(self) -> Health:
        """A service that hangs raises no event, but shows here."""
        if self._thread is None:
            return Health(False, "not watched")
        if time.monotonic() - self._turned_s > _STALLED_AFTER_S:
            return Health(False, "the PC/SC service does not answer")
        return Health(bool(self._reader), self._why or "")

    def start(self) -> None:
        """Begins to watch."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="pcsc watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, and a wait in it at once."""
        if self._thread is None:
            return
        self._stopping.set()
        # A cancel that comes just before the wait ends nothing, so it is said again.
        while self._thread.is_alive():
            with self._access:
                if self._context is not None:
                    self._context.cancel()
            self._thread.join(_CANCEL_AGAIN_S)
        self._thread = None

    def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._stopping.is_set():
            self._turned_s = time.monotonic()
            try:
                self._watch()
            except ScardError as error:
                # A reader that was there a moment ago is looked for often; one that stays away, ever less.
                retry_s = _FIRST_RETRY_S if self._reader else min(2 * retry_s, _LAST_RETRY_S)
                if not error.cancelled:
                    self._lose(str(error))
            self._stopping.wait(retry_s)
        self._reader, self._card, self._why = "", False, None

    def _watch(self) -> None:
        """One life of a context. Raises ScardError when it ends."""
        context = Context()
        with self._access:
            self._context = context
        try:
            self._follow(context, self._choose(context.readers()))
        finally:
            with self._access:
                self._context = None
            context.release()

    def _choose(self, names: list[str]) -> str:
        fitting = [name for name in names if name.startswith(self._wanted)]
        if not fitting:
            raise NoReader
        return fitting[0]

    def _follow(self, context: Context, reader: str) -> None:
        state = context.wait_change(reader, _STATE_UNAWARE, 0) or 0
        self._find(reader)
        self._see(has_card(state))
        while not self._stopping.is_set():
            self._turned_s = time.monotonic()
            now = context.wait_change(reader, state, WAIT_MS)
            if now is None:
                continue
            if has_card(state) and has_card(now) and moves(state) != moves(now):
                self._see(False)
            state = now
            self._see(has_card(state))

    def _find(self, reader: str) -> None:
        if not self._reader:
            _log.info("card reader ready: %s", reader)
            self._reader, self._why = reader, None
            self._report(Event.READER_BACK)

    def _lose(self, why: str) -> None:
        if why != self._why:
            _log.warning("card reader lost: %s", why)
        first, self._why = self._why is None, why
        self._see(False)
        if self._reader or first:
            self._reader = ""
            self._report(Event.READER_LOST)

    def _see(self, card: bool) -> None:
        if card != self._card:
            self._card = card
            self._report(Event.PRESENT if card else Event.REMOVED)

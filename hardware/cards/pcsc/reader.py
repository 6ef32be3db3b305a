"""Travel documents on a PC/SC reader: the `IdentityReader` that speaks ICAO Doc 9303.

The chip is read by blocking code in a thread, with a context of its own for each reading: nothing of one citizen's
channel is left for the next, and a restarted service is met afresh. A plain PC/SC reader gets nothing out of a Chinese
resident card (its chip talks to a SAM only), so such a card is refused here as what it is to this reader: no eMRTD.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date
from functools import partial
from typing import Final
from urllib.parse import unquote, urlsplit

from hardware.cards.emrtd.apdu import CardGone
from hardware.cards.emrtd.document import EmrtdDocument, Policy, read_document
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.pcsc.scard import Connection, Context, ScardError, has_card
from hardware.cards.pcsc.watch import Event, Health, PcscWatch
from hardware.cards.port import Access, CardError, CardFault, ReaderState
from hardware.cards.reading import _MINT, CardReading, Kind, Sex
from hardware.cards.watched import WatchedReader

SCHEME: Final = "pcsc"
# The slowest chips we know of take ten seconds for a large portrait over short commands.
READ_S: Final = 40.0
_SETTLES_MS: Final = 1500
_SEX: Final[dict[str, Sex]] = {"M": "男", "F": "女"}
# The one nationality that Doc 9303-3, part A of section 5 shortens.
_GERMANY: Final = {"D": "DEU"}
_FAULTS: Final = {
    EmrtdFault.ACCESS_REFUSED: CardFault.ACCESS_REFUSED,
    EmrtdFault.ACCESS_NOT_ALLOWED: CardFault.KIND_UNSUPPORTED,
    EmrtdFault.NOT_AUTHENTIC: CardFault.NOT_AUTHENTIC,
    EmrtdFault.PROTOCOL: CardFault.PROTOCOL,
    EmrtdFault.EXPIRED: CardFault.EXPIRED,
    EmrtdFault.GONE: CardFault.UNREADABLE,
}


def name_in(uri: str) -> str:
    """What the reader's name begins with, out of pcsc://NAME; empty for the first reader. Raises ValueError."""
    parts = urlsplit(uri)
    if parts.scheme != SCHEME or parts.query or parts.fragment:
        raise ValueError(f"{uri}: pcsc:// for the first reader, or pcsc://NAME with %20 for a space")
    return unquote(parts.netloc + parts.path)


class PcscReader(WatchedReader):
    """`name`: what the reader's name begins with, empty for the first one. `trust`: whose documents are believed.

    `read_s`: how long a whole reading may take.
    """

    def __init__(
        self, name: str, *, policy: Policy, trust: TrustAnchors, today: Callable[[], date], read_s: float = READ_S
    ) -> None:
        super().__init__()
        self._policy = policy
        self._trust = trust
        self._today = today
        self._read_s = read_s
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

    async def read(self, access: Access | None = None) -> CardReading:
        if self._state is not ReaderState.READY:
            raise CardError(CardFault.READER_LOST, self._watch.health.why)
        if not self.present:
            raise CardError(CardFault.REMOVED)
        if access is None:
            raise CardError(CardFault.ACCESS_NEEDED, "a travel document, and no CAN or MRZ was given")
        reader = self._watch.reader
        try:
            async with asyncio.timeout(self._read_s):
                document = await _in_thread(lambda: self._read(reader, access))
        except TimeoutError:
            raise CardError(CardFault.UNREADABLE, "the chip does not answer") from None
        return _reading(document, reader)

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

    # --- reading, in a thread ----------------------------------------------------------------------------------------

    def _read(self, reader: str, access: Access) -> EmrtdDocument:
        # A reading whose time was up may still hang in the service.
        if not self._chip_in_use.acquire(blocking=False):
            raise CardError(CardFault.UNREADABLE, "the reader is still busy with the reading before")
        try:
            context = Context()
            try:
                return self._read_in(context, reader, access)
            finally:
                context.release()
        except ScardError as error:
            raise _card_error(error) from None
        finally:
            self._chip_in_use.release()

    def _read_in(self, context: Context, reader: str, access: Access) -> EmrtdDocument:
        with closing(context.connect(reader)) as connection:
            chip = _Chip(connection)
            try:
                return read_document(chip, access, self._policy, self._trust, self._today())
            except EmrtdError as error:
                if chip.lost is not None:
                    raise _why_lost(context, reader, chip.lost) from None
                raise CardError(_FAULTS[error.fault], error.detail) from None


async def _in_thread(work: Callable[[], EmrtdDocument]) -> EmrtdDocument:
    """Not asyncio.to_thread: its threads hold up the end of the process, and a silent chip would hold up them."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[EmrtdDocument] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not done.done():
            outcome()

    def run() -> None:
        try:
            document = work()
        except Exception as error:
            answer = partial(done.set_exception, error)
        else:
            answer = partial(done.set_result, document)
        # The loop may have ended while the chip was silent.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, answer)

    threading.Thread(target=run, name="emrtd reading", daemon=True).start()
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


def _reading(document: EmrtdDocument, reader: str) -> CardReading:
    if document.birth is None:
        raise CardError(CardFault.KIND_UNSUPPORTED, "the document does not know the day of birth")
    zone = document.zone
    return CardReading(
        mint=_MINT,
        kind=Kind.EMRTD,
        name=document.name,
        latin_name=document.latin_name,
        sex=_SEX.get(zone.sex, "未说明"),
        nationality=_GERMANY.get(zone.nationality, zone.nationality),
        birth=document.birth,
        address=document.personal.address,
        number=zone.document_number,
        issuer=document.document.authority or zone.issuing_state,
        valid_from=document.document.issued,
        valid_until=document.valid_until,
        portrait=document.portrait,
        reader_id=reader,
        authenticity=document.authenticity,
    )

"""The driver for SDT readers of Chinese second-generation cards.

One task watches the reader for as long as it is open: reach it, check who it is, look for a card, look whether the
card is still there. `read` takes its turn on the same line.

What is documented (vendor protocol papers and programs that agree):
- a card is found (20 01) once and, after it was selected (20 02), not again until it was lifted;
- find no more often than every 300 ms;
- the extra-address read (30 03) gives the addresses that were written since the card was issued, or says that there
  are none; the newest one is the reading's address;
- a SAM answers 12 FF with its own number; it is how a terminal knows its reader again.

What is our reading, to be confirmed on each model of reader: the extra-address read (30 03) is the cheapest command
that needs the card, so it tells whether the selected card still lies there. 90 (has one) and 91 (has none) mean yes;
41 and every other status mean that it is gone.

And that a reader is silent for as long as any command may take only when it has nothing left to say (`sdt_link`).

A card that lies there while the kiosk starts may have been selected before; the reader then shows it only after it
was lifted. There is no cryptographic proof from card to terminal: the SAM keeps that to itself. So trust in a reading
is trust in the reader.
"""

import asyncio
import logging
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Final

from hardware.cards import sdt_commands, sdt_text
from hardware.cards.port import Access, CardError, CardFault, ReaderState
from hardware.cards.reading import _MINT, Authenticity, CardReading, Portrait, UnknownEncoding
from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import Answer, Status
from hardware.cards.sdt_link import CutOff, DamagedAnswer, LinkError, LinkLost, SdtLink
from hardware.cards.sdt_refusal import refusal
from hardware.cards.transport import Line
from hardware.cards.watched import WatchedReader

FIND_EVERY_S: Final = 0.3
"""The documented least between two finds."""
STILL_THERE_EVERY_S: Final = 0.1
"""Between two looks for the selected card, which are no finds: whoever takes their card is waited for no longer."""
ATTEMPTS: Final = 3
# Selecting fails while a hand still moves the card. After this many finds in a row it is the card that is bad.
_SELECT_PATIENCE: Final = 5
# What a program before us was answered lies in the line already.
_BRIEFLY_S: Final = 0.05
_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 5.0
_SAM_ID: Final = struct.Struct("<HHIII")
_HAS_CARD: Final = frozenset({Status.OK, Status.NO_SUCH_ITEM})

_log = logging.getLogger(__name__)


class _Replaced(Exception):
    """Another SAM answered than the one that belongs here."""


class SdtReader(WatchedReader):
    """An `IdentityReader` at the end of a line (`sdt_uri` makes one out of a profile's URI).

    `sam_id`: the only SAM this terminal trusts ("05.01-20101129-0001228293-0296863149"); None trusts any, for a
    workbench. `today`: the day against which validity is checked.
    """

    def __init__(self, line: Line, *, sam_id: str | None, today: Callable[[], date]) -> None:
        super().__init__()
        self._line = line
        self._trusted_sam_id = sam_id
        self._today = today
        self._sam_id = ""
        self._link: SdtLink | None = None
        self._owed = False
        self._turn = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._selected = False
        self._failed_selects: list[Answer] = []

    @property
    def sam_id(self) -> str:
        """The number of the SAM that answered last; empty before the first."""
        return self._sam_id

    async def open(self) -> None:
        if self._watching is None:
            self._tried.clear()
            self._watching = asyncio.create_task(self._watch(), name=f"card reader {self._line.address}")
        await self._tried.wait()

    async def close(self) -> None:
        if self._watching is None:
            return
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching
        self._watching = None

    async def read(self, access: Access | None = None) -> CardReading:
        if access is not None:
            raise ValueError("cards on an SDT reader are not opened by an MRZ or a card access number")
        async with self._turn:
            link = self._usable_link()
            if not self._selected:
                fault, why = refusal(self._failed_selects[-1])
                raise CardError(fault, f"select: {why}")
            blocks = await self._blocks(link)
        return self._reading(*blocks)

    # --- watching ----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        retry_s = _FIRST_RETRY_S
        try:
            while True:
                state, why = await self._serve_until_lost()
                # A reader that was there a moment ago is looked for often; one that stays away, ever less.
                retry_s = _FIRST_RETRY_S if self._state is ReaderState.READY else min(2 * retry_s, _LAST_RETRY_S)
                if state is not self._state:
                    _log.warning("card reader %s: %s", state.value, why)
                self._enter(state)
                self._tried.set()
                await asyncio.sleep(retry_s)
        finally:
            self._enter(ReaderState.LOST)
            self._tried.set()

    async def _serve_until_lost(self) -> tuple[ReaderState, str]:
        """Reaches the reader and watches its cards; returns what ended it. Where an answer was owed, what was asked
        before is heard out; and whatever card lies there is found and selected anew."""
        link = None
        try:
            link = await SdtLink.open(self._line, sdt_commands.LONGEST_LIMIT_S if self._owed else _BRIEFLY_S)
            await self._identify(link)
            self._link = link
            _log.info("card reader ready: SAM %s", self._sam_id)
            self._enter(ReaderState.READY)
            self._tried.set()
            while True:
                async with self._turn:
                    await self._look(link)
                await asyncio.sleep(STILL_THERE_EVERY_S if self._selected else FIND_EVERY_S)
        except _Replaced:
            return ReaderState.REPLACED, f"SAM {self._sam_id} does not belong to this terminal"
        except LinkError as error:
            return ReaderState.LOST, str(error)
        finally:
            self._link = None
            try:
                if link is not None:
                    await link.close()
                    self._owed = link.owed
            finally:
                self._card_gone()  # in one step with the state: nobody took the card of a reader that is lost

    async def _identify(self, link: SdtLink) -> None:
        answer = await _ask(link, sdt_commands.SELF_TEST)
        if answer.status != Status.OK:
            raise LinkLost(f"self-test: {answer.status_name}")
        answer = await _ask(link, sdt_commands.SAM_ID)
        if answer.status != Status.OK:
            raise LinkLost(f"SAM id: {answer.status_name}")
        self._sam_id = sam_id_text(answer.data)
        if self._trusted_sam_id not in (None, self._sam_id):
            raise _Replaced

    async def _look(self, link: SdtLink) -> None:
        if self._selected:
            await self._look_for_selected(link)
        elif (await _ask(link, sdt_commands.FIND)).status != Status.FOUND:
            self._card_gone()
        elif (answer := await _ask(link, sdt_commands.SELECT)).status == Status.OK:
            self._selected = True
            self._card_here()
        else:
            self._failed_selects.append(answer)
            if len(self._failed_selects) >= _SELECT_PATIENCE:
                self._card_here()

    async def _look_for_selected(self, link: SdtLink) -> None:
        # The address, if there is one, is dropped unread.
        if (await _ask(link, sdt_commands.EXTRA_ADDRESS)).status not in _HAS_CARD:
            self._card_gone()

    def _card_gone(self) -> None:
        self._selected = False
        self._failed_selects.clear()
        super()._card_gone()

    # --- reading -----------------------------------------------------------------------------------------------------

    def _usable_link(self) -> SdtLink:
        if self._state is ReaderState.REPLACED:
            raise CardError(CardFault.READER_REPLACED)
        if self._link is None:
            raise CardError(CardFault.READER_LOST)
        if not self.present:
            raise CardError(CardFault.REMOVED)
        return self._link

    async def _blocks(self, link: SdtLink) -> tuple[bytes, bytes, bytes]:
        """Text, portrait and newer addresses as they are on the card."""
        try:
            answer = await _ask(link, sdt_commands.READ)
            if answer.status == Status.OK:
                # Comes last, so that it also tells that the card stayed until all its data was here.
                addresses = await _ask(link, sdt_commands.EXTRA_ADDRESS)
                if addresses.status in _HAS_CARD:
                    return *_split(answer.data), addresses.data
                answer = addresses
            fault, why = refusal(answer)
            why = f"read: {why}"
            await self._look_for_selected(link)
        except DamagedAnswer as error:
            fault, why = CardFault.UNREADABLE, str(error)
        except CutOff as error:
            self._card_gone()
            fault, why = CardFault.UNREADABLE, str(error)
        except LinkError as error:
            fault, why = CardFault.READER_LOST, str(error)
        if fault is CardFault.UNREADABLE and not self.present:
            fault = CardFault.REMOVED
        raise CardError(fault, why)

    def _reading(self, text_block: bytes, portrait_block: bytes, addresses: bytes) -> CardReading:
        today = self._today()
        text = sdt_text.parse(text_block, today)
        if today < text.valid_from:
            raise CardError(CardFault.EXPIRED, "not valid yet: is the clock of this terminal right?")
        if text.valid_until is not None and text.valid_until < today:
            raise CardError(CardFault.EXPIRED)
        return CardReading(
            mint=_MINT,
            kind=text.kind,
            name=text.name,
            latin_name=text.latin_name,
            sex=text.sex,
            nation=text.nation,
            nationality=text.nationality,
            birth=text.birth,
            address=sdt_text.newest_address(addresses) or text.address,
            number=text.number,
            pass_number=text.pass_number,
            issue_count=text.issue_count,
            related_number=text.related_number,
            issuer=text.issuer,
            valid_from=text.valid_from,
            valid_until=text.valid_until,
            portrait=_portrait(portrait_block),
            reader_id=self._sam_id,
            authenticity=Authenticity("reader", () if self._trusted_sam_id is None else ("sam-id bound",)),
        )


def sam_id_text(raw: bytes) -> str:
    """The 16 bytes of a SAM number as vendors print them: 05.01-20101129-0001228293-0296863149."""
    kind, version, day, serial, check = _SAM_ID.unpack(raw)
    return f"{kind:02}.{version:02}-{day:08}-{serial:010}-{check:010}"


async def _ask(link: SdtLink, command: Command) -> Answer:
    """The answer, after a few tries when the line damages it in either direction. Raises LinkError."""
    for _ in range(ATTEMPTS - 1):
        try:
            answer = await link.exchange(command)
        except DamagedAnswer:
            continue
        if answer.status != Status.CHECKSUM_WRONG:
            return answer
    return await link.exchange(command)


def _split(data: bytes) -> tuple[bytes, bytes]:
    lengths = sdt_commands.TEXT_AND_PORTRAIT_LENGTHS
    if not data.startswith(lengths):
        raise CardError(CardFault.UNREADABLE, "text and portrait have other lengths than documented")
    body = data[len(lengths) :]
    return body[: sdt_text.BLOCK_BYTES], body[sdt_text.BLOCK_BYTES :]


def _portrait(block: bytes) -> Portrait:
    with suppress(UnknownEncoding):
        return Portrait.detect(block)
    raise CardError(CardFault.UNREADABLE, "portrait of an unknown encoding")

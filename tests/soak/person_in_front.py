"""Whoever stands in front of the terminal, at the sockets of its screen and its camera: sees pages, taps, has a face.

They speak for the user interface and the vision process, which have tests of their own: so a visit takes no longer than
the terminal does.
"""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Self

from msgspec.structs import replace

from hardware.cards.synthetic import SyntheticCard, number
from kiosk.messages import (
    Act,
    Compares,
    Count,
    Guard,
    Guidance,
    Matched,
    Message,
    NotProven,
    Onlooker,
    ProvePresence,
    Show,
    encode,
    receive,
)
from kiosk.pages import Action, Home, Page, Prompt
from kiosk.reasons import Reason

PATIENCE_S: Final = 60.0
"""Of the test, by the machine's own time; a page that never comes is a failure."""
_MODEL: Final = "dlib-face-resnet-v1"
_SURNAMES: Final = "赵钱孙李周吴郑王"
_NAMES: Final = "一二三四五六七八九十"


def person(which: int, portrait: bytes) -> SyntheticCard:
    """The invented person of this number, up to half a million; no two have the same number."""
    born = date(1940, 1, 1) + timedelta(days=which // 20)
    order = which % 20 * 50 + 7
    return SyntheticCard(
        name=_SURNAMES[which % 8] + _NAMES[which // 8 % 10] + _NAMES[which // 80 % 10],
        sex="1",
        nation="01",
        birth=f"{born:%Y%m%d}",
        address="示范市样例区虚构路1号",
        number=number(born, f"{order:03}"),
        issuer="示范市公安局样例分局",
        valid_from="20160504",
        valid_until="20360504",
        portrait=portrait,
    )


def plainly(page: Page | None) -> str:
    """Without the nine certificates of the home page."""
    if isinstance(page, Home):
        return f"Home(trouble={page.trouble}, card_left={page.card_left}, kinds={len(page.kinds)})"
    return repr(page)


class _Line:
    """One socket of the desk; connected again when the desk closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_unix_connection(self._path)
        self._listening = asyncio.create_task(self._listen(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None and self._writer is not None
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()

    def say(self, message: Message) -> None:
        assert self._writer is not None
        self._writer.write(encode(message))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            self.hear(await receive(reader))

    def hear(self, message: Message) -> None:
        raise NotImplementedError


class Screen(_Line):
    """Shows what the desk says, to somebody who waits for something."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.shown: Show | None = None
        self.seen: list[Page] = []
        """Since `look_away`; an update replaces the page before."""
        self._changed = asyncio.Condition()

    def hear(self, message: Message) -> None:
        if isinstance(message, Count):
            assert self.shown is not None and self.shown.seq == message.seq
            message = replace(self.shown, countdown_s=message.countdown_s)
        assert isinstance(message, Show)
        if self.shown is not None and self.shown.seq == message.seq and self.seen:
            self.seen[-1] = message.page
        else:
            self.seen.append(message.page)
        self.shown = message
        self._told = asyncio.ensure_future(self._tell())

    @property
    def page(self) -> Page | None:
        return None if self.shown is None else self.shown.page

    def look_away(self) -> None:
        self.seen.clear()

    def tap(self, action: Action) -> None:
        assert self.shown is not None
        self.say(Act(self.shown.seq, action))

    async def until(self, wanted: Callable[[Page], bool]) -> Page:
        """The page that is there, or comes, of which this is so."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: self.page is not None and wanted(self.page))
        except TimeoutError:
            raise AssertionError(f"still there after {PATIENCE_S} s: {plainly(self.page)}") from None
        assert self.page is not None
        return self.page

    async def leaves(self, kind: type[Page]) -> Page:
        """The first page of another kind."""
        return await self.until(lambda page: type(page) is not kind)

    async def changes_within(self, seconds: float) -> None:
        """Until something is shown, for at most so long."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()
        except TimeoutError:
            return

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class Face(_Line):
    """Turns as it is asked, and is the one on the card unless `verdict` says otherwise."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.verdict: Reason | None = None
        self.waits: asyncio.Event = asyncio.Event()
        self.waits.set()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.say(Compares(_MODEL, "demonstration", False))
        return self

    def hear(self, message: Message) -> None:
        match message:
            case Guard(id=number):
                self.say(Onlooker(number, False))
            case ProvePresence(id=number):
                self._turning = asyncio.ensure_future(self._turn(number))

    async def _turn(self, check: int) -> None:
        self.say(Guidance(check, Prompt.TURN_LEFT, None, 0.5))
        await self.waits.wait()
        if self.verdict is not None:
            self.say(NotProven(check, self.verdict))
        else:
            signals = {"yaw_deg": 22.0, "planarity": 0.09}
            self.say(Matched(check, _MODEL, "ab" * 32, 0.31, 0.55, signals, 12, "demonstration"))

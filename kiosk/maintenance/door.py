"""The door by which a command of this machine, or the fleet's agent, reaches a desk that runs: card reader, printer and
camera are the desk's, so it does what is asked.

```
Do(entry, choice, by)  →  Waits?  →  Line, Live …  →  Done(level)
```

One connection is one errand; to close it is to leave it. The socket lies in a folder of the desk whose group is the
agent's (kiosk.meeting, systemd/tmpfiles.d), and the kernel says who knocks (unix(7), SO_PEERCRED): root and the desk's
own user may have every entry, anybody else who gets in those that are for the fleet; and of these the ones that change
something by the operator's order alone (kiosk.maintenance.orders). Who asks is written down.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from kiosk.fleet.command import COMMAND_BYTES_MOST, Command
from kiosk.fleet.operator import OrderRefused, Refusal
from kiosk.health.findings import Level
from kiosk.maintenance.allowance import ALLOWED_S, IN_S, Allowance
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.line import Line, wrong
from kiosk.maintenance.menu import Menu, worst
from kiosk.maintenance.orders import Orders
from kiosk.messages import BadMessage, Do, Done, Message, Waits, encode, receive
from kiosk.pages import Text
from kiosk.reasons import Refused, fault

log = logging.getLogger(__name__)

_CREDENTIALS: Final = struct.Struct("3i")
_ROOT: Final = 0
WISH_BYTES_MOST: Final = COMMAND_BYTES_MOST + 4096
STAFF_MOST: Final = 16
FLEET_MOST: Final = 4
"""At once: nobody takes the desk its files away, and an agent not the door from staff."""
WISHES_WITHIN_S: Final = 10.0
READS_WITHIN_S: Final = 10.0
"""Whoever does not take what is said to them, as a command that was stopped by Ctrl-Z, has gone."""

_NO_ENTRY: Final = wrong(
    "本机没有这项操作，或不允许由此发起",
    "there is no such entry, or it may not be asked for from here",
    Text("查看：kiosk maintenance list", "see: kiosk maintenance list"),
)
_CROWDED: Final = wrong(
    "同时进行的操作太多",
    "there are too many errands at once",
    Text("等其中一项结束后再试", "try again when one of them is over"),
)
_SPENT: Final = wrong(
    "机群占用本机的时间已达上限",
    f"the fleet had the terminal for itself for {ALLOWED_S / 60:.0f} minutes of {IN_S / 3600:.0f} hours",
    Text("稍后再试，或由现场人员操作", "try again later, or let staff at the terminal do it"),
)
_HOW_IT_ENDED: Final = Text(
    "当时未能完全成功；必要时下达新命令", "it did not go well then; if it must be, give a new command"
)
_LEFT_BEFORE: Final = wrong(
    "此命令已开始过，结果未知",
    "this was begun before, and nobody knows how it ended",
    Text("查看本机状态，必要时下达新命令", "look how the terminal is; if it must be, give a new command"),
)
_SOMETHING: Final = "an errand"
_Tell = Callable[[Message], Awaitable[None]]


class _Crowd:
    """Who is at the door: so many are let in, as many more are told that there is no room, the others see it shut."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.inside: set[asyncio.Task[Any]] = set()
        self.told: set[asyncio.Task[Any]] = set()

    def place(self) -> set[asyncio.Task[Any]] | None:
        """For one more."""
        return next((group for group in (self.inside, self.told) if len(group) < self._most), None)


class Door:
    """The desk's end. `floor`: where an errand that needs the terminal for itself waits. `allowance`: how much of that
    the fleet may have. `orders`: what the fleet's operator says."""

    def __init__(self, menu: Menu, floor: Floor, allowance: Allowance, orders: Orders) -> None:
        self._menu = menu
        self._floor = floor
        self._allowance = allowance
        self._orders = orders
        self._server: asyncio.Server | None = None
        self._staff, self._fleet = _Crowd(STAFF_MOST), _Crowd(FLEET_MOST)

    async def open(self, path: Path) -> None:
        """For this user and the group of the folder."""
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o117)
        try:
            listening.bind(os.fspath(path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)

    async def close(self) -> None:
        """Every errand is left first, and written down."""
        if self._server is not None:
            self._server.close()
        left = [task for crowd in (self._staff, self._fleet) for task in (*crowd.inside, *crowd.told)]
        for errand in left:
            errand.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        may_have_all = _may_have_all(writer)
        crowd = self._staff if may_have_all else self._fleet
        if (place := crowd.place()) is None:
            log.error("maintenance: too many errands at once; connection closed")
            writer.close()
            return
        place.add(task)
        task.add_done_callback(place.discard)
        try:
            async with asyncio.timeout(WISHES_WITHIN_S):
                wish = await receive(reader, WISH_BYTES_MOST)
            if not isinstance(wish, Do):
                raise BadMessage(f"{type(wish).__name__} is not for this door")
            if place is crowd.told:
                log.error("maintenance: too many errands at once; one is sent away")
                await _refuse(partial(_tell, writer, _SOMETHING), _CROWDED)
                return
            if not may_have_all:
                wish = msgspec.structs.replace(wish, by=f"fleet {wish.by}")  # whatever it says: it is the agent
            errand = asyncio.ensure_future(self._errand(wish, may_have_all, writer))
            gone = asyncio.ensure_future(reader.read(1))
            try:
                await asyncio.wait({errand, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                errand.cancel()
                gone.cancel()
                failed, _ = await asyncio.gather(errand, gone, return_exceptions=True)
            if isinstance(failed, Exception) and not isinstance(failed, ConnectionError):
                log.error("fault: %s", fault(failed))
        except (BadMessage, asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            log.warning("maintenance: %s; connection closed", str(error) or type(error).__name__)
        finally:
            writer.close()

    async def _errand(self, wish: Do, all_entries: bool, writer: asyncio.StreamWriter) -> None:
        entry = self._menu.entry(wish.entry)
        tell = partial(_tell, writer, _SOMETHING if entry is None else entry.name)
        if entry is None or not entry.takes(wish.choice) or not (all_entries or entry.fleet):
            await _refuse(tell, _NO_ENTRY)
        elif all_entries:
            await self._for_staff(entry, wish, tell)
        else:
            try:
                await self._for_the_fleet(entry, wish, tell)
            except OrderRefused as refused:
                log.error("maintenance: %s for the fleet is refused: %s", wish.entry, refused)
                await _refuse(tell, _not_taken(refused.refusal))

    async def _for_staff(self, entry: Entry, wish: Do, tell: _Tell) -> None:
        if entry.alone:
            await tell(Waits())
            async with self._floor.alone():
                await tell(Done(await self._perform(entry, wish, tell)))
        else:
            await tell(Done(await self._perform(entry, wish, tell)))

    async def _for_the_fleet(self, entry: Entry, wish: Do, tell: _Tell) -> None:
        """Raises OrderRefused."""
        command: Command | None = None
        if entry.asks is not None:
            command, before = self._orders.judge(wish)
            if before is not None:
                await tell(_done_before(before.level) if before.level else _LEFT_BEFORE)
                await tell(Done(before.level or Level.FAIL))
                return
        if not entry.alone:
            await tell(Done(await self._perform_once(entry, wish, tell, command)))
        elif self._allowance.is_spent:  # then citizens do not even see that somebody asked
            await _refuse(tell, _SPENT)
        else:
            await tell(Waits())
            async with self._floor.alone():
                if self._allowance.is_spent:
                    await _refuse(tell, _SPENT)
                    return
                with self._allowance.spend():
                    await tell(Done(await self._perform_once(entry, wish, tell, command)))

    async def _perform_once(self, entry: Entry, wish: Do, tell: _Tell, command: Command | None) -> Level:
        """Raises OrderRefused."""
        if command is None:
            return await self._perform(entry, wish, tell)
        self._orders.begin(command)
        level = await self._perform(entry, wish, tell)
        try:
            self._orders.end(command, level)
        except OSError as error:
            log.error("maintenance: how %s ended is not remembered: %s", command.id, error.strerror)
        return level

    async def _perform(self, entry: Entry, wish: Do, tell: _Tell) -> Level:
        levels: list[Level] = []
        try:
            async with aclosing(self._menu.perform(entry, wish.choice, wish.by)) as saying:
                async for said in saying:
                    if isinstance(said, Line):
                        levels.append(said.level)
                    await tell(said)
        except Refused as refused:
            log.error("maintenance: %s", refused)
            return Level.FAIL
        return worst(levels)


async def _tell(writer: asyncio.StreamWriter, errand: str, message: Message) -> None:
    """`errand`: for the log, so none of the words of whoever asked."""
    writer.write(encode(message))
    try:
        async with asyncio.timeout(READS_WITHIN_S):
            await writer.drain()
    except TimeoutError:
        log.warning("maintenance: %s is left: whoever asked does not listen", errand)
        writer.transport.abort()
        raise ConnectionAbortedError from None


async def _refuse(tell: _Tell, why: Line) -> None:
    await tell(why)
    await tell(Done(Level.FAIL))


def _not_taken(why: Refusal) -> Line:
    """The operator may have ordered it, and the terminal cannot do it; or too early, too late, once already."""
    return wrong(
        f"此命令未被接受（{why.value}）",
        f"this order is not taken ({why.value})",
        Text(
            "原因见：journalctl -u kiosk-desk；命令本身用 kiosk command verify 查看",
            "journalctl -u kiosk-desk says why; kiosk command verify looks at the order itself",
        ),
    )


def _done_before(level: Level) -> Line:
    """It says once more how that ended."""
    says = Text("此命令已执行过", "this was done before, and is not done again")
    return Line(level, says, None if level is Level.OK else _HOW_IT_ENDED)


def _may_have_all(writer: asyncio.StreamWriter) -> bool:
    peer: socket.socket = writer.get_extra_info("socket")
    _, user, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user in (_ROOT, os.geteuid())

"""The door by which a command of this machine, or the fleet's agent, reaches a desk that runs: card reader, printer and
camera are the desk's, so it does what is asked.

```
Do(entry, choice, by)  →  Waits?  →  Line, Live …  →  Done(level)
```

One connection is one errand; to close it is to leave it. The socket lies in a folder of the desk whose group is the
agent's (kiosk.meeting, systemd/tmpfiles.d), and the kernel says who knocks (unix(7), SO_PEERCRED): root and the desk's
own user may have every entry, anybody else who gets in those that are for the fleet. Who asks is written down.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import msgspec

from kiosk.health.findings import Level
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.line import Line, wrong
from kiosk.maintenance.menu import Menu, worst
from kiosk.messages import BadMessage, Do, Done, Message, Waits, encode, receive
from kiosk.pages import Text
from kiosk.reasons import Refused, fault

log = logging.getLogger(__name__)

_CREDENTIALS: Final = struct.Struct("3i")
_ROOT: Final = 0
WISH_BYTES_MOST: Final = 1024
"""Who asks stands in the audit log: nobody fills that by one word."""
ERRANDS_MOST: Final = 16
"""At once: nobody takes the desk its files away."""
WISHES_WITHIN_S: Final = 10.0
READS_WITHIN_S: Final = 10.0
"""Whoever does not take what is said to them, as a command that was stopped by Ctrl-Z, has gone."""


class Door:
    """The desk's end. `floor`: where an errand that needs the terminal for itself waits."""

    def __init__(self, menu: Menu, floor: Floor) -> None:
        self._menu = menu
        self._floor = floor
        self._server: asyncio.Server | None = None
        self._errands: set[asyncio.Task[Any]] = set()

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
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._errands) >= ERRANDS_MOST:
            log.error("maintenance: %d errands at once; connection closed", ERRANDS_MOST)
            writer.close()
            return
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        try:
            async with asyncio.timeout(WISHES_WITHIN_S):
                wish = await receive(reader, WISH_BYTES_MOST)
            if not isinstance(wish, Do):
                raise BadMessage(f"{type(wish).__name__} is not for this door")
            if not (may_have_all := _may_have_all(writer)):
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
        async def tell(message: Message) -> None:
            writer.write(encode(message))
            try:
                async with asyncio.timeout(READS_WITHIN_S):
                    await writer.drain()
            except TimeoutError:
                log.warning("maintenance: %s is left: whoever asked does not listen", wish.entry)
                writer.transport.abort()
                raise ConnectionAbortedError from None

        entry = self._menu.entry(wish.entry)
        if entry is None or not entry.takes(wish.choice) or not (all_entries or entry.fleet):
            await tell(
                wrong(
                    "本机没有这项操作，或不允许由此发起",
                    "there is no such entry, or it may not be asked for from here",
                    Text("查看：kiosk maintenance list", "see: kiosk maintenance list"),
                )
            )
            await tell(Done(Level.FAIL))
            return
        if entry.alone:
            await tell(Waits())
            async with self._floor.alone():
                level = await self._perform(entry, wish, tell)
        else:
            level = await self._perform(entry, wish, tell)
        await tell(Done(level))

    async def _perform(self, entry: Entry, wish: Do, tell: Callable[[Message], Awaitable[None]]) -> Level:
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


def _may_have_all(writer: asyncio.StreamWriter) -> bool:
    peer: socket.socket = writer.get_extra_info("socket")
    _, user, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user in (_ROOT, os.geteuid())

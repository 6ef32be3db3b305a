"""The desk's end of the socket to one worker (ui, vision or documents).

The desk listens, the worker connects. A worker may die at any moment and come back: the owner of the channel learns
both through `on_connect` and `on_lost` and decides what to send again. There is at most one worker: a second connection
replaces the first, because the supervisor starts a new one only when the old one is gone or hangs.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from kiosk.messages import BadMessage, HowMuch, Message, encode, receive

log = logging.getLogger(__name__)


class Channel:
    """One listening socket, at most one connected worker."""

    def __init__(
        self,
        name: str,
        *,
        on_message: Callable[[Message], None],
        on_connect: Callable[[], None] = lambda: None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.connected = asyncio.Event()
        self._on_message = on_message
        self._on_connect = on_connect
        self._on_lost = on_lost
        self._how_much: HowMuch | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None

    async def listen(self, path: Path) -> None:
        """Opens the socket, for this user and the group of the folder (kiosk.meeting)."""
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o117)
        try:
            listening.bind(os.fspath(path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)

    def send(self, message: Message) -> bool:
        """Hands the message to the worker; False when there is none (it will be asked again when it is back)."""
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(encode(message))
        log.debug("%s is told %s", self.name, type(message).__name__)
        return True

    def how_much(self, message: HowMuch) -> None:
        """To be logged, by the worker that is there and by each that comes."""
        self._how_much = message
        self.send(message)

    def dismiss(self) -> None:
        """Closes the connection: the worker takes this as its end, and a fresh one follows. Nothing that it may still
        have said is heard any more."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self.connected.clear()
            self._on_lost()

    async def close(self) -> None:
        """Stops listening and lets the worker go."""
        self.dismiss()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dismiss()
        self._writer = writer
        self.connected.set()
        log.info("%s connected", self.name)
        if self._how_much is not None:
            self.send(self._how_much)
        self._on_connect()
        try:
            while True:
                message = await receive(reader)
                if self._writer is not writer:
                    break
                log.debug("%s says %s", self.name, type(message).__name__)
                self._on_message(message)
        except BadMessage as error:
            log.error("%s: %s; connection closed", self.name, error)
        except (asyncio.IncompleteReadError, ConnectionError):
            log.info("%s is gone", self.name)
        finally:
            if self._writer is writer:
                self.dismiss()

"""The cable between a printer on loopback and everybody else: it can be pulled, or carry nothing, while the printer
behind it goes on with what it has.

A printer that is *offline* refuses the connection; one that is *silent* accepts it and never answers, which is what a
hung network card does and what costs a client its time-out.
"""

import asyncio
import contextlib
from typing import Final

_BITE: Final = 65536


class NetworkCable:
    """Listens on loopback `port` and carries bytes to and from loopback port `device_port`."""

    def __init__(self, port: int, device_port: int) -> None:
        self._port = port
        self._device_port = device_port
        self._listener: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._carries = asyncio.Event()
        self._carries.set()

    async def plug_in(self) -> None:
        """The printer can be reached, and whoever it left unanswered must call again."""
        if not self._carries.is_set():
            await self._hang_up()
        self._carries.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._call, "127.0.0.1", self._port)

    async def pull_out(self) -> None:
        """Nobody reaches the printer any more; every connection breaks."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._hang_up()

    def fall_silent(self) -> None:
        """Connections are accepted and stay open, and nothing goes through them."""
        self._carries.clear()

    async def _hang_up(self) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        try:
            with contextlib.suppress(OSError):
                await self._carries.wait()
                beyond = await asyncio.open_connection("127.0.0.1", self._device_port)
                ways = [asyncio.ensure_future(self._carry(reader, beyond[1]))]
                ways.append(asyncio.ensure_future(self._carry(beyond[0], writer)))
                try:
                    await asyncio.wait(ways)
                finally:
                    for way in ways:
                        way.cancel()
                    beyond[1].transport.abort()
        except asyncio.CancelledError:
            pass  # pulled out: asyncio's server would log the cancellation of its handler as an error
        finally:
            self._calls.discard(call)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until it is at its end: then the other side hears of the end, too."""
        with contextlib.suppress(OSError):
            while bite := await reader.read(_BITE):
                await self._carries.wait()
                writer.write(bite)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

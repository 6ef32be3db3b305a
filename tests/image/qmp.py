"""QEMU's side door: the QEMU Machine Protocol, one JSON object per line (QEMU, docs/interop/qmp-spec.rst).

We listen and QEMU connects, so there is nothing to wait for but the connection. The package `qemu.qmp` does this and
much more (reconnecting, a shell, negotiation of features); these are the lines of it that a test needs.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Self


class QmpError(Exception):
    """QEMU refused a command; the text is its own."""


class Qmp:
    """One QEMU, once it has connected. `events` holds what it told by itself and nobody has asked for yet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Condition()
        self.events: list[dict[str, Any]] = []
        self.closed = False
        self._listening = asyncio.create_task(self._listen(reader))

    @classmethod
    async def greet(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Self:
        await reader.readline()  # what QEMU calls its greeting
        qmp = cls(reader, writer)
        await qmp.execute("qmp_capabilities")
        return qmp

    async def execute(self, command: str, **arguments: Any) -> Any:
        """What QEMU answers. Raises QmpError when it refuses, ConnectionError when it is gone."""
        async with self._one_at_a_time:
            line = {"execute": command.replace("__", "-"), "arguments": arguments}
            self._writer.write(json.dumps(line).encode() + b"\n")
            await self._writer.drain()
            answer = await self._answers.get()
        if "error" in answer:
            raise QmpError(f"{command}: {answer['error']['desc']}")
        if "return" not in answer:
            raise ConnectionError(f"{command}: QEMU has ended")
        return answer["return"]

    async def event(self, name: str) -> dict[str, Any]:
        """The next event of this name, also one that came before anybody asked. Raises ConnectionError at the end."""
        async with self._changed:
            while True:
                for event in self.events:
                    if event["event"] == name:
                        self.events.remove(event)
                        return event
                if self.closed:
                    raise ConnectionError(f"QEMU has ended before {name}")
                await self._changed.wait()

    async def close(self) -> None:
        self._listening.cancel()
        self._writer.close()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if "event" in message:
                    async with self._changed:
                        self.events.append(message)
                        self._changed.notify_all()
                else:
                    self._answers.put_nowait(message)
        except ConnectionError:
            pass
        finally:
            self._answers.put_nowait({})
            async with self._changed:
                self.closed = True
                self._changed.notify_all()


class Waiting:
    """A unix socket at `path` to which QEMU will connect once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._came: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.get_running_loop().create_future()
        )
        self._server: asyncio.Server | None = None

    async def open(self) -> Self:
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, self.path, limit=1 << 24)
        return self

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._came.done():
            self._came.set_result((reader, writer))

    async def streams(self, seconds: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(self._came, seconds)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

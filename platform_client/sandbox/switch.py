"""Flip a fault while the sandbox runs: one JSON line in, one out, on a unix socket only its owner can open."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from platform_client.sandbox.faults import Fault


class SetFault(msgspec.Struct, frozen=True, tag=True):
    """Turn `fault` on and every other off; None: all off. `seconds`: how slow, for `slow`."""

    fault: Fault | None
    seconds: float = 30.0


class SetSource(msgspec.Struct, frozen=True, tag=True):
    """How the source `name` behaves: `latency_s` until it answers, `down`: it fails instead."""

    name: str
    latency_s: float = 0.05
    down: bool = False


class Done(msgspec.Struct, frozen=True):
    """`error` is empty when the switch was flipped."""

    error: str = ""


Command = SetFault | SetSource
_commands = msgspec.json.Decoder(Command)
_answers = msgspec.json.Decoder(Done)


class NotFlipped(Exception):
    """The sandbox did not understand the command, or is not there."""


async def listen(path: Path, obey: Callable[[Command], None]) -> asyncio.Server:
    """Serve switch commands at `path`. `obey` raises KeyError for a name it does not know."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                try:
                    obey(_commands.decode(line))
                    done = Done()
                except (msgspec.MsgspecError, KeyError):
                    done = Done("unknown command, fault or source")
                writer.write(msgspec.json.encode(done) + b"\n")
                await writer.drain()
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(serve, path)
    path.chmod(0o600)
    return server


async def flip(path: Path, command: Command) -> None:
    """Send one command to the sandbox listening at `path`. Raises NotFlipped."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise NotFlipped(error.strerror or type(error).__name__) from None
    try:
        writer.write(msgspec.json.encode(command) + b"\n")
        done = _answers.decode(await reader.readline())
    except (msgspec.MsgspecError, OSError):
        raise NotFlipped("no answer") from None
    finally:
        writer.close()
    if done.error:
        raise NotFlipped(done.error)

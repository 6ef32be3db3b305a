"""Asking a desk that runs for an entry of the technician's menu; what knocks at `kiosk.maintenance.door`."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from kiosk.maintenance.line import Line, Live, Said
from kiosk.messages import BadMessage, Do, Done, Waits, encode, receive


class NobodyThere(Exception):
    """No desk listens there, or it may not be asked by this user, or it ended meanwhile."""


async def knock(door: Path, wish: Do) -> AsyncGenerator[Said | Waits | Done, None]:
    """What the desk says, last of all `Done`. To leave it is to leave the errand. Raises NobodyThere."""
    try:
        reader, writer = await asyncio.open_unix_connection(door)
    except OSError as error:
        raise NobodyThere(f"{door}: {error.strerror}") from None
    try:
        writer.write(encode(wish))
        while True:
            match await receive(reader):
                case Line() | Live() | Waits() as said:
                    yield said
                case Done() as done:
                    yield done
                    return
                case other:
                    raise NobodyThere(f"{door}: {type(other).__name__} is no answer")
    except (BadMessage, asyncio.IncompleteReadError, ConnectionError) as error:
        raise NobodyThere(f"{door}: the desk ended: {error}") from None
    finally:
        writer.close()

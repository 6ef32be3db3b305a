"""The document process: reads what nobody may trust, answers one message with one message, knows nothing else.

It confines itself, connects to the desk, says READY, and then verifies and draws until the desk closes the
connection; it ends with its citizen, so nothing of one is there for the next. The parsers are imported with this
module, which is what READY waits for.
"""

import asyncio
import contextlib
import gc
import logging
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

from systemd import daemon

from kiosk import journal, watchdog
from kiosk.documents import render, seal
from kiosk.documents.confinement import allow_cpu_for_one_request, confine
from kiosk.documents.verdict import imprinted, judge, picture
from kiosk.messages import (
    BadMessage,
    Believe,
    FromDocuments,
    HowMuch,
    Imprint,
    Message,
    Policy,
    Render,
    Verify,
    encode,
    receive,
)

log = logging.getLogger(__name__)


def main(socket: Path) -> int:
    """Serves the desk that listens on `socket`. Returns the exit code: 0 when the desk closed the connection."""
    journal.configure("documents")
    prepare()
    return asyncio.run(_serve(socket))


def prepare() -> None:
    """Makes this process fit to read a stranger's bytes: parsers silent, everything else given up.

    It lives for one citizen, and its memory is limited: looking for garbage would only make that citizen wait.
    """
    _silence_parsers()
    confine()
    gc.freeze()
    gc.disable()


async def _serve(socket: Path) -> int:
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError as error:
        log.error("the desk does not answer: %s", error.strerror)
        return 1
    daemon.notify("READY=1")
    pulse = asyncio.create_task(watchdog.feed())
    try:
        while True:
            request = await receive(reader)
            began = time.monotonic()
            allow_cpu_for_one_request()
            if (answer := await _answer(request)) is not None:
                writer.write(encode(answer))
                await writer.drain()
                # Afterwards: nobody waits for a line of the log.
                log.info("%s %d: %s", type(request).__name__.lower(), answer.id, type(answer).__name__)
            log.debug("%s took %.3f s", type(request).__name__, time.monotonic() - began)
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0
    except BadMessage as error:
        log.error("%s; connection closed", error)
        return 1
    finally:
        pulse.cancel()
        writer.close()


async def _answer(request: Message) -> FromDocuments | None:
    match request:
        case Believe():
            await _warm_up(request)
            return None
        case HowMuch():
            journal.say(request.level)
            return None
        case Verify():
            return await judge(request, datetime.now(UTC))
        case Render():
            return picture(request)
        case Imprint():
            return imprinted(request)
        case _:
            raise BadMessage(f"{type(request).__name__} is not for the document process")


async def _warm_up(request: Believe) -> None:
    """Does what can be done before anybody waits. What fails here will be refused by name when it is needed."""
    render.make_ready()
    with contextlib.suppress(Exception):
        await seal.make_ready(request.trust, Policy(sm2=request.sm2), datetime.now(UTC))


def _silence_parsers() -> None:
    """Parsers quote what they read in warnings and log lines; what they read is personal."""
    warnings.simplefilter("ignore")
    for name in ("pyhanko", "pyhanko_certvalidator", "pypdfium2", "fontTools", "PIL", "asyncio"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]

"""Reader, portrait decoder and printer, asked by the drivers that the terminal itself uses."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from PIL import features

from hardware.cards.port import ReaderState
from hardware.cards.portrait.answer import PortraitFault
from hardware.cards.portrait.port import PortraitDecoder, PortraitError, WltLibrary
from hardware.cards.portrait.wlt import WLT_BYTES
from hardware.cards.reading import Portrait
from hardware.printers.ipp_device import IppDevice
from hardware.printers.port import PrinterError, Trouble
from kiosk import profile as settings
from kiosk.bootstrap import card_reader, paper_queue
from kiosk.china_time import china_date
from kiosk.health.findings import Finding, fail, ok, warn
from kiosk.profile import ProfileError

READER_WITHIN_S: Final = 8.0
_CODECS: Final = {"jpg": "JPEG", "jpg_2000": "JPEG 2000", "webp": "WebP"}
_EMPTY_WLT: Final = b"WL".ljust(WLT_BYTES, b"\0")
_PAPER: Final = {
    Trouble.PAPER_EMPTY: "put paper in",
    Trouble.JAM: "take the jammed paper out",
    Trouble.DOOR_OPEN: "close the printer's door",
    Trouble.TONER_EMPTY: "replace the toner",
    Trouble.OFFLINE: "is it switched on and connected, and is printer.uri right?",
}


async def reader(configured: settings.Reader, within_s: float = READER_WITHIN_S) -> list[Finding]:
    """Can it be reached, and is it the one that belongs here?"""
    part = "card reader"
    try:
        device = card_reader(configured, lambda: china_date(datetime.now(UTC)))
    except ProfileError as error:
        return [fail(part, str(error), "correct [reader] in the profile")]
    try:
        async with asyncio.timeout(within_s):
            await device.open()
        state = device.state
    except TimeoutError:
        state = ReaderState.LOST
    finally:
        await device.close()
    if state is ReaderState.REPLACED:
        return [fail(part, "another reader than the bound one", "put the bound one back, or bind this one: sam_id")]
    if state is ReaderState.LOST:
        remedy = "is it plugged in? Only one program can have it: is the terminal running?"
        return [fail(part, f"{configured.uri} does not answer", remedy)]
    found = [ok(part, f"{configured.uri} answers")]
    if configured.uri.startswith("sdt"):
        found.append(_binding(configured))
    return found


def _binding(configured: settings.Reader) -> Finding:
    if configured.sam_id is None:
        # The card itself proves nothing to us: that it is genuine is the word of the SAM in the reader.
        return warn("reader binding", "any SDT reader is believed", "set reader.sam_id; `kiosk card read` says it")
    return ok("reader binding", f"SAM {configured.sam_id}")


def portrait_decoder(configured: settings.Portrait) -> list[Finding]:
    """Without the reader maker's library no real resident card can be compared with a face."""
    part = "WLT decoder"
    missing = [name for codec, name in _CODECS.items() if not features.check(codec)]
    found = [
        fail("portrait decoder", f"Pillow here cannot decode {', '.join(missing)}", "install Pillow's wheel")
        if missing
        else ok("portrait decoder", f"{', '.join(_CODECS.values())}, in a process of its own")
    ]
    if configured.policy == "platform":
        found.append(ok("portrait policy", "the platform is asked for a portrait that cannot be decoded"))
    if configured.wlt_library is None:
        says = "not installed: the portraits of real resident cards cannot be decoded, so their holders "
        says += "are all sent to the counter" if configured.policy == "counter" else "are compared with the platform's"
        remedy = "get the library from the reader's maker; set portrait.wlt_library and portrait.wlt_sha256"
        return [*found, warn(part, says, remedy)]
    decoder = PortraitDecoder(WltLibrary(configured.wlt_library, configured.wlt_sha256))
    try:
        decoder.decode(Portrait(_EMPTY_WLT, "wlt"))
    except PortraitError as error:
        if error.fault is PortraitFault.WLT_DECODER_REFUSED:
            says = f"{configured.wlt_library} is missing, has another SHA-256, or is no such library"
            return [*found, fail(part, says, "install the file whose SHA-256 is in the profile")]
        # An empty portrait proves only that it loads: it may well be refused as damaged.
    return [*found, ok(part, f"{configured.wlt_library} has the SHA-256 of the profile and loads")]


async def printer(configured: settings.Printer) -> Finding:
    """What the printer itself says."""
    try:
        queue = paper_queue(configured)
    except ProfileError as error:
        return fail("printer", str(error), "correct [printer] in the profile")
    try:
        trouble = await queue.condition()
    finally:
        await queue.close()
    if trouble is None:
        return ok("printer", "ready")
    return fail("printer", trouble.value, _PAPER.get(trouble, "see the printer's own display"))


async def print_queue(configured: settings.Printer) -> Finding:
    """Is there the queue that the profile names, on our own CUPS?"""
    queue = IppDevice(f"ipp://{configured.server}/printers/{configured.queue}")
    try:
        trouble = await queue.condition()
    except PrinterError:
        says = f"{configured.queue} on {configured.server} does not answer"
        return fail("print queue", says, "is our own CUPS running, with this queue?")
    finally:
        await queue.close()
    if trouble is Trouble.REFUSING:
        return fail("print queue", f"{configured.queue} takes no jobs", f"cupsaccept {configured.queue}")
    return ok("print queue", f"{configured.queue} on {configured.server}")

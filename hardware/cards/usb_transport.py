"""The official USB reader of second-generation cards, 0400:c35a: four bulk end points, no class and no kernel driver.

A frame travels in two parts: preamble and length, seven bytes, to end point 02 and from 81; the rest to 06 and from
85. (The protocol paper of the SAM module; the one open driver, openiDR200, does the same.)

libusb blocks, so all of it happens in one thread of its own. A part is waited for in slices: whoever gives up waiting
leaves the thread at the end of a slice, and an answer that has begun is taken whole, so that the two end points never
get out of step. And whoever opens the reader resets it (USB 2.0, 9.1.1.3): what lay in its end points is gone.

pyusb writes every transfer to a log file when PYUSB_DEBUG is set: with that no reader is opened (requirement E05).
"""

import asyncio
import errno
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final, TypeVar

import usb.core
import usb.util

from hardware.cards.sdt_frame import HEAD_BYTES, LONGEST_LENGTH, PREAMBLE
from hardware.cards.transport import TransportDamaged, TransportLost, TransportStuck

VENDOR: Final = 0x0400
PRODUCT: Final = 0xC35A
INTERFACE: Final = 0
HEAD_OUT: Final = 0x02
HEAD_IN: Final = 0x81
BODY_OUT: Final = 0x06
BODY_IN: Final = 0x85
_TRACE: Final = "PYUSB_DEBUG"
_SLICE_MS: Final = 50
# Parts of one answer follow each other at once. Silent for longer: cut off.
_GAP_MS: Final = 300
_WRITE_MS: Final = 200
_COMES_BACK_WITHIN_S: Final = 3.0
# The largest bulk packet there is: a request of a multiple of it cannot overflow.
_PACKET_BYTES: Final = 512

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UsbLine:
    """A USB reader by its identification and, where there are two, by its plug, as the kernel names it: "1-2.3".

    `backend`: pyusb's way to the bus, None for libusb.
    """

    vendor: int = VENDOR
    product: int = PRODUCT
    plug: str | None = None
    backend: Any = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"usb {self.vendor:04x}:{self.product:04x}" + (f" at {self.plug}" if self.plug else "")

    async def open(self) -> "UsbBulkTransport":
        thread = ThreadPoolExecutor(1, thread_name_prefix="usb card reader")
        try:
            device = await asyncio.get_running_loop().run_in_executor(thread, self._claimed)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return UsbBulkTransport(device, thread)

    def _claimed(self) -> Any:
        if _TRACE in os.environ:
            raise TransportLost(f"cannot open {self.address}: {_TRACE} would write what is on cards to a log")
        failure = "not plugged in"
        try:
            if device := self._found(self.plug):
                _claim(device)  # so that no other program's is reset
                return _claim(device) if _reset(device) else self._claimed_again(_plug(device))
        except usb.core.NoBackendError:
            failure = "libusb is missing"
        except NotImplementedError:
            failure = "has no end points 02, 06, 81, 85"
        except usb.core.USBError as error:
            failure = _reason(error)
        raise TransportLost(f"cannot open {self.address}: {failure}")

    def _found(self, plug: str | None) -> Any | None:
        for device in usb.core.find(find_all=True, backend=self.backend, idVendor=self.vendor, idProduct=self.product):
            if plug in (None, _plug(device)):
                return device
        return None

    def _claimed_again(self, plug: str) -> Any:
        """The new device in the same plug, once it is there and udev has given it to us. Raises USBError."""
        deadline = time.monotonic() + _COMES_BACK_WITHIN_S
        while True:
            missing = usb.core.USBError(os.strerror(errno.ENODEV), errno=errno.ENODEV)
            try:
                if device := self._found(plug):
                    return _claim(device)
            except usb.core.USBError as error:
                missing = error
            if missing.errno not in (errno.ENODEV, errno.ENOENT, errno.EACCES) or time.monotonic() > deadline:
                raise missing
            time.sleep(_SLICE_MS / 1000)


class UsbBulkTransport:
    """A claimed reader and the thread that talks to it."""

    def __init__(self, device: Any, thread: ThreadPoolExecutor) -> None:
        self._device = device
        self._thread = thread
        self._closed = Event()

    async def send(self, frame: bytes) -> None:
        await self._in_thread(lambda: self._write(frame))

    async def receive(self) -> bytes:
        given_up = Event()
        try:
            return await self._in_thread(lambda: self._read(given_up))
        finally:
            given_up.set()

    async def close(self) -> None:
        if self._closed.is_set():
            return
        self._closed.set()
        released = asyncio.get_running_loop().run_in_executor(self._thread, self._release)
        self._thread.shutdown(wait=False)
        await released

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._closed.is_set():
            raise TransportLost("the line was closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, _translated(self._device, work))

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _write(self, frame: bytes) -> None:
        for end_point, part in ((HEAD_OUT, frame[:HEAD_BYTES]), (BODY_OUT, frame[HEAD_BYTES:])):
            if self._device.write(end_point, part, _WRITE_MS) != len(part):
                raise TransportStuck("the reader does not take a command")

    def _read(self, given_up: Event) -> bytes:
        """One answer; empty when nobody waits for it any more."""
        while not given_up.is_set():
            if self._closed.is_set():
                raise TransportLost("the line was closed")
            with suppress(usb.core.USBTimeoutError):
                return self._answer(bytes(self._device.read(HEAD_IN, _PACKET_BYTES, _SLICE_MS)))
        return b""

    def _answer(self, head: bytes) -> bytes:
        """The rest of an answer that has begun; what is missing of it is missing in the result."""
        head = self._continued(HEAD_IN, head, HEAD_BYTES)
        if len(head) != HEAD_BYTES or not head.startswith(PREAMBLE):
            # Its rest must not be taken for the rest of the next one.
            self._continued(BODY_IN, b"", LONGEST_LENGTH)
            raise TransportDamaged("an answer without a head")
        length = int.from_bytes(head[HEAD_BYTES - 2 : HEAD_BYTES], "big")
        # Whatever the reader claims, no more than the longest frame is taken; the decoder refuses the length itself.
        return head + self._continued(BODY_IN, b"", min(length, LONGEST_LENGTH))

    def _continued(self, end_point: int, so_far: bytes, length: int) -> bytes:
        with suppress(usb.core.USBTimeoutError):
            while len(so_far) < length:
                missing = length - len(so_far)
                piece = bytes(self._device.read(end_point, -(-missing // _PACKET_BYTES) * _PACKET_BYTES, _GAP_MS))
                if not piece:
                    break
                so_far += piece
        return so_far

    def _release(self) -> None:
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)


def _claim(device: Any) -> Any:
    """Raises USBError, or NotImplementedError for a device with other end points."""
    try:
        configuration = device.get_active_configuration()
    except usb.core.USBError:
        device.set_configuration()
        configuration = device.get_active_configuration()
    addresses = {end_point.bEndpointAddress for interface in configuration for end_point in interface}
    if not addresses.issuperset((HEAD_OUT, HEAD_IN, BODY_OUT, BODY_IN)):
        raise NotImplementedError
    if device.is_kernel_driver_active(INTERFACE):
        device.detach_kernel_driver(INTERFACE)
    usb.util.claim_interface(device, INTERFACE)
    return device


def _reset(device: Any) -> bool:
    """Whether it is the same device still: one that has other descriptors after it is a new one to the bus."""
    try:
        device.reset()
    except usb.core.USBError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            raise
        usb.util.dispose_resources(device)
        return False
    return True


def _plug(device: Any) -> str:
    return f"{device.bus}-{'.'.join(map(str, device.port_numbers or ()))}"


def _translated(device: Any, work: Callable[[], T]) -> Callable[[], T]:
    """The work, its errors of the bus as those of a transport."""

    def attempt() -> T:
        try:
            return work()
        except usb.core.USBTimeoutError:
            failure: Exception = TransportStuck("the reader does not take a command")
        except usb.core.USBError as error:
            failure = _recovered(device) if error.errno == errno.EPIPE else _lost(error)
        raise failure

    return attempt


def _recovered(device: Any) -> Exception:
    """After a stall: the end points are usable again, what they carried is lost (USB 2.0, 9.4.5)."""
    try:
        for end_point in (HEAD_OUT, BODY_OUT, HEAD_IN, BODY_IN):
            device.clear_halt(end_point)
    except usb.core.USBError as error:
        return _lost(error)
    return TransportDamaged("the reader stalled")


def _lost(error: usb.core.USBError) -> TransportLost:
    """What was sent to a reader that is gone is gone with it; of any other nobody can say."""
    return (TransportLost if error.errno == errno.ENODEV else TransportStuck)(_reason(error))


def _reason(error: usb.core.USBError) -> str:
    match error.errno:
        case errno.ENODEV:
            return "not plugged in any more"
        case errno.EBUSY:
            return "another program has it"
        case errno.EACCES:
            return "no permission: is the udev rule installed?"
    return f"USB error {error.errno or error.backend_error_code}"

"""An emulated USB reader, 0400:c35a: a bus with one device on it, as pyusb's core sees a bus (usb.backend.IBackend).

The driver runs on the real pyusb core: descriptors, claiming, end points, time limits and errors are those of libusb
(ENODEV after the cable was pulled, EPIPE for a stall, USBTimeoutError for silence).
"""

import array
import errno
import os
import threading
import time
from collections import deque
from types import SimpleNamespace
from typing import Final

import usb.backend
import usb.core
import usb.util

from hardware.cards import sdt_commands
from hardware.cards import usb_transport as wire
from hardware.cards.emulator.sam import DEFAULT_SAM_ID, EmulatedReader
from hardware.cards.sdt_frame import HEAD_BYTES, Decoder

# Full speed: what USB 2.0, 5.8.3 allows a bulk end point there.
_PACKET_BYTES: Final = 64
_FEW_BYTES: Final = 5
_BUS: Final = 1
_PORTS: Final = (2, 3)
_CONFIGURATION: Final = 1
_END_POINTS: Final = (wire.HEAD_OUT, wire.HEAD_IN, wire.BODY_OUT, wire.BODY_IN)


class UsbSamEmulator(EmulatedReader):
    """An emulated reader, plugged in from the start. `backend`: the bus, to be handed to pyusb."""

    def __init__(self, *, sam_id: bytes = DEFAULT_SAM_ID) -> None:
        super().__init__(sam_id)
        self.backend = _Bus(self)

    def unplug(self) -> None:
        """Pulls the cable: the device leaves the bus, and whoever has it open is told."""
        self.backend.unplug()

    def plug(self) -> None:
        """Puts the cable back; a card that lies on the reader is found anew, and so is the device by the bus."""
        self.power_cycle()
        self.backend.plug()

    def close(self) -> None:
        """The same as pulling the cable for good."""
        self.unplug()


class _Device:
    """One connection of the reader to the bus: it ends when the cable is pulled."""

    def __init__(self, address: int) -> None:
        self.address = address
        self.gone = False
        self.refusals = 0
        """So often nobody may open it: udev has not given it to its user yet."""
        self.claimed_by: object | None = None
        self.halted: set[int] = set()
        self.commands = Decoder()
        self.busy_until = 0.0
        self.packets: dict[int, deque[tuple[float, bytes]]] = {wire.HEAD_IN: deque(), wire.BODY_IN: deque()}
        """What waits to be read, and from when on: answers come in the order of their questions, however slow, but for
        one that others overtake."""


class _Bus(usb.backend.IBackend):  # type: ignore[misc]
    """What pyusb asks a backend for. Handles are plain objects; all state is under one condition."""

    def __init__(self, reader: EmulatedReader) -> None:
        self._reader = reader
        self._changed = threading.Condition()
        self._addresses = 0
        self._device: _Device | None = None
        self.plug()

    def plug(self) -> None:
        with self._changed:
            if self._device is None:
                self._addresses += 1
                self._device = _Device(self._addresses)

    def unplug(self) -> None:
        with self._changed:
            if self._device is not None:
                self._device.gone = True
                self._device = None
                self._changed.notify_all()

    # --- what is on the bus ------------------------------------------------------------------------------------------

    def enumerate_devices(self) -> list[_Device]:
        with self._changed:
            return [] if self._device is None else [self._device]

    def get_device_descriptor(self, dev: _Device) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=usb.util.DESC_TYPE_DEVICE,
            bcdUSB=0x0110,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=8,
            idVendor=wire.VENDOR,
            idProduct=wire.PRODUCT,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            address=dev.address,
            bus=_BUS,
            port_number=_PORTS[-1],
            port_numbers=_PORTS,
            speed=2,
        )

    def get_configuration_descriptor(self, dev: _Device, config: int) -> SimpleNamespace:
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=usb.util.DESC_TYPE_CONFIG,
            wTotalLength=9 + 9 + 7 * len(_END_POINTS),
            bNumInterfaces=1,
            bConfigurationValue=_CONFIGURATION,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=250,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: _Device, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf or alt or config:
            raise IndexError
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=usb.util.DESC_TYPE_INTERFACE,
            bInterfaceNumber=wire.INTERFACE,
            bAlternateSetting=0,
            bNumEndpoints=len(_END_POINTS),
            bInterfaceClass=0xFF,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: _Device, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=usb.util.DESC_TYPE_ENDPOINT,
            bEndpointAddress=_END_POINTS[ep],
            bmAttributes=usb.util.ENDPOINT_TYPE_BULK,
            wMaxPacketSize=_PACKET_BYTES,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    # --- who has it open ---------------------------------------------------------------------------------------------

    def open_device(self, dev: _Device) -> tuple[_Device, object]:
        with self._changed:
            _demand_present(dev)
            if dev.refusals:
                dev.refusals -= 1
                raise _error(errno.EACCES)
            return dev, object()

    def close_device(self, dev_handle: tuple[_Device, object]) -> None:
        with self._changed:
            self._let_go(dev_handle)

    def get_configuration(self, dev_handle: tuple[_Device, object]) -> int:
        return _CONFIGURATION

    def set_configuration(self, dev_handle: tuple[_Device, object], config_value: int) -> None:
        _demand_present(dev_handle[0])

    def is_kernel_driver_active(self, dev_handle: tuple[_Device, object], intf: int) -> bool:
        return False

    def claim_interface(self, dev_handle: tuple[_Device, object], intf: int) -> None:
        device, owner = dev_handle
        with self._changed:
            _demand_present(device)
            if device.claimed_by not in (None, owner):
                raise _error(errno.EBUSY)
            device.claimed_by = owner

    def release_interface(self, dev_handle: tuple[_Device, object], intf: int) -> None:
        with self._changed:
            self._let_go(dev_handle)

    def clear_halt(self, dev_handle: tuple[_Device, object], ep: int) -> None:
        with self._changed:
            _demand_present(dev_handle[0])
            dev_handle[0].halted.discard(ep)

    def reset_device(self, dev_handle: tuple[_Device, object]) -> None:
        """The end points are empty; a SAM that ponders goes on, and so does what it holds back."""
        device, _ = dev_handle
        with self._changed:
            _demand_present(device)
            self._let_go(dev_handle)
            device.halted.clear()
            device.commands = Decoder()
            now = time.monotonic()
            for end_point, packets in device.packets.items():
                device.packets[end_point] = deque(packet for packet in packets if packet[0] > now)
            if self._reader.faults.new_after_reset:
                self.unplug()
                self.plug()
                assert self._device is not None
                self._device.refusals = 1
                raise _error(errno.ENOENT)

    # --- transfers ---------------------------------------------------------------------------------------------------

    def bulk_write(
        self, dev_handle: tuple[_Device, object], ep: int, intf: int, data: "array.array[int]", timeout: int
    ) -> int:
        device = dev_handle[0]
        with self._changed:
            _demand_present(device)
            for command in device.commands.feed(data.tobytes()):
                self._answer(device, self._reader.respond(command), overtaken=command == sdt_commands.READ.body)
        return len(data)

    def bulk_read(
        self, dev_handle: tuple[_Device, object], ep: int, intf: int, buff: "array.array[int]", timeout: int
    ) -> int:
        """One transfer: packets until a short one or until the buffer is full."""
        device = dev_handle[0]
        deadline = time.monotonic() + timeout / 1000
        with self._changed:
            while not self._ready(device, ep):
                if time.monotonic() >= deadline:
                    raise usb.core.USBTimeoutError(os.strerror(errno.ETIMEDOUT), errno=errno.ETIMEDOUT)
                due = device.packets[ep][0][0] if device.packets[ep] else deadline
                next_look = deadline if self._reader.faults.held else min(deadline, due)
                self._changed.wait(max(0.0, next_look - time.monotonic()))
            taken = 0
            while self._ready(device, ep) and taken + len(device.packets[ep][0][1]) <= len(buff):
                _, packet = device.packets[ep].popleft()
                buff[taken : taken + len(packet)] = array.array("B", packet)
                taken += len(packet)
                if len(packet) < _PACKET_BYTES:
                    break
            return taken

    def _ready(self, device: _Device, ep: int) -> bool:
        """Is there a packet to take now? Raises what libusb would."""
        _demand_present(device)
        if ep in device.halted:
            raise _error(errno.EPIPE)
        if self._reader.faults.held or not device.packets[ep]:
            return False
        return device.packets[ep][0][0] <= time.monotonic()

    def _answer(self, device: _Device, frame: bytes, *, overtaken: bool) -> None:
        faults = self._reader.faults
        if not frame:
            return
        if faults.stalls:
            faults.stalls -= 1
            device.halted |= {wire.HEAD_IN, wire.BODY_IN}
        else:
            now = time.monotonic()
            if overtaken and faults.overtaken_s:
                due, faults.overtaken_s = now + faults.overtaken_s, 0.0
            else:
                due = device.busy_until = max(device.busy_until, now) + faults.slow_s
            size = _FEW_BYTES if faults.short_packets else _PACKET_BYTES
            for end_point, part in ((wire.HEAD_IN, frame[:HEAD_BYTES]), (wire.BODY_IN, frame[HEAD_BYTES:])):
                pieces = (part[start : start + size] for start in range(0, len(part), size))
                packets = [*device.packets[end_point], *((due, piece) for piece in pieces)]
                device.packets[end_point] = deque(sorted(packets, key=lambda packet: packet[0]))
        self._changed.notify_all()

    def _let_go(self, dev_handle: tuple[_Device, object]) -> None:
        device, owner = dev_handle
        if device.claimed_by is owner:
            device.claimed_by = None


def _demand_present(device: _Device) -> None:
    if device.gone:
        raise _error(errno.ENODEV)


def _error(number: int) -> usb.core.USBError:
    return usb.core.USBError(os.strerror(number), errno=number)

"""Emulated card readers: product code, for demonstrations, technicians and tests. Each has switches for its faults.

A SAM reader on a pseudo-terminal (`SamEmulator`) or behind pyusb (`UsbSamEmulator`).
"""

from hardware.cards.emulator.sam import DEFAULT_SAM_ID, OTHER_SAM_ID, EmulatedReader, Faults, SamModule
from hardware.cards.emulator.serial_line import SamEmulator
from hardware.cards.emulator.usb_device import UsbSamEmulator

__all__ = [
    "DEFAULT_SAM_ID",
    "OTHER_SAM_ID",
    "EmulatedReader",
    "Faults",
    "SamEmulator",
    "SamModule",
    "UsbSamEmulator",
]

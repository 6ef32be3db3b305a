"""A key switch on an input line of the board, as Linux shows one: an input device of its own (gpio-keys in the device
tree or in ACPI; Documentation/input/event-codes.rst), with one key or switch that is on while the key is turned.

Its events only wake us: how it stands is asked of the kernel (EVIOCGKEY, EVIOCGSW; linux/input.h), so a burst that was
dropped (SYN_DROPPED) changes nothing. A device that is not there, or goes, is a key that is not turned.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

AGAIN_S: Final = 5.0
_KEY_BYTES: Final = 96
_SWITCH_BYTES: Final = 8
"""Room for a bit of each code up to KEY_MAX and SW_MAX."""
_READ: Final = 2 << 30
_EVIOCGKEY: Final = _READ | _KEY_BYTES << 16 | ord("E") << 8 | 0x18
_EVIOCGSW: Final = _READ | _SWITCH_BYTES << 16 | ord("E") << 8 | 0x1B


class EvdevSwitch:
    """`path`: of the device. `is_on`: how it stands, by its descriptor; raises OSError."""

    def __init__(self, path: Path, is_on: "Callable[[int], bool] | None" = None, again_s: float = AGAIN_S) -> None:
        self._path = path
        self._is_on = is_on or any_is_on
        self._again_s = again_s
        self._turned = False
        self._told = ""
        self._changed = asyncio.Condition()
        self._watch: asyncio.Task[None] | None = None

    @property
    def turned(self) -> bool:
        return self._turned

    async def open(self) -> None:
        self._watch = asyncio.create_task(self._keep_watching())

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def wait(self, turned: bool) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._turned is turned)

    async def _keep_watching(self) -> None:
        while True:
            try:
                await self._follow()
                self._tell("it is gone")
            except OSError as error:
                self._tell(error.strerror or "")
            await self._stands(False)
            await asyncio.sleep(self._again_s)

    async def _follow(self) -> None:
        """Until it is gone. Raises OSError."""
        device = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        try:
            loop.add_reader(device, woken.set)
            while True:
                await self._stands(self._is_on(device))
                self._told = ""  # it is there: losing it again is news
                await woken.wait()
                woken.clear()
                with contextlib.suppress(BlockingIOError):
                    while os.read(device, 4096):
                        pass
                    return
        finally:
            loop.remove_reader(device)
            os.close(device)

    def _tell(self, why: str) -> None:
        """Once, however often it is looked for in vain."""
        if why != self._told:
            log.error("the key switch %s: %s", self._path, why)
            self._told = why

    async def _stands(self, turned: bool) -> None:
        async with self._changed:
            self._turned = turned
            self._changed.notify_all()


def any_is_on(device: int) -> bool:
    """Any key or switch of this device. Raises OSError."""
    keys, switches = bytearray(_KEY_BYTES), bytearray(_SWITCH_BYTES)
    fcntl.ioctl(device, _EVIOCGKEY, keys)
    fcntl.ioctl(device, _EVIOCGSW, switches)
    return any(keys) or any(switches)

"""A key switch that is turned by hand."""

import asyncio


class HandSwitch:
    """Where others wait for the kernel, this one waits for `turn`."""

    def __init__(self) -> None:
        self.turned = False
        self._changed = asyncio.Condition()

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def turn(self, turned: bool) -> None:
        async with self._changed:
            self.turned = turned
            self._changed.notify_all()

    async def wait(self, turned: bool) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.turned is turned)

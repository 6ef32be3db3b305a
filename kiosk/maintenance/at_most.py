"""Hearing somebody out, but not for ever."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final, TypeVar

_NOW_S: Final = 0.01
T = TypeVar("T")


async def at_most(seconds: float, saying: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Raises TimeoutError when it says more after that long. No alarm is set while whoever listens is at work."""
    now = asyncio.get_running_loop().time
    ends = now() + seconds
    while True:
        try:
            async with asyncio.timeout_at(max(ends, now() + _NOW_S)):
                said = await anext(saying)
        except StopAsyncIteration:
            return
        yield said

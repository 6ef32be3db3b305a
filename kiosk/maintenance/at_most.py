"""Hearing somebody out, but not for ever."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final, TypeVar

_NOW_S: Final = 0.01
T = TypeVar("T")


class NotOver(Exception):
    """It had more to say when its time was over."""


async def at_most(seconds: float, saying: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Raises NotOver when it says more after that long; a TimeoutError is its own, as of a socket. No alarm is set
    while whoever listens is at work: what it has ready then is still heard, and that it is at its end."""
    now = asyncio.get_running_loop().time
    ends, more_s = now() + seconds, _NOW_S
    while True:
        began = now()
        try:
            async with asyncio.timeout_at(max(ends, began + more_s)) as alarm:
                said = await anext(saying)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if alarm.expired():
                raise NotOver from None
            raise
        more_s -= max(now() - max(began, ends), 0.0)
        yield said

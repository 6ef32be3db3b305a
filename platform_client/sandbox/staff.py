"""Work that goes on beside the calls: ferries, deliveries."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Staff:
    """Tasks that work as long as their system does."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def hire(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def dismiss(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

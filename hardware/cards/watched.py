"""What every driver tells of its reader: is a card there, can the reader be used; and the waits for both."""

import asyncio

from hardware.cards.port import ReaderState


class WatchedReader:
    """The half of `IdentityReader` that waits. A driver reports with `_card_here`, `_card_gone` and `_enter`."""

    def __init__(self) -> None:
        self._state = ReaderState.LOST
        self._entered = {state: asyncio.Event() for state in ReaderState}
        self._entered[self._state].set()
        self._here = asyncio.Event()
        self._away = asyncio.Event()
        self._away.set()

    @property
    def present(self) -> bool:
        return self._here.is_set()

    @property
    def state(self) -> ReaderState:
        return self._state

    async def wait_present(self) -> None:
        await self._here.wait()

    async def wait_absent(self) -> None:
        await self._away.wait()

    async def wait_state(self, state: ReaderState) -> None:
        await self._entered[state].wait()

    def _card_here(self) -> None:
        self._away.clear()
        self._here.set()

    def _card_gone(self) -> None:
        self._here.clear()
        self._away.set()

    def _enter(self, state: ReaderState) -> None:
        self._state = state
        for each, event in self._entered.items():
            event.set() if each is state else event.clear()

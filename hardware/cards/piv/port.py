"""A reader for staff cards, as the house sees it."""

from typing import Protocol

from hardware.cards.piv.card import Holder, Pin
from hardware.cards.port import ReaderState


class StaffCardReader(Protocol):
    """A reader for staff cards. `look` and `prove` as in hardware.cards.piv.card; each raises PivError, and leaves
    nothing open in the card."""

    @property
    def present(self) -> bool: ...

    @property
    def state(self) -> ReaderState: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def wait_present(self) -> None: ...

    async def wait_absent(self) -> None: ...

    async def wait_state(self, state: ReaderState) -> None: ...

    async def look(self) -> Holder: ...

    async def prove(self, pin: Pin, tries_told: int | None, challenge: bytes) -> bytes: ...

"""The machine under the terminal, as far as the agent may move it: it can ask for a restart, between two citizens.
Whether it is granted is not the agent's to say (kiosk.fleet.authority).

Whether a citizen is served right now is for the desk to say, and what it published a moment ago may be over. So the
desk is asked to stand aside first (kiosk.maintenance.aside): it does when no citizen is served, and serves none for as
long as the agent stands at its door. Only then the wish for a restart is written, and the agent stays there until the
machine goes down. A desk that is dead serves nobody; one that lives and opens to nobody is asked for half an hour.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Final, Protocol

from kiosk import journal
from kiosk.clock import Clock
from kiosk.fleet import authority
from kiosk.fleet.door import NoDoor
from kiosk.health.published import Report
from kiosk.maintenance.plan import GOES_DOWN_WITHIN_S as GOES_DOWN_WITHIN_S

log = logging.getLogger(__name__)

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
ASIDE_WITHIN_S: Final = 30.0
"""So long the agent waits at the door at a time; when a citizen began just then, it comes again later."""
OPENS_WITHIN_S: Final = 1800.0
REFUSED_FOR_S: Final = 3600.0
"""So long after a wish that was refused none is written."""


class Aside(Protocol):
    """The desk's door, as far as it is needed here."""

    def aside(self) -> AbstractAsyncContextManager[None]:
        """Entered when no citizen is served, and none is until it is left. Raises NoDoor."""


def this_boot() -> str:
    """A name that no other boot of this machine has. The service manager says it: of /proc the agent's unit sees
    processes and nothing of the kernel, which says it to whoever was started by hand."""
    return os.environ.get("BOOT_ID") or _BOOT.read_text(encoding="ascii").strip()


class Machine:
    """`wish`: a file on tmpfs that asks the service manager for a restart, and is gone after it. `health`: what the
    desk says. `boot`: as `this_boot`. Use as a context: at its end the desk may serve again."""

    def __init__(
        self,
        wish: Path,
        health: Callable[[], Report | None],
        door: Aside,
        clock: Clock,
        boot: Callable[[], str] = this_boot,
    ) -> None:
        self._wish = wish
        self._health = health
        self._door = door
        self._clock = clock
        self._boot = boot
        self._standing = AsyncExitStack()
        self._closed_since: float | None = None
        self._asked_at: float | None = None
        self._refused_until = 0.0

    async def __aenter__(self) -> "Machine":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._let_serve()

    @property
    def boot(self) -> str:
        return self._boot()

    async def is_going_down(self) -> bool:
        """It was asked to, and has time left to. A service manager that did not hear is not waited for: the wish is
        taken back, the desk may serve, and whoever wants a restart asks for it anew."""
        now = self._clock.monotonic()
        if not self._wish.exists():
            if self._asked_at is not None:
                await self._is_refused()
            return False
        if self._asked_at is None:
            self._asked_at = now
        if now - self._asked_at < GOES_DOWN_WITHIN_S:
            return True
        did_not = journal.event(journal.FLEET, command="restart", outcome="did-not-happen")
        log.error("the machine was asked to restart and did not: journalctl -u kiosk-restart", extra=did_not)
        self._wish.unlink(missing_ok=True)
        self._asked_at = None
        await self._let_serve()
        return False

    async def restart_when_free(self, before: Callable[[], None], *, late: bool = False, order: str = "") -> bool:
        """Whether the restart is asked for now; `before` is done between the last citizen and it. `late`: a citizen who
        is still being served is no reason to wait any more. `order`: the operator's words, if it is he who wants it.
        Raises OSError when it cannot be asked for."""
        if self._clock.monotonic() < self._refused_until:
            return False
        report = self._health()
        if report is None or report.serving:
            self._closed_since = None  # neither is a desk that lives and opens to nobody
        if report is not None and not late and not await self._stands_aside(report):
            return False
        try:
            before()
            self._ask(order)
        except OSError:
            await self._let_serve()  # nothing restarts: the desk must not stand aside for nothing
            raise
        return True

    def restart(self) -> None:
        """At once: what runs now is not well. Raises OSError when it cannot be asked for."""
        if self._clock.monotonic() >= self._refused_until:
            self._ask("")

    def _ask(self, order: str) -> None:
        log.info("the machine is to restart")
        authority.write(self._wish, order)
        self._asked_at = self._clock.monotonic()

    async def _is_refused(self) -> None:
        refused = journal.event(journal.FLEET, command="restart", outcome="refused")
        log.error("the machine may not restart: journalctl -u kiosk-restart", extra=refused)
        self._asked_at = None
        self._refused_until = self._clock.monotonic() + REFUSED_FOR_S
        await self._let_serve()

    async def _let_serve(self) -> None:
        with contextlib.suppress(NoDoor):
            await self._standing.aclose()

    async def _stands_aside(self, report: Report) -> bool:
        if report.serving:
            return False
        try:
            async with asyncio.timeout(ASIDE_WITHIN_S):
                await self._standing.enter_async_context(self._door.aside())
        except TimeoutError:
            self._closed_since = None  # it opened, and serves
            return False
        except NoDoor as error:
            log.warning("the desk does not stand aside: %s", error)
            now = self._clock.monotonic()
            if self._closed_since is None:
                self._closed_since = now
            return now - self._closed_since >= OPENS_WITHIN_S
        self._closed_since = None
        return True

"""Asking the fleet's server what it wants of this terminal, for ever, and one thing at a time.

What is on trial comes first, and needs no server. Then the server is asked; what it takes back is given up; what is
under way goes on; and only when nothing is, the next is taken.
"""

import logging
from typing import Final, Protocol

from kiosk import journal
from kiosk.clock import Clock
from kiosk.fleet.commands import Commands
from kiosk.fleet.ddi import DdiError, Finished, NotUsable, Poll, Server
from kiosk.fleet.profiles import Profiles
from kiosk.fleet.rauc import RaucError
from kiosk.fleet.updates import Updates
from kiosk.fleet.wish import Wish
from kiosk.reasons import fault

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
"""While something is under way."""
AFTER_A_FAULT_S: Final = 60.0


class Taker(Protocol):
    """What can be under way."""

    async def go_on(self) -> bool: ...

    async def cancel(self, action: str) -> bool: ...


class Rounds:
    """`introduction`: what the server is told of this terminal. `wish`: of staff, that the server is asked at once
    (kiosk.maintenance.image)."""

    def __init__(
        self,
        server: Server,
        commands: Commands,
        profiles: Profiles,
        updates: Updates,
        clock: Clock,
        introduction: dict[str, str],
        wish: Wish,
    ) -> None:
        self._server = server
        self._commands = commands
        self._profiles = profiles
        self._updates = updates
        self._takers: tuple[Taker, ...] = (commands, profiles, updates)
        self._clock = clock
        self._introduction = introduction
        self._wish = wish

    async def run(self) -> None:
        """For ever. A server or a RAUC that fails is asked again."""
        while True:
            await self._rest(await self.step())

    async def _rest(self, seconds: float) -> None:
        """Until then, or until staff at the terminal want the server asked now."""
        ends = self._clock.monotonic() + seconds
        while (left := ends - self._clock.monotonic()) > 0 and not self._wish.comes():
            await self._clock.sleep(min(left, LOOK_EVERY_S))

    async def step(self) -> float:
        """Does what is next; seconds until the step after it."""
        try:
            self._profiles.hear_staff()
            if await self._updates.is_on_trial() or await self._profiles.is_on_trial():
                return LOOK_EVERY_S
            if await self._commands.is_restarting():
                return LOOK_EVERY_S
            return await self._between(await self._server.poll())
        except (DdiError, RaucError, OSError) as error:
            log.warning("fleet: %s", error)
        except Exception as error:  # whatever a server says: an agent that ends over it would end over it again
            log.error("fault: %s", fault(error), extra=journal.event(journal.FAULT))
        return AFTER_A_FAULT_S

    async def _between(self, poll: Poll) -> float:
        """Nothing is on trial: the server may be heard."""
        if poll.config_data is not None:
            await self._server.introduce(poll.config_data, self._introduction)
        if poll.cancel is not None:
            number, action = await self._server.cancellation(poll.cancel)
            was = [await taker.cancel(action) for taker in self._takers]
            await self._server.is_cancelled(number, "given up" if any(was) else "nothing of it was under way")
            return LOOK_EVERY_S
        for taker in self._takers:
            if await taker.go_on():
                return LOOK_EVERY_S
        if poll.deployment is not None:
            return await self._take(poll)
        return poll.sleep_s

    async def _take(self, poll: Poll) -> float:
        assert poll.deployment is not None
        try:
            deployment = await self._server.deployment(poll.deployment)
        except NotUsable as error:
            text, action = error.args
            await self._server.report(action, "closed", Finished.FAILURE, text)
            return poll.sleep_s
        if not deployment.now:
            return poll.sleep_s
        if deployment.command is not None:
            await self._commands.take(deployment)
        elif deployment.profile is not None:
            await self._profiles.take(deployment)
        else:
            await self._updates.take(deployment)
        return LOOK_EVERY_S

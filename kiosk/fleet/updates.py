"""An update of the whole image, from the server's wish to a terminal that was seen to be well on it.

```
deployment → download → install (other slot) → no citizen is served → restart → gate → good
                                    └─ cancelled: this slot boots again       └─ not well: bad, back to the slot before
```

**The gate** compares: what kept the terminal from serving before the update may still do so after it, and an empty
tray is the hall's affair; anything else that does so for `GATE_S` sends it back. A slot that did not boot needs no
gate: the boot loader took the old one by itself. What is begun is written down before, so that a power cut at any point
is one of these cases; each step can be done again.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from kiosk.clock import Clock
from kiosk.fleet.ddi import DdiError, Deployment, Finished, NotUsable, Poll, Server
from kiosk.fleet.rauc import Rauc, RaucError
from kiosk.health.board import DESK
from kiosk.health.findings import Level
from kiosk.health.published import Report
from kiosk.reasons import Reason

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
"""While something is under way."""
GATE_S: Final = 600.0
STEADY_S: Final = 60.0
FORCED_AFTER_S: Final = 1800.0
"""So long a forced update waits for a moment without a citizen."""
_THE_HALLS: Final = frozenset(
    reason.value
    for reason in (
        Reason.PAPER_EMPTY,
        Reason.PAPER_JAM,
        Reason.PRINTER_DOOR_OPEN,
        Reason.CLOSED_FOR_MAINTENANCE,
        Reason.CLOSED_FOR_REPAIR,
        Reason.CLOSED_BY_OPERATOR,
    )
)


class Begun(Struct, frozen=True):
    """What was begun. `slot`: the one that ran then. `amiss`: what kept the terminal from serving then."""

    action: str
    version: str
    forced: bool
    slot: str
    amiss: tuple[str, ...]
    stage: Literal["installing", "installed", "restarting", "returning"]


class Updates:
    """`health`: what the desk says. `kept`: a folder on disk. `restart`: a file on tmpfs that asks the service manager
    for a restart of the machine, and is gone after it. `introduction`: what the server is told of this terminal."""

    def __init__(
        self,
        server: Server,
        rauc: Rauc,
        health: Callable[[], Report | None],
        clock: Clock,
        *,
        kept: Path,
        restart: Path,
        introduction: dict[str, str],
    ) -> None:
        self._server = server
        self._rauc = rauc
        self._health = health
        self._clock = clock
        self._record = kept / "update.json"
        self._bundle = kept / "update.raucb"
        self._restart = restart
        self._introduction = introduction
        self._waiting_since: float | None = None
        self._gate_since: float | None = None
        self._well_since: float | None = None

    async def run(self) -> None:
        """For ever. A server or a RAUC that fails is asked again."""
        while True:
            await self._clock.sleep(await self.step())

    async def step(self) -> float:
        """Does what is next; seconds until the step after it."""
        try:
            begun = self._begun()
            if begun is not None and begun.stage in ("installing", "installed"):
                begun = await self._after_interruption(begun)
            if begun is not None and begun.stage != "installed":
                await self._after_restart(begun)
                return LOOK_EVERY_S
            poll = await self._server.poll()
            return await self._between(poll, begun)
        except (DdiError, RaucError, OSError) as error:
            log.warning("update: %s", error)
            return 60.0

    async def _between(self, poll: Poll, begun: Begun | None) -> float:
        """Nothing is restarting: the server may be heard."""
        if poll.config_data is not None:
            await self._server.introduce(poll.config_data, self._introduction)
        if poll.cancel is not None:
            await self._cancel(poll, begun)
            return LOOK_EVERY_S
        if begun is not None:
            self._restart_when_free(begun)
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
        try:
            await self._install(deployment)
        except (NotUsable, RaucError, OSError) as error:
            log.error("update %s is refused: %s", deployment.version, error)
            await self._server.report(deployment.action, "closed", Finished.FAILURE, str(error))
        return LOOK_EVERY_S

    async def _install(self, deployment: Deployment) -> None:
        action = deployment.action
        await self._server.report(action, "proceeding", Finished.NONE, "downloading")
        await self._server.download(deployment, self._bundle)
        try:
            await self._server.report(action, "proceeding", Finished.NONE, "installing")
            slot, version = await self._rauc.boot_slot(), deployment.version
            begun = Begun(action, version, deployment.forced, slot, self._amiss(), "installing")
            self._keep(begun)
            await self._rauc.install(str(self._bundle))
        except RaucError:
            self._forget()
            raise
        finally:
            self._bundle.unlink(missing_ok=True)
        self._keep(msgspec.structs.replace(begun, stage="installed"))
        log.info("update %s is installed", deployment.version)
        await self._server.report(action, "proceeding", Finished.NONE, "installed; waits until no citizen is served")

    async def _cancel(self, poll: Poll, begun: Begun | None) -> None:
        assert poll.cancel is not None
        number, action = await self._server.cancellation(poll.cancel)
        if begun is not None and begun.action == action:
            await self._rauc.mark("active", "booted")
            self._forget()
            log.info("update %s is cancelled", begun.version)
        await self._server.is_cancelled(number, "the slot that runs boots again")

    def _restart_when_free(self, begun: Begun) -> None:
        """A desk that is dead serves nobody."""
        now, report = self._clock.monotonic(), self._health()
        if self._waiting_since is None:
            self._waiting_since = now
        late = begun.forced and now - self._waiting_since >= FORCED_AFTER_S
        if report is not None and report.serving and not late:
            return
        self._ask_for_restart()
        self._keep(msgspec.structs.replace(begun, stage="restarting"))

    async def _after_interruption(self, begun: Begun) -> Begun | None:
        """The machine may have restarted by itself: then the gate is next. A program that ended while RAUC worked does
        all once more."""
        if await self._rauc.boot_slot() != begun.slot:
            return msgspec.structs.replace(begun, stage="restarting")
        if begun.stage == "installed":
            return begun
        if await self._rauc.is_busy():
            raise RaucError("RAUC still installs what a program before this one gave it")
        self._forget()
        return None

    async def _after_restart(self, begun: Begun) -> None:
        if self._restart.exists():
            return  # it is still to come
        is_back = await self._rauc.boot_slot() == begun.slot
        match begun.stage, is_back:
            case "returning", True:
                await self._close(begun, Finished.FAILURE, "it was not well; the slot before runs again")
            case "returning", False:
                self._ask_for_restart()
            case _, True:
                await self._rauc.mark("active", "booted")  # or the next restart would try it once more, without a gate
                await self._close(begun, Finished.FAILURE, "it did not boot; the boot loader went back")
            case _:
                await self._gate(begun)

    async def _gate(self, begun: Begun) -> None:
        """Good when it was well for `STEADY_S` in a row; back when it was not within `GATE_S`. A dead desk is never
        excused: it may have been dead before only because it tested itself."""
        now = self._clock.monotonic()
        if self._gate_since is None:
            self._gate_since = now
        worse = set(self._amiss()) - (set(begun.amiss) - {DESK})
        if worse:
            self._well_since = None
            if now - self._gate_since >= GATE_S:
                log.error("update %s goes back: %s", begun.version, ", ".join(sorted(worse)))
                await self._rauc.mark("bad", "booted")
                await self._rauc.mark("active", "other")
                self._ask_for_restart()
                self._keep(msgspec.structs.replace(begun, stage="returning"))
            return
        if self._well_since is None:
            self._well_since = now
        if now - self._well_since >= STEADY_S:
            await self._rauc.mark("good", "booted")
            await self._close(begun, Finished.SUCCESS, "the terminal is well on it")

    async def _close(self, begun: Begun, finished: Finished, why: str) -> None:
        log.info("update %s: %s", begun.version, why)
        await self._server.report(begun.action, "closed", finished, why)
        self._forget()

    def _amiss(self) -> tuple[str, ...]:
        """What keeps the terminal from serving and could be the software's fault."""
        report = self._health()
        if report is None:
            return (DESK,)
        red = (finding for finding in report.findings if finding.level is Level.FAIL)
        return tuple(sorted({finding.part for finding in red if finding.code not in _THE_HALLS}))

    def _begun(self) -> Begun | None:
        try:
            return msgspec.json.decode(self._record.read_bytes(), type=Begun)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            log.error("update: %s cannot be read and is forgotten", self._record)
            self._forget()
            return None

    def _keep(self, begun: Begun) -> None:
        coming = self._record.with_suffix(".new")
        with coming.open("wb") as file:
            file.write(msgspec.json.encode(begun))
            os.fsync(file.fileno())
        coming.rename(self._record)
        folder = os.open(self._record.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _forget(self) -> None:
        self._record.unlink(missing_ok=True)
        self._waiting_since = self._gate_since = self._well_since = None

    def _ask_for_restart(self) -> None:
        log.info("update: the machine is to restart")
        self._restart.touch()

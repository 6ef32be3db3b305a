"""An update of the whole image, from the server's wish to a terminal that was seen to be well on it.

```
deployment → download → install (other slot) → no citizen is served → restart → gate → good
                                    └─ cancelled: this slot boots again       └─ not well: bad, back to the slot before
```

A slot that did not boot needs no gate (kiosk.fleet.gate): the boot loader took the old one by itself. To roll back is
the same way without a download: the other slot is to boot, and passes the gate. What is begun is written down before,
so that a power cut at any point is one of these cases; each step can be done again.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from kiosk import journal
from kiosk.clock import Clock
from kiosk.fleet.command import Command
from kiosk.fleet.ddi import Deployment, Finished, NotUsable, Server
from kiosk.fleet.gate import Gate, Verdict, amiss
from kiosk.fleet.kept import Kept
from kiosk.fleet.machine import Machine
from kiosk.fleet.patience import Patience
from kiosk.fleet.rauc import Rauc, RaucError
from kiosk.fleet.trail import Trail
from kiosk.health.published import Report
from kiosk.reasons import Refused

log = logging.getLogger(__name__)

RECORD: Final = "update.json"


class Begun(Struct, frozen=True):
    """What was begun. `slot`: the one that ran then. `amiss`: what kept the terminal from serving then. `deadline`: as
    in the command by which it came, if it came by one. `boot`: the one in which the restart was asked for."""

    action: str
    version: str
    forced: bool
    slot: str
    amiss: tuple[str, ...]
    stage: Literal["installing", "installed", "restarting", "returning"]
    deadline: datetime | None = None
    boot: str = ""


class Ended(Struct, frozen=True):
    """What came to its end last."""

    action: str
    done: bool
    why: str


class Updates:
    """`health`: what the desk says. `kept`: a folder on disk."""

    def __init__(
        self,
        server: Server,
        rauc: Rauc,
        machine: Machine,
        health: Callable[[], Report | None],
        clock: Clock,
        trail: Trail,
        *,
        kept: Path,
    ) -> None:
        self._server = server
        self._rauc = rauc
        self._machine = machine
        self._health = health
        self._clock = clock
        self._trail = trail
        self._begun = Kept(kept / RECORD, Begun)
        self._ended = Kept(kept / "update-ended.json", Ended)
        self._bundle = kept / "update.raucb"
        self._recorded: str | None = None
        self._patience = Patience(clock)
        self._gate: Gate | None = None

    async def is_on_trial(self) -> bool:
        """Whether the machine restarts, or has restarted into another slot, and it is not clear yet how that went."""
        begun = self._begun.read()
        if begun is None:
            return False
        if begun.stage in ("restarting", "returning") and await self._machine.is_going_down():
            return True
        if begun.stage == "restarting" and begun.boot == self._machine.boot:
            begun = msgspec.structs.replace(begun, stage="installed")  # it did not go down: it is asked again
            self._begun.keep(begun)
        elif begun.stage in ("installing", "installed"):
            begun = await self._after_interruption(begun)
        if begun is None or begun.stage == "installed":
            return False
        await self._after_restart(begun)
        return True

    async def take(self, deployment: Deployment, command: Command | None = None) -> None:
        """`command`: the operator's, to do so."""
        assert deployment.bundle is not None
        try:
            if self._recorded != deployment.action:  # a server that does not give the image is asked again and again
                self._trail.record("update.began", action=deployment.action)
                self._recorded = deployment.action
            await self._install(deployment, command)
        except (NotUsable, RaucError, OSError, Refused) as error:
            await self._refuse(deployment.action, error)

    async def go_on(self) -> bool:
        """Whether one is installed and waits for its restart."""
        begun = self._begun.read()
        if begun is not None:
            await self._restart_when_free(begun)
        return begun is not None

    async def cancel(self, action: str) -> bool:
        """Whether it was this action's, and does not boot."""
        begun = self._begun.read()
        if begun is None or begun.action != action:
            return False
        await self._rauc.mark("active", "booted")
        self._forget()
        log.info("update %s is cancelled", begun.version)
        self._trail.note("update.cancelled", action=action)
        return True

    async def roll_back(self, action: str, command: Command) -> None:
        """To what is in the other slot."""
        try:
            slot, known = await self._rauc.boot_slot(), amiss(self._health)
            begun = Begun(action, "before", False, slot, known, "installing", command.deadline)
            self._begun.keep(begun)
            await self._rauc.mark("active", "other")
        except RaucError as error:
            await self._refuse(action, error)
            return
        self._begun.keep(msgspec.structs.replace(begun, stage="installed"))
        self._trail.note("update.rollback", action=action, slot=slot)
        await self._server.report(action, "proceeding", Finished.NONE, "waits until no citizen is served")

    def ended(self, action: str) -> tuple[bool, str] | None:
        """How this action ended and why, if it was the last that did."""
        ended = self._ended.read()
        return (ended.done, ended.why) if ended is not None and ended.action == action else None

    async def _refuse(self, action: str, error: Exception) -> None:
        log.error("update is refused: %s", error)
        self._trail.note("update.refused", action=action, why=type(error).__name__)
        await self._server.report(action, "closed", Finished.FAILURE, str(error), self._trail.newest)
        self._ended.keep(Ended(action, False, str(error)))

    async def _install(self, deployment: Deployment, command: Command | None) -> None:
        assert deployment.bundle is not None
        action, version = deployment.action, deployment.version
        await self._server.report(action, "proceeding", Finished.NONE, "downloading")
        await self._server.download(deployment.bundle, self._bundle)
        try:
            await self._server.report(action, "proceeding", Finished.NONE, "installing")
            slot, known = await self._rauc.boot_slot(), amiss(self._health)
            deadline = None if command is None else command.deadline
            begun = Begun(action, version, deployment.forced, slot, known, "installing", deadline)
            self._begun.keep(begun)
            await self._rauc.install(str(self._bundle))
        finally:
            self._bundle.unlink(missing_ok=True)
        self._begun.keep(msgspec.structs.replace(begun, stage="installed"))
        log.info("update %s is installed", version)
        self._trail.note("update.installed", action=action)
        await self._server.report(action, "proceeding", Finished.NONE, "installed; waits until no citizen is served")

    async def _restart_when_free(self, begun: Begun) -> None:
        late = self._patience.is_over(forced=begun.forced, deadline=begun.deadline)

        restarting = msgspec.structs.replace(begun, stage="restarting", boot=self._machine.boot)

        def before() -> None:
            self._trail.note("update.restarts", action=begun.action)
            self._begun.keep(restarting)

        await self._machine.restart_when_free(before, late=late)

    async def _after_interruption(self, begun: Begun) -> Begun | None:
        """The machine may have restarted by itself: then the gate is next. What did not come to its end is given up,
        and the other slot does not boot for it, whatever RAUC made of it meanwhile; the server may send it again."""
        if await self._rauc.boot_slot() != begun.slot:
            return msgspec.structs.replace(begun, stage="restarting")
        if begun.stage == "installed":
            return begun
        if await self._rauc.is_busy():
            raise RaucError("RAUC still installs what it was given before")
        await self._rauc.mark("active", "booted")
        self._forget()
        return None

    async def _after_restart(self, begun: Begun) -> None:
        is_back = await self._rauc.boot_slot() == begun.slot
        match begun.stage, is_back:
            case "returning", True:
                await self._close(begun, Finished.FAILURE, "it was not well; the slot before runs again")
            case "returning", False:
                self._machine.restart()
            case _, True:
                await self._rauc.mark("active", "booted")  # or the next restart would try it once more, without a gate
                await self._close(begun, Finished.FAILURE, "it did not boot; the boot loader went back")
            case _:
                await self._look(begun)

    async def _look(self, begun: Begun) -> None:
        if self._gate is None:
            self._gate = Gate(begun.amiss, self._clock)
        match self._gate.look(amiss(self._health)):
            case Verdict.WELL:
                await self._rauc.mark("good", "booted")
                await self._close(begun, Finished.SUCCESS, "the terminal is well on it")
            case Verdict.NOT_WELL:
                worse = ", ".join(self._gate.worse)
                log.error("update %s goes back: %s", begun.version, worse)
                self._trail.note("update.returns", action=begun.action, because=worse)
                await self._rauc.mark("bad", "booted")
                await self._rauc.mark("active", "other")
                self._begun.keep(msgspec.structs.replace(begun, stage="returning"))
                self._machine.restart()

    async def _close(self, begun: Begun, finished: Finished, why: str) -> None:
        """Written down when the server has heard it: else it would be written at every try."""
        over = journal.event(journal.FLEET, command="update", outcome=finished.value)
        log.info("update %s: %s", begun.version, why, extra=over)
        await self._server.report(begun.action, "closed", finished, why)
        self._trail.note("update.ended", action=begun.action, outcome=finished.value, why=why)
        self._ended.keep(Ended(begun.action, finished is Finished.SUCCESS, why))
        self._forget()

    def _forget(self) -> None:
        self._begun.forget()
        self._patience.forget()
        self._gate = None

"""Doing what the operator commands, once: from the server's deployment to its feedback.

```
deployment → judged → remembered → no citizen is served → done → remembered with its outcome → feedback
                └─ refused by name, and the server is told
```

A command is remembered by its id before it is begun, so that it acts once: delivered again with the same action, its
outcome is told again; with another, it is refused as replayed. What the desk does is a state or a look and may be done
twice when the agent died over it; a restart is known by the name of the boot in which it was asked for; and what is
RAUC's is over when kiosk.fleet.updates says so.
"""

import asyncio
import hashlib
import logging
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from kiosk import journal
from kiosk.clock import Clock
from kiosk.fleet import command as words
from kiosk.fleet.command import ROLLBACK, UPDATE, Command
from kiosk.fleet.ddi import DETAILS_MOST, Deployment, Finished, NotUsable, Server
from kiosk.fleet.door import NoDoor
from kiosk.fleet.kept import Kept
from kiosk.fleet.machine import Machine
from kiosk.fleet.once import Memory, Once
from kiosk.fleet.operator import Operator, OrderRefused, Refusal
from kiosk.fleet.trail import Trail
from kiosk.fleet.updates import Updates
from kiosk.health.findings import Level
from kiosk.health.published import Report
from kiosk.loudness import Loudness
from kiosk.messages import HowMuch
from kiosk.reasons import Refused

log = logging.getLogger(__name__)

DIAGNOSTICS: Final = "diagnostics"
LOG_LEVEL: Final = "log-level"
RECEIVED: Final = "command.received"
PIECE: Final = "piece"
PIECE_CHARACTERS: Final = 480
FEEDBACKS_MOST: Final = 150
"""hawkBit keeps a thousand of one action."""
ANSWERS_WITHIN_S: Final = 1.0
"""A desk that has not ended by then is looked at again later."""


class Desk(Protocol):
    """The desk's door, for entries of its menu."""

    async def run(self, entry: str, choice: str, by: str, order: bytes) -> tuple[Level, tuple[str, ...]]:
        """How it ended, and what was said. `by`: the id of a command, `order`: its words, by the operator; the desk
        believes nobody else. Waits for as long as the desk does. Raises NoDoor."""


class Begun(Struct, frozen=True):
    """`order`: the command in the operator's words. `started`: the desk was asked for it, or, in the boot of this name,
    the machine."""

    action: str
    command: Command
    order: str
    started: str | None = None


class Outcome(Struct, frozen=True):
    action: str
    issued_at: datetime
    done: bool
    says: tuple[str, ...]


class Commands:
    """`terminal`, `groups`: who is meant. `kept`: a folder on disk. `collected`: the file in which the desk leaves
    diagnostics, under the operator's key. `loudness`: the agent's own; the desk sees to its workers."""

    def __init__(
        self,
        server: Server,
        pinned: Operator | None,
        desk: Desk,
        machine: Machine,
        health: Callable[[], Report | None],
        updates: Updates,
        clock: Clock,
        trail: Trail,
        *,
        terminal: str,
        groups: tuple[str, ...],
        kept: Path,
        collected: Path,
        loudness: Loudness,
    ) -> None:
        self._server = server
        self._pinned = pinned
        self._desk = desk
        self._machine = machine
        self._health = health
        self._updates = updates
        self._clock = clock
        self._trail = trail
        self._terminal = terminal
        self._groups = groups
        self._collected = collected
        self._loudness = loudness
        self._begun = Kept(kept / "command.json", Begun)
        self._once = Once(kept / "commands.json", Memory[Outcome], clock, came=lambda: trail.may_have(RECEIVED))
        self._at_the_desk: asyncio.Task[tuple[Level, tuple[str, ...]]] | None = None

    async def take(self, deployment: Deployment) -> None:
        """Raises DdiError when the server does not hear or give."""
        assert deployment.command is not None
        action = deployment.action
        try:
            admitted = await self._admit(deployment)
        except (OrderRefused, NotUsable) as refused:
            why = refused.refusal if isinstance(refused, OrderRefused) else Refusal.NOT_SIGNED
            log.warning("command refused: %s", refused, extra=journal.event(journal.FLEET, outcome=why.value))
            self._trail.note("command.refused", action=action, why=why.value)
            await self._server.report(action, "closed", Finished.FAILURE, str(refused), self._trail.newest)
            return
        if admitted is None:
            return
        command, order = admitted
        taken = journal.event(journal.FLEET, command=command.command, outcome="taken")
        log.info("command %s: %s", command.id, command.command, extra=taken)
        self._begun.keep(Begun(action, command, order))
        if command.command == UPDATE:
            await self._updates.take(deployment, command)
        elif command.command == ROLLBACK:
            await self._updates.roll_back(action, command)
        else:
            await self._server.report(action, "proceeding", Finished.NONE, "accepted")

    async def is_restarting(self) -> bool:
        """Whether the machine was asked to, by a command, and has time left. No server is needed to wait for it, and
        one that is away does not keep the wish standing."""
        begun = self._begun.read()
        return begun is not None and begun.command.is_of_the_machine and await self._machine.is_going_down()

    async def go_on(self) -> bool:
        """Whether one is under way, that is not RAUC's."""
        begun = self._begun.read()
        if begun is None:
            return False
        if begun.command.command in (UPDATE, ROLLBACK):
            self._look_after(begun)
            return False
        if begun.command.is_of_the_machine:
            await self._restart(begun)
        else:
            await self._ask_the_desk(begun)
        return True

    async def cancel(self, action: str) -> bool:
        """Whether it was under way and is given up. What the desk has begun by then is not undone."""
        begun = self._begun.read()
        if begun is None or begun.action != action:
            return False
        self.leave()
        self._trail.note("command.cancelled", id=begun.command.id)
        self._once.remember(begun.command, Outcome(action, begun.command.issued_at, False, ("cancelled",)))
        self._begun.forget()
        return True

    def leave(self) -> None:
        """The agent ends: what waits at the desk's door is withdrawn."""
        if self._at_the_desk is not None:
            self._at_the_desk.cancel()
            self._at_the_desk = None

    async def _admit(self, deployment: Deployment) -> tuple[Command, str] | None:
        """None: it was done before, and the server heard so once more. Raises OrderRefused or NotUsable."""
        assert deployment.command is not None
        jws = await self._server.fetch(deployment.command)
        command = words.read(jws, self._pinned, self._terminal, self._groups)
        begun = self._begun.read()
        if begun is not None and (begun.action, begun.command) == (deployment.action, command):
            return command, begun.order  # the agent died over it, or the server did not give the image
        before = self._once.before(command)
        if before is not None and before.action == deployment.action:
            await self._say(before)
            return None
        if before is not None:
            raise OrderRefused(Refusal.REPLAYED, f"{command.id} came before")
        words.check_time(command, self._clock.now())
        beside = deployment.bundle.sha256 if deployment.bundle else ""
        if (command.command == UPDATE) != bool(beside) or (beside and command.argument.lower() != beside):
            raise OrderRefused(Refusal.CANNOT, f"{command.id}: an update is commanded beside its image, by its SHA-256")
        try:
            self._trail.record(RECEIVED, id=command.id, command=command.command, action=deployment.action)
        except Refused as refused:
            raise OrderRefused(Refusal.CANNOT, f"{command.id}: the audit log takes no more: {refused.detail}") from None
        return command, jws.decode("ascii")

    def _look_after(self, begun: Begun) -> None:
        """What RAUC was handed is over when the updates say so, which have told the server."""
        ended = self._updates.ended(begun.action)
        if ended is not None:
            done, why = ended
            self._once.remember(begun.command, Outcome(begun.action, begun.command.issued_at, done, (why,)))
            self._begun.forget()

    async def _restart(self, begun: Begun) -> None:
        """A machine that was asked for it and did not go down is asked again, as long as the command may be begun."""
        command, machine, now = begun.command, self._machine, self._clock.now()
        if begun.started not in (None, machine.boot):
            await self._close(begun, True, ("the machine restarted",))
        elif now > command.not_after:
            await self._expire(begun)
        else:

            def before() -> None:
                if begun.started is None:
                    self._trail.note("command.started", id=command.id)
                    self._begun.keep(msgspec.structs.replace(begun, started=machine.boot))

            await machine.restart_when_free(before, late=command.is_late(now), order=begun.order)

    async def _ask_the_desk(self, begun: Begun) -> None:
        """A desk that is dead is asked again; one that serves a citizen when the time is over is left."""
        command = begun.command
        over = self._clock.now() > command.not_after
        if over and (self._at_the_desk is None or self._is_serving()):
            self.leave()
            await self._expire(begun)
            return
        if self._at_the_desk is None:
            if begun.started is None:
                self._trail.note("command.started", id=command.id)
                self._begun.keep(msgspec.structs.replace(begun, started=self._machine.boot))
            asking = self._desk.run(command.command, command.argument, command.id, begun.order.encode())
            self._at_the_desk = asyncio.create_task(asking)
        await asyncio.wait({self._at_the_desk}, timeout=ANSWERS_WITHIN_S)
        if not self._at_the_desk.done():
            return
        asked, self._at_the_desk = self._at_the_desk, None
        try:
            level, says = asked.result()
        except NoDoor as error:
            log.warning("command %s waits: %s", command.id, error)
            return
        if command.command == LOG_LEVEL and level is not Level.FAIL:
            self._loudness.turn(msgspec.convert({"level": command.argument}, HowMuch))
        if command.command == DIAGNOSTICS and level is not Level.FAIL:
            says = (*says, await self._hand_on(begun.action))
        await self._close(begun, level is not Level.FAIL, says)

    async def _hand_on(self, action: str) -> str:
        """What the desk collected, in pieces: a device has no other way to give hawkBit a file than its feedback."""
        try:
            content = self._collected.read_bytes()
        except OSError as error:
            return f"nothing was collected: {error.strerror}"
        text = b64encode(content).decode("ascii")
        pieces = [text[at : at + PIECE_CHARACTERS] for at in range(0, len(text), PIECE_CHARACTERS)]
        lines = [f"{PIECE} {number}/{len(pieces)} {piece}" for number, piece in enumerate(pieces, 1)]
        if len(lines) > DETAILS_MOST * FEEDBACKS_MOST:
            return f"{len(content)} octets are too many to hand on; the journal is shipped besides"
        for at in range(0, len(lines), DETAILS_MOST):
            await self._server.report(action, "proceeding", Finished.NONE, *lines[at : at + DETAILS_MOST])
        return f"{len(pieces)} pieces, SHA-256 {hashlib.sha256(content).hexdigest()}"

    def _is_serving(self) -> bool:
        report = self._health()
        return report is not None and report.serving

    async def _expire(self, begun: Begun) -> None:
        why = f"{Refusal.EXPIRED.value}: no moment was found before {begun.command.not_after.isoformat()}"
        self._trail.note("command.refused", id=begun.command.id, action=begun.action, why=Refusal.EXPIRED.value)
        await self._close(begun, False, (why,))

    async def _close(self, begun: Begun, done: bool, says: tuple[str, ...]) -> None:
        command = begun.command
        outcome = Outcome(begun.action, command.issued_at, done, says[: DETAILS_MOST - 1])
        over = journal.event(journal.FLEET, command=command.command, outcome="done" if done else "failed")
        log.info("command %s is over", command.id, extra=over)
        self._trail.note("command.done" if done else "command.failed", id=command.id, command=command.command)
        self._once.remember(command, outcome)
        self._begun.forget()
        await self._say(outcome)

    async def _say(self, outcome: Outcome) -> None:
        finished = Finished.SUCCESS if outcome.done else Finished.FAILURE
        await self._server.report(outcome.action, "closed", finished, *outcome.says, self._trail.newest)

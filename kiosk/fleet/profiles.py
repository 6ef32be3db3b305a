"""Taking a profile that the operator signed, and giving it back when the terminal is not well on it.

```
deployment → checked → no citizen is served → in force, restart → gate → kept
                 └─ refused by name                               └─ not well, or cut off: the one before, restart
```

The gate is that of an update, and wants one thing more: that the server is reached. A profile that cuts the terminal
off from its fleet could not be mended from there.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from kiosk import durable, journal
from kiosk.clock import Clock
from kiosk.fleet import signed_profile
from kiosk.fleet.ddi import DdiError, Deployment, Finished, NotUsable, Server
from kiosk.fleet.gate import Gate, Verdict, amiss
from kiosk.fleet.kept import Kept
from kiosk.fleet.machine import Machine
from kiosk.fleet.operator import Operator, OrderRefused, Refusal
from kiosk.fleet.patience import Patience
from kiosk.fleet.trail import Trail
from kiosk.fleet.wish import Wish
from kiosk.health.published import Report
from kiosk.profile import Profile
from kiosk.reasons import Refused

log = logging.getLogger(__name__)

FLEET: Final = "fleet"
"""What is amiss when the server is not reached."""
BEGUN: Final = "profile.json"
FORGOTTEN: Final = "forgotten"
"""An action that the server does not know."""
HIGHEST: Final = "profile-version.json"
TRIED: Final = "profile.tried"
LIVES_MOST: Final = 5


class Begun(Struct, frozen=True):
    """`boot`: the one in which the last restart was asked for; none: it was not yet. `amiss`: what kept the terminal
    from serving before. `lives`: how many agents looked at the trial."""

    action: str
    version: int
    forced: bool
    stage: Literal["waiting", "trying", "returning"]
    amiss: tuple[str, ...] = ()
    boot: str = ""
    lives: int = 0


class Highest(Struct, frozen=True):
    """The highest version that was ever taken up, also one that was given back. None: the memory of it was spoilt or
    lost, and whatever comes may be older; nothing is taken until staff say that the profile in force is the newest."""

    version: int | None


class Profiles:
    """`installed`: the profile that pins the operator's key; `version`: its own, where an order brought it. `newest`:
    staff say that the one in force is the newest. `kept`: a folder on disk."""

    def __init__(
        self,
        server: Server,
        pinned: Operator | None,
        installed: Profile,
        version: int,
        machine: Machine,
        health: Callable[[], Report | None],
        clock: Clock,
        trail: Trail,
        newest: Wish,
        *,
        kept: Path,
    ) -> None:
        self._server = server
        self._pinned = pinned
        self._installed = installed
        self._version = version
        self._folder = installed.fleet.profiles
        self._machine = machine
        self._health = health
        self._clock = clock
        self._trail = trail
        self._begun = _memory(kept, installed, trail)
        self._newest = newest
        self._highest = Kept(kept / HIGHEST, Highest, spoilt=lambda: Highest(None), missing=self._as_it_began)
        self._waits = kept / "profile.jws"
        self._patience = Patience(clock)
        self._gate: Gate | None = None

    def hear_staff(self) -> None:
        """Their word counts only where the memory was spoilt or lost, and for what is in force."""
        if not self._newest.comes() or self._highest_version() is not None:
            return
        held = signed_profile.delivered(self._installed)
        version = held[0].version if held else 0
        try:
            self._trail.record("profile.newest-by-staff", version=version)
        except Refused as refused:
            log.error("what staff say of the profile is not taken: %s", refused.detail)
            return
        self._highest.keep(Highest(version))
        log.warning("profile %s is the newest, as staff say; what was taken up before was forgotten", version)

    async def is_on_trial(self) -> bool:
        """Whether the machine restarts, or has restarted with another profile, and it is not clear how that went."""
        begun = self._begun.read()
        if begun is None or begun.stage == "waiting":
            return False
        if await self._machine.is_going_down():
            return True
        if begun.boot in ("", self._machine.boot):
            await self._restart_when_free(begun)
        elif begun.stage == "returning":
            await self._close(begun, Finished.FAILURE, "the terminal was not well on it; the one before is in force")
        else:
            await self._look(begun)
        return True

    async def take(self, deployment: Deployment) -> None:
        assert deployment.profile is not None
        action = deployment.action
        try:
            jws = await self._server.fetch(deployment.profile)
            version = self._judge(jws)
            self._trail.record("profile.received", action=action, version=version)
        except (OrderRefused, NotUsable, Refused) as refused:
            log.warning("profile refused: %s", refused)
            why = refused.refusal.value if isinstance(refused, OrderRefused) else type(refused).__name__
            self._trail.note("profile.refused", action=action, why=why)
            await self._server.report(action, "closed", Finished.FAILURE, str(refused), self._trail.newest)
            return
        durable.replace(self._waits, jws)
        self._begun.keep(Begun(action, version, deployment.forced, "waiting"))
        log.info("profile %s waits until no citizen is served", version)
        await self._server.report(action, "proceeding", Finished.NONE, "checked; waits until no citizen is served")

    async def go_on(self) -> bool:
        """Whether one waits."""
        begun = self._begun.read()
        if begun is None:
            return False
        try:
            jws = self._waits.read_bytes()
        except OSError:
            await self._close(begun, Finished.FAILURE, "it was lost while it waited; send it again")
            return False
        trying = msgspec.structs.replace(begun, stage="trying", amiss=amiss(self._health), boot=self._machine.boot)

        def before() -> None:
            self._trail.note(TRIED, action=begun.action, version=begun.version)
            self._highest.keep(Highest(begun.version))
            self._begun.keep(trying)
            signed_profile.put(jws, self._folder)

        await self._machine.restart_when_free(before, late=self._patience.is_over(forced=begun.forced))
        return True

    async def cancel(self, action: str) -> bool:
        """Whether it was this action's, and is not tried."""
        begun = self._begun.read()
        if begun is None or begun.action != action or begun.stage != "waiting":
            return False
        self._trail.note("profile.cancelled", action=action, version=begun.version)
        self._forget()
        return True

    async def _restart_when_free(self, begun: Begun) -> None:
        """The restart was not asked for: somebody was served, the agent died, or the disk was full. Or the machine did
        not go down, and the desk has served since."""

        def before() -> None:
            if begun.stage == "returning":
                _put_back(begun, self._begun, self._folder, self._machine)
                return
            held = signed_profile.delivered(self._installed)
            if self._waits.exists() and (held is None or held[0].version != begun.version):
                signed_profile.put(self._waits.read_bytes(), self._folder)

        await self._machine.restart_when_free(before, late=self._patience.is_over(forced=begun.forced))

    def _judge(self, jws: bytes) -> int:
        """Its version. Raises OrderRefused."""
        if self._pinned is None:
            raise OrderRefused(Refusal.NO_OPERATOR, "[fleet] names no `operator`")
        signed, profile = signed_profile.verify(jws, self._pinned, self._installed.terminal.id)
        held = signed_profile.delivered(self._installed)
        highest = self._highest_version()
        if highest is None:
            remedy = "look at this terminal's disk; then staff there say what counts: kiosk maintenance profile-newest"
            raise OrderRefused(Refusal.MEMORY_LOST, f"nobody knows which versions were taken up before; {remedy}")
        least = max(highest, self._version, held[0].version if held else 0)
        if signed.version <= least:
            raise OrderRefused(Refusal.OLDER, f"version {signed.version}, and {least} was taken up already")
        if profile.fleet.updates is None:
            raise OrderRefused(Refusal.NO_PROFILE, "without [fleet.updates] nobody could mend it")
        if profile.run != self._installed.run:
            raise OrderRefused(Refusal.NO_PROFILE, "`run` is where the units meet, and theirs to say")
        return signed.version

    def _as_it_began(self) -> Highest:
        """Where there is no memory: that of a terminal that never had a profile, unless one was put in force here, or
        was tried and given back."""
        if not signed_profile.was_put(self._folder) and not self._trail.may_have(TRIED):
            return Highest(0)
        log.error("profiles were taken up before, and nobody knows which: the memory of it is gone")
        return Highest(None)

    def _highest_version(self) -> int | None:
        highest = self._highest.read()
        return None if highest is None else highest.version

    async def _look(self, begun: Begun) -> None:
        if self._gate is None:
            self._gate = Gate(begun.amiss, self._clock)
            begun = msgspec.structs.replace(begun, lives=begun.lives + 1)
            self._begun.keep(begun)
            if begun.lives > LIVES_MOST:
                await self._go_back(begun, "the agent died over it again and again")
                return
        held = signed_profile.delivered(self._installed)
        amiss_now = set(amiss(self._health))
        if held is None or held[0].version != begun.version:
            amiss_now.add("profile")
        try:
            await self._server.poll()
        except DdiError as error:
            log.warning("profile %s: %s", begun.version, error)
            amiss_now.add(FLEET)
        match self._gate.look(amiss_now):
            case Verdict.WELL:
                await self._close(begun, Finished.SUCCESS, "the terminal is well on it")
            case Verdict.NOT_WELL:
                await self._go_back(begun, ", ".join(self._gate.worse))

    async def _go_back(self, begun: Begun, because: str) -> None:
        """Between two citizens: on a profile that only cuts the terminal off from its fleet they are served well."""
        _note_return(begun, because, self._trail)
        returning = msgspec.structs.replace(begun, stage="returning", boot="")
        self._begun.keep(returning)
        await self._restart_when_free(returning)

    async def _close(self, begun: Begun, finished: Finished, why: str) -> None:
        over = journal.event(journal.FLEET, command="profile", outcome=finished.value)
        log.info("profile %s: %s", begun.version, why, extra=over)
        if begun.action != FORGOTTEN:
            await self._server.report(begun.action, "closed", finished, why)
        self._trail.note("profile.ended", action=begun.action, version=begun.version, outcome=finished.value)
        signed_profile.settle(self._folder)  # first: a way back that nobody remembers would be taken
        self._forget()

    def _forget(self) -> None:
        self._begun.forget()
        self._waits.unlink(missing_ok=True)
        self._patience.forget()
        self._gate = None


def give_back(kept: Path, profile: Profile, machine: Machine, trail: Trail) -> bool:
    """Whether a profile is on trial with which the agent itself cannot work: the machine restarts without it."""
    file = _memory(kept, profile, trail)
    begun = file.read()
    if begun is None or begun.stage == "waiting" or (begun.stage == "returning" and begun.boot):
        return False
    _note_return(begun, "the agent cannot work with it", trail)
    _put_back(begun, file, profile.fleet.profiles, machine)
    machine.restart()
    return True


def _memory(kept: Path, profile: Profile, trail: Trail) -> Kept[Begun]:
    """Of a trial whose memory was lost, what could be taken back is: no gate will say that it is well."""

    def lost() -> Begun | None:
        if not signed_profile.is_on_trial(profile.fleet.profiles):
            return None
        held = signed_profile.delivered(profile)
        version = held[0].version if held else 0
        trail.note("profile.returns", version=version, because="the memory of its trial was lost")
        return Begun(FORGOTTEN, version, False, "returning")

    return Kept(kept / BEGUN, Begun, spoilt=lost, missing=lost)


def _note_return(begun: Begun, because: str, trail: Trail) -> None:
    log.error("profile %s goes back: %s", begun.version, because)
    trail.note("profile.returns", action=begun.action, version=begun.version, because=because)


def _put_back(begun: Begun, file: Kept[Begun], folder: Path, machine: Machine) -> None:
    """What is remembered comes last: power that is cut between the two must not leave in force what is said to be
    given back."""
    signed_profile.put_back(folder)
    file.keep(msgspec.structs.replace(begun, stage="returning", boot=machine.boot))

"""Whether the machine restarts because the agent wants it: asked by the service manager, of the desk's user
(systemd/kiosk-restart.service), when the agent's file is there. The agent is not believed.

With the operator's own words it restarts, once. An update and a profile need a restart, too, and one more on the way
back, and whether the terminal is well on them is seen by the agent alone: what comes without an order is bounded.
RAUC's signature and the operator's say what may run after it; this says how often.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from kiosk import durable, lying_there
from kiosk.clock import Clock
from kiosk.fleet import command as words
from kiosk.fleet import operator
from kiosk.fleet.command import COMMAND_BYTES_MOST
from kiosk.fleet.kept import Kept
from kiosk.fleet.once import Memory, Once
from kiosk.fleet.operator import OrderRefused, Refusal
from kiosk.health.findings import Finding, warn
from kiosk.profile import Fleet

FREE_MOST: Final = 8
"""Two updates and two profiles that are all taken back."""
FREE_IN: Final = timedelta(days=1)
ORDERED: Final = "fleet-restarts-ordered.json"
FREE: Final = "fleet-restarts.json"
PART: Final = "fleet"
_BYTES_MOST: Final = COMMAND_BYTES_MOST + 256
_READABLE: Final = 0o644


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """`order`: the operator's command to restart the machine, in his words; empty: for an update or a profile."""

    order: str = ""


class _Ordered(Struct, frozen=True):
    """`boot`: which one it was to end; one that did not end may be asked again."""

    issued_at: datetime
    boot: str


class _Counted(Struct, frozen=True):
    """`boot`: which one it was to end, which can be once."""

    at: datetime
    boot: str


class _Free(Struct, frozen=True):
    """What was granted without an order."""

    granted: tuple[_Counted, ...] = ()


def write(file: Path, order: str) -> None:
    """Raises OSError."""
    durable.replace(file, msgspec.json.encode(Asked(order)), mode=_READABLE)


class Tally:
    """Of what was granted without an order, over boots. `kept`: a folder on disk that the agent cannot write in."""

    def __init__(self, kept: Path, clock: Clock) -> None:
        self._clock = clock
        self._kept = Kept(kept / FREE, _Free, spoilt=lambda: _Free((_Counted(clock.now(), ""),) * FREE_MOST))

    def grant(self, boot: str) -> int:
        """Which one of the day it is. Raises OrderRefused or OSError."""
        counted = self._counted()
        if all(each.boot != boot for each in counted):
            if len(counted) >= FREE_MOST:
                raise OrderRefused(Refusal.CANNOT, f"{FREE_MOST} restarts within a day that the operator did not order")
            counted.append(_Counted(self._clock.now(), boot))
            self._kept.keep(_Free(tuple(counted)))
        return len(counted)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """For the board."""
        if len(self._counted()) < FREE_MOST:
            return ()
        says = f"had the machine restarted {FREE_MOST} times within a day without an order, and may no more"
        return (warn(PART, says, "who sends so many updates or profiles? journalctl -u kiosk-restart"),)

    def _counted(self) -> list[_Counted]:
        now, free = self._clock.now(), self._kept.read() or _Free()
        return [each for each in free.granted if abs(now - each.at) < FREE_IN]  # a clock may have been put back


class Authority:
    """`fleet`, `terminal`: of the installed profile. `boot`: its name. `kept`: a folder on disk that the agent cannot
    write in."""

    def __init__(self, fleet: Fleet, terminal: str, boot: str, clock: Clock, kept: Path) -> None:
        self._fleet = fleet
        self._terminal = terminal
        self._boot = boot
        self._clock = clock
        self._ordered = Once(kept / ORDERED, Memory[_Ordered], clock, came=lambda: False)  # nobody else knows
        self._tally = Tally(kept, clock)

    def judge(self, file: Path) -> str:
        """On what grounds the machine restarts, which is remembered. Raises OrderRefused or OSError: it does not."""
        try:
            asked = msgspec.json.decode(lying_there.read(file, _BYTES_MOST), type=Asked)
        except (ValueError, msgspec.DecodeError):
            raise OrderRefused(Refusal.NOT_SIGNED, f"{file} asks for nothing") from None
        if asked.order:
            return self._by_order(asked.order.encode())
        return f"for an update or a profile, {self._tally.grant(self._boot)} of {FREE_MOST} within a day"

    def _by_order(self, jws: bytes) -> str:
        command = words.read(jws, operator.named(self._fleet.operator), self._terminal, self._fleet.groups)
        if not command.is_of_the_machine:
            raise OrderRefused(Refusal.CANNOT, f"{command.id} orders something else")
        before = self._ordered.before(command)
        if before is not None and before.boot != self._boot:
            raise OrderRefused(Refusal.REPLAYED, f"the machine restarted for {command.id} before")
        words.check_time(command, self._clock.now())
        self._ordered.remember(command, _Ordered(command.issued_at, self._boot))
        return f"the operator ordered it: {command.id}"

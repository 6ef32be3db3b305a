"""A start that the boot loader has on trial (systemd-boot(7), "Boot counting"): does it count as good?

The same gate as the agent's, asked once more and apart from it: without a server, without RAUC, and also when the agent
is what the new image broke. The agent decides first, because it can tell the server why; what it left open for
`AGENT_FIRST_S` more is decided here, by the exit code of the unit on which boot-complete.target hangs
(systemd/kiosk-healthy.service).
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from kiosk.clock import Clock
from kiosk.fleet.gate import Gate, Verdict, amiss
from kiosk.fleet.kept import Kept
from kiosk.fleet.updates import RECORD, Begun
from kiosk.health.published import Report

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
AGENT_FIRST_S: Final = 120.0


async def is_well(health: Callable[[], Report | None], clock: Clock, kept: Path | None) -> bool:
    """`kept`: where the agent writes down what it began, if there is one; what was amiss then is excused. If this is
    not well, it leaves there that the machine goes back, and the agent tells the server so from the other slot."""
    record = None if kept is None else Kept(kept / RECORD, Begun)
    begun = None if record is None else record.read()
    gate = Gate(() if begun is None else begun.amiss, clock)
    not_well_since: float | None = None
    while True:
        match gate.look(amiss(health)):
            case Verdict.WELL:
                log.info("this start is good")
                return True
            case Verdict.NOT_WELL if not_well_since is None:
                log.error("not well: %s", ", ".join(gate.worse))
                not_well_since = clock.monotonic()
            case _:
                pass
        if not_well_since is not None and clock.monotonic() - not_well_since >= AGENT_FIRST_S:
            if record is not None and (begun := record.read()) is not None:
                record.keep(msgspec.structs.replace(begun, stage="returning"))
            return False
        await clock.sleep(LOOK_EVERY_S)

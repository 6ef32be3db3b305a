"""What nobody asks for a page: are the three workers there, may faces be compared, do certificates end, is there disk,
memory and time?"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from kiosk.clock import Clock
from kiosk.doctor import audit, certificates, machine
from kiosk.health.board import Board
from kiosk.health.findings import Finding, fail, ok, warn
from kiosk.health.remedies import VALIDATE
from kiosk.messages import Compares
from kiosk.profile import Face, Profile
from kiosk.reasons import Reason, fault

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
COMES_BACK_S: Final = 20.0
"""A worker that hangs is back within twelve (docs/units.md); one that is away longer does not come back by itself."""

_WITHOUT: Final = {"vision": Reason.CAMERA_LOST}


class Workers:
    """`connected`: which of them are there now, by name. One that is away for a moment, as the document process is
    after each citizen, is no finding."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gone_since: dict[str, float] = {}

    def look(self, connected: Mapping[str, bool]) -> tuple[Finding, ...]:
        return tuple(self._one(name, there) for name, there in connected.items())

    def _one(self, name: str, there: bool) -> Finding:
        part, now = f"{name} process", self._clock.monotonic()
        if there:
            self._gone_since.pop(name, None)
        elif now - self._gone_since.setdefault(name, now) >= COMES_BACK_S:
            reason = _WITHOUT.get(name, Reason.INTERNAL)
            return fail(part, "does not come back", f"journalctl -u kiosk-{name} says why", reason)
        return ok(part, "ready")


def face_match(compares: Compares | None, face: Face) -> tuple[Finding, ...]:
    """Whether faces of the people here may be compared at all; nothing while the vision process has not said so."""
    part = "face match"
    if compares is None:
        return ()
    if compares.validated:
        return (ok(part, f"{compares.model}, validated for {compares.population}"),)
    says = f"{compares.model} is not validated for {compares.population}"
    if face.mode == "production":
        return (fail(part, f"every citizen is sent to the counter: {says}", VALIDATE, Reason.FACE_NOT_OFFERED),)
    return (warn(part, f"for demonstration only: {says}", VALIDATE),)


def of_the_machine(profile: Profile, clock: Clock) -> tuple[Finding, ...]:
    """What files and the kernel say."""
    return (
        *certificates.validity(profile, clock.now()),
        audit.room(profile.audit),
        machine.memory(),
        *machine.time_server(),
    )


async def keep_looking(board: Board, clock: Clock, look: Callable[[], None]) -> None:
    """For ever. Not to be able to look is a finding, too."""
    while True:
        try:
            look()
        except Exception as error:
            log.error("fault: %s", fault(error))
            board.post(
                "watch", warn("self-watch", "the desk cannot look at itself", "journalctl -u kiosk-desk says why")
            )
        else:
            board.post("watch")
        await clock.sleep(LOOK_EVERY_S)

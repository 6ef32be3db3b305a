"""The enrolling process: it speaks to the ui as the desk will, until there can be a desk.

The desk's socket is a link to this one's at first (systemd/tmpfiles.d), and the desk replaces it by its own. So the ui
needs to know nothing of it: when enrolment ends it sees its socket close, is started again, and finds the desk.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from systemd import daemon

from kiosk import meeting, watchdog
from kiosk.clock import SystemClock
from kiosk.enrolment.enrol import LOOK_EVERY_S, Enrolment
from kiosk.enrolment.settings import Settings
from kiosk.fleet.operator import Operator, OperatorKeyError
from kiosk.health.findings import Finding, fail, ok, state_of
from kiosk.health.published import Publication, Report
from kiosk.pages import Text
from kiosk.ports.screen import UiScreen
from kiosk.profile import ProfileError
from kiosk.reasons import Reason

NOBODYS_HALL: Final = Text("新终端", "A new terminal")
ENROLLED: Final = 0
TOLD_TO_END: Final = 1


async def serve(settings: Settings) -> int:
    """Until the terminal is enrolled, or SIGTERM. Raises ProfileError when the image names nobody to believe."""
    try:
        operator = Operator.pinned(settings.operator)
    except OperatorKeyError as error:
        raise ProfileError(f"operator: {error}") from None
    screen = UiScreen(settings.language, NOBODYS_HALL, settings.rotation)
    socket, health = meeting.socket_of(settings.run, "enrol"), meeting.enrolment_health_in(settings.run)
    for folder in (socket.parent, health, meeting.enrolment_stick_in(settings.run).parent):
        folder.mkdir(mode=0o700, exist_ok=True)  # on the appliance they are there
    await screen.open(socket)
    enrolment = Enrolment(settings, operator, screen, SystemClock())
    work = asyncio.create_task(enrolment.run())
    telling = asyncio.create_task(_tell(Publication(health), lambda: _findings(screen, enrolment)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    pulse = asyncio.create_task(watchdog.feed())
    daemon.notify("READY=1")
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await work
            return ENROLLED
        return TOLD_TO_END
    finally:
        pulse.cancel()
        telling.cancel()
        await screen.close()


def _findings(screen: UiScreen, enrolment: Enrolment) -> tuple[Finding, ...]:
    seen = ok("ui", "shows the page") if screen.connected else fail("ui", "is not there", "look at its journal")
    if not enrolment.altered:
        return (seen,)
    altered = f"what is stored is not what the operator signed: {enrolment.altered}"
    return seen, fail("enrolment", altered, "see K714", Reason.ENROLMENT_ALTERED)


async def _tell(publication: Publication, findings: Callable[[], tuple[Finding, ...]]) -> None:
    """As a desk says how it is: whoever decides whether a start was good asks for this before there is a desk."""
    told: tuple[Finding, ...] = ()
    try:
        while True:
            if (now := findings()) != told:
                told = now
                publication.write(Report(state_of(told), datetime.now(UTC), False, told, {}))
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        publication.close()

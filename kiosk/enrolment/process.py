"""The enrolling process: it speaks to the ui as the desk will, until there can be a desk.

The desk's socket is a link to this one's at first (systemd/tmpfiles.d), and the desk replaces it by its own. So the ui
needs to know nothing of it: when enrolment ends it sees its socket close, is started again, and finds the desk.
"""

import asyncio
import contextlib
import signal
from typing import Final

from systemd import daemon

from kiosk import meeting, watchdog
from kiosk.clock import SystemClock
from kiosk.enrolment.enrol import Enrolment
from kiosk.enrolment.settings import Settings
from kiosk.fleet.operator import Operator, OperatorKeyError
from kiosk.pages import Text
from kiosk.ports.screen import UiScreen
from kiosk.profile import ProfileError

NOBODYS_HALL: Final = Text("新终端", "A new terminal")
ENROLLED: Final = 0
TOLD_TO_END: Final = 1


async def serve(settings: Settings) -> int:
    """Until the terminal is enrolled, or SIGTERM. Raises ProfileError when the image names nobody to believe."""
    try:
        operator = Operator.pinned(settings.operator)
    except OperatorKeyError as error:
        raise ProfileError(f"operator: {error}") from None
    screen = UiScreen(settings.language, NOBODYS_HALL)
    socket = meeting.socket_of(settings.run, "enrol")
    socket.parent.mkdir(mode=0o700, exist_ok=True)  # on the appliance it is there
    await screen.open(socket)
    work = asyncio.create_task(Enrolment(settings, operator, screen, SystemClock()).run())
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
        await screen.close()

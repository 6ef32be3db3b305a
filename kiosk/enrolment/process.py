"""The enrolling process: it stands where the desk will stand, on the same socket, until there can be a desk.

So the ui needs to know nothing of it. When it ends, the ui sees its socket close, is started again, and finds the desk.
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
    await screen.open(meeting.socket_of(settings.run, "ui"))
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

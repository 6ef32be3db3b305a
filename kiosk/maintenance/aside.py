"""Standing aside: no citizen is served for as long as somebody stands at the door, who is about to restart the machine.

It ends by itself when the machine did not go down: a terminal must not stay closed for somebody who forgot it.
"""

from collections.abc import AsyncGenerator
from typing import Final

from kiosk.maintenance.entry import Entry, Group
from kiosk.maintenance.line import Said, doubtful, fine
from kiosk.maintenance.plan import ASIDE, GOES_DOWN_WITHIN_S
from kiosk.maintenance.workshop import Workshop
from kiosk.pages import Text

STANDS_ASIDE_S: Final = GOES_DOWN_WITHIN_S + 120.0
"""The agent takes its wish back at a look, up to a minute after that time, or after a call to a server that is away."""


async def _stand_aside(workshop: Workshop, _: str) -> AsyncGenerator[Said, None]:
    yield fine("现在没有市民在办理，本机暂不受理", "no citizen is served, and none will be until the machine restarts")
    await workshop.clock.sleep(STANDS_ASIDE_S)
    yield doubtful(
        "本机没有重启，恢复受理",
        "the machine did not restart; citizens are served again",
        Text("查看：journalctl -u kiosk-restart", "journalctl -u kiosk-restart says why"),
    )


STAND_ASIDE: Final = Entry(
    ASIDE,
    Text("为重启让出本机", "Stand aside for a restart"),
    Group.SERVICE,
    frozenset(),  # of nobody in the hall: it is for the agent
    _stand_aside,
    alone=True,
    fleet=True,
    within_s=STANDS_ASIDE_S + 60.0,
)

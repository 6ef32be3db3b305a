"""The terminal for ever: the home page, one citizen, the home page again."""

import asyncio
import logging
import traceback

from kiosk.desk import Desk, Lobby
from kiosk.journeys.certificate import certificate
from kiosk.pages import Kind
from kiosk.reasons import Reason, Refused

log = logging.getLogger(__name__)


async def attract(desk: Desk) -> None:
    """Serves one citizen after another; never returns. Whatever goes wrong in a journey ends on a page that says so."""
    lobby = Lobby(desk.clock)
    while True:
        wish = await desk.welcome(lobby)
        while await _serve(desk, wish):
            pass


async def _serve(desk: Desk, wish: Kind | None) -> bool:
    """One journey, in a task of its own, which is what *stop* cancels. True: the citizen wants to try once more."""
    try:
        await asyncio.create_task(certificate(desk, wish), name="citizen")
    except Refused as refused:
        log.info("refused: %s %s", refused.reason.name, refused.detail)
        return await desk.explain(refused)
    except Exception as error:
        # The place and the kind of the fault; never its text, which may quote what the citizen brought.
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error("fault: %s at %s:%s", type(error).__name__, where.filename, where.lineno)
        return await desk.explain(Refused(Reason.INTERNAL))
    return False

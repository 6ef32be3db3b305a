"""The terminal for ever: the home page, one citizen, the home page again."""

import asyncio
import contextlib
import logging
import traceback
from typing import Final

from kiosk import journal, memory
from kiosk.desk import Desk
from kiosk.journeys.certificate import certificate
from kiosk.lobby import Errand, Lobby
from kiosk.pages import Kind
from kiosk.reasons import Reason, Refused, fault

FACE_TRIES: Final = 3
"""Then a member of staff checks: nobody may try masks for an afternoon, and nobody should have to turn for ever."""

_FACE_AGAIN: Final = frozenset({Reason.FACE_NOT_LIVE, Reason.FACE_NOT_SEEN})

log = logging.getLogger(__name__)


async def attract(desk: Desk) -> None:
    """Serves one citizen after another; never returns. Whatever goes wrong in a journey ends on a page that says so."""
    lobby = desk.lobby()
    while True:
        try:
            wish = await lobby.welcome()
        except Refused as interrupted:
            _log_refusal(interrupted)
            with contextlib.suppress(Refused):  # whoever waits hears of it, also when no record can be kept
                desk.audit.record("print.interrupted", reason=interrupted.reason.name)
            await lobby.explain(interrupted)
        else:
            match wish:
                case Errand.WAITS:
                    lobby.stand_aside()
                    await desk.floor.give()
                case Errand.CALLED:
                    if desk.way_in is not None:
                        await desk.way_in.attend()
                case _:
                    await _serve(desk, lobby, wish)


async def _serve(desk: Desk, lobby: Lobby, wish: Kind | None) -> None:
    """One visit: a journey, and another one for as long as it is refused and the citizen wants to try again."""
    tries = 0
    while refused := await _journey(desk, wish):
        if refused.reason in _FACE_AGAIN:
            tries += 1
            if tries == FACE_TRIES:
                refused = Refused(Reason.FACE_TRIED_OFTEN)
        if not await lobby.explain(refused):
            return


async def _journey(desk: Desk, wish: Kind | None) -> Refused | None:
    """One journey, in a task of its own, which is what *stop* cancels. Returns why it was refused, if it was.

    When the terminal goes down, the journey is left first, and a page that is just printing is recalled.
    """
    citizen = asyncio.create_task(certificate(desk, wish), name="citizen")
    try:
        await asyncio.wait({citizen})
    finally:
        citizen.cancel()
        await asyncio.gather(citizen, return_exceptions=True)
    refused = _why_it_ended(citizen)
    memory.return_what_is_free()
    return refused


def _why_it_ended(citizen: asyncio.Task[None]) -> Refused | None:
    """What its page is to say; nothing of what the citizen brought is kept for that."""
    error = asyncio.CancelledError() if citizen.cancelled() else citizen.exception()
    if error is None:
        return None
    if isinstance(error, Refused):
        _log_refusal(error)
    else:
        log.error("fault: %s", fault(error), extra=journal.event(journal.FAULT))
    _forget(error)
    if isinstance(error, Refused):
        return Refused(error.reason, error.detail, again_at=error.again_at)
    return Refused(Reason.INTERNAL)


def _log_refusal(refused: Refused) -> None:
    reason = refused.reason
    extra = journal.event(journal.REFUSED, reason=reason.name, code=reason.value)
    log.info("refused: %s %s", reason.name, refused.detail, extra=extra)


def _forget(error: BaseException | None) -> None:
    """Wipes the frames of the journey that an exception keeps alive, and with them what the citizen brought."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__

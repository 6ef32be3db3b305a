"""The screen as a journey sees it: show a page, hear what the citizen does.

The user interface keeps no state; this module does: the page, its number, the language. When the interface dies and
comes back, the page it should show is sent again. A page of the same class as the last one is an update and keeps its
number, so a tap that crosses an update on the way still counts; a tap on a page that is gone does not.
"""

import asyncio
import logging
from pathlib import Path

from msgspec.structs import replace

from kiosk.channel import Channel
from kiosk.messages import Act, Count, HowMuch, Message, Show
from kiosk.pages import Action, Language, Page, Rotation, SwitchLanguage, Text

log = logging.getLogger(__name__)


class UiScreen:
    """The desk's `Screen` port, spoken over a socket to the user interface process. `hall`: whose terminal this is;
    `rotation`: of the pages on its panel."""

    def __init__(self, default_language: Language, hall: Text, rotation: Rotation = 0) -> None:
        self._default_language = default_language
        self._hall = hall
        self._rotation = rotation
        self._language: Language = default_language
        self._shown: Show | None = None
        self._actions: asyncio.Queue[Action] = asyncio.Queue()
        self._channel = Channel("ui", on_message=self._heard, on_connect=self._show_again)

    @property
    def connected(self) -> bool:
        """The ui process is there."""
        return self._channel.connected.is_set()

    async def open(self, socket: Path) -> None:
        await self._channel.listen(socket)

    async def close(self) -> None:
        await self._channel.close()

    def dismiss(self) -> None:
        """The ui process ends, and a fresh one follows and shows the same page."""
        self._channel.dismiss()

    def how_much(self, message: HowMuch) -> None:
        """The process logs."""
        self._channel.how_much(message)

    def show(self, page: Page, countdown_s: int | None = None) -> None:
        """Shows the page, at once or as soon as there is an interface again."""
        before = self._shown
        update = before is not None and type(before.page) is type(page)
        if not update:
            self._forget_actions()
        number = before.seq + (0 if update else 1) if before else 1
        shown = Show(number, page, self._language, self._hall, countdown_s, self._rotation)
        if shown != before:
            self._shown = shown
            log.debug("page %d: %s", number, type(page).__name__)
            self._channel.send(_news(before, shown))

    async def action(self) -> Action:
        """The next thing that the citizen does on the current page. A switch of language is obeyed here and reported,
        too."""
        return await self._actions.get()

    def reset(self) -> None:
        """The next citizen starts in the hall's own language."""
        self._language = self._default_language
        self._forget_actions()

    def _forget_actions(self) -> None:
        while not self._actions.empty():
            self._actions.get_nowait()

    def _show_again(self) -> None:
        if self._shown is not None:
            self._channel.send(self._shown)

    def _heard(self, message: Message) -> None:
        shown = self._shown
        if not isinstance(message, Act) or shown is None or message.seq != shown.seq:
            return
        log.debug("page %d: %s", message.seq, type(message.action).__name__)
        if isinstance(message.action, SwitchLanguage):
            self._language = message.action.language
            self.show(shown.page, shown.countdown_s)
        self._actions.put_nowait(message.action)


def _news(before: Show | None, shown: Show) -> Show | Count:
    """What an interface that shows `before` must hear."""
    if before is not None and replace(before, countdown_s=shown.countdown_s) == shown:
        return Count(shown.seq, shown.countdown_s)
    return shown

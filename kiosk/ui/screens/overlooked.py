"""While somebody stands close behind: what a page says instead of what is private, and the way on."""

from kiosk.pages import Reveal
from kiosk.ui import wording
from kiosk.ui.screens.base import Here
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.pressable import PushButton


def overlooked(here: Here) -> Notice:
    """Why nothing is to be read here now."""
    return Notice("warning", here.say(wording.OVERLOOKED), here.say(wording.OVERLOOKED_HOW))


def reveal(here: Here) -> PushButton:
    """The people behind belong to the citizen."""
    return PushButton("reveal", here.say(wording.REVEAL), "person", Reveal(), here.act, share=1.6)

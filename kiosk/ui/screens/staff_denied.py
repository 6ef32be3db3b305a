"""You are not let in: why, and what to do about it."""

from kivy.uix.widget import Widget

from kiosk.maintenance.pages import StaffDenied
from kiosk.pages import Done
from kiosk.ui import wording
from kiosk.ui.screens.staff import StaffScreen, message
from kiosk.ui.widgets.pressable import PushButton


class StaffDeniedScreen(StaffScreen):
    def body(self, page: StaffDenied) -> Widget:
        say = self.here.say
        what, then = wording.DENIALS[page.why]
        return message("warning", "warn", say(what), say(then))

    def buttons(self, page: StaffDenied) -> list[PushButton]:
        return [PushButton("done", self.here.say(wording.STAFF_LEAVE), "home", Done(), self.here.act, filled=True)]

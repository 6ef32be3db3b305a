"""Insert a technician's card. It says nothing of what is behind it."""

from kivy.uix.widget import Widget

from kiosk.maintenance.pages import StaffCard
from kiosk.ui import wording
from kiosk.ui.screens.staff import StaffScreen, message


class StaffCardScreen(StaffScreen):
    def body(self, page: StaffCard) -> Widget:
        say = self.here.say
        return message("key", "brand", say(wording.STAFF_CARD), say(wording.STAFF_CARD_HOW))

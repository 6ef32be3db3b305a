"""It changes something: really?"""

from kivy.uix.widget import Widget

from kiosk.maintenance.pages import Agree, Back, StaffConfirm
from kiosk.ui import wording
from kiosk.ui.screens.staff import StaffScreen, message
from kiosk.ui.widgets.pressable import PushButton


class StaffConfirmScreen(StaffScreen):
    def body(self, page: StaffConfirm) -> Widget:
        language, say = self.here.language, self.here.say
        what = [text.in_language(language) for text in (page.title, page.choice, page.question) if text]
        return message("help", "brand", *what, say(wording.STAFF_CONFIRM_HOW))

    def buttons(self, page: StaffConfirm) -> list[PushButton]:
        here = self.here
        no = PushButton("back", here.say(wording.STAFF_NO), "left", Back(), here.act)
        return [no, PushButton("agree", here.say(wording.STAFF_YES), "check", Agree(), here.act, filled=True)]

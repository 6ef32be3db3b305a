"""One module per page, imported when its page is first shown: the first picture waits for nothing it does not need."""

from importlib import import_module

from kiosk.pages import Page
from kiosk.ui.screens.base import Here as Here
from kiosk.ui.screens.base import Screen as Screen

_MODULES = {
    "Home": "home",
    "PresentCard": "present_card",
    "ReadingCard": "reading_card",
    "OpenDocument": "open_document",
    "FaceCheck": "face_check",
    "ChooseCertificate": "choose",
    "Waiting": "waiting",
    "Preview": "preview",
    "Printing": "printing",
    "HandOver": "hand_over",
    "Rate": "rate",
    "Refusal": "refusal",
    "NotEnrolled": "not_enrolled",
    "StaffCard": "staff_card",
    "StaffPin": "staff_pin",
    "StaffDenied": "staff_denied",
    "StaffMenu": "staff_menu",
    "StaffChoose": "staff_choose",
    "StaffConfirm": "staff_confirm",
    "StaffRun": "staff_run",
    "StaffTouch": "staff_touch",
}


def screen_for(page: Page, here: Here) -> Screen:
    """The screen of `page`, built."""
    name = type(page).__name__
    module = import_module(f"kiosk.ui.screens.{_MODULES[name]}")
    screen: Screen = getattr(module, f"{name}Screen")(page, here)
    return screen

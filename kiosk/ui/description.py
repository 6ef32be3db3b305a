"""What is on the screen, in words: the one layer from which tests, the demo's finger and, later, a voice learn it.

A picture of the certificate or of a face is described as nothing more than an image.
"""

from typing import Any, TypedDict

from kivy.uix.widget import Widget

from kiosk.ui.widgets.camera import CameraView
from kiosk.ui.widgets.drawing import Scene
from kiosk.ui.widgets.gesture import Gesture
from kiosk.ui.widgets.picture import PaperPicture
from kiosk.ui.widgets.pressable import Pressable
from kiosk.ui.widgets.roll import Roll
from kiosk.ui.widgets.words import Words


class Item(TypedDict):
    """`id`: stable for buttons, else the kind of image or empty. `x`, `y`: the centre, in pixels from the top left of
    the display, wherever the window is on it. `w`, `h`: the size. `font_px`: the em of a text. `text_w`, `text_h`:
    what the text needs. `within`: the button it belongs to. `pressed`: a finger is on it.
    """

    id: str
    role: str
    text: str
    x: int
    y: int
    w: int
    h: int
    font_px: float
    text_w: int
    text_h: int
    enabled: bool
    pressed: bool
    within: str


def describe(*roots: Widget) -> list[Item]:
    """The buttons, texts and images under `roots`, in the order in which they were added; of a roll those in sight."""
    items: list[Item] = []
    for root in roots:
        _collect(root, "", items)
    return items


def _collect(widget: Widget, within: str, items: list[Item]) -> None:
    if widget.opacity == 0:
        return
    match widget:
        case Pressable():
            within = widget.name
            items.append(_item(widget, widget.name, "button", widget.label, not widget.disabled, ""))
        case Words():
            if widget.words:
                items.append(_item(widget, widget.meaning, "label", widget.words, True, within))
        case CameraView():
            items.append(_item(widget, "camera", "image", "", widget.seen, within))
        case PaperPicture():
            items.append(_item(widget, "paper", "image", "", True, within))
        case Gesture():
            items.append(_item(widget, widget.drawing, "image", "", True, within))
        case Scene():
            items.append(_item(widget, widget.name, "image", "", True, within))
        case Roll():
            for row in reversed(widget.children[0].children):
                if widget.shows(row):
                    _collect(row, within, items)
            return
    for child in reversed(widget.children):
        _collect(child, within, items)


def _item(widget: Any, name: str, role: str, text: str, enabled: bool, within: str) -> Item:
    window = widget.get_root_window()
    x, y = widget.to_window(*widget.center)
    is_text = isinstance(widget, Words)
    return Item(
        id=name,
        role=role,
        text=text,
        x=round(window.left + x),
        y=round(window.top + window.height - y),
        w=round(widget.width),
        h=round(widget.height),
        font_px=round(widget.font_size, 2) if is_text else 0.0,
        text_w=widget.texture_size[0] if is_text else 0,
        text_h=widget.texture_size[1] if is_text else 0,
        enabled=enabled,
        pressed=isinstance(widget, Pressable) and widget.state == "down",
        within=within,
    )

"""The floor of a start: the least that Kivy can put on a glass, and READY as our own user interface says it.

Run as a program, with the settings of a window in the environment (kiosk/bench/start.py).
"""

from typing import Any

from kivy.base import runTouchApp
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.label import Label
from systemd import daemon


def _flip(_: Any) -> None:
    # As in our own: handlers run before the buffers are swapped, so tell at the next tick.
    Clock.schedule_once(lambda _: daemon.notify("READY=1"))


if __name__ == "__main__":
    Window.bind(on_flip=_flip)
    runTouchApp(Label(text="hello"))

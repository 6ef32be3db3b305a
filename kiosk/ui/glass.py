"""What is behind the glass: one screen at a time, and over it the countdown when the desk counts."""

import logging
import os
import signal
from pathlib import Path
from typing import Any, Final

from kivy.app import App
from kivy.base import EventLoop
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.metrics import Metrics
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget
from systemd import daemon

from kiosk.messages import Show
from kiosk.pages import Action, Home, Kind, Rotation
from kiosk.ui import wording
from kiosk.ui.description import describe
from kiosk.ui.display import dots_per_inch, scale_of
from kiosk.ui.door import Door
from kiosk.ui.probe import BEAT_S, Probe, Snapshot
from kiosk.ui.rest import Rest
from kiosk.ui.screens import Here, Screen, screen_for
from kiosk.ui.theme import fonts as typefaces
from kiosk.ui.theme.icons import CERTIFICATES
from kiosk.ui.theme.tokens import COLOURS, PANEL_HEIGHT_PX, PANEL_WIDTH_PX, Rgba
from kiosk.ui.widgets.countdown import Countdown
from kiosk.ui.widgets.ring import GROUND, Ring
from kiosk.ui.widgets.surround import Surround

log = logging.getLogger(__name__)

_REHEARSAL: Final = Show(
    0,
    Home(tuple(Kind("", wording.HOME_TITLE, wording.HOME_LEAD, wording.HOME_LEAD, icon) for icon in CERTIFICATES)),
    "zh",
    wording.HOME_TITLE,
)
"""Painted and not shown, behind the boot loader's ring. Without a GPU the renderer compiles what paints a page when it
first does, and that takes as long as all of the start before it; while the desk is not there yet, nobody waits for it,
nor for the drawings of most tiles."""


class Glass(App):
    """Builds the screen of each page the door brings, changes it in place where it can, and paints only then."""

    title = "Onecard Kiosk"

    def __init__(self, door: Door, preview: Path, fonts: Path, probe: Path | None, *, still: bool) -> None:
        super().__init__()
        typefaces.register(fonts)
        self._door, self._preview, self._still = door, preview, still
        self._show: Show | None = None
        self._screen: Screen | None = None
        self._surround: Surround | None = None
        self._countdown: Countdown | None = None
        self._frames = 0
        self._built = self._first = 0  # screens so far, and which of them was the first with the page that is shown
        self._ready = self._swapped = False
        self._probe = Probe(probe) if probe else None
        if self._probe:
            Clock.schedule_interval(self._probe.beat, BEAT_S)
        self._rest = Rest()
        self.closed_by_hand = False
        Window.bind(on_request_close=self._close_by_hand)
        # SDL would turn the signal into the same event as the window's close button.
        signal.signal(signal.SIGTERM, lambda *_: Clock.schedule_del_safe(self.stop))

    def build(self) -> FloatLayout:
        self._panel = FloatLayout(size_hint=(None, None), pos_hint={"center_x": 0.5, "center_y": 0.5})
        self._fill_window()
        self._whole = FloatLayout()
        self._news()
        if self._show is None:
            self._put(Ring(), GROUND)
        Window.bind(on_flip=self._about_to_paint, on_move=self._paint)
        self._feed_watchdog()
        self._door.wake(lambda: Clock.schedule_once(self._news))
        return self._whole

    def load_config(self) -> None:
        """An application of ours has no settings file, …"""

    def open_settings(self, *_: Any) -> bool:
        """… and no settings panel behind F1."""
        return False

    def on_stop(self) -> None:
        if self._screen:
            self._screen.close()
        if self._surround:
            self._surround.close()
        if self._probe:
            self._probe.close()

    def _put(self, widget: Widget, ground: Rgba) -> None:
        self._whole.clear_widgets()
        self._whole.add_widget(widget)
        Window.clearcolor = ground  # to paint it as a rectangle costs a third of a frame without a GPU

    def _news(self, *_: Any) -> None:
        # A finger that came first meant the page that is still there; on the next one nothing has a place yet.
        EventLoop.dispatch_input()
        show = self._door.take()
        if show is not None:
            self._turn_to(show)
        if self._door.closed:
            self.stop()

    def _turn_to(self, show: Show) -> None:
        before, self._show = self._show, show
        if before is None:
            self._put(self._panel, COLOURS["page"])
        self._rest.put_off()
        self._stand(show.rotation)
        self._door.shown(before, show)
        if not (before and self._screen and self._fits(before, show)):
            self._replace(show)
        if before is None or before.seq != show.seq:
            self._first = self._built
            log.debug("page %d: %s", show.seq, type(show.page).__name__)
        self._count(before, show)
        self._paint()  # every Show is followed by a frame, also when it looks the same

    def _stand(self, rotation: Rotation) -> None:
        """Turns the page on the panel, which then has another width: nothing that was laid out before fits it."""
        if rotation == Window.rotation:
            return
        Window.rotation = rotation
        self._fill_window()
        if self._surround:
            self._surround.close()
            self._surround = None

    def _fill_window(self) -> None:
        Metrics.dpi = dots_per_inch(Window.size)
        scale = scale_of(Window.size)
        self._panel.size = (round(PANEL_WIDTH_PX * scale), round(PANEL_HEIGHT_PX * scale))

    def _fits(self, before: Show, show: Show) -> bool:
        """The screen that is there shows, or now takes over, the page of `show`."""
        same = (before.hall, before.language, before.rotation) == (show.hall, show.language, show.rotation)
        if not same or type(before.page) is not type(show.page):
            return False
        return before.page == show.page or (self._screen is not None and self._screen.renew(show.page))

    def _replace(self, show: Show) -> None:
        if self._screen:
            self._screen.close()
        self._panel.clear_widgets()
        self._countdown = None
        self._built += 1
        number = self._built
        here = Here(self._surround_of(show), lambda action: self._act(number, action), self._preview, self._still)
        self._screen = screen_for(show.page, here)
        self._panel.add_widget(self._screen)

    def _surround_of(self, show: Show) -> Surround:
        """What was there before, unless hall or language are others. It is always of the page that is there."""
        kept = self._surround
        if kept is None or (kept.hall, kept.language) != (show.hall, show.language):
            if kept:
                kept.close()
            kept = self._surround = Surround(show.hall, show.language, lambda action: self._act(self._built, action))
        return kept

    def _count(self, before: Show | None, show: Show) -> None:
        if show.countdown_s is None:
            if self._countdown:
                self._panel.remove_widget(self._countdown)
                self._countdown = None
        elif self._countdown:
            self._countdown.count(show.countdown_s)
        elif self._screen:
            screen = self._screen
            self._countdown = Countdown(
                show.countdown_s, screen.countdown_how, screen.leave(), show.language, screen.here.act
            )
            self._countdown.size_hint_y = None
            self._countdown.height = self._panel.height - self._screen.header.height
            self._countdown.pos_hint = {"x": 0, "y": 0}
            self._panel.add_widget(self._countdown)

    def _act(self, number: int, action: Action) -> None:
        """A finger that was put down on a page that is gone means nothing to the one that is there; an update of the
        page under the finger does not matter."""
        if self._show and number >= self._first:
            self._door.send(self._show.seq, action)

    def _paint(self, *_: Any) -> None:
        self._whole.canvas.ask_update()

    def _close_by_hand(self, *_: Any, **__: Any) -> None:
        self.closed_by_hand = True

    def _about_to_paint(self, _: Any) -> bool:
        # Handlers run before the buffers are swapped, and a true result stops the swap. Of what is shown, tell at the
        # next tick.
        # SDL makes the surface of a window that fills its panel anew when the first frame is due: that one is lost.
        lost = bool(Window.fullscreen) and not self._swapped
        self._swapped = True
        if lost:
            Clock.schedule_once(self._paint)
            return False
        if self._show is None:
            is_ring = self._panel.parent is None
            if is_ring:
                Clock.schedule_once(self._rehearse)
            return not is_ring
        self._frames += 1
        frames, described = self._frames, self._describe() if self._probe else None
        Clock.schedule_once(lambda _: self._painted(frames, described))
        return False

    def _rehearse(self, *_: Any) -> None:
        if self._show is None:
            self._put(self._panel, COLOURS["page"])
            self._replace(_REHEARSAL)

    def _painted(self, frames: int, described: Snapshot | None) -> None:
        if not self._ready and self._screen:
            self._ready = True
            log.info("the first page is painted, on %d x %d", *Window.size)
            daemon.notify("READY=1")
        if self._probe:
            self._probe.painted(frames, described)

    def _feed_watchdog(self) -> None:
        interval = int(os.environ.get("WATCHDOG_USEC", "0")) / 2e6
        if interval:
            Clock.schedule_interval(lambda _: daemon.notify("WATCHDOG=1"), interval)

    def _describe(self) -> Snapshot | None:
        if self._show is None or self._screen is None:
            return None
        seen = (self._screen.header, self._countdown) if self._countdown else (self._screen,)
        return {
            "page": type(self._show.page).__name__,
            "seq": self._show.seq,
            "language": self._show.language,
            "countdown_s": self._show.countdown_s,
            "built": self._built,
            "window": (Window.left, Window.top, *Window.size),
            "items": describe(*seen),
        }

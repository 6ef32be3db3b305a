"""The head of every page: the hall, the time, the other language. And its foot: whom to ask."""

from datetime import datetime
from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.metrics import mm

from kiosk.china_time import CHINA
from kiosk.pages import Language, SwitchLanguage, Text
from kiosk.ui import wording
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, COLOURS, HEADING, MARGIN, SMALL, TARGET
from kiosk.ui.widgets.drawing import Badge, Icon
from kiosk.ui.widgets.layout import Column, Ground, Row, Space
from kiosk.ui.widgets.pressable import Act, Pressable
from kiosk.ui.widgets.words import Caption, Words

_HIGH = 38.0
_TIMES = {"zh": 56.0, "en": 42.0}
"""How wide the longest date is."""
_SHADES = 64


class Header(Row):
    """Redraws the clock once a minute and nothing in between."""

    def __init__(self, hall: Text, language: Language, act: Act) -> None:
        self._language = language
        self._time = Words("", HEADING, "on_dark", bold=True, align="right")
        self._day = Words("", SMALL, "on_dark_soft", align="right")
        times = Column(Space(), self._time, self._day, Space(), size_hint_x=None, width=mm(_TIMES[language]))
        names = Column(
            Space(),
            Words(hall.in_language(language), BODY, "on_dark", bold=True, lines=2),
            Words(wording.TERMINAL.in_language(language), SMALL, "on_dark_soft", lines=1),
            Space(),
        )
        self.emblem = Badge("hall", 19, "on_dark", "on_dark_veil", radius=9.5)
        super().__init__(
            self.emblem,
            names,
            times,
            _LanguageSwitch(language, act),
            gap=5,
            margin=(MARGIN, 0),
            size_hint_y=None,
            height=mm(_HIGH),
        )
        with self.canvas.before:
            Color(1, 1, 1, 1)
            self._ground = Rectangle(texture=_gradient("brand", "brand_deep"))
        self.bind(pos=self._follow, size=self._follow)
        self._tick()

    def close(self) -> None:
        Clock.unschedule(self._tick)

    def _tick(self, *_: Any) -> None:
        now = datetime.now(CHINA)
        self._time.say(wording.clock(now))
        self._day.say(wording.day(now, self._language))
        Clock.schedule_once(self._tick, 60.05 - now.second - now.microsecond / 1e6)

    def _follow(self, *_: Any) -> None:
        self._ground.pos, self._ground.size = self.pos, self.size


class FootLine(Row):
    """One sentence for everybody, under every page."""

    def __init__(self, icon: Drawing, sentence: str) -> None:
        caption = Caption(sentence, size_mm=SMALL, tone="ink_soft", pos_hint={"center_y": 0.5})
        super().__init__(Space(), Icon(icon, 8, "brand"), caption, Space(), gap=3, size_hint_y=None, height=mm(19))


class _LanguageSwitch(Pressable):
    def __init__(self, language: Language, act: Act) -> None:
        label = wording.OTHER_LANGUAGE.in_language(language)
        other: Language = "en" if language == "zh" else "zh"
        super().__init__(
            "language",
            label,
            SwitchLanguage(other),
            act,
            ("on_dark_veil", "on_dark_veil_pressed"),
            size_hint=(None, None),
            size=(mm(46), mm(TARGET + 0.4)),
            pos_hint={"center_y": 0.5},
            spacing=mm(2.5),
        )
        self.ground = Ground(self, "on_dark_veil", TARGET / 2)
        caption = Caption(label, size_mm=BODY, bold=True, tone="on_dark", pos_hint={"center_y": 0.5})
        for part in (Space(), Icon("globe", 8.5, "on_dark"), caption, Space()):
            self.add_widget(part)


def _gradient(top: str, bottom: str) -> Texture:
    texture = Texture.create(size=(1, _SHADES), colorfmt="rgb")
    shades = bytearray()
    for step in range(_SHADES):
        share = step / (_SHADES - 1)
        shades += bytes(
            round(255 * (b + (t - b) * share)) for t, b in zip(COLOURS[top][:3], COLOURS[bottom][:3], strict=True)
        )
    texture.blit_buffer(bytes(shades), colorfmt="rgb")
    return texture

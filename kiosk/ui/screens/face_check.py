"""Look at the camera: the picture in an oval, one thing to do in large letters, a head that does it on the side meant.

“Left” is the citizen's own left; the picture is a mirror, so that is the left of the screen.
"""

from typing import Final

from kivy.core.window import Window
from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.pages import FaceCheck, Light, Prompt
from kiosk.ui import wording
from kiosk.ui.screens.base import Here, Screen
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, COLOURS, GAP, HEADING, MARGIN, TITLE
from kiosk.ui.widgets.camera import CameraView
from kiosk.ui.widgets.drawing import Icon
from kiosk.ui.widgets.gesture import Gesture
from kiosk.ui.widgets.layout import Column, Ground, Row
from kiosk.ui.widgets.words import Words

_DRAWINGS: Final[dict[Prompt, tuple[Drawing, ...]]] = {
    Prompt.LOOK: ("look",),
    Prompt.TURN_LEFT: ("left-from", "left-to"),
    Prompt.TURN_RIGHT: ("right-from", "right-to"),
    Prompt.LOOK_UP: ("up-from", "up-to"),
    Prompt.OPEN_MOUTH: ("mouth-from", "mouth-to"),
    Prompt.BACK_TO_FRONT: ("look",),
    Prompt.KEEP_LOOKING: ("look",),
    Prompt.COMPARING: ("shield",),
}


class FaceCheckScreen(Screen):
    """Follows the check without being rebuilt: prompt, hint and ring change in place."""

    step = 2

    def body(self, page: FaceCheck) -> Widget:
        self._prompt = _Prompt(page, self.here)
        self._camera = CameraView(self.here.preview, page.progress, page.zone, still=self.here.still)
        self._light: Light | None = None
        self._shed(page.light)
        self._hint = _Hint(page, self.here)
        return Column(self._prompt, self._camera, self._hint, gap=GAP, margin=(MARGIN, 8))

    def renew(self, page: FaceCheck) -> bool:
        self._shed(page.light)
        self._prompt.show(page)
        self._camera.advance(page.progress)
        self._camera.go_to(page.zone)
        self._hint.show(page)
        return True

    def close(self) -> None:
        self._shed(None)
        self._prompt.close()
        super().close()

    def _shed(self, light: Light | None) -> None:
        """Colours the page's ground, so that it lights the face; None is the page's own colour."""
        if light is not self._light:
            self._light = light
            ground = "page" if light is None else f"shed_{light.value}"
            Window.clearcolor = COLOURS[ground]
            self._camera.stand_on(ground)


class _Prompt(Row):
    """What to do; the drawing stands on the side it points to."""

    def __init__(self, page: FaceCheck, here: Here) -> None:
        self._here = here
        self._sides = {side: Gesture(32, still=here.still) for side in ("left", "right")}
        self._words = Words("", TITLE + 1, bold=True, align="center", pos_hint={"center_y": 0.5})
        super().__init__(
            self._sides["left"], self._words, self._sides["right"], gap=GAP, size_hint_y=None, height=mm(38)
        )
        self.show(page)

    def show(self, page: FaceCheck) -> None:
        used = "right" if page.prompt is Prompt.TURN_RIGHT else "left"
        for side, gesture in self._sides.items():
            gesture.opacity = 1.0 if side == used else 0.0
            gesture.do(*_DRAWINGS[page.prompt if side == used else Prompt.LOOK])
        self._words.say(self._here.say(wording.PROMPTS[page.prompt]))
        self._words.meaning = wording.voice(page.prompt)

    def close(self) -> None:
        for gesture in self._sides.values():
            gesture.close()


class _Hint(Row):
    """What is wrong with the picture; if nothing is, what happens to it."""

    def __init__(self, page: FaceCheck, here: Here) -> None:
        self._here = here
        self._icon = Icon("lock", 10, "ink_soft")
        self._words = Words("", BODY, pos_hint={"center_y": 0.5})
        super().__init__(self._icon, self._words, gap=5, margin=(8, 0), size_hint_y=None, height=mm(27))
        self._ground = Ground(self, "surface")
        self.show(page)

    def show(self, page: FaceCheck) -> None:
        icon: Drawing = "lock" if page.hint is None else "warning"
        if page.hint is None:
            text, tone, ground = wording.FACE_PRIVACY, "ink_soft", "surface"
        else:
            text, tone, ground = wording.HINTS[page.hint], "warn", "warn_tint"
        self._icon.change(icon, tone)
        self._words.say(self._here.say(text))
        self._words.meaning = wording.voice(page.hint) if page.hint else ""
        self._words.bold = page.hint is not None
        self._words.font_size = mm(BODY if page.hint is None else HEADING)
        self._words.tint(tone)
        self._ground.tint(ground)

"""A page of paper on the screen: scaled once to the pixels it gets, forgotten when it is closed."""

from typing import Any, Final

from kivy.core.window import Window
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.uix.widget import Widget
from PIL import Image

from kiosk.pages import Picture
from kiosk.ui.widgets.shadow import Shadow

_BLURRED_PX: Final = 24


def blurred(page: Picture) -> Picture:
    """What is left of a page when only its layout may be seen: no character survives in so few pixels."""
    picture = Image.frombuffer("RGB", (page.width, page.height), page.rgb, "raw", "RGB", 0, 1)
    few = picture.resize((_BLURRED_PX, max(1, round(_BLURRED_PX * page.height / page.width))), Image.Resampling.BOX)
    again = few.resize((few.width * 8, few.height * 8), Image.Resampling.BICUBIC)
    return Picture(again.width, again.height, again.tobytes())


class PaperPicture(Widget):
    """Raises ValueError if `page` is not a picture; says nothing about what is in it."""

    def __init__(self, page: Picture) -> None:
        if not (page.width > 0 < page.height and len(page.rgb) == page.width * page.height * 3):
            raise ValueError("the preview is not a picture")
        size = (page.width, page.height)
        self._picture: Image.Image | None = Image.frombuffer("RGB", size, page.rgb, "raw", "RGB", 0, 1)
        super().__init__()
        self._texture: Texture | None = None
        with self.canvas:
            self._shadow = Shadow(1, blur=7, shrink=0.5)
            Color(1, 1, 1, 1)
            self._paper = Rectangle()
        self.bind(pos=self._wait, size=self._wait)

    def close(self) -> None:
        if self._texture:
            self._texture.blit_buffer(
                bytes(self._texture.width * self._texture.height * 3), colorfmt="rgb", bufferfmt="ubyte"
            )
        self._paper.texture = self._texture = self._picture = None

    def _wait(self, *_: Any) -> None:
        """It is scaled just before a frame is drawn: until then layouts may still move it, several times."""
        Window.bind(on_draw=self._follow)

    def _follow(self, *_: Any) -> None:
        Window.unbind(on_draw=self._follow)
        if self._picture is None:
            return
        scale = min(self.width / self._picture.width, self.height / self._picture.height)
        size = (max(1, round(self._picture.width * scale)), max(1, round(self._picture.height * scale)))
        if self._texture is None or self._texture.size != size:
            scaled = self._picture.resize(size, Image.Resampling.HAMMING, reducing_gap=3.0)
            self._texture = Texture.create(size=size, colorfmt="rgb")
            self._texture.blit_buffer(scaled.tobytes(), colorfmt="rgb", bufferfmt="ubyte")
            self._texture.flip_vertical()
            self._paper.texture = self._texture
        pos = (round(self.x + (self.width - size[0]) / 2), round(self.y + (self.height - size[1]) / 2))
        self._paper.pos, self._paper.size = pos, size
        self._shadow.follow(pos, size)

"""The camera picture with the oval to look through: two quads, one fragment shader.

The picture is shown as in a mirror, so the citizen's own left is on the left. The shader paints what lies over it: the
veil outside the oval, the ring that fills clockwise from the top, and the page's colour outside the rounded frame. It
paints into a texture, and only when the ring moves: pictures come far more often.
"""

from pathlib import Path
from typing import Any, Final

from kivy.clock import Clock
from kivy.graphics import Callback, Color, Fbo, Rectangle
from kivy.graphics.opengl import GL_BLEND, glDisable, glEnable
from kivy.graphics.texture import Texture
from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.pages import Zone
from kiosk.preview import FRAME_BYTES, HEIGHT, WIDTH, PreviewRing
from kiosk.ui.theme.tokens import COLOURS

_PICTURES_PER_SECOND: Final = 10
"""Each picture redraws the whole window; without a GPU that is a core's work above this."""

_OVALS: Final = {Zone.HIGH: (0.61, 0.25), Zone.MIDDLE: (0.5, 0.29), Zone.LOW: (0.39, 0.25)}
"""Height of the middle above the lower edge, and half the width: as large as there is room for."""
_ARRIVED: Final = 0.01

_SHADER: Final = """
$HEADER$
uniform vec2 box; uniform vec2 oval; uniform vec2 centre;
uniform float corner; uniform float thickness; uniform float progress;
uniform vec4 veil; uniform vec4 track; uniform vec4 ring; uniform vec4 page;
float ellipse(vec2 p, vec2 r) {        // distance to the edge to first order: exact enough within some pixels of it
    float a = length(p / r);
    return a * (a - 1.0) / max(length(p / (r * r)), 1e-6);
}
float rounded(vec2 p, vec2 half_size, float r) {
    vec2 q = abs(p) - half_size + r;
    return length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - r;
}
void main(void) {
    vec2 at = tex_coord0 * box;
    vec2 p = at - centre;
    float d = ellipse(p, oval);
    vec4 c = vec4(veil.rgb, veil.a * smoothstep(-1.0, 1.0, d));
    float turn = atan(p.x, p.y) / 6.2831853;
    turn = turn < 0.0 ? turn + 1.0 : turn;
    float lit = progress > 0.0 ? 1.0 - smoothstep(progress - 0.002, progress + 0.002, turn) : 0.0;
    float band = 1.0 - smoothstep(thickness - 1.0, thickness + 1.0, abs(d - 2.2 * thickness));
    vec4 stroke = mix(track, ring, lit);
    c = mix(c, vec4(stroke.rgb, 1.0), band * stroke.a);
    c = mix(c, page, smoothstep(-1.0, 0.5, rounded(at - box * 0.5, box * 0.5, corner)));
    gl_FragColor = c * frag_color;
}
"""


class CameraView(Widget):
    """Takes pictures from the ring while it is open; `progress` is 0..1. `close` forgets the last picture.

    The oval stands in `zone`; on its way to another it moves with the pictures, so that it costs no frame of its own,
    or is there at once if all is to be `still`.
    """

    def __init__(self, ring: Path, progress: float, zone: Zone, *, still: bool) -> None:
        super().__init__()
        self._path, self._number = ring, 0
        self._ring: PreviewRing | None = None
        self.seen = False
        self._still = still
        self._oval = self._goal = _OVALS[zone]
        self._texture = Texture.create(size=(WIDTH, HEIGHT), colorfmt="rgb")
        self._blank()
        with self.canvas:
            self._tone = Color(*COLOURS["brand_deep"])
            self._picture = Rectangle()
            self._glass = Fbo(size=(1, 1), fs=_SHADER)
            Color(1, 1, 1, 1)
            self._overlay = Rectangle()
        with self._glass:
            Callback(lambda _: glDisable(GL_BLEND))  # what is transparent is to be so in the texture, too
            self._quad = Rectangle(tex_coords=(0, 0, 1, 0, 1, 1, 0, 1))  # y upwards in the shader
            Callback(lambda _: glEnable(GL_BLEND))
        for name, colour in (("veil", "veil"), ("track", "track"), ("ring", "ring"), ("page", "page")):
            self._glass[name] = list(COLOURS[colour])
        self.bind(pos=self._follow, size=self._follow)
        self.advance(progress)
        Clock.schedule_interval(self._look, 1 / _PICTURES_PER_SECOND)

    def advance(self, progress: float) -> None:
        self._glass["progress"] = float(progress)
        self._glass.ask_update()

    def go_to(self, zone: Zone) -> None:
        """Another place for the oval."""
        self._goal = _OVALS[zone]
        if (self._still or not self.seen) and self._oval != self._goal:
            self._place(self._goal)

    def stand_on(self, ground: str) -> None:
        """The colour of the page around the rounded frame."""
        self._glass["page"] = list(COLOURS[ground])
        self._glass.ask_update()

    def close(self) -> None:
        Clock.unschedule(self._look)
        self._blank()
        if self._ring:
            self._ring.close()

    def _look(self, *_: Any) -> None:
        if self._ring is None:
            try:
                self._ring = PreviewRing.reading(self._path)
            except (OSError, ValueError):  # the vision process has not made it yet
                return
        frame = self._ring.latest(self._number)
        if frame is None:
            return
        self._number, picture = frame
        self._texture.blit_buffer(picture, colorfmt="rgb", bufferfmt="ubyte")
        if not self.seen:
            self.seen = True
            self._tone.rgba = (1, 1, 1, 1)
            self._picture.texture = self._texture
            self._follow()
        if self._oval != self._goal:
            (height, size), (goal, target) = self._oval, self._goal
            near = abs(goal - height) < _ARRIVED
            self._place(self._goal if near else ((height + goal) / 2, (size + target) / 2))
        self.canvas.ask_update()

    def _blank(self) -> None:
        self._texture.blit_buffer(bytes(FRAME_BYTES), colorfmt="rgb", bufferfmt="ubyte")

    def _follow(self, *_: Any) -> None:
        size = (max(1, round(self.width)), max(1, round(self.height)))
        if self._glass.size != size:
            self._glass.size = self._quad.size = size
            self._overlay.texture = self._glass.texture
        self._overlay.pos, self._overlay.size = (round(self.x), round(self.y)), size
        self._picture.pos, self._picture.size = self.pos, self.size
        # Cover the frame: the height fits, the sides are cut; u runs backwards (mirror), v downwards (top row first).
        keep = min(1.0, (self.width / max(self.height, 1)) / (WIDTH / HEIGHT))
        left, right = (1 + keep) / 2, (1 - keep) / 2
        self._picture.tex_coords = (left, 1, right, 1, right, 0, left, 0)
        self._glass["box"] = [float(self.width), float(self.height)]
        self._place(self._oval)
        self._glass["corner"] = mm(8)
        self._glass["thickness"] = mm(1.3)

    def _place(self, oval: tuple[float, float]) -> None:
        self._oval = oval
        height, size = oval
        across = min(self.width * 0.32, self.height * size)
        self._glass["centre"] = [self.width / 2, self.height * height]
        self._glass["oval"] = [across, across * 1.3]
        self._glass.ask_update()

"""Does the face shine back what the screen sheds on it? Colours in a random order, and the skin's answer to each.

After Tang et al. 2018 ("Face Flashing", arXiv:1801.01949), reduced to what a kiosk's screen and an ordinary camera
give: the mean colour of the skin, once per colour shown, against the colours themselves. What was recorded earlier, or
is fed into the cable, follows another order or none. A print reflects light as a face does: against prints this says
nothing.
"""

import random
from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import Mesh, Picture

COLOURS: Final = 5
SHOWN_S: Final = 0.6
SETTLED_S: Final = 0.3
"""Until the screen has changed and the camera has seen it."""
RESPONSE_LEAST: Final = 1.0
"""Grey levels that a full colour must add: less is noise, however well it fits."""


class Colour(Enum):
    """What the screen sheds."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Each channel, 0 to 1."""
        return (float(self is Colour.RED), float(self is Colour.GREEN), float(self is Colour.BLUE))


def random_colours() -> tuple[Colour, ...]:
    """`COLOURS` of them, each unlike the one before, all three among them."""
    draw = random.SystemRandom()
    while True:
        drawn = [draw.choice(list(Colour))]
        while len(drawn) < COLOURS:
            drawn.append(draw.choice([colour for colour in Colour if colour is not drawn[-1]]))
        if len(set(drawn)) == len(Colour):
            return tuple(drawn)


def skin(rgb: Picture, face: Mesh) -> NDArray[np.float64]:
    """The mean colour of the face: its upright middle half, without hair and background."""
    (left, top), (right, bottom) = face.flat.min(axis=0), face.flat.max(axis=0)
    inset_x, inset_y = (right - left) / 4, (bottom - top) / 4
    height, width = rgb.shape[:2]
    x = np.clip([left + inset_x, right - inset_x], 0, width).astype(int)
    y = np.clip([top + inset_y, bottom - inset_y], 0, height).astype(int)
    middle = rgb[y[0] : max(y[1], y[0] + 1), x[0] : max(x[1], x[0] + 1)]
    return np.array(cv2.mean(middle)[:3])


class Lamp:
    """Shows its colours one after the other, from `start_s`, and listens to what the skin answers."""

    def __init__(self, start_s: float, colours: tuple[Colour, ...]) -> None:
        self._start_s = start_s
        self._colours = colours
        self._seen: list[list[NDArray[np.float64]]] = [[] for _ in colours]

    def colour(self, time_s: float) -> Colour | None:
        """What the screen should shed now; None when all have been shown."""
        number = int((time_s - self._start_s) / SHOWN_S)
        return self._colours[number] if number < len(self._colours) else None

    def see(self, time_s: float, colour: NDArray[np.float64]) -> None:
        """The skin's colour in a picture of this time; counts once the screen's colour has settled."""
        number, within_s = divmod(time_s - self._start_s, SHOWN_S)
        if number < len(self._colours) and within_s >= SETTLED_S:
            self._seen[int(number)].append(colour)

    def score(self) -> float:
        """Correlation of what was shed and what came back, -1 to 1; 0 when a colour was missed or little came back."""
        if not all(self._seen):
            return 0.0
        back = np.array([np.mean(seen, axis=0) for seen in self._seen])
        shed = np.array([colour.rgb for colour in self._colours])
        back, shed = back - back.mean(axis=0), shed - shed.mean(axis=0)
        response = float((back * shed).sum() / np.square(shed).sum())
        size = float(np.linalg.norm(back) * np.linalg.norm(shed))
        return float((back * shed).sum() / size) if size and response >= RESPONSE_LEAST else 0.0

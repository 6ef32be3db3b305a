"""The ui process from start to end. Light to import: Kivy comes in only when `main` is called.

Kivy reads its settings from the environment while it is imported, writes a home folder, and looks for every provider
it knows; `_tame` points all of that at this process's own folder on tmpfs and at the few parts that are used.
"""

import logging
import os
import tempfile
from pathlib import Path
from typing import Final

from kiosk import journal
from kiosk.ui.display import Size, dots_per_inch, fitted, wait_for_panel
from kiosk.ui.door import Door

_STYLE: Final = Path(__file__).with_name("theme")
CLOSED_BY_HAND: Final = 3
"""Exit code when a person has closed the window: they want no other one."""


def main(
    socket: Path,
    preview: Path,
    fonts: Path,
    probe: Path | None,
    size: Size = (1080, 1920),
    windowed: bool = False,
    still: bool = False,
) -> int:
    """Shows what the desk behind `socket` says until it hangs up or SIGTERM comes.

    `preview`: the ring of camera pictures. `fonts`: the folder of typefaces. `probe`: where to offer a description of
    the screen, if at all. `windowed`: with a frame and a pointer, for a person at a desktop; the page is then `size`
    pixels, or less on a smaller display, and else as large as the panel. `still`: drawings rest. Returns the exit code.
    Raises OSError if there is no typeface.
    """
    journal.configure("ui")
    logging.getLogger("kivy").addFilter(lambda record: record.levelno >= logging.WARNING)
    door = Door(socket)
    if panel := os.environ.get("SDL_VIDEODRIVER") == "kmsdrm":
        wait_for_panel()
    window = fitted(size, windowed)
    with tempfile.TemporaryDirectory(prefix="kivy-", dir=os.environ.get("RUNTIME_DIRECTORY", socket.parent)) as home:
        _tame(home, window, windowed, panel)
        from kiosk.ui.glass import Glass

        glass = Glass(door, preview, fonts, probe, still=still)
        glass.run()
    return CLOSED_BY_HAND if windowed and glass.closed_by_hand else 0


def _tame(home: str, window: Size, windowed: bool, panel: bool) -> None:
    os.environ.update(
        KIVY_HOME=home,
        KIVY_CLOCK="interrupt",  # what the desk says is shown at once, not at the next sixtieth of a second
        KIVY_NO_ARGS="1",
        KIVY_NO_CONFIG="1",
        KIVY_NO_ENV_CONFIG="1",
        KIVY_NO_FILELOG="1",
        KIVY_LOG_MODE="PYTHON",
        KIVY_DPI=f"{dots_per_inch(window):.3f}",
        KIVY_METRICS_DENSITY="1",
        KIVY_METRICS_FONTSCALE="1",
        KIVY_WINDOW="sdl2",
        KIVY_TEXT="sdl2",
        KIVY_IMAGE="sdl2",
    )
    import kivy

    whole, kivy.kivy_data_dir = kivy.kivy_data_dir, str(_STYLE)
    import kivy.lang.builder  # reads style.kv from there, as soon as it is imported

    kivy.kivy_data_dir = whole
    from kivy.config import Config

    settings = {
        "width": window[0],
        "height": window[1],
        "fullscreen": "auto" if panel else 0,  # as large as the panel is, which only SDL asks it
        "borderless": int(not windowed),
        "position": "auto" if windowed else "custom",
        "left": 0,
        "top": 0,
        "resizable": 0,
        "multisamples": 0,  # lines and shapes smooth themselves; without a GPU this doubles the cost of a frame
        "show_cursor": int(windowed),
    }
    for key, value in settings.items():
        Config.set("graphics", key, value)
    Config.set("kivy", "exit_on_escape", 0)
    Config.set("kivy", "log_level", "warning")
    for provider in list(Config.options("input")):
        Config.remove_option("input", provider)
    Config.set("input", "mouse", "mouse,disable_multitouch")

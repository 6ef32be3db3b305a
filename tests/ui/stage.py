"""Around the real ui process: a private X display, a desk that only shows and listens, an eye and a finger."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from select import select
from typing import Any

from kiosk.messages import Act, Count, Show, decode, encode
from kiosk.pages import Language, Page, Rotation, Text
from tests.ui import desktop

SECONDS = 15.0
"""How long anything may take before a test gives up."""

HALL = Text("示例区政务服务中心", "Example District Service Hall")

Snapshot = dict[str, Any]


@contextmanager
def display(width: int, height: int) -> Iterator[str]:
    """A private X server on a number it finds free itself. Yields the value for DISPLAY."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    try:
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(SECONDS)


def on_the_panel(x: int, y: int, size: tuple[int, int], rotation: int) -> tuple[int, int]:
    """A place on a page of this size, on the panel where the page is turned counter-clockwise."""
    width, height = size
    return {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[rotation]


class Stage:
    """The ui process between a fake desk and a private display."""

    def __init__(
        self,
        folder: Path,
        fonts: Path,
        x_display: str,
        size: tuple[int, int] = (1080, 1920),
        options: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        self.folder, self.display = folder, x_display
        self.preview = folder / "preview.ring"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "ui.sock"))
        self._listener.listen()
        self._listener.settimeout(SECONDS)
        self._seq = 0
        self.acts: Queue[Act] = Queue()
        self.seen: Snapshot = {}
        self._probe = folder / "probe.sock"
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / "notify.sock"))
        self._systemd.settimeout(SECONDS)
        words = ["--socket", folder / "ui.sock", "--preview", self.preview, "--fonts", fonts, "--probe", self._probe]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "ui", *map(str, words), "--size", f"{size[0]}x{size[1]}", *options],
            env={
                **os.environ,
                "DISPLAY": x_display,
                "LIBGL_ALWAYS_SOFTWARE": "1",
                "NOTIFY_SOCKET": str(folder / "notify.sock"),
                **environment,
            },
            stderr=(folder / "stderr").open("wb"),
        )
        self._desk, _ = self._listener.accept()
        threading.Thread(target=self._listen, daemon=True).start()
        self._lines: Any = None

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        self._listener.close()

    # --- the desk ---

    def show(
        self,
        page: Page,
        language: Language = "zh",
        countdown_s: int | None = None,
        seq: int | None = None,
        hall: Text = HALL,
        rotation: Rotation = 0,
    ) -> Snapshot:
        """Shows a page and waits until it is painted."""
        self._seq = self._seq + 1 if seq is None else seq
        self._desk.sendall(encode(Show(self._seq, page, language, hall, countdown_s, rotation)))
        return self.until(
            lambda s: (
                (s["page"], s["seq"], s["language"], s["countdown_s"])
                == (type(page).__name__, self._seq, language, countdown_s)
            )
        )

    def count(self, countdown_s: int | None) -> Snapshot:
        """The seconds over the page that is there, or no more; waits until they are painted."""
        self._desk.sendall(encode(Count(self._seq, countdown_s)))
        return self.until(lambda s: s["countdown_s"] == countdown_s)

    def update(self, page: Page, language: Language = "zh") -> None:
        """Shows the same page in another state, and waits for nothing."""
        self._desk.sendall(encode(Show(self._seq, page, language, HALL)))

    def act(self) -> Act:
        """The next thing the citizen did."""
        return self.acts.get(timeout=SECONDS)

    def say(self, raw: bytes) -> None:
        """Bytes that need not be a message."""
        self._desk.sendall(raw)

    def hang_up(self) -> None:
        self._desk.shutdown(socket.SHUT_RDWR)
        self._desk.close()

    # --- the eye ---

    def until(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        """Reads the probe until `condition` holds for what is painted."""
        if self._lines is None:
            while self.notified() != "READY=1":
                pass
            self._lines = self.probe()
        while not (self.seen and condition(self.seen)):
            line = self._lines.readline()
            assert line, (self.folder / "stderr").read_text()
            self.seen = json.loads(line)
        return self.seen

    def probe(self) -> Any:
        """A new connection to the probe, as a file of lines."""
        eye = socket.socket(socket.AF_UNIX)
        eye.settimeout(SECONDS)
        eye.connect(str(self._probe))
        return eye.makefile()

    def look_again(self) -> Snapshot:
        """What is painted now, to a new reader."""
        with self.probe() as eye:
            snapshot: Snapshot = json.loads(eye.readline())
        return snapshot

    def notified(self) -> str:
        """The next thing the process tells systemd."""
        try:
            return self._systemd.recv(4096).decode()
        except TimeoutError:
            raise AssertionError((self.folder / "stderr").read_text()) from None

    def notified_anew(self) -> str:
        """The next thing that it tells from now on, whatever was told and not heard yet."""
        while select([self._systemd], [], [], 0)[0]:
            self._systemd.recv(4096)
        return self.notified()

    def memory(self) -> int:
        """What the process holds, in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def item(self, name: str) -> dict[str, Any]:
        return next(item for item in self.seen["items"] if item["id"] == name)

    def picture(self, path: Path) -> None:
        subprocess.run(
            ["import", "-window", "root", str(path)], env={**os.environ, "DISPLAY": self.display}, check=True
        )

    # --- the finger ---

    def tap(self, name: str, times: int = 1) -> None:
        item = self.item(name)
        self.tap_at(item["x"], item["y"], times)

    def tap_at(self, x: int, y: int, times: int = 1) -> None:
        self._xdotool("mousemove", x, y, "click", "--repeat", times, "--delay", 20, 1)

    @contextmanager
    def tapping(self, name: str) -> Iterator[None]:
        """A tap on its way, while something else happens."""
        item = self.item(name)
        words = ["xdotool", "mousemove", str(item["x"]), str(item["y"]), "click", "1"]
        finger = subprocess.Popen(words, env={**os.environ, "DISPLAY": self.display})
        yield
        assert finger.wait(SECONDS) == 0

    def press(self, name: str) -> None:
        """Puts the finger down and leaves it there, until `lift`."""
        item = self.item(name)
        self._xdotool("mousemove", item["x"], item["y"], "mousedown", 1)

    @contextmanager
    def holding(self, x: int, y: int) -> Iterator[None]:
        """The finger is down there meanwhile."""
        self._xdotool("mousemove", x, y, "mousedown", 1)
        try:
            yield
        finally:
            self.lift()

    def slide(self, x: int, y: int) -> None:
        """Moves the finger that is down."""
        self._xdotool("mousemove", x, y)

    def lift(self) -> None:
        self._xdotool("mouseup", 1)

    def drag_off(self) -> None:
        """Slides the finger away to where nothing can be tapped, and lifts it."""
        self._xdotool("mousemove", 1, 1, "mouseup", 1)

    def _xdotool(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], env={**os.environ, "DISPLAY": self.display}, check=True)

    # --- the desktop around the window ---

    def move_window(self, x: int, y: int) -> None:
        self._xdotool("windowmove", desktop.find(self.display, self.process.pid), x, y)

    def close_window(self) -> None:
        desktop.close(self.display, desktop.find(self.display, self.process.pid))

    # --- the end ---

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def _listen(self) -> None:
        stream = self._desk.makefile("rb")
        while head := stream.read(4):
            message = decode(stream.read(int.from_bytes(head, "big")))
            assert isinstance(message, Act)
            self.acts.put(message)

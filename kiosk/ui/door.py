"""The only crossing between the desk's socket and the thread that draws.

A plain thread waits for the desk, reads frames and blocks; whoever draws is woken and takes the newest page. It starts
before Kivy is imported, so a desk that is up has told the first page when the window is there. Only the newest page
counts: pages that nobody had time to paint are dropped.
"""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kiosk import journal
from kiosk.maintenance.pages import CallStaff, TypedPin
from kiosk.messages import FRAME_LIMIT, Act, BadMessage, Count, HowMuch, Message, Show, decode, encode
from kiosk.pages import Action, StillHere, SwitchLanguage

_ANEW: Final = StillHere | SwitchLanguage | TypedPin
"""What may be said again after an update of the page; and a PIN is kept no longer than it must be."""

ASKS_EVERY_S: Final = 0.05
"""Until there is a desk: both start at once, and nothing tells of a socket that is not there yet."""

Wake = Callable[[], None]


class Door:
    """A connection to the desk. `latest` is the page to show, `closed` says that the desk is gone."""

    def __init__(self, path: Path) -> None:
        """Connects as soon as a desk listens there; how long that may take is for the supervisor to say."""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._guard = threading.Lock()
        self._latest: Show | None = None
        self._closed = False
        self._wake: Wake | None = None
        self._sent: set[Action] = set()
        threading.Thread(target=self._read, name="door", daemon=True).start()

    @property
    def closed(self) -> bool:
        return self._closed

    def take(self) -> Show | None:
        """The newest page nobody has taken yet."""
        with self._guard:
            show, self._latest = self._latest, None
            return show

    def wake(self, wake: Wake) -> None:
        """From now on calls `wake`, in the reading thread, whenever there is a page to take or the desk is gone."""
        with self._guard:
            self._wake = wake
            news = self._latest is not None or self._closed
        if news:
            wake()

    def shown(self, before: Show | None, show: Show) -> None:
        """Opens the door again for the actions of a page that replaces `before`."""
        if before is None or before.seq != show.seq:
            self._sent.clear()
        else:
            self._sent = {a for a in self._sent if not isinstance(a, _ANEW)}

    def send(self, seq: int, action: Action) -> None:
        """Tells the desk, once: a second tap on the same button of the same page says nothing new."""
        if action in self._sent:
            return
        if not isinstance(action, CallStaff):  # who holds a place for seconds means it each time
            self._sent.add(action)
        try:
            self._socket.sendall(encode(Act(seq, action)))
        except OSError:
            self._close()

    def _connect(self) -> None:
        while True:
            try:
                return self._socket.connect(str(self._path))
            except (FileNotFoundError, PermissionError, ConnectionRefusedError):  # its folder may be on its way, too
                time.sleep(ASKS_EVERY_S)

    def _read(self) -> None:
        shown: Show | None = None
        try:
            self._connect()
            while True:
                length = int.from_bytes(self._exactly(4), "big")
                if length > FRAME_LIMIT:
                    raise BadMessage(f"frame of {length} bytes")
                message = decode(self._exactly(length))
                if isinstance(message, HowMuch):
                    journal.say(message.level)
                    continue
                shown = _after(shown, message)
                with self._guard:
                    self._latest = shown
                    wake = self._wake
                if wake:
                    wake()
        except (OSError, EOFError, BadMessage):
            self._close()

    def _exactly(self, count: int) -> bytes:
        whole = bytearray()
        while len(whole) < count:
            part = self._socket.recv(min(count - len(whole), 1 << 20))
            if not part:
                raise EOFError
            whole += part
        return bytes(whole)

    def _close(self) -> None:
        with self._guard:
            self._closed = True
            wake = self._wake
        self._socket.close()
        if wake:
            wake()


def _after(shown: Show | None, message: Message) -> Show:
    """What is to be on the screen when `message` comes while `shown` is. Raises BadMessage."""
    match message:
        case Show():
            return message
        case Count(seq, seconds) if shown is not None and shown.seq == seq:
            return replace(shown, countdown_s=seconds)
        case _:
            raise BadMessage(f"{type(message).__name__} is not for this screen")

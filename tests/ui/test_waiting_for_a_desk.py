"""The door before there is anybody behind it."""

import socket
from pathlib import Path
from threading import Event

from kiosk.messages import Show, encode
from kiosk.pages import Home, Text
from kiosk.ui.door import ASKS_EVERY_S, Door

SECONDS = 15.0
SOME_TRIES_S = 4 * ASKS_EVERY_S


def test_it_waits_for_a_desk_that_starts_later(tmp_path: Path) -> None:
    """Screen and desk start at once: a socket that is not there yet, or whose desk is dead, is no end."""
    path = tmp_path / "desk.sock"
    door, news = Door(path), Event()
    door.wake(news.set)
    assert not news.wait(SOME_TRIES_S), "nothing is there"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert not news.wait(SOME_TRIES_S), "nobody listens"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(SECONDS)
        desk, _ = listener.accept()
        with desk:
            show = Show(1, Home(()), "zh", Text("厅", "Hall"))
            desk.sendall(encode(show))
            assert news.wait(SECONDS)
            assert door.take() == show

"""Starting anew what the service manager keeps alive: whoever ends is started again (systemd/, kiosk.processes).

A worker takes the end of its connection as its own. The desk ends itself as systemd would end it. Only a restart of the
machine needs somebody else: a file asks for it, and systemd/kiosk-restart.path sees it.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

RESTART_WISH: Final = "restart"
"""In the run directory."""
_FAREWELL_S: Final = 1.0
"""So that whoever asked hears that it happens."""


class Supervised:
    """`workers`: how the connection to each is ended, by name. `wish`: the file that asks for a restart."""

    def __init__(self, workers: Mapping[str, Callable[[], None]], wish: Path) -> None:
        self._workers = workers
        self._wish = wish

    def worker(self, name: str) -> None:
        log.warning("the %s process is restarted by staff", name)
        self._workers[name]()

    def program(self) -> None:
        log.warning("the program is restarted by staff")
        asyncio.get_running_loop().call_later(_FAREWELL_S, os.kill, os.getpid(), signal.SIGTERM)

    def machine(self) -> None:
        """Raises OSError."""
        log.warning("the machine is restarted by staff")
        self._wish.touch()

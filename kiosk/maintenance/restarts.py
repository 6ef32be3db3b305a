"""Starting anew what the service manager keeps alive: whoever ends is started again (systemd/, kiosk.processes).

A worker takes the end of its connection as its own. The desk ends itself as systemd would end it. Only the machine and
the print server need somebody else: a file asks for it, and kiosk-restart-staff.path or kiosk-restart-cups.path
(systemd/) sees it.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

MACHINE_WISH: Final = "restart"
PRINT_SERVER_WISH: Final = "restart-cups"
_FAREWELL_S: Final = 1.0
"""So that whoever asked hears that it happens."""


class Supervised:
    """`workers`: how the connection to each is ended, by name. `wishes`: the folder of the files that ask, on tmpfs."""

    def __init__(self, workers: Mapping[str, Callable[[], None]], wishes: Path) -> None:
        self._workers = workers
        self._wishes = wishes

    def worker(self, name: str) -> None:
        log.warning("the %s process is restarted by staff", name)
        self._workers[name]()

    def program(self) -> None:
        log.warning("the program is restarted by staff")
        asyncio.get_running_loop().call_later(_FAREWELL_S, os.kill, os.getpid(), signal.SIGTERM)

    def print_server(self) -> None:
        """Raises OSError."""
        log.warning("the print server is restarted by staff")
        (self._wishes / PRINT_SERVER_WISH).touch()

    def machine(self) -> None:
        """Raises OSError."""
        log.warning("the machine is restarted by staff")
        (self._wishes / MACHINE_WISH).touch()

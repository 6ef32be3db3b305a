"""A PC/SC service of our own with an emulated reader, beside the one of the machine. For demo, technician and tests.

Never part of the terminal's image: its reader (vpcd) takes any card from any address that reaches the machine.

pcscd 1.9 has its socket's path compiled in, but takes a socket handed to it as systemd would (sd_listen_fds(3)); the
client library finds it by PCSCLITE_CSOCK_NAME. So it needs neither root nor systemd, and meets no other pcscd.
"""

import socket
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

from hardware.cards.emulator.vpcd import VirtualReader

READER_NAME: Final = "Emulated reader"
SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_STOP_S: Final = 5.0
_READY: Final = "daemon ready"
_CONFIGURATION: Final = """\
FRIENDLYNAME "{name}"
DEVICENAME /dev/null:{port:#x}
LIBPATH {driver}
CHANNELID {port:#x}
"""
# Descriptor 3 is where sd_listen_fds(3) looks, LISTEN_PID must be the daemon's own. It ends with whoever started it.
_LAUNCH: Final = (
    'LISTEN_PID=$$ LISTEN_FDS=1 exec setpriv --pdeathsig TERM pcscd --foreground --info --config "$1" 3<&0 0</dev/null'
)


class PcscdMissing(Exception):
    """pcscd or the driver of the emulated reader is not installed, or does not start."""


class PrivatePcscd:
    """Not started yet. `folder`: private, exists; the socket and the configuration live in it.

    The client library reads the name of the socket once per process: set `environment` before the first use of PC/SC.
    """

    def __init__(self, folder: Path) -> None:
        self.socket_path = folder / "pcscd.comm"
        self._configuration = folder / "readers"
        self._configuration.mkdir()
        self._port = _two_free_ports()
        self._daemon: subprocess.Popen[str] | None = None
        self.reader = VirtualReader(self._port)
        self.plug()

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment to meet this service."""
        return {SOCKET_VARIABLE: str(self.socket_path)}

    def plug(self) -> None:
        """The reader is there at the next start."""
        text = _CONFIGURATION.format(name=READER_NAME, port=self._port, driver=DRIVER)
        (self._configuration / "emulated").write_text(text, encoding="ascii")

    def unplug(self) -> None:
        """The reader is missing at the next start."""
        (self._configuration / "emulated").unlink(missing_ok=True)

    def start(self) -> None:
        """Returns when it serves; the service ends with the thread that called. Raises PcscdMissing."""
        if not DRIVER.exists():
            raise PcscdMissing("install the packages pcscd and vsmartcard-vpcd")
        with ExitStack() as stack:
            listening = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listening.bind(str(self.socket_path))
            self.socket_path.chmod(0o600)
            listening.listen()
            self._daemon = subprocess.Popen(
                ["/bin/sh", "-c", _LAUNCH, "pcscd", str(self._configuration)],
                stdin=listening.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        assert self._daemon.stdout is not None
        said = []
        for line in self._daemon.stdout:
            said.append(line)
            if _READY in line:
                threading.Thread(target=_drain, args=(self._daemon.stdout,), name="pcscd log", daemon=True).start()
                return
        self.stop()
        raise PcscdMissing(f"pcscd ended: {''.join(said[-3:])}")

    def stop(self) -> None:
        """As when the service is stopped: clients are cut off."""
        self.reader.remove()
        if self._daemon is None:
            return
        self._daemon.terminate()
        try:
            self._daemon.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._daemon = None
        self.socket_path.unlink(missing_ok=True)

    def __enter__(self) -> "PrivatePcscd":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _drain(log: IO[str]) -> None:
    """So that a full pipe never stops the service."""
    for _ in log:
        pass


def _two_free_ports() -> int:
    """The first of two neighbours: vpcd opens one port for each of its two slots, on every address."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("", port + 1))
            except OSError:
                continue
            return port

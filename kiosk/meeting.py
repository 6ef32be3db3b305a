"""Where the processes of a terminal meet: files on tmpfs under the profile's `run`.

```
run/ui/desk.sock          run/vision/desk.sock          run/documents/desk.sock          run/preview/ring
run/health/state.json     run/maintenance/desk.sock     run/enrol/desk.sock     run/enrol-health/state.json
run/enrol-stick/expected
```

The folder decides who may meet there, and each worker has one of its own: on the appliance it belongs to the desk's
user and to the worker's group, and its set-group-id bit hands that group to the socket in it (systemd/tmpfiles.d). The
ring of camera pictures lies in a folder of the vision process, whose group reads. So no worker reaches another's
socket. In `health` the desk says how the terminal is, and its group reads (kiosk.health.published); at `maintenance`
root and the fleet's agent may ask it for work of staff (kiosk.maintenance.door). To `enrol` the ui is led on a machine
that is no terminal yet, in `enrol-health` it is said there how that goes (kiosk.enrolment.process), and the file in
`enrol-stick` stands while it waits for a stick (kiosk.enrolment.stick), for units of root to see.
"""

from pathlib import Path
from typing import Final

WORKERS: Final = ("ui", "vision", "documents")


def socket_of(run: Path, worker: str) -> Path:
    """On which the desk waits for this worker."""
    return run / worker / "desk.sock"


def ring_in(run: Path) -> Path:
    """Of camera pictures: vision writes, ui reads."""
    return run / "preview" / "ring"


def health_in(run: Path) -> Path:
    """The folder in which the desk says how the terminal is."""
    return run / "health"


def enrolment_health_in(run: Path) -> Path:
    """The folder in which a machine that is no terminal says whether its page is shown."""
    return run / "enrol-health"


def enrolment_stick_in(run: Path) -> Path:
    """While it stands a stick with an order is let in (systemd/udev, systemd/kiosk-stick.path)."""
    return run / "enrol-stick" / "expected"


def door_in(run: Path) -> Path:
    """At which staff and the fleet's agent ask the desk for an entry of the technician's menu."""
    return run / "maintenance" / "desk.sock"


def make(run: Path) -> None:
    """The folders that are missing, for one user. On the appliance they are there before any process starts."""
    sockets = (*(socket_of(run, worker) for worker in WORKERS), ring_in(run), door_in(run))
    folders = (*(socket.parent for socket in sockets), health_in(run))
    for folder in folders:
        folder.mkdir(mode=0o700, exist_ok=True)

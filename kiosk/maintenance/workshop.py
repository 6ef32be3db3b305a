"""What an entry of the technician's menu may use. No platform call about a person, no document, no citizen."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from hardware.cards.port import IdentityReader
from hardware.printers.port import JobReport
from hardware.printers.supplies import Supplies
from hardware.tickets.port import TicketPrinter
from kiosk.audit.checkpoint import KeyFile
from kiosk.audit.record import Field
from kiosk.clock import Clock
from kiosk.loudness import Loudness
from kiosk.maintenance.examiner import Examiner
from kiosk.maintenance.sign import Sign
from kiosk.maintenance.staff_paper import StaffPaper
from kiosk.messages import Alive, Guidance, Seen
from kiosk.pages import Action, Page
from kiosk.paper.ledger import Issue
from kiosk.paper.stock import StockHistory
from kiosk.profile import Profile
from kiosk.reasons import Reason
from kiosk.text import Text
from platform_client.identity import DeviceIdentity
from platform_client.trust import TrustFeed

NO_DESK: Final = Text("先启动终端：systemctl start kiosk.target", "start the terminal: systemctl start kiosk.target")
"""What to do about an entry that needs more than one command can open."""


class Audit(Protocol):
    """The terminal's log (kiosk.audit.log)."""

    def record(self, event: str, **fields: Field) -> None: ...


class Paper(Protocol):
    """The certificate printer, for paper of staff alone (kiosk.ports.printer).

    `supplies` raises PrinterError when it does not answer. `print_for_staff` yields reports until one has an outcome,
    and raises Refused when nothing was handed over; to leave it is to cancel the job.
    """

    async def trouble(self) -> Reason | None: ...

    async def supplies(self) -> Supplies: ...

    def print_for_staff(self, paper: StaffPaper) -> AsyncGenerator[JobReport, None]: ...


class Eyes(Protocol):
    """The vision process, asked about itself (kiosk.ports.presence). Raises Refused with CAMERA_LOST.

    `look`: how each picture is, until it is left. `try_liveness`: the gestures of a face check, against the first
    picture of the same person; it raises Refused when they do not hold. No picture leaves the process.
    """

    def look(self) -> AsyncGenerator[Seen, None]: ...

    def try_liveness(self) -> AsyncGenerator[Guidance | Alive, None]: ...


class Glass(Protocol):
    """The screen, for an entry that shows a page of its own (kiosk.desk.Screen)."""

    def show(self, page: Page) -> None: ...

    async def action(self) -> Action: ...


class Restarts(Protocol):
    """What can be started anew. A desk that was not opened by the service manager has none (None in the workshop)."""

    def worker(self, name: str) -> None:
        """The ui, vision or documents process, at once."""

    def program(self) -> None:
        """The desk and with it the other processes, in a second."""

    def print_server(self) -> None:
        """As soon as the service manager sees the wish."""

    def machine(self) -> None:
        """As soon as the service manager sees the wish."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Of a desk that runs, or opened for one command when none does: then no `eyes`, `glass`, `restarts` and
    `loudness`.

    `reader`: open for as long as its context. `issues`: what the ledger keeps of prints, without their contents.
    `feed`: certificates and revocation lists as the platform gives them now. `records_key`: signs the audit log.
    `folder`: on tmpfs, for what the fleet's agent is to fetch.
    """

    profile: Profile
    clock: Clock
    audit: Audit
    examiner: Examiner
    sign: Sign
    reader: Callable[[], AbstractAsyncContextManager[IdentityReader]]
    paper: Paper
    tickets: TicketPrinter | None
    stock: StockHistory
    issues: Callable[[], Sequence[Issue]]
    feed: Callable[[], Awaitable[TrustFeed]]
    identity: DeviceIdentity
    records_key: KeyFile
    folder: Path
    eyes: Eyes | None = None
    glass: Glass | None = None
    restarts: Restarts | None = None
    loudness: Loudness | None = None

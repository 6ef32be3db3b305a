"""What a journey may use: the ports, and what is built on them.

A journey sees a `Desk` and nothing else. Behind each port stands a real device or process (kiosk/ports) or, in a test,
something that behaves like one.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from hardware.cards.port import Access
from hardware.cards.reading import CardReading, Portrait
from kiosk.audit.log import AuditLog
from kiosk.citizen import Citizen
from kiosk.clock import Clock
from kiosk.documents.gate import PrintableDocument
from kiosk.documents.sealed import SealedDocument
from kiosk.evidence import IssueRequest
from kiosk.health.board import Board
from kiosk.lobby import Lobby
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.sign import Sign
from kiosk.maintenance.way_in import WayIn
from kiosk.messages import Guidance
from kiosk.pages import Action, Kind, Notice, Offer, Page, Picture
from kiosk.paper.ledger import ReprintToken
from kiosk.reasons import Reason
from kiosk.vision.witness import LiveMatch


class Screen(Protocol):
    """Shows pages, tells what the citizen does on the current one."""

    def show(self, page: Page, countdown_s: int | None = None) -> None: ...

    async def action(self) -> Action: ...

    def reset(self) -> None: ...


class Reader(Protocol):
    """The identity card reader. `read` raises Refused with a card reason; for a travel document `kiosk.opening.Closed`
    until it is given what opens the chip, and `DoesNotOpen` when the chip refuses that.

    `travel_documents`: it reads those, and no identity cards. `trouble`: why no card can be read, None when one can. On
    a reader that is lost no card is present.
    """

    @property
    def travel_documents(self) -> bool: ...

    @property
    def trouble(self) -> Reason | None: ...

    @property
    def present(self) -> bool: ...

    async def wait_present(self) -> None: ...

    async def wait_absent(self) -> None: ...

    async def wait_lost(self) -> None: ...

    async def read(self, access: Access | None = None) -> CardReading: ...


class Presence(Protocol):
    """The vision process. Yields guidance, last of all the match; raises Refused with a face reason.

    `onlookers` yields True when somebody is close behind the citizen, False when nobody is: at first, and at a change.
    """

    def prove(self, portrait: Portrait) -> AsyncGenerator[Guidance | LiveMatch, None]: ...

    def onlookers(self) -> AsyncGenerator[bool, None]: ...


class Platform(Protocol):
    """The government platform. Calls raise Refused with a platform reason; none takes an identity number (E01)."""

    async def kinds(self) -> tuple[Offer, ...]: ...

    async def kinds_for(self, card: CardReading, match: LiveMatch) -> tuple[Offer, ...]: ...

    async def portrait(self, card: CardReading) -> Portrait: ...

    async def issue(self, request: IssueRequest) -> bytes: ...

    async def rate(self, request: IssueRequest, stars: int) -> None: ...


class Documents(Protocol):
    """The document process, and the right-person gate. Raises Refused with a document reason."""

    async def verify(self, pdf: bytes, request: IssueRequest) -> SealedDocument: ...

    def admit(self, sealed: SealedDocument, request: IssueRequest) -> PrintableDocument: ...

    async def picture(self, paper: PrintableDocument) -> Picture: ...

    async def as_printed(self, paper: PrintableDocument) -> PrintableDocument: ...

    def retire(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PrintReport:
    """Of one issue. `pages_out` of its `pages` have left the printer; `printed`: all of them have. `trouble`: the
    printer waits for staff."""

    issue: str
    pages_out: int
    pages: int
    trouble: Reason | None
    printed: bool


class Printer(Protocol):
    """The certificate printer. Takes a PrintableDocument and nothing else.

    `trouble` asks the printer itself; None means that it can print, and that it is known what became of every print
    before. `notices`: what runs low; nothing while it cannot be asked. `interruption`: what became of a print that a
    crash cut off a moment ago; said once. `job` submits and yields reports, at least one a second, until the pages are
    out; raises Refused when they will not come: Jammed when the same issue may be tried once more, with the token in
    it. Leaving the context before that cancels the job, and returns only when no page of it can come out any more.
    `collected`: the citizen has the pages of this issue.
    """

    async def trouble(self) -> Reason | None: ...

    async def notices(self) -> tuple[Notice, ...]: ...

    def interruption(self) -> Reason | None: ...

    def job(
        self, paper: PrintableDocument, reprint: ReprintToken | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[PrintReport]]: ...

    def collected(self, issue: str) -> None: ...


class Receipts(Protocol):
    """Slips for whoever wants one. `print`: whether it is out; a slip that fails is no reason to end a journey."""

    async def are_offered(self) -> bool: ...

    async def notices(self) -> tuple[Notice, ...]: ...

    async def print(self, paper: PrintableDocument, kind: Kind) -> bool: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the terminal waits for a person, in seconds."""

    idle_s: float = 45.0
    countdown_s: int = 20
    farewell_s: float = 20.0
    paper_rescue_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a journey may use. `platform_portraits`: the platform is asked for a portrait when the card's own
    cannot be decoded; else such a citizen goes to a counter. `sign`: staff have closed the terminal, or not. `floor`
    and `menu`: what staff do in between. `way_in`: for a technician at the terminal, if it has one."""

    screen: Screen
    reader: Reader
    presence: Presence
    platform: Platform
    documents: Documents
    printer: Printer
    receipts: Receipts
    clock: Clock
    audit: AuditLog
    health: Board
    sign: Sign
    floor: Floor
    menu: Menu
    timing: Timing
    platform_portraits: bool = False
    way_in: WayIn | None = None

    def citizen(self) -> Citizen:
        """The scope of one citizen; leaving it wipes."""
        return Citizen(self)

    def lobby(self) -> Lobby:
        """What stands before and after a citizen."""
        return Lobby(self)

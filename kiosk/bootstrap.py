"""The composition root: a profile becomes a Desk. The only module that knows every adapter."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from importlib.metadata import version
from urllib.parse import urlsplit

from cryptography import x509
from systemd import daemon

from hardware.cards import sdt_uri
from hardware.cards.emrtd.document import Policy as ChipPolicy
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.pcsc import reader as pcsc_reader
from hardware.cards.piv.reader import PivReader
from hardware.cards.port import IdentityReader
from hardware.cards.sdt_reader import SdtReader
from hardware.key_switches.evdev_switch import EvdevSwitch
from hardware.printers.cups_queue import CupsQueue
from hardware.printers.port import Colour, JobTicket, Media, Printer, Sides
from hardware.tickets.port import TicketPrinter
from kiosk import boot, meeting, memory, watchdog
from kiosk.audit.anchoring import Anchoring
from kiosk.audit.checkpoint import KeyFile, KeyUnusable
from kiosk.audit.log import AuditLog
from kiosk.audit.witness import FILE as AGENTS_NEWEST
from kiosk.audit.witness import Witness
from kiosk.china_time import china_date
from kiosk.clock import Clock
from kiosk.desk import Desk, Receipts, Timing
from kiosk.evidence import Station
from kiosk.fleet.authority import Tally
from kiosk.health.board import SIGN, Board
from kiosk.health.paper import paper_lasts
from kiosk.health.published import Publication
from kiosk.health.watch import Workers, face_match, keep_looking, of_the_machine
from kiosk.identity import device_identity, keep_valid, platform_login
from kiosk.journeys.attract import attract
from kiosk.loudness import Loudness
from kiosk.maintenance import back_off
from kiosk.maintenance import sign as signs
from kiosk.maintenance.allowance import Allowance
from kiosk.maintenance.credential import TechnicianTrust, issuers_in
from kiosk.maintenance.door import Door
from kiosk.maintenance.entries import ENTRIES
from kiosk.maintenance.examiner import Examiner
from kiosk.maintenance.exporting import forget_exports
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.key_switch import KeySwitch
from kiosk.maintenance.login import Login
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.orders import Orders
from kiosk.maintenance.restarts import Supervised
from kiosk.maintenance.way_in import WayIn
from kiosk.maintenance.workshop import Workshop
from kiosk.messages import Policy
from kiosk.paper.ledger import Ledger
from kiosk.paper.stock import STOCK, Source, StockHistory
from kiosk.ports.documents import DocumentPort
from kiosk.ports.platform import PlatformPort
from kiosk.ports.presence import VisionPort
from kiosk.ports.printer import PaperPort
from kiosk.ports.reader import CardPort
from kiosk.ports.receipts import NoReceipts, SlipPort
from kiosk.ports.screen import UiScreen
from kiosk.profile import Maintenance, Profile, ProfileError, Reader, Tickets, loopback_port, opening_hours
from kiosk.profile import Platform as PlatformSettings
from kiosk.profile import Printer as PrinterSettings
from kiosk.reasons import Refused
from kiosk.trust import TrustStore
from platform_client.client import CallRecord, PlatformClient
from platform_client.credentials import CredentialError
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.patience import Patience
from platform_client.trust import TRUST

log = logging.getLogger(__name__)


async def serve(profile: Profile, clock: Clock, examiner: Examiner) -> int:
    """The desk process: opens everything, says READY, serves citizens until SIGTERM. Returns the exit code."""
    memory.leave_nothing_behind()
    async with opened(profile, clock, examiner) as desk:
        memory.keep_what_is_there()
        work = asyncio.create_task(attract(desk))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        pulse = asyncio.create_task(watchdog.feed())
        daemon.notify("READY=1")
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await work
        finally:
            pulse.cancel()
    return 0


@asynccontextmanager
async def opened(profile: Profile, clock: Clock, examiner: Examiner) -> AsyncIterator[Desk]:
    """Every device, socket and connection of the profile, as a Desk; all of it is closed at the end."""
    async with contextlib.AsyncExitStack() as stack:
        software = version("onecard-kiosk")
        signer = audit_signer(profile.audit_key)
        audit = AuditLog(profile.audit, clock, terminal=profile.terminal.id, software=software, signer=signer)
        stack.callback(audit.close)
        publication = Publication(meeting.health_in(profile.run))
        stack.callback(publication.close)
        health = Board(clock, audit, publication.write)

        sign = signs.Sign(profile.ledger / signs.FILE, clock)
        health.report(SIGN, sign.reason)

        def observe(call: CallRecord) -> None:
            """Every call leaves the id that the platform logs, too (C19)."""
            log.debug("platform: %s %s, %.3f s, %d tries", call.operation, call.outcome, call.seconds, call.tries)
            audit.record(
                "platform.called",
                operation=call.operation,
                request=call.request_id,
                outcome=call.outcome,
                took_s=round(call.seconds, 3),
                tries=call.tries,
            )

        identity = device_identity(profile.platform)
        if identity.terminal != profile.terminal.id:
            raise ProfileError(f"the device certificate is for {identity.terminal}, not for {profile.terminal.id}")
        client = platform_client(profile.platform, identity, observe)
        stack.push_async_callback(client.close)
        renewing = asyncio.create_task(keep_valid(client, identity, clock, audit))
        stack.callback(renewing.cancel)
        if profile.platform.anchor_key is not None:
            anchoring = Anchoring(
                client,
                identity,
                audit,
                clock,
                directory=profile.audit,
                key=profile.platform.anchor_key,
                post=lambda finding: health.post("audit anchor", finding),
            )
            anchors = asyncio.create_task(anchoring.keep())
            stack.callback(anchors.cancel)

        screen = UiScreen(profile.terminal.language, profile.terminal.hall, profile.screen.rotation)
        presence = VisionPort(
            clock,
            validated_only=profile.face.mode == "production",
            shoulder_guard=profile.camera.shoulder_guard,
        )
        seals = TrustStore(profile.trust.root, client, clock)
        refreshing = asyncio.create_task(seals.keep_fresh(lambda finding: health.post("revocation lists", finding)))
        stack.callback(refreshing.cancel)
        documents = DocumentPort(
            clock,
            seals,
            policies(profile),
            signer=identity if profile.printer.paper_statement == "page" else None,
            overlays={code: kind.overlay_mm for code, kind in profile.certificates.items() if kind.overlay_mm},
        )
        for port, name in ((screen, "ui"), (presence, "vision"), (documents, "documents")):
            await port.open(meeting.socket_of(profile.run, name))
            stack.push_async_callback(port.close)

        loudness = Loudness(clock, screen.how_much, presence.how_much, documents.how_much)
        stack.callback(loudness.close)

        stock, ledger = StockHistory(profile.ledger / STOCK, clock), Ledger(profile.ledger, clock)
        hours = opening_hours(profile.opening)

        workers, allowance, restarts = Workers(clock), Allowance(clock), Tally(profile.ledger, clock)

        agent = profile.fleet.updates
        witness = Witness(agent.restart.parent / AGENTS_NEWEST, audit, clock) if agent else None

        def look() -> None:
            there = {"ui": screen.connected, "vision": presence.connected, "documents": documents.connected}
            health.post("workers", *workers.look(there))
            health.post("face match", *face_match(presence.compares, profile.face))
            health.post("forecast", *paper_lasts(stock.latest(Source.PRINTER), ledger.pages_out, hours, clock.now()))
            health.post("machine", *of_the_machine(profile, clock))
            health.post("fleet", *allowance.findings, *restarts.findings)
            health.post("fleet log", *(witness.look() if witness else ()))

        looking = asyncio.create_task(keep_looking(health, clock, look))
        stack.callback(looking.cancel)

        reader = card_reader(profile.reader, lambda: china_date(clock.now()))
        await reader.open()
        stack.push_async_callback(reader.close)

        printer = paper_queue(profile.printer)
        stack.push_async_callback(printer.close)

        receipts: Receipts = NoReceipts()
        tickets: TicketPrinter | None = None
        if profile.tickets is not None:
            tickets = ticket_printer(profile.tickets)
            stack.push_async_callback(tickets.close)
            receipts = SlipPort(tickets, stock, identity, clock)

        paper = PaperPort(printer, ledger, stock, job_tickets(profile), clock)
        forget_exports(profile.run)
        floor = Floor()
        workshop = Workshop(
            profile=profile,
            clock=clock,
            audit=audit,
            examiner=examiner,
            sign=sign,
            reader=lambda: contextlib.nullcontext(reader),
            paper=paper,
            tickets=tickets,
            stock=stock,
            issues=ledger.issues,
            feed=partial(client.fetch, TRUST),
            identity=identity,
            records_key=signer,
            folder=meeting.door_in(profile.run).parent,
            eyes=presence,
            glass=screen,
            restarts=Supervised(
                {"ui": screen.dismiss, "vision": presence.dismiss, "documents": documents.dismiss},
                profile.run,
            ),
            loudness=loudness,
        )
        menu = Menu(ENTRIES, workshop)
        orders = Orders(profile.fleet, profile.terminal.id, clock, audit, profile.ledger)
        orders.recall()
        door = Door(menu, floor, allowance, orders)
        await door.open(meeting.door_in(profile.run))
        stack.push_async_callback(door.close)

        way_in = None
        if (maintenance := profile.maintenance) is not None:
            staff_cards = staff_card_reader(maintenance, profile.reader)
            trust = technician_trust(maintenance)
            await staff_cards.open()
            stack.push_async_callback(staff_cards.close)
            key = None
            if maintenance.key_switch is not None:
                switch = EvdevSwitch(maintenance.key_switch)
                await switch.open()
                stack.push_async_callback(switch.close)
                key = KeySwitch(switch)
            tries = back_off.BackOff(profile.ledger / back_off.FILE, clock)
            way_in = WayIn(
                Login(staff_cards, trust, tries, clock, audit),
                menu,
                screen,
                clock,
                audit,
                health,
                key=key,
                idle_s=maintenance.idle_s,
                countdown_s=profile.timing.countdown_s,
            )

        yield Desk(
            screen=screen,
            reader=CardPort(reader, travel_documents=profile.reader.uri.startswith(f"{pcsc_reader.SCHEME}:")),
            presence=presence,
            platform=PlatformPort(
                client, identity, Station(identity.terminal, software, boot.measurement()), profile.certificates, clock
            ),
            documents=documents,
            printer=paper,
            receipts=receipts,
            clock=clock,
            audit=audit,
            health=health,
            sign=sign,
            floor=floor,
            menu=menu,
            timing=Timing(
                profile.timing.idle_s,
                profile.timing.countdown_s,
                profile.timing.farewell_s,
                profile.timing.paper_rescue_s,
            ),
            platform_portraits=profile.portrait.policy == "platform",
            way_in=way_in,
        )


@asynccontextmanager
async def workshop_without_desk(profile: Profile, clock: Clock, examiner: Examiner) -> AsyncIterator[Workshop]:
    """What staff may use while no desk runs, and none can start. Raises OSError when one does."""
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(Publication(meeting.health_in(profile.run)).close)
        signer = audit_signer(profile.audit_key)
        software = version("onecard-kiosk")
        audit = AuditLog(profile.audit, clock, terminal=profile.terminal.id, software=software, signer=signer)
        stack.callback(audit.close)
        if trouble := audit.trouble:
            raise Refused(trouble, "no action without a record of it")
        forget_exports(profile.run)
        identity = device_identity(profile.platform)
        client = platform_client(profile.platform, identity)
        stack.push_async_callback(client.close)
        stock, ledger = StockHistory(profile.ledger / STOCK, clock), Ledger(profile.ledger, clock)
        printer = paper_queue(profile.printer)
        stack.push_async_callback(printer.close)
        tickets = None if profile.tickets is None else ticket_printer(profile.tickets)
        if tickets is not None:
            stack.push_async_callback(tickets.close)
        yield Workshop(
            profile=profile,
            clock=clock,
            audit=audit,
            examiner=examiner,
            sign=signs.Sign(profile.ledger / signs.FILE, clock),
            reader=partial(_open_reader, profile.reader, clock),
            paper=PaperPort(printer, ledger, stock, job_tickets(profile), clock),
            tickets=tickets,
            stock=stock,
            issues=ledger.issues,
            feed=partial(client.fetch, TRUST),
            identity=identity,
            records_key=signer,
            folder=meeting.door_in(profile.run).parent,
        )


@asynccontextmanager
async def _open_reader(settings: Reader, clock: Clock) -> AsyncIterator[IdentityReader]:
    reader = card_reader(settings, lambda: china_date(clock.now()))
    try:
        await reader.open()
        yield reader
    finally:
        await reader.close()


def platform_client(
    settings: PlatformSettings,
    identity: DeviceIdentity,
    observe: Callable[[CallRecord], None] = lambda call: None,
) -> PlatformClient:
    """The way to the platform; nothing is sent. Raises ProfileError."""
    patience = Patience(settings.connect_s, settings.read_s, settings.answer_s)
    try:
        login = platform_login(settings)
    except (CredentialError, ValueError) as error:
        raise ProfileError(f"[platform] {error}") from None
    return PlatformClient(HttpsTransport(settings.url, identity, login, patience), patience, observe=observe)


def audit_signer(key: str) -> KeyFile:
    """What signs the checkpoints of the audit log. Raises ProfileError."""
    try:
        return KeyFile(key)
    except KeyUnusable as error:
        raise ProfileError(f"audit_key {error}") from None


def policies(profile: Profile) -> dict[str, Policy]:
    """What a document of each kind must be."""
    trust = profile.trust
    return {
        code: Policy(kind.media, kind.pages_most, trust.sealed_within_s, kind.time_stamp, trust.sm2)
        for code, kind in profile.certificates.items()
    }


def card_reader(settings: Reader, today: Callable[[], date]) -> IdentityReader:
    """The driver for the reader's URI; nothing is opened. Raises ProfileError."""
    scheme = urlsplit(settings.uri).scheme
    try:
        if scheme in sdt_uri.SCHEMES:
            return SdtReader(sdt_uri.line(settings.uri), sam_id=settings.sam_id, today=today)
        if scheme == pcsc_reader.SCHEME:
            policy = ChipPolicy(bac_allowed=settings.allow_bac)
            name = pcsc_reader.name_in(settings.uri)
            return pcsc_reader.PcscReader(name, policy=policy, trust=_country_signers(settings, today()), today=today)
    except ValueError as error:
        raise ProfileError(f"reader {error}") from None
    raise ProfileError(f"reader {settings.uri}: sdt:///dev/…, sdt+usb:// or pcsc://NAME")


def staff_card_reader(settings: Maintenance, citizens: Reader) -> PivReader:
    """The reader for technicians' cards; nothing is opened. Raises ProfileError."""
    try:
        name = pcsc_reader.name_in(settings.reader)
        shared = urlsplit(citizens.uri).scheme == pcsc_reader.SCHEME and _may_be_one(
            name, pcsc_reader.name_in(citizens.uri)
        )
    except ValueError as error:
        raise ProfileError(f"[maintenance] reader {error}") from None
    if shared:
        raise ProfileError("[maintenance] reader: another one than the citizens', and both by their names")
    return PivReader(name)


def technician_trust(settings: Maintenance) -> TechnicianTrust:
    """Whose cards are let in. Raises ProfileError."""
    try:
        return TechnicianTrust(issuers_in(settings.ca), settings.crls)
    except (OSError, ValueError, x509.ExtensionNotFound) as error:
        raise ProfileError(f"[maintenance] ca {settings.ca}: {error}") from None


def _may_be_one(name: str, other: str) -> bool:
    """Two beginnings of names that one reader's name can have."""
    return name.startswith(other) or other.startswith(name)


def paper_queue(settings: PrinterSettings) -> Printer:
    """The printer behind its queue; nothing is asked. Raises ProfileError."""
    return CupsQueue(loopback_port(settings.server), settings.queue, settings.uri)


def ticket_printer(settings: Tickets) -> TicketPrinter:
    """The driver for the ticket printer's URI; nothing is opened. Raises ProfileError."""
    # python-escpos reads what a hundred printers can do while it is imported, a quarter of all that the desk imports.
    from hardware.tickets import ticket_uri
    from hardware.tickets.escpos_printer import EscposPrinter

    try:
        return EscposPrinter(ticket_uri.line(settings.uri), settings.width_dots, settings.font)
    except ValueError as error:
        raise ProfileError(f"tickets {error}") from None


def job_tickets(profile: Profile) -> dict[str, JobTicket]:
    """How each kind lies on paper."""
    return {
        code: JobTicket(
            sides=Sides(kind.sides),
            colour=None if kind.colour is None else Colour(kind.colour),
            media=Media[kind.media],
            tray=kind.tray,
            copies=kind.copies,
        )
        for code, kind in profile.certificates.items()
    }


def _country_signers(settings: Reader, today: date) -> TrustAnchors:
    if settings.trust is None:
        raise ProfileError(f"reader {settings.uri}: travel documents are believed only with a folder `trust`")
    try:
        trust = TrustAnchors.load(settings.trust, today)
    except OSError as error:
        raise ProfileError(f"reader trust {settings.trust}: {error.strerror}") from None
    for refused in trust.refused:
        log.warning("not a trust anchor: %s", refused)
    return trust

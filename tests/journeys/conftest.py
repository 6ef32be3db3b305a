"""A terminal on a stage: real reader driver, sandbox over TLS and judgement of documents; a clock turned by hand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from theatre import FaceBooth, HandClock, MemoryPrinter, MemorySlips, PageList, Stage

from hardware.cards.emulator import SamEmulator
from hardware.cards.sdt_reader import SdtReader
from hardware.cards.serial_transport import SerialLine
from hardware.cards.synthetic import citizens
from kiosk.audit.log import AuditLog
from kiosk.desk import Desk, Timing
from kiosk.documents.verdict import imprinted, judge, picture
from kiosk.evidence import Station
from kiosk.health.board import Board
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.sign import Sign
from kiosk.maintenance.workshop import Workshop
from kiosk.messages import BadMessage, Imprint, Policy, Render, Verify, encode, receive
from kiosk.paper.ledger import Ledger
from kiosk.paper.stock import StockHistory
from kiosk.ports.documents import DocumentPort
from kiosk.ports.platform import PlatformPort
from kiosk.ports.printer import PaperPort
from kiosk.ports.reader import CardPort
from kiosk.profile import Certificate
from kiosk.trust import TrustStore
from platform_client.client import CallRecord, PlatformClient
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.patience import Patience
from platform_client.sandbox.accounts import Account
from platform_client.sandbox.assembly import Options
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.typeface import Typecase

TERMINAL = "kiosk-0001"
REGISTERED = b"\xff\xd8 everybody has this picture"
TIMING = Timing(idle_s=45.0, countdown_s=20, farewell_s=20.0, paper_rescue_s=120.0)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[TERMINAL], now=datetime.now(UTC))


@pytest.fixture(scope="session")
def typecase(assets: Path) -> Typecase:
    return Typecase.open(assets / "fonts" / "cut")


@pytest.fixture
async def sandbox(pki: SandboxPki, typecase: Typecase) -> AsyncIterator[tuple[Sandbox, int]]:
    options = Options(accounts=partial(Account, portraits=True), pictures=lambda person: REGISTERED)
    sandbox = Sandbox(pki, typecase, options)
    yield sandbox, await sandbox.start("127.0.0.1", 0)
    await sandbox.stop()


@pytest.fixture
def signs_pages() -> bool:
    """Does the terminal put its statement on the page?"""
    return False


@pytest.fixture
async def stage(
    pki: SandboxPki, sandbox: tuple[Sandbox, int], signs_pages: bool, tmp_path: Path
) -> AsyncIterator[Stage]:
    platform, port = sandbox
    clock, screen, booth, printer = HandClock(), PageList(), FaceBooth(), MemoryPrinter()
    calls: list[CallRecord] = []
    device = pki.kiosk(TERMINAL)
    identity = DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)
    client = PlatformClient(
        HttpsTransport(f"https://localhost:{port}", identity), Patience(total_s=2.0), observe=calls.append
    )
    pins = {code: Certificate(offer.kind.seal_organisation) for code, offer in OFFERS.items()}
    policies = dict.fromkeys(OFFERS, Policy(sealed_within_s=600))
    trust = TrustStore(pki.root.certificate, client, clock)
    documents = DocumentPort(clock, trust, policies, identity if signs_pages else None)
    await documents.open(tmp_path / "documents.sock")
    judging = asyncio.create_task(judges(tmp_path / "documents.sock"))
    line = SamEmulator(tmp_path / "reader", baud=None)
    reader = SdtReader(SerialLine(str(tmp_path / "reader")), sam_id=None, today=lambda: datetime.now(UTC).date())
    await reader.open()
    audit = AuditLog(tmp_path / "audit", clock, terminal=TERMINAL, software="test")
    ledger, slips = Ledger(tmp_path / "ledger", clock), MemorySlips()
    stock = StockHistory(tmp_path / "stock.jsonl", clock)
    desk = Desk(
        screen=screen,
        reader=CardPort(reader),
        presence=booth,
        platform=PlatformPort(client, identity, Station(TERMINAL, "test"), pins, clock),
        documents=documents,
        printer=PaperPort(printer, ledger, stock, {}, clock),
        receipts=slips,
        clock=clock,
        audit=audit,
        health=Board(clock, audit),
        sign=Sign(tmp_path / "sign.json", clock),
        floor=Floor(),
        menu=Menu((), cast(Workshop, None)),
        timing=TIMING,
    )
    cards = citizens(b"RIFF\x10\x00\x00\x00WEBP".ljust(1024, b"\0"))
    faults, log = platform.faults, tmp_path / "audit"
    yield Stage(desk, screen, clock, line, booth, printer, faults, calls, cards[0], cards, log, ledger, slips, stock)
    judging.cancel()
    await asyncio.gather(judging, return_exceptions=True)
    await reader.close()
    line.close()
    await documents.close()
    await client.close()
    audit.close()


async def judges(socket: Path) -> None:
    """Document processes, one after the other, as the supervisor would start them; here without their confinement."""
    while True:
        reader, writer = await asyncio.open_unix_connection(socket)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, BadMessage):
            while True:
                match await receive(reader):
                    case Verify() as request:
                        writer.write(encode(await judge(request, datetime.now(UTC))))
                    case Render() as request:
                        writer.write(encode(picture(request)))
                    case Imprint() as request:
                        writer.write(encode(imprinted(request)))
        writer.close()

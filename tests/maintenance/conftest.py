"""A workshop: the emulated reader on its line, a sandbox platform over TLS, real log, ledger and stock; a printer that
keeps its paper in memory."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hardware.cards.emulator import SamEmulator
from hardware.cards.sdt_reader import SdtReader
from hardware.cards.serial_transport import SerialLine
from kiosk.audit.checkpoint import KeyFile
from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.health.findings import Finding, Level
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.examiner import Commands
from kiosk.maintenance.line import Line, Said
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.sign import Sign
from kiosk.maintenance.workshop import Workshop
from kiosk.paper.ledger import Ledger
from kiosk.paper.stock import StockHistory
from kiosk.ports.printer import PaperPort
from kiosk.profile import Profile, load
from platform_client.client import PlatformClient
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.patience import Patience
from platform_client.sandbox.assembly import Options
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.typeface import Typecase
from platform_client.trust import TRUST, TrustFeed
from tests.journeys.theatre import MemoryPrinter

TERMINAL = "kiosk-0001"
PROFILE = """
run = "{run}"
audit = "{run}/audit"
audit_key = "{run}/audit.key"
ledger = "{run}/ledger"
[terminal]
id = "kiosk-0001"
hall = {{zh = "示例区政务服务中心", en = "Example District Service Hall"}}
[reader]
uri = "sdt://{run}/reader"
[platform]
url = "https://localhost:{port}"
ca = "{ca}"
certificate = "{certificate}"
key = "{key}"
[trust]
root = "{root}"
[printer]
server = "127.0.0.1:8631"
queue = "kiosk"
uri = "ipp://127.0.0.1:9/ipp/print"
[face]
mode = "demo"
[certificates]
"""


@dataclass
class Bench:
    """A workshop and the hands around it."""

    workshop: Workshop
    reader: SamEmulator
    printer: MemoryPrinter
    sandbox: Sandbox
    profile: Profile
    profile_file: Path
    says: list[Finding] = field(default_factory=list)

    async def said(self, entry: Entry, choice: str = "") -> list[Said]:
        """Everything that an entry says."""
        async with aclosing(Menu((entry,), self.workshop).perform(entry, choice, "test")) as saying:
            return [said async for said in saying]

    async def lines(self, entry: Entry, choice: str = "") -> list[Line]:
        return [said for said in await self.said(entry, choice) if isinstance(said, Line)]

    def records(self, event: str) -> list[dict[str, object]]:
        """Fields of these records in the audit log."""
        files = sorted(self.profile.audit.glob("audit-*.jsonl")) or sorted(self.profile.audit.glob("*.jsonl"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [line["fields"] for line in lines if line["event"] == event]


def levels(lines: list[Line]) -> set[Level]:
    return {line.level for line in lines}


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[TERMINAL], now=datetime.now(UTC))


@pytest.fixture
async def sandbox(pki: SandboxPki, assets: Path) -> AsyncIterator[tuple[Sandbox, int]]:
    running = Sandbox(pki, Typecase.open(assets / "fonts" / "cut"), Options())
    yield running, await running.start("127.0.0.1", 0)
    await running.stop()


@pytest.fixture
async def bench(pki: SandboxPki, sandbox: tuple[Sandbox, int], assets: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    platform, port = sandbox
    device = pki.kiosk(TERMINAL)
    file = tmp_path / "profile.toml"
    words = {"ca": pki.tls_ca.certificate, "certificate": device.certificate, "key": device.key}
    file.write_text(PROFILE.format(run=tmp_path, port=port, root=pki.root.certificate, **words), encoding="utf-8")
    profile, clock = load(file), SystemClock()
    records_key = KeyFile.create(tmp_path / "audit.key")
    audit = AuditLog(profile.audit, clock, terminal=TERMINAL, software="test", signer=records_key)
    assert audit.trouble is None
    identity = DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)
    client = PlatformClient(HttpsTransport(profile.platform.url, identity), Patience(total_s=5.0))
    line = SamEmulator(tmp_path / "reader", baud=None)
    reader = SdtReader(SerialLine(str(tmp_path / "reader")), sam_id=None, today=lambda: datetime.now(UTC).date())
    await reader.open()
    printer, ledger = MemoryPrinter(), Ledger(profile.ledger, clock)
    stock = StockHistory(profile.ledger / "stock.jsonl", clock)
    folder = tmp_path / "maintenance"
    folder.mkdir()
    says: list[Finding] = []

    class Examining:
        async def findings(self) -> tuple[Finding, ...]:
            return tuple(says)

        async def models(self) -> list[dict[str, Any]]:
            return await Commands(file, assets).models()

    async def feed() -> TrustFeed:
        return await client.fetch(TRUST)

    workshop = Workshop(
        profile=profile,
        clock=clock,
        audit=audit,
        examiner=Examining(),
        sign=Sign(profile.ledger / "out-of-service.json", clock),
        reader=lambda: contextlib.nullcontext(reader),
        paper=PaperPort(printer, ledger, stock, {}, clock),
        tickets=None,
        stock=stock,
        issues=ledger.issues,
        feed=feed,
        identity=identity,
        records_key=records_key,
        folder=folder,
    )
    yield Bench(workshop, line, printer, platform, profile, file, says)
    await reader.close()
    line.close()
    await client.close()
    audit.close()
    await asyncio.sleep(0)

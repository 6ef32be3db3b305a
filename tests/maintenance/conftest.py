"""The workshop of each test in this room."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from workbench import PROFILE, TERMINAL, Bench

from hardware.cards.emulator import SamEmulator
from hardware.cards.sdt_reader import SdtReader
from hardware.cards.serial_transport import SerialLine
from kiosk.audit.checkpoint import KeyFile
from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.health.findings import Finding
from kiosk.maintenance.examiner import ExaminerProcess
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
        fonts = assets / "fonts"

        async def findings(self) -> tuple[Finding, ...]:
            return tuple(says)

        async def models(self) -> list[dict[str, Any]]:
            return await ExaminerProcess(file, assets).models()

        def profile(self) -> Profile:
            return ExaminerProcess(file, assets).profile()

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

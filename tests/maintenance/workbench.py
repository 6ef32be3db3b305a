"""A workshop: the emulated reader on its line, a sandbox platform over TLS, real log, ledger and stock; a printer that
keeps its paper in memory."""

import json
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from hardware.cards.emulator import SamEmulator
from kiosk.audit.log import AuditLog
from kiosk.health.findings import Finding, Level
from kiosk.maintenance.allowance import Allowance
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.line import Line, Said
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.orders import Orders
from kiosk.maintenance.workshop import Workshop
from kiosk.profile import Profile
from platform_client.sandbox.server import Sandbox
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

    @property
    def bounds(self) -> tuple[Allowance, Orders]:
        """Of the door, for a fleet; no operator is pinned here."""
        clock, audit = self.workshop.clock, self.workshop.audit
        assert isinstance(audit, AuditLog)
        return Allowance(clock), Orders(self.profile.fleet, TERMINAL, clock, audit, self.profile.ledger)

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

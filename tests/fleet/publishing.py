"""A desk that says how it is, as far as others read it."""

from datetime import UTC, datetime
from pathlib import Path

from kiosk import meeting
from kiosk.health.findings import Finding, State, fail, ok, state_of, warn
from kiosk.health.published import Publication, Report
from kiosk.reasons import Reason

SINCE = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
LOW = warn("paper", "runs low", "bring some")
LOST = fail("card reader", "The card reader is not available", "is it plugged in?", Reason.READER_LOST)
WELL = ok("printer", "ready")

PROFILE = """
run = "{run}"
audit = "{run}/audit"
audit_key = "audit.key"
ledger = "{run}/ledger"
[terminal]
id = "kiosk-0001"
hall = {{zh = "市民服务大厅", en = "Citizens' hall"}}
[reader]
uri = "sdt:///dev/null"
[platform]
url = "https://localhost:1"
ca = "ca.pem"
certificate = "certificate.pem"
key = "platform.key"
[trust]
root = "root.pem"
[printer]
server = "127.0.0.1:8631"
queue = "kiosk"
uri = "ipp://127.0.0.1:9/ipp/print"
[certificates]
[fleet]
metrics_port = {port}
"""


def report(*findings: Finding, serving: bool = False, **sessions: int) -> Report:
    return Report(state_of(findings), SINCE, serving, findings, sessions)


class PublishingDesk:
    """May be let go, as a desk that ends."""

    def __init__(self, run: Path) -> None:
        meeting.make(run)
        self.run = run
        self.folder = meeting.health_in(run)
        self._publication = Publication(self.folder)

    def says(self, *findings: Finding, serving: bool = False, **sessions: int) -> State:
        told = report(*findings, serving=serving, **sessions)
        self._publication.write(told)
        return told.state

    def ends(self) -> None:
        self._publication.close()

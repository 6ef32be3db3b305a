"""Two terminals, and what the first of them says about a paper."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from sealed_samples import EXPECTED
from test_gate import sealed

from kiosk.documents.gate import admit
from kiosk.documents.offline_statement import OfflineStatement
from platform_client.identity import DeviceIdentity
from platform_client.sandbox import pki

TERMINAL, OTHER_TERMINAL = "kiosk-0001", "kiosk-0002"


class Hall:
    """Two terminals with certificates of the sandbox, and a statement of the first."""

    def __init__(self, directory: Path) -> None:
        self.now = datetime.now(UTC)
        self.pki = pki.make(directory, terminals=(TERMINAL, OTHER_TERMINAL), now=self.now)
        self.statement = OfflineStatement.about(admit(sealed(), EXPECTED), TERMINAL, self.now)
        self.code = self.statement.signed(self.device(TERMINAL))

    def device(self, terminal: str) -> DeviceIdentity:
        credential = self.pki.kiosk(terminal)
        return DeviceIdentity(credential.certificate, credential.key, self.pki.tls_ca.certificate)

    def certificate(self, terminal: str) -> x509.Certificate:
        return self.pki.kiosk(terminal).load_certificate()

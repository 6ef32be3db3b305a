"""The slip beside the paper: printed by the emulated ticket printer, looked at as a picture, checked by its code."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from cryptography import x509
from PIL import Image

from hardware.printers.supplies import SupplyKind
from hardware.tickets import ticket_uri
from hardware.tickets.emulator import EmulatedTicketPrinter, SerialTicketLine
from hardware.tickets.escpos_printer import EscposPrinter
from kiosk.clock import SystemClock
from kiosk.documents.offline_statement import NotGenuine, check
from kiosk.pages import Kind, Notice, Text
from kiosk.paper.stock import StockHistory, readings_in
from kiosk.ports.receipts import NoReceipts, SlipPort
from platform_client.device_key import DeviceKeyError
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.pki import SandboxPki, make

TERMINAL = "kiosk-0001"
PDF = b"%PDF-1.7 the sealed bytes"
KIND = Kind("household", Text("户籍证明", "Household registration"), Text("", ""), Text("", ""), "home")


@dataclass(frozen=True)
class Paper:
    """The facts of a PrintableDocument that a receipt is about."""

    pdf: bytes = PDF
    sha256: str = sha256(PDF).hexdigest()
    kind: str = "household"
    issuer: str = "示例省公安厅"
    pages: int = 1
    valid_until: date = date(2030, 1, 31)
    holder: Any = field(default_factory=lambda: SimpleNamespace(name="样例", number="119999", masked_name="样*"))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[TERMINAL], now=datetime.now(UTC))


def read(slip: Path) -> str:
    """The code on the slip, as a phone would read it from a picture."""
    picture = np.asarray(Image.open(slip).convert("L"))
    larger = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_AREA)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(larger)
    return text


async def test_the_slip_says_what_this_terminal_signed(pki: SandboxPki, assets: Path, tmp_path: Path) -> None:
    """C17: whoever holds slip and file can check them without a network; another terminal's key is no proof."""
    device = pki.kiosk(TERMINAL)
    identity = DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)
    printer = EmulatedTicketPrinter(tmp_path / "slips")
    line = SerialTicketLine(printer, tmp_path / "ticket")
    line.plug()
    driver = EscposPrinter(ticket_uri.line(line.uri), 576, assets / "fonts" / "NotoSansSC-Regular.otf")
    stock = StockHistory(tmp_path / "stock.jsonl", SystemClock())
    port = SlipPort(driver, stock, identity, SystemClock())
    assert await port.are_offered()
    assert await port.print(Paper(), KIND)
    (slip,) = printer.slips()
    statement = check(read(slip), [x509.load_pem_x509_certificate(device.certificate.read_bytes())])
    assert statement.is_of_file(PDF)
    assert not statement.is_of_file(PDF + b" ")
    assert (statement.terminal, statement.subject, statement.pages) == (TERMINAL, "样*", 1)
    with pytest.raises(NotGenuine):
        check(read(slip), [x509.load_pem_x509_certificate(pki.root.certificate.read_bytes())])
    assert await port.notices() == ()
    printer.roll_lines = 1_000
    assert await port.notices() == (Notice.RECEIPT_PAPER_LOW,)
    printer.take_roll_out()
    assert await port.notices() == (Notice.NO_RECEIPTS,)
    kept = readings_in(tmp_path / "stock.jsonl")
    assert [reading.supplies.is_low(SupplyKind.TICKET_ROLL) for reading in kept] == [False, True]
    assert not await port.are_offered()
    assert not await port.print(Paper(), KIND)
    await driver.close()
    line.unplug()


async def test_a_token_that_does_not_sign_costs_the_slip_and_not_the_end_of_the_journey(tmp_path: Path) -> None:
    """Its paper is out; the token was pulled, or has locked itself, since."""

    class Pulled:
        terminal = TERMINAL

        def sign(self, document: bytes) -> bytes:
            raise DeviceKeyError("pkcs11:token=kiosk: the token did not sign")

    stock = StockHistory(tmp_path / "stock.jsonl", SystemClock())
    assert not await SlipPort(SimpleNamespace(), stock, Pulled(), SystemClock()).print(Paper(), KIND)


async def test_a_terminal_without_a_ticket_printer_offers_nothing() -> None:
    assert not await NoReceipts().are_offered()
    assert not await NoReceipts().print(Paper(), KIND)

"""C17: `paper_statement = "page"`: what comes out is the verified page as a picture, and the terminal's code on it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playing import KIND, lay_card, play, tap
from theatre import Stage

from kiosk.audit.chain import records
from kiosk.documents.offline_statement import check
from kiosk.documents.paper_scan import codes_on
from kiosk.documents.render import PAPER_DPI, draw_page
from kiosk.pages import (
    ChooseCertificate,
    FaceCheck,
    HandOver,
    Home,
    Pick,
    Preview,
    Print,
    Printing,
    ReadingCard,
    Waiting,
)
from platform_client.sandbox.pki import SandboxPki


@pytest.fixture
def signs_pages() -> bool:
    return True


async def test_the_page_carries_the_terminals_statement(stage: Stage, pki: SandboxPki, tmp_path: Path) -> None:
    await play(
        stage,
        [
            (Home, lay_card),
            (ReadingCard, None),
            (FaceCheck, None),
            (Waiting, None),
            (ChooseCertificate, tap(Pick(KIND))),
            (Waiting, None),
            (Preview, tap(Print())),
            (Printing, None),
            (HandOver, None),
        ],
    )
    (printed,) = stage.printer.printed
    page = draw_page(printed, 0, PAPER_DPI)
    cv2.imwrite(str(tmp_path / "page.png"), np.frombuffer(page.rgb, np.uint8).reshape(page.height, page.width, 3))
    (code,) = codes_on(tmp_path / "page.png")
    stated = check(code, [pki.kiosk("kiosk-0001").load_certificate()])
    assert (stated.kind, stated.is_about(stage.card)) == (KIND, True)
    submitted = [record.body for record in records(stage.audit) if record.body["event"] == "print.submitted"]
    assert [(body["fields"]["form"], body["fields"]["document"]) for body in submitted] == [
        ("picture", stated.file_sha256.hex())
    ]

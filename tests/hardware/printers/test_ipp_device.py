"""What a printer's state attributes mean (RFC 8011, sections 5.4.11 and 5.4.12)."""

from typing import Any

import pytest
from pyipp.enums import IppPrinterState

from hardware.printers.ipp_device import trouble_in
from hardware.printers.port import Trouble


def attributes(**changes: Any) -> dict[str, Any]:
    ready = {
        "printer-state": IppPrinterState.IDLE,
        "printer-state-reasons": "none",
        "printer-is-accepting-jobs": True,
    }
    return ready | {name.replace("_", "-"): value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("reasons", "trouble"),
    [
        ("none", None),
        (["media-low-warning", "toner-low-report"], None),
        ("media-empty-report", Trouble.PAPER_EMPTY),
        ("media-needed-error", Trouble.PAPER_EMPTY),
        (["media-empty-error", "media-jam-error"], Trouble.JAM),
        ("cover-open", Trouble.DOOR_OPEN),
        ("door-open-warning", Trouble.DOOR_OPEN),
        ("toner-empty-error", Trouble.TONER_EMPTY),
        ("paused", Trouble.REFUSING),
        ("a-word-of-the-maker", None),
    ],
)
def test_reasons(reasons: str | list[str], trouble: Trouble | None) -> None:
    assert trouble_in(attributes(printer_state_reasons=reasons)) is trouble


def test_a_printer_that_takes_no_jobs_refuses() -> None:
    assert trouble_in(attributes(printer_is_accepting_jobs=False)) is Trouble.REFUSING


def test_a_stopped_printer_without_a_reason_is_in_trouble() -> None:
    assert trouble_in(attributes(printer_state=IppPrinterState.STOPPED)) is Trouble.OTHER


def test_a_printer_that_says_nothing_is_not_ready() -> None:
    assert trouble_in({}) is not None

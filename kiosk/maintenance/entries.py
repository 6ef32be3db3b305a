"""The technician's menu: every entry, in the order in which it is shown."""

from typing import Final

from kiosk.maintenance import (
    certificates,
    closing,
    devices,
    exporting,
    image,
    looking,
    network,
    printing,
    readiness,
    software,
    supplies,
    watching,
)
from kiosk.maintenance.aside import STAND_ASIDE
from kiosk.maintenance.entry import Entry

ENTRIES: Final[tuple[Entry, ...]] = (
    looking.SELF_TEST,
    devices.CARD_READER,
    watching.CAMERA,
    watching.LIVENESS,
    printing.PRINTER_PAGE,
    printing.TICKET,
    devices.SCANNER,
    devices.SPEAKER,
    devices.TOUCH,
    supplies.SUPPLIES,
    supplies.REFILL,
    supplies.COUNTERS,
    network.NETWORK,
    certificates.CERTIFICATES,
    software.SOFTWARE,
    looking.MODELS,
    looking.PROFILE,
    image.UPDATE,
    image.ROLLBACK,
    image.PROFILE_NEWEST,
    image.LOG_LEVEL,
    closing.OUT_OF_SERVICE,
    closing.IN_SERVICE,
    closing.RESTART,
    STAND_ASIDE,
    readiness.READINESS,
    exporting.EXPORT,
    exporting.DIAGNOSTICS_ENTRY,
)

"""The technician's menu: every entry, in the order in which it is shown."""

from typing import Final

from kiosk.maintenance import closing
from kiosk.maintenance.aside import STAND_ASIDE
from kiosk.maintenance.entry import Entry

ENTRIES: Final[tuple[Entry, ...]] = (closing.OUT_OF_SERVICE, closing.IN_SERVICE, closing.RESTART, STAND_ASIDE)

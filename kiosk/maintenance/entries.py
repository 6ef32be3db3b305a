"""The technician's menu: every entry, in the order in which it is shown."""

from typing import Final

from kiosk.maintenance.entry import Entry

ENTRIES: Final[tuple[Entry, ...]] = ()

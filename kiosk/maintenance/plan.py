"""What the menu is made of, apart from what its entries do. Light: the window shows it."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from kiosk.text import Text

ASIDE: Final = "stand-aside"
"""The entry by which the fleet's agent has the terminal for itself before it restarts it (kiosk.maintenance.aside)."""

GOES_DOWN_WITHIN_S: Final = 300.0
"""So long the agent gives the machine to go down: a page that is being printed is recalled first, and every unit is
given its time to end. The desk stands aside for longer: it must not serve before the wish for a restart is taken back.
"""

UPDATE_WISH: Final = "update-now"
"""A file beside the door: whenever it is touched, the agent asks its server (kiosk.fleet.rounds)."""

PROFILE_WISH: Final = "profile-newest"
"""Another one: that the profile in force is the newest (kiosk.fleet.profiles)."""

DIAGNOSTICS: Final = "diagnostics.json.cms"
"""A file beside the door: what was collected for the operator's eyes, for the agent to hand on."""


class Role(Enum):
    """What a technician's certificate says that they are for (kiosk.maintenance.credential)."""

    SERVICE = "service"
    SUPPLIES = "supplies"
    AUDITOR = "auditor"


class Group(Enum):
    """Where an entry stands in the menu."""

    DEVICES = "devices"
    SUPPLIES = "supplies"
    NETWORK = "network"
    SOFTWARE = "software"
    SERVICE = "service"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the things an entry can be run with. `value` as on the command line."""

    value: str
    title: Text

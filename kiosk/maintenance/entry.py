"""An entry of the technician's menu: who may choose it, what it asks first, and what it then does."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

from kiosk.maintenance.line import Said
from kiosk.maintenance.plan import Choice as Choice
from kiosk.maintenance.plan import Group as Group
from kiosk.maintenance.plan import Role as Role
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text

WITHIN_S: Final = 300.0
"""What is alone keeps citizens waiting, and whoever asked may have gone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` as on the command line. `asks`: the question before it changes anything, None when it only looks.

    `choices`: one of them must be chosen; empty when there is nothing to choose. `alone`: it waits until no citizen is
    served, and none is served meanwhile. `fleet`: the fleet may ask for it, too. `takes_screen`: it shows a page of its
    own and hears what is done on it. `within_s`: it is ended when it is not over by then. `run` says what it finds as
    it finds it; leaving it ends it. Run it by `kiosk.maintenance.menu`, which writes it down.
    """

    name: str
    title: Text
    group: Group
    roles: frozenset[Role]
    run: Callable[[Workshop, str], AsyncGenerator[Said, None]]
    asks: Text | None = None
    choices: tuple[Choice, ...] = ()
    alone: bool = False
    fleet: bool = False
    takes_screen: bool = False
    within_s: float = WITHIN_S

    def takes(self, choice: str) -> bool:
        """Whether it can be run with this; "" is no choice."""
        return choice in {each.value for each in self.choices} if self.choices else not choice

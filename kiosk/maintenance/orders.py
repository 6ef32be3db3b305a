"""What changes something at this terminal is done for the fleet by the operator's own words only (kiosk.fleet.command):
the agent carries them to the desk's door, and is not believed.

So an agent in other hands can do again what the operator ordered, for as long as the order may be begun (`not_after`),
and nothing else. What only looks needs no order.
"""

from kiosk.clock import Clock
from kiosk.fleet import command as words
from kiosk.fleet.command import Command
from kiosk.fleet.operator import Operator, OperatorKeyError, OrderRefused, Refusal
from kiosk.messages import Do
from kiosk.profile import Fleet


class Orders:
    """`fleet`: which operator is pinned, and which groups are meant. `terminal`: its id."""

    def __init__(self, fleet: Fleet, terminal: str, clock: Clock) -> None:
        self._fleet = fleet
        self._terminal = terminal
        self._clock = clock

    def judge(self, wish: Do) -> Command:
        """The operator's command to do just this. Raises OrderRefused."""
        command = words.read(wish.order, self._operator(), self._terminal, self._fleet.groups)
        if (command.command, command.argument) != (wish.entry, wish.choice):
            raise OrderRefused(Refusal.CANNOT, f"{command.id} orders something else")
        words.check_time(command, self._clock.now())
        return command

    def _operator(self) -> Operator | None:
        try:
            return None if self._fleet.operator is None else Operator.pinned(self._fleet.operator)
        except OperatorKeyError as error:
            raise OrderRefused(Refusal.NO_OPERATOR, str(error)) from None

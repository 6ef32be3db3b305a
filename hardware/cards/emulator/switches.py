"""What can be wrong with an emulated device, as switches that somebody at a terminal turns on and off by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from hardware.cards.emrtd.apdu import CardGone


class Switches:
    """`SWITCHES`: by name, the field it sets and the value that shows the fault."""

    __slots__ = ()
    SWITCHES: ClassVar[Mapping[str, tuple[str, object]]]

    def turn_on(self, switch: str) -> None:
        """Raises KeyError."""
        field, value = self.SWITCHES[switch]
        setattr(self, field, value)

    def turn_off(self, switch: str) -> None:
        """Back to how a good one is. Raises KeyError."""
        field, _ = self.SWITCHES[switch]
        setattr(self, field, getattr(type(self)(), field))


@dataclass(slots=True)
class FieldFaults(Switches):
    """Of any chip that speaks APDUs, or of the hand that holds it. Set at any time."""

    answer_delay_s: float = 0.0
    """So long takes each answer."""
    pulled_after: int | None = None
    """After so many more commands it is taken away, for good."""
    silent: bool = False
    """Commands are taken and not answered (an empty answer)."""

    def answers(self, wait: Callable[[float], None]) -> bool:
        """Whether the command that comes now is answered, after its time. Raises CardGone."""
        if self.pulled_after is not None:
            if self.pulled_after <= 0:
                raise CardGone
            self.pulled_after -= 1
        if self.silent:
            return False
        if self.answer_delay_s:
            wait(self.answer_delay_s)
        return True

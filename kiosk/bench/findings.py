"""What a run found, and what it means: its targets, each held or missed, and what could not be measured."""

from dataclasses import dataclass, field

from kiosk.bench.account import Account, Owner
from kiosk.bench.load import Load
from kiosk.bench.screen import Idle
from kiosk.bench.timing import NotMeasured, Row

HELD, MISSED, NOT_MEASURED = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Target:
    """`found` and `most` in `unit`."""

    what: str
    found: float
    most: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.found <= self.most


@dataclass(slots=True)
class Findings:
    """One run. `missing`: what could not be measured, and why."""

    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    idle: list[Idle] = field(default_factory=list)
    journeys: list[Account] = field(default_factory=list)
    loads: list[tuple[str, Load]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def aim(self, what: str, found: float | None, most: float, unit: str) -> None:
        """Compares what was found with what is wanted. None: there was no floor to compare with."""
        if found is None:
            raise NotMeasured(f"{what}: there is no floor")
        self.targets.append(Target(what, found, most, unit))

    @property
    def journey(self) -> Account | None:
        """The journey in the middle, by what of it was ours (of an even number, the slower one)."""
        ranked = sorted(self.journeys, key=lambda journey: journey.total(Owner.OURS))
        return ranked[len(ranked) // 2] if ranked else None

    @property
    def exit_code(self) -> int:
        if not all(target.holds for target in self.targets):
            return MISSED
        return NOT_MEASURED if self.missing or not self.rows else HELD

"""What a run found, and what it means: its targets, each held, missed or not measured."""

from dataclasses import dataclass, field
from typing import Final

from kiosk.bench.account import Account, Owner
from kiosk.bench.screen import Idle
from kiosk.bench.timing import Row
from kiosk.bench.travel_document import TravelDocuments

CARD_RATIO_MOST: Final = 1.1
TRAVEL_DOCUMENT_RATIO_MOST: Final = 2.0
NOTICED_LATE_MOST_S: Final = 0.3
START_RATIO_MOST: Final = 2.0
IDLE_FRAMES_MOST: Final = 0
OURS_MOST_S: Final = 1.5

HELD, MISSED, NOT_MEASURED = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Target:
    """`found` and `most` in `unit`; None: not measured."""

    what: str
    found: float | None
    most: float
    unit: str

    @property
    def holds(self) -> bool | None:
        return None if self.found is None else self.found <= self.most


@dataclass(slots=True)
class Findings:
    """One run. `missing`: what could not be measured, and why."""

    rows: list[Row] = field(default_factory=list)
    card: Row | None = None
    travel_documents: TravelDocuments | None = None
    start: Row | None = None
    idle: list[Idle] = field(default_factory=list)
    journeys: list[Account] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def journey(self) -> Account | None:
        """The journey in the middle, by what of it was ours (of an even number, the slower one)."""
        ranked = sorted(self.journeys, key=lambda journey: journey.total(Owner.OURS))
        return ranked[len(ranked) // 2] if ranked else None

    @property
    def targets(self) -> tuple[Target, ...]:
        drawn = max((idle.frames for idle in self.idle), default=None)
        card = None if self.card is None else self.card.ratio
        passports = self.travel_documents
        passport = None if passports is None else passports.by_bac.ratio
        late = None if passports is None else passports.noticed_late_s
        start = None if self.start is None else self.start.ratio
        ours = None if self.journey is None else self.journey.total(Owner.OURS)
        return (
            Target("start to first page, over a Kivy hello-world", start, START_RATIO_MOST, "x"),
            Target("frames drawn by a still page", drawn, IDLE_FRAMES_MOST, "frames"),
            Target("what of the whole journey is ours", ours, OURS_MOST_S, "s"),
            Target("read a card, over the time of its data on the line", card, CARD_RATIO_MOST, "x"),
            Target("read a passport, over its bare APDUs", passport, TRAVEL_DOCUMENT_RATIO_MOST, "x"),
            Target("notice a passport after the PC/SC service does", late, NOTICED_LATE_MOST_S, "s"),
        )

    @property
    def exit_code(self) -> int:
        if any(target.holds is False for target in self.targets):
            return MISSED
        return NOT_MEASURED if self.missing or any(target.holds is None for target in self.targets) else HELD

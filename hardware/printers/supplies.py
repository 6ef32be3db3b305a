"""What a printer has left, as typed values: paper by tray, toner and the like by cartridge.

From `printer-input-tray`, `printer-supply` (PWG 5100.13, sections 5.6.5 and 5.6.15), the older `marker-*` attributes,
`media-ready` (RFC 8011) and the warnings among `printer-state-reasons`. A printer may not know a level: the standards
have special numbers for that, which here become `None`, and never a guess.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from hardware.printers.state_reasons import as_list, base

LOW_PERCENT: Final = 10


class SupplyKind(Enum):
    """What runs out, or (waste) fills up."""

    PAPER = "paper"
    TICKET_ROLL = "ticket-roll"
    TONER = "toner"
    WASTE = "waste"


class Unit(Enum):
    SHEETS = "sheets"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Supply:
    """One tray or cartridge. `left` of `capacity`, each None where the printer does not say; of waste, the room left.
    `is_low`: by its own word or by its level."""

    kind: SupplyKind
    name: str
    unit: Unit
    left: int | None
    capacity: int | None
    is_low: bool


@dataclass(frozen=True, slots=True)
class Supplies:
    """All of them, and the media that lie ready in their standard names ("iso_a4_210x297mm")."""

    supplies: tuple[Supply, ...]
    media_ready: tuple[str, ...]

    def of(self, kind: SupplyKind) -> tuple[Supply, ...]:
        """Those of one kind."""
        return tuple(supply for supply in self.supplies if supply.kind is kind)

    def is_low(self, kind: SupplyKind) -> bool:
        """Any of them."""
        return any(supply.is_low for supply in self.of(kind))

    @property
    def sheets_left(self) -> int | None:
        """In all trays that count theirs; None when none does."""
        counted = [tray.left for tray in self.of(SupplyKind.PAPER) if tray.left is not None]
        return sum(counted) if counted else None


ATTRIBUTES: Final = (
    "printer-input-tray",
    "printer-supply",
    "printer-supply-description",
    "marker-names",
    "marker-types",
    "marker-levels",
    "marker-low-levels",
    "media-ready",
    "printer-state-reasons",
)
_TONERS: Final = frozenset({"toner", "tonerCartridge", "toner-cartridge", "ink", "inkCartridge", "ink-cartridge"})
_TONER_LOW: Final = frozenset({"toner-low", "toner-empty", "marker-supply-low", "marker-supply-empty"})
_PAPER_LOW: Final = frozenset({"media-low", "media-empty", "media-needed"})
_WASTE_LOW: Final = frozenset({"marker-waste-almost-full", "marker-waste-full"})


def supplies_in(attributes: Mapping[str, Any]) -> Supplies:
    """What a printer's attributes tell."""
    reasons = {base(reason) for reason in as_list(attributes.get("printer-state-reasons"))}
    found = [*_trays(attributes, bool(reasons & _PAPER_LOW))]
    found += _markers(attributes, reasons) or _consumables(attributes, reasons)
    return Supplies(tuple(found), tuple(dict.fromkeys(as_list(attributes.get("media-ready")))))


def _trays(attributes: Mapping[str, Any], warned: bool) -> Iterable[Supply]:
    trays = [_fields(tray) for tray in as_list(attributes.get("printer-input-tray"))]
    # "auto" is no tray, and one sheet in a manual feed says nothing about a roll or a stack.
    real = [tray for tray in trays if tray.get("name") != "auto" and (_count(tray.get("maxcapacity")) or 2) > 1]
    counted = [tray for tray in real if _count(tray.get("level")) is not None] or real
    for tray in counted:
        left, capacity = _count(tray.get("level")), _count(tray.get("maxcapacity"))
        few = left is not None and capacity is not None and left * 100 <= capacity * LOW_PERCENT
        low = few or (warned and left is None)
        yield Supply(SupplyKind.PAPER, tray.get("name", ""), Unit.SHEETS, left, capacity, low)


def _markers(attributes: Mapping[str, Any], reasons: set[str]) -> list[Supply]:
    names, kinds, levels, lows = (
        list(as_list(attributes.get(f"marker-{what}"))) for what in ("names", "types", "levels", "low-levels")
    )
    found = []
    for number, (name, kind, level) in enumerate(zip(names, kinds, levels, strict=False)):
        below = int(lows[number]) if number < len(lows) else LOW_PERCENT
        found.append(_supply(str(name), str(kind), _count(level), 100, below, reasons))
    return [supply for supply in found if supply is not None]


def _consumables(attributes: Mapping[str, Any], reasons: set[str]) -> list[Supply]:
    names = list(as_list(attributes.get("printer-supply-description")))
    found = []
    for number, raw in enumerate(as_list(attributes.get("printer-supply"))):
        fields = _fields(raw)
        capacity, level = _count(fields.get("maxcapacity")), _count(fields.get("level"))
        percent = level * 100 // capacity if level is not None and capacity else None
        name = str(names[number]) if number < len(names) else fields.get("colorantname", "")
        found.append(_supply(name, fields.get("type", ""), percent, 100, LOW_PERCENT, reasons))
    return [supply for supply in found if supply is not None]


def _supply(name: str, kind: str, level: int | None, capacity: int, below: int, reasons: set[str]) -> Supply | None:
    if "waste" in kind.lower():
        room = None if level is None else capacity - level
        low = bool(reasons & _WASTE_LOW) or (room is not None and room <= below)
        return Supply(SupplyKind.WASTE, name, Unit.PERCENT, room, capacity, low)
    if kind in _TONERS:
        low = (bool(reasons & _TONER_LOW) and level is None) or (level is not None and level <= below)
        return Supply(SupplyKind.TONER, name, Unit.PERCENT, level, capacity, low)
    return None


def _fields(raw: Any) -> dict[str, str]:
    """`key=value;` pairs of an octet string."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    return dict(pair.split("=", 1) for pair in text.split(";") if "=" in pair)


def _count(value: Any) -> int | None:
    """-1 other, -2 unknown, -3 some left: all of them no number."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if number >= 0 else None

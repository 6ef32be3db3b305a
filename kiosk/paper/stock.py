"""What is left in the printers, over time: a line whenever a level has changed or staff have put some in, on the state
partition, and with the ledger's own count of pages the day on which somebody has to bring paper. In memory is what a
printer said last.
"""

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from hardware.printers.supplies import Supplies, Supply, SupplyKind, Unit
from kiosk import durable
from kiosk.china_time import china_date
from kiosk.clock import Clock
from kiosk.paper.forecast import Day, Forecast, forecast
from kiosk.paper.opening import OpeningHours

log = logging.getLogger(__name__)

STOCK: Final = "stock.jsonl"
"""Beside the ledger."""
KEPT: Final = timedelta(days=62)
LOOKED_BACK_DAYS: Final = 28
_REFILLED: Final = "refilled"


class Source(Enum):
    """Which printer said it."""

    PRINTER = "printer"
    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a printer said at a moment."""

    at: datetime
    source: Source
    supplies: Supplies


class StockHistory:
    """The readings in `path`, one JSON line each. One that cannot be read is left out: nothing hangs on it. A full disk
    is for the log, not for the citizen."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._clock = clock
        self._latest = {reading.source: reading for reading in self._young()}
        self._refills = _refills_in(path)
        if path.exists():
            try:
                _replace(path, self._young(), self._refills)
            except OSError as error:
                log.warning("stock: %s", error.strerror)

    def latest(self, source: Source) -> Reading | None:
        """The last word of this printer."""
        return self._latest.get(source)

    def note(self, source: Source, supplies: Supplies) -> None:
        """Keeps it if anything has changed."""
        before = self.latest(source)
        if before is not None and before.supplies == supplies:
            return
        reading = self._latest[source] = Reading(self._clock.now(), source, supplies)
        self._append(_line(reading))

    def refilled(self, kind: SupplyKind) -> None:
        """Staff say that they have put some in."""
        self._refills[kind] = self._clock.now()
        self._append(_refill_line(kind, self._refills[kind]))

    def refilled_at(self, kind: SupplyKind) -> datetime | None:
        """When staff last said so."""
        return self._refills.get(kind)

    def _young(self) -> Iterator[Reading]:
        """Those in the file that are kept."""
        since = self._clock.now() - KEPT
        return (reading for reading in readings_in(self._path) if reading.at > since)

    def _append(self, line: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            log.warning("stock: %s", error.strerror)


def paper_runs_out(
    sheets_left: int, pages_out: Mapping[date, int], hours: OpeningHours, now: datetime
) -> Forecast | None:
    """From the pages that came out on each of the whole days before today; None while there are too few of them.

    A page counts as a sheet: where both sides are printed on, the paper lasts longer than said.
    """
    if not pages_out:
        return None
    today = china_date(now)
    first = max(min(pages_out), today - timedelta(days=LOOKED_BACK_DAYS))
    days = [first + timedelta(days=number) for number in range((today - first).days)]
    used = [Day(pages_out.get(day, 0), hours.hours_on(day)) for day in days]
    return forecast(sheets_left, used, hours, now)


def _line(reading: Reading) -> str:
    at = reading.at.astimezone(UTC).isoformat(timespec="seconds")
    body = {"at": at, "source": reading.source, **asdict(reading.supplies)}
    return json.dumps(body, default=_value, sort_keys=True, ensure_ascii=False) + "\n"


def _refill_line(kind: SupplyKind, at: datetime) -> str:
    return json.dumps({"at": at.astimezone(UTC).isoformat(timespec="seconds"), _REFILLED: kind.value}) + "\n"


def _refills_in(path: Path) -> dict[SupplyKind, datetime]:
    """When each kind was last refilled."""
    found: dict[SupplyKind, datetime] = {}
    for line in _lines(path):
        if _REFILLED in line:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                body = json.loads(line)
                found[SupplyKind(body[_REFILLED])] = datetime.fromisoformat(body["at"])
    return found


def _value(thing: object) -> object:
    if isinstance(thing, Enum):
        return thing.value
    raise TypeError(f"no JSON for {type(thing).__name__}")


def readings_in(path: Path) -> Iterator[Reading]:
    """What is kept there, oldest first, without touching it: a desk may be writing."""
    for line in _lines(path):
        try:
            body: Any = json.loads(line)
            if _REFILLED in body:
                continue
            supplies = tuple(
                Supply(**{**each, "kind": SupplyKind(each["kind"]), "unit": Unit(each["unit"])})
                for each in body["supplies"]
            )
            at = datetime.fromisoformat(body["at"])
            yield Reading(at, Source(body["source"]), Supplies(supplies, tuple(body["media_ready"])))
        except (ValueError, KeyError, TypeError):
            log.warning("stock: a line of %s cannot be read", path.name)


def _lines(path: Path) -> Iterator[str]:
    """One after the other: months of them need not be in memory."""
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file


def _replace(path: Path, readings: Iterable[Reading], refills: dict[SupplyKind, datetime]) -> None:
    lines = [*map(_line, readings), *(_refill_line(kind, at) for kind, at in refills.items())]
    durable.replace(path, "".join(lines).encode())

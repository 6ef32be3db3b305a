"""The findings, for people and for programs. Seconds in JSON, milliseconds in the table."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kiosk.bench.account import Account, Owner
from kiosk.bench.findings import Findings, Target
from kiosk.bench.load import Load
from kiosk.bench.timing import Row, Times

_VERDICT = {True: "PASS", False: "FAIL"}


def as_text(findings: Findings) -> str:
    """The tables of what was measured: steps, still pages, the journey, the targets."""
    lines = [f"{_machine()}, {datetime.now(UTC):%Y-%m-%d}", ""]
    lines += [f"{'step':<26}{'ours, ms':>18}{'floor, ms':>18}{'ratio':>8}   floor is"]
    lines += [f"{'':<26}{'min':>9}{'median':>9}{'min':>9}{'median':>9}"]
    lines += [_row(row) for row in findings.rows]
    if findings.idle:
        lines += ["", "still pages"]
        lines += [f"  {idle.page:<24}{idle.frames} frames in {idle.seconds:.0f} s" for idle in findings.idle]
    if findings.journey is not None:
        lines += ["", *_journey(findings.journey, findings.journeys)]
    if findings.loads:
        lines += ["", *_loads(findings.loads)]
    if findings.targets:
        lines += ["", "targets", *(f"  {_target(target)}" for target in findings.targets)]
    lines += [f"  not measured: {what}: {why}" for what, why in findings.missing.items()]
    return "\n".join(lines)


def as_json(findings: Findings) -> dict[str, Any]:
    """The same, and every single time."""
    return {
        "machine": _machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": [
            {
                "step": row.step,
                "ours": _times(row.ours),
                "floor": None if row.floor is None else _times(row.floor),
                "floor_is": row.floor_is,
                "ratio": row.ratio,
            }
            for row in findings.rows
        ],
        "idle": [{"page": idle.page, "seconds": idle.seconds, "frames": idle.frames} for idle in findings.idle],
        "journeys": [
            {
                "total": {owner.value: journey.total(owner) for owner in Owner},
                "stretches": [
                    {"until": stretch.what, **{owner.value: stretch.seconds[owner] for owner in Owner}}
                    for stretch in journey.stretches
                ],
            }
            for journey in findings.journeys
        ],
        "loads": [
            {
                "what": what,
                "calls": len(load.seconds),
                "wrong": load.wrong,
                "failed": load.failed,
                "per_s": load.per_s,
                "p99": load.p99_s,
                "seconds": load.seconds,
            }
            for what, load in findings.loads
        ],
        "targets": [
            {
                "what": target.what,
                "found": target.found,
                "most": target.most,
                "unit": target.unit,
                "holds": target.holds,
            }
            for target in findings.targets
        ],
        "not_measured": findings.missing,
    }


def _row(row: Row) -> str:
    floor = "" if row.floor is None else f"{_ms(row.floor.least)}{_ms(row.floor.median)}{row.ratio:>8.2f}"
    return f"{row.step:<26}{_ms(row.ours.least)}{_ms(row.ours.median)}{floor}   {row.floor_is}".rstrip()


def _journey(journey: Account, all_of_them: Sequence[Account]) -> list[str]:
    ours = "  ".join(f"{each.total(Owner.OURS):.2f}" for each in all_of_them)
    lines = [f"the whole journey, s; ours in each of {len(all_of_them)}: {ours}; the middle one:"]
    lines += [f"  {'until':<44}" + "".join(f"{owner.value:>10}" for owner in Owner)]
    for stretch in journey.stretches:
        lines.append(f"  {stretch.what:<44}" + "".join(_cell(stretch.seconds[owner]) for owner in Owner))
    lines += [f"  {f'all, {journey.whole:.2f}':<44}" + "".join(_cell(journey.total(owner)) for owner in Owner)]
    return lines


def _loads(loads: Sequence[tuple[str, Load]]) -> list[str]:
    lines = [f"{'many at once':<26}{'calls':>8}{'wrong':>8}{'failed':>8}{'per s':>9}{'median, ms':>12}{'p99, ms':>10}"]
    for what, load in loads:
        middle = Times(load.seconds).median
        counts = f"{len(load.seconds):>8}{load.wrong:>8}{len(load.failed):>8}"
        lines.append(f"{what:<26}{counts}{load.per_s:>9.1f}{middle * 1000:>12.0f}{load.p99_s * 1000:>10.0f}")
    return lines


def _target(target: Target) -> str:
    found = f"{target.found:.2f} {target.unit}, at most {target.most:g} {target.unit}"
    return f"{_VERDICT[target.holds]:<14}{target.what}: {found}"


def _cell(seconds: float) -> str:
    return f"{seconds:>10.3f}" if abs(seconds) >= 0.0005 else f"{'·':>10}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:>9.1f}"


def _times(times: Times) -> dict[str, Any]:
    return {"min": times.least, "median": times.median, "seconds": times.seconds}


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"

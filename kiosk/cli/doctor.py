"""`kiosk doctor`: every device, model, certificate and queue, with what to do."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.health.findings import Finding

HELP = "every device, model, certificate and queue, with what to do"

CACHE = Path(__file__).parents[2] / ".cache"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, help="what this terminal is made of; without it, what needs none")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder with the models")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--into", type=Path, metavar="FILE", help="the answer lies there, whole, instead of on stdout")


def run(args: argparse.Namespace) -> int:
    """0: it can serve (also with warnings); 1: it cannot; 2: the profile itself cannot be read."""
    import asyncio
    import logging

    from kiosk import durable, journal
    from kiosk.doctor.examine import examine
    from kiosk.fleet.signed_profile import in_force
    from kiosk.health.findings import exit_code
    from kiosk.profile import ProfileError

    journal.configure("doctor", logging.ERROR)
    try:
        profile = None if args.profile is None else in_force(args.profile)
    except ProfileError as error:
        print(f"kiosk doctor: {error}", file=sys.stderr)
        return 2
    findings = asyncio.run(examine(profile, args.assets))
    answer = _as_json(findings) if args.json else _as_text(findings)
    if args.into is None:
        print(answer)
    else:
        durable.replace(args.into, answer.encode())
    return exit_code(findings)


def _as_json(findings: "list[Finding]") -> str:
    from kiosk.health.findings import exit_code, state_of

    rows = [{**asdict(finding), "level": finding.level.value} for finding in findings]
    said = {"state": state_of(findings).value, "findings": rows, "can_serve": not exit_code(findings)}
    return json.dumps(said, ensure_ascii=False, indent=1)


def _as_text(findings: "list[Finding]") -> str:
    from kiosk.health.findings import state_of

    lines = []
    for finding in findings:
        lines.append(f"{finding.level.value:<5} {finding.part}: {finding.says}")
        if finding.remedy:
            lines.append(f"      -> {finding.remedy}")
    return "\n".join([*lines, state_of(findings).value])

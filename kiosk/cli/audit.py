"""`kiosk audit verify DIR`: does the chain of the log hold?"""

import argparse
import json
from pathlib import Path

HELP = "check the tamper-evident log"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["verify"])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    from kiosk.audit.log import AuditBroken, set_aside, verify

    answer: dict[str, object]
    code = 0
    if not any(args.directory.glob("audit-*.jsonl")):
        code, answer = 2, {"holds": None, "why": f"there is no audit log in {args.directory}"}
    else:
        try:
            count, last = verify(args.directory)
            answer = {"holds": True, "records": count, "last": last}
            if broken := set_aside(args.directory):
                # Until somebody has looked at it and taken it away, the answer to "does the log hold?" is no.
                code, answer = 1, {**answer, "holds": False, "why": f"set aside: {', '.join(broken)}"}
        except AuditBroken as broken:
            code, answer = 1, {"holds": False, "why": str(broken)}
    print(json.dumps(answer) if args.json else "  ".join(f"{key}: {value}" for key, value in answer.items()))
    return code

"""`kiosk command`: for the fleet's operator, who signs commands to terminals; they travel as hawkBit's software modules
of the type `kiosk-command` (docs/fleet.md)."""

import argparse
import json
import re
import sys
from pathlib import Path

HELP = "sign a command to a terminal, or verify one"

_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=None)
    what = parser.add_subparsers(metavar="sign|verify", required=True)
    sign = what.add_parser("sign", help="prints the command under the operator's key")
    sign.add_argument("command", help="out-of-service, in-service, restart, update, rollback, log-level …")
    sign.add_argument("argument", nargs="?", default="", help="what it is done with, if it takes something")
    sign.add_argument("--to", action="append", required=True, help="a terminal's id, or group:NAME; may be repeated")
    sign.add_argument("--key", type=Path, required=True, help="the operator's private key: PEM, EC P-256")
    sign.add_argument("--for", dest="span", type=_seconds, default=3600, help="how long it may be begun: 90m, 2h, 1d")
    sign.add_argument("--deadline", type=_seconds, help="from when on a restart waits for no citizen: 30m …")
    sign.add_argument("--id", help="no other command may have it; made up if it is left out")
    sign.set_defaults(work=_sign)
    verify = what.add_parser("verify", help="what is commanded, and whether this terminal would do it")
    verify.add_argument("signed", type=Path)
    verify.add_argument("--operator", type=Path, required=True, help="the operator's public keys, PEM")
    verify.add_argument("--terminal", required=True)
    verify.add_argument("--group", action="append", default=[], help="one of the terminal's; may be repeated")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(work=_verify)


def run(args: argparse.Namespace) -> int:
    """0: yes; 1: no, with why; 2: cannot tell."""
    return int(args.work(args))


def _seconds(text: str) -> int:
    span = _SPAN.fullmatch(text)
    if span is None:
        raise argparse.ArgumentTypeError(f"{text!r}: a span is a number with s, m, h or d, as 90m")
    return int(span[1]) * _SECONDS[span[2]]


def _sign(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime, timedelta
    from uuid import uuid4

    from msgspec import ValidationError, convert

    from kiosk.fleet.command import Command, sign
    from platform_client.device_key import DeviceKeyError, FileKey

    now = datetime.now(UTC).replace(microsecond=0)
    told = {
        "id": args.id or uuid4().hex,
        "to": args.to,
        "command": args.command,
        "argument": args.argument,
        "issued_at": now,
        "not_after": now + timedelta(seconds=args.span),
        "deadline": None if args.deadline is None else now + timedelta(seconds=args.deadline),
    }
    try:
        signed = sign(convert(told, Command), FileKey(args.key))
    except (ValidationError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except DeviceKeyError as error:
        print(error, file=sys.stderr)
        return 2
    print(signed.decode("ascii"), end="")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from msgspec import to_builtins

    from kiosk.fleet.command import check_time, read
    from kiosk.fleet.operator import Operator, OperatorKeyError, OrderRefused

    answer: dict[str, object]
    try:
        pinned = Operator.pinned(args.operator)
        command = read(args.signed.read_bytes(), pinned, args.terminal, tuple(args.group))
        check_time(command, datetime.now(UTC))
        code, answer = 0, {"holds": True, **to_builtins(command)}
    except OrderRefused as refused:
        code, answer = 1, {"holds": False, "why": refused.refusal.value, "detail": refused.detail}
    except (OSError, OperatorKeyError) as error:
        code, answer = 2, {"holds": None, "why": str(error)}
    print(json.dumps(answer) if args.json else "  ".join(f"{key}: {value}" for key, value in answer.items()))
    return code

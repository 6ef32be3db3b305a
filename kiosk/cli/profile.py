"""`kiosk profile`: for the fleet's operator, who signs profiles; and for whoever wants to know what one is worth."""

import argparse
import json
import sys
from pathlib import Path

HELP = "check a profile, sign one for its terminal, or verify a signed one"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=None)
    what = parser.add_subparsers(metavar="check|sign|verify", required=True)
    check = what.add_parser("check", help="would a terminal take this file?")
    check.add_argument("profile", type=Path)
    check.set_defaults(work=_check)
    sign = what.add_parser("sign", help="prints the profile under the operator's key, for the terminal that it names")
    sign.add_argument("profile", type=Path)
    sign.add_argument("--key", type=Path, required=True, help="the operator's private key: PEM, EC P-256")
    sign.add_argument("--version", type=int, required=True, help="higher than that of every one before")
    sign.set_defaults(work=_sign)
    verify = what.add_parser("verify", help="whose words these are, for whom, and whether a terminal would take them")
    verify.add_argument("signed", type=Path)
    verify.add_argument("--operator", type=Path, required=True, help="the operator's public keys, PEM")
    verify.add_argument("--terminal", help="it must be for this one")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(work=_verify)


def run(args: argparse.Namespace) -> int:
    """0: yes; 1: no, with why; 2: cannot tell."""
    return int(args.work(args))


def _check(args: argparse.Namespace) -> int:
    from kiosk.profile import ProfileError, load

    try:
        print(f"{args.profile}: a profile for {load(args.profile).terminal.id}")
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _sign(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from kiosk.fleet.signed_profile import sign
    from kiosk.profile import ProfileError
    from platform_client.device_key import DeviceKeyError, FileKey

    try:
        signed = sign(args.profile.read_text(encoding="utf-8"), args.version, datetime.now(UTC), FileKey(args.key))
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError, DeviceKeyError) as error:
        print(error, file=sys.stderr)
        return 2
    print(signed.decode("ascii"), end="")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from kiosk.fleet.operator import Operator, OperatorKeyError, OrderRefused
    from kiosk.fleet.signed_profile import verify

    answer: dict[str, object]
    try:
        signed, _ = verify(args.signed.read_bytes(), Operator.pinned(args.operator), args.terminal)
        code, answer = 0, {"holds": True, "terminal": signed.terminal, "version": signed.version}
        answer["issued_at"] = signed.issued_at.isoformat()
    except OrderRefused as refused:
        code, answer = 1, {"holds": False, "why": refused.refusal.value, "detail": refused.detail}
    except (OSError, OperatorKeyError) as error:
        code, answer = 2, {"holds": None, "why": str(error)}
    print(json.dumps(answer) if args.json else "  ".join(f"{key}: {value}" for key, value in answer.items()))
    return code

"""`kiosk audit`: does the chain of the log hold, and the key that signs its checkpoints."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.audit.anchor import Anchor

HELP = "check the tamper-evident log"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=None)
    what = parser.add_subparsers(metavar="verify|key", required=True)
    check = what.add_parser("verify", help="walk the whole chain")
    check.add_argument("directory", type=Path)
    check.add_argument("--key", type=Path, help="the terminal's public key: every checkpoint must be signed by it")
    check.add_argument(
        "--anchors",
        type=Path,
        help="what somebody else remembers of this chain, one anchor a line; else those kept beside it",
    )
    check.add_argument(
        "--told-in", type=Path, metavar="DESK", help="of the agent's chain: the desk's log, which remembers its end"
    )
    check.add_argument("--anchor-key", type=Path, help="the public key of whoever signed the anchors")
    check.add_argument("--json", action="store_true")
    check.set_defaults(work=_verify)
    key = what.add_parser("key", help="make the key that signs checkpoints; prints its public half")
    key.add_argument("file", type=Path, help="where the profile's audit_key says; must not exist yet")
    key.set_defaults(work=_key)


def run(args: argparse.Namespace) -> int:
    return int(args.work(args))


def _verify(args: argparse.Namespace) -> int:
    from kiosk.audit.anchor import NotAnAnchor
    from kiosk.audit.chain import AuditBroken, files, verify
    from kiosk.audit.checkpoint import KeyUnusable, PublicKey
    from kiosk.audit.log import set_aside

    answer: dict[str, object]
    code = 0
    try:
        if not files(args.directory):
            raise FileNotFoundError(2, "no audit log", str(args.directory))
        key = PublicKey(args.key.read_bytes()) if args.key else None
        anchors = _anchors(args.anchors, args.anchor_key, args.directory)
        told = None if args.told_in is None else _told_in(args.told_in)
        chain = verify(args.directory, key, [*(anchors or ()), *(told or ())])
        answer = {"holds": True, "records": chain.records, "last": chain.last}
        if key is not None:
            answer["signed"] = chain.signed
        if anchors is not None or told is not None:
            answer["anchored"] = chain.anchored
        if broken := set_aside(args.directory):
            # Until somebody has looked at it and taken it away, the answer to "does the log hold?" is no.
            code, answer = 1, {**answer, "holds": False, "why": f"set aside: {', '.join(broken)}"}
    except AuditBroken as broken:
        code, answer = 1, {"holds": False, "why": str(broken)}
    except (KeyUnusable, NotAnAnchor) as error:
        code, answer = 2, {"holds": None, "why": str(error)}
    except OSError as error:
        code, answer = 2, {"holds": None, "why": f"{error.filename}: {error.strerror}"}
    print(json.dumps(answer) if args.json else "  ".join(f"{key}: {value}" for key, value in answer.items()))
    return code


def _anchors(lines: Path | None, key: Path | None, directory: Path) -> "list[Anchor] | None":
    """None: nothing was asked about them."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from kiosk.audit.anchor import FILE, NotAnAnchor, anchors

    if key is None:
        if lines is not None:
            raise NotAnAnchor("anchors prove something only with --anchor-key")
        return None
    try:
        public = load_pem_public_key(key.read_bytes())
    except ValueError:
        raise NotAnAnchor(f"{key}: not a PEM public key") from None
    if not isinstance(public, Ed25519PublicKey):
        raise NotAnAnchor(f"{key}: not an Ed25519 public key")
    return list(anchors(lines or directory / FILE, public))


def _told_in(desk: Path) -> "list[Anchor]":
    """By a log that holds itself. Raises AuditBroken or OSError."""
    from kiosk.audit.chain import files, verify
    from kiosk.audit.witness import told_in

    if not files(desk):
        raise FileNotFoundError(2, "no audit log", str(desk))
    verify(desk)
    return list(told_in(desk))


def _key(args: argparse.Namespace) -> int:
    import sys

    from kiosk.audit.checkpoint import KeyFile

    try:
        made = KeyFile.create(args.file)
    except OSError as error:
        print(f"{args.file}: {error.strerror}", file=sys.stderr)
        return 1
    print(made.public_pem().decode("ascii"), end="")
    return 0

"""`kiosk enrol`: a terminal that is nobody becomes one; and what its operator needs for that."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.enrolment.settings import Settings

OF_THE_IMAGE = Path("/usr/share/onecard-kiosk/operator/enrolment.toml")

HELP = "make this machine a terminal: key, certificate, signed profile; sign the orders for it"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=None)
    what = parser.add_subparsers(metavar="run|verify|status|order|request", required=True)
    run = what.add_parser("run", help="the enrolling process: shows its page, waits for a stick or a code")
    run.set_defaults(work=_run)
    status = what.add_parser("status", help="who this machine is")
    status.add_argument("--json", action="store_true")
    status.set_defaults(work=_status)
    verify = what.add_parser("verify", help="is this terminal still what its operator signed? asked at every start")
    verify.set_defaults(work=_verify)
    for each in (run, status, verify):
        each.add_argument("--settings", type=Path, default=OF_THE_IMAGE, help="what the image says of it (TOML)")
    order = what.add_parser("order", help="for the operator: sign what a terminal is to be")
    order.add_argument("profile", type=Path, help="the profile of the terminal (TOML)")
    order.add_argument("--version", type=int, required=True, help="of the profile; higher than every one before")
    order.add_argument("--key", type=Path, required=True, help="the operator's private key: PEM, EC P-256")
    order.add_argument("--file", type=Path, action="append", default=[], help="PEM that the profile names (repeatable)")
    order.add_argument("--redeem", metavar="URL", help="put a token in it, to be spent there once")
    order.add_argument("--days", type=int, default=14, help="how long it counts")
    order.add_argument("--out", type=Path, required=True, help="a file, or a stick: then its folder is made")
    order.set_defaults(work=_order)
    request = what.add_parser("request", help="make a key in a token, if it has none, and the first request for it")
    request.add_argument("--module", type=Path, required=True, help="the PKCS#11 module")
    request.add_argument("--token", default="onecard", help="the label of the token; a fresh one is prepared under it")
    request.add_argument("--pin", required=True, metavar="NAME", help="a credential, or a private file")
    request.add_argument("--terminal", required=True, help="its name")
    request.set_defaults(work=_request)


def run(args: argparse.Namespace) -> int:
    """0: yes, or done; 1: no; 2: cannot tell, or not with these files."""
    return int(args.work(args))


def _run(args: argparse.Namespace) -> int:
    import asyncio

    from kiosk import journal
    from kiosk.enrolment.process import serve
    from kiosk.profile import ProfileError

    journal.configure("enrol")
    settings = _settings(args.settings)
    if settings is None:
        return 2
    try:
        return asyncio.run(serve(settings))
    except ProfileError as error:
        print(f"kiosk enrol: {error}", file=sys.stderr)
        return 2


def _verify(args: argparse.Namespace) -> int:
    import logging

    from kiosk import journal
    from kiosk.enrolment.site import Site
    from kiosk.enrolment.standing import standing
    from kiosk.fleet.operator import Operator, OperatorKeyError
    from kiosk.reasons import Refused

    journal.configure("enrol")
    log = logging.getLogger(__name__)
    settings = _settings(args.settings)
    if settings is None:
        return 2
    try:
        print(standing(Site(settings.site), Operator.pinned(settings.operator)))
    except OperatorKeyError as error:
        print(f"kiosk enrol: operator: {error}", file=sys.stderr)
        return 2
    except Refused as refused:
        log.error("%s %s: %s", refused.reason.value, refused.reason.name, refused.detail)
        return 1
    return 0


def _status(args: argparse.Namespace) -> int:
    from kiosk.enrolment.site import Site
    from kiosk.enrolment.standing import Altered, standing
    from kiosk.fleet.operator import Operator, OperatorKeyError

    settings = _settings(args.settings)
    if settings is None:
        return 2
    site = Site(settings.site)
    terminal = altered = None
    if site.enrolled:
        try:
            terminal = standing(site, Operator.pinned(settings.operator))
        except OperatorKeyError as error:
            print(f"kiosk enrol: operator: {error}", file=sys.stderr)
            return 2
        except Altered as refused:
            altered = refused.file
    if args.json:
        print(json.dumps({"enrolled": site.enrolled, "terminal": terminal, "altered": altered}))
    elif altered is not None:
        print(f"barred (K714): {altered} is not what the operator signed")
    else:
        print("not enrolled" if terminal is None else f"enrolled as {terminal}")
    return 1 if terminal is None else 0


def _order(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime, timedelta

    from kiosk.enrolment.order import write
    from kiosk.enrolment.stick import FOLDER
    from kiosk.profile import ProfileError
    from platform_client.device_key import DeviceKeyError, FileKey

    try:
        files = {file.name: file.read_text(encoding="ascii") for file in args.file}
        profile, key = args.profile.read_text(encoding="utf-8"), FileKey(args.key)
        jws = write(profile, args.version, files, key, datetime.now(UTC), timedelta(days=args.days), args.redeem)
        to = args.out
        if to.is_dir():
            to = to / FOLDER / "order.jws"
            to.parent.mkdir(exist_ok=True)
        to.write_bytes(jws)
    except (ProfileError, DeviceKeyError, OSError, ValueError) as error:
        print(f"kiosk enrol: {error}", file=sys.stderr)
        return 2
    print(to)
    return 0


def _request(args: argparse.Namespace) -> int:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    from platform_client import credentials
    from platform_client.credentials import CredentialError
    from platform_client.device_key import DeviceKeyError, TokenKey
    from platform_client.renewal import signing_request
    from platform_client.token import make_key

    try:
        pin = credentials.line(args.pin)
        key = TokenKey(make_key(args.module, args.token, pin), args.module, pin)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, args.terminal)])
        request = x509.load_der_x509_csr(signing_request(name, key))
    except (CredentialError, DeviceKeyError) as error:
        print(f"kiosk enrol: {error}", file=sys.stderr)
        return 2
    print(request.public_bytes(Encoding.PEM).decode("ascii"), end="")
    return 0


def _settings(file: Path) -> "Settings | None":
    from kiosk.enrolment.settings import load
    from kiosk.profile import ProfileError

    try:
        return load(file)
    except ProfileError as error:
        print(f"kiosk enrol: {error}", file=sys.stderr)
        return None

"""`kiosk document check-paper` and `check-page`: is the code on a paper a terminal's, does the paper say the same?"""

import argparse
import getpass
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography import x509

    from kiosk.documents.offline_statement import OfflineStatement

GENUINE: Final = 0
NOT_GENUINE: Final = 1
CANNOT_CHECK: Final = 2


@dataclass(frozen=True, slots=True, repr=False)
class ReadOffPaper:
    """Name and number as somebody reads them off the paper."""

    name: str
    number: str


def check_paper_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scan", type=Path, help="a picture of the paper or of the slip; or a text file with the code")
    parser.add_argument("--terminals", type=Path, required=True, help="folder of PEM certificates of known terminals")
    parser.add_argument("--file", type=Path, help="the sealed file that the paper is said to be printed from")
    parser.add_argument(
        "--holder", action="store_true", help="asks for name and number on the paper, and compares them"
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(answer=check_paper)


def check_page_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--terminals", type=Path, required=True, help="folder of PEM certificates of known terminals")
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    parser.set_defaults(answer=check_page)


def check_paper(args: argparse.Namespace) -> int:
    from kiosk.documents.offline_statement import NotGenuine, check

    try:
        text, terminals = _code(args.scan), tuple(_certificates(args.terminals))
        pdf = args.file.read_bytes() if args.file else None
    except (OSError, ValueError) as error:
        print(f"kiosk document: {error}", file=sys.stderr)
        return CANNOT_CHECK
    try:
        statement = check(text, terminals)
    except NotGenuine as error:
        return _say({"paper": "not genuine", "why": str(error)}, NOT_GENUINE, as_json=args.json)
    report = _facts(statement)
    if pdf is not None:
        report["file"] = "the one that was printed" if statement.is_of_file(pdf) else "another"
    if args.holder:
        report["holder"] = "the one on the paper" if statement.is_about(_asked()) else "another"
    same = "another" not in (report.get("file"), report.get("holder"))
    return _say(report, GENUINE if same else NOT_GENUINE, as_json=args.json)


def check_page(args: argparse.Namespace) -> int:
    """Writes the static page that checks codes in a browser, with the terminals' certificates in it."""
    from importlib.resources import files

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from kiosk.documents.offline_statement import FIELDS_ITERATIONS

    try:
        known = [
            {
                "terminal": _name(certificate),
                "from": int(certificate.not_valid_before_utc.timestamp()),
                "until": int(certificate.not_valid_after_utc.timestamp()),
                "spki": certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(),
            }
            for certificate in _certificates(args.terminals)
        ]
        page = files("kiosk.documents").joinpath("check-paper.html").read_text(encoding="utf-8")
        data = json.dumps({"iterations": FIELDS_ITERATIONS, "terminals": known}).replace("<", "\\u003c")
        args.out.write_text(page.replace('{"iterations": 0, "terminals": []}', data), encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"kiosk document: {error}", file=sys.stderr)
        return CANNOT_CHECK
    print(f"{args.out}: {len(known)} terminals")
    return GENUINE


def _code(scan: Path) -> str:
    from kiosk.documents.offline_statement import PREFIX
    from kiosk.documents.paper_scan import codes_on

    if (content := scan.read_bytes()[:2048].strip()).startswith(PREFIX.encode()):
        return content.decode("ascii", "replace")
    codes = codes_on(scan)
    if len(codes) != 1:
        raise ValueError(f"{len(codes)} codes of terminals on {scan.name}; one is needed")
    return codes[0]


def _certificates(folder: Path) -> "Iterator[x509.Certificate]":
    """Raises ValueError when there is none."""
    from cryptography import x509

    found = [file.read_bytes() for file in sorted(folder.glob("*.pem"))]
    found = [content for content in found if b"BEGIN CERTIFICATE" in content]
    if not found:
        raise ValueError(f"there is no certificate in {folder}")
    for content in found:
        yield from x509.load_pem_x509_certificates(content)


def _name(certificate: "x509.Certificate") -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def _facts(statement: "OfflineStatement") -> dict[str, object]:
    from kiosk.china_time import CHINA

    return {
        "paper": "genuine",
        "kind": statement.kind,
        "issuer": statement.issuer,
        "subject": statement.subject,
        "valid_until": statement.valid_until.isoformat(),
        "pages": statement.pages,
        "terminal": statement.terminal,
        "printed_at": statement.made_at.astimezone(CHINA).isoformat(),
        "file_sha256": statement.file_sha256.hex(),
    }


def _asked() -> ReadOffPaper:
    """Asked for rather than given as an argument: what stands on a command line stays in the shell's history."""
    if sys.stdin.isatty():
        return ReadOffPaper(getpass.getpass("name on the paper: "), getpass.getpass("number on the paper: "))
    return ReadOffPaper(sys.stdin.readline().strip(), sys.stdin.readline().strip())


def _say(report: dict[str, object], code: int, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print("\n".join(f"{key}: {value}" for key, value in report.items()))
    return code

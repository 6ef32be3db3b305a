"""`kiosk document`: the terminal's own verdict on a file, and on a paper.

A file is judged in a process as confined as the terminal's own.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from kiosk.checks import ASKED_FOR_ONLY, OF_FILE, OF_SEAL, SENTENCES, Check
from kiosk.china_time import CHINA
from kiosk.cli.paper_check import check_page_arguments, check_paper_arguments
from kiosk.messages import NotVerified, Policy, Trust, Verified, Verify
from kiosk.reasons import Reason

HELP = "verify the seal of a file, or the code on a paper"

ACCEPTED: Final = 0
REFUSED: Final = 1
CANNOT_VERIFY: Final = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="what", required=True)
    verify = commands.add_parser(
        "verify",
        help="is the seal of a file good?",
        description="Judges a sealed PDF as the terminal would. Exit code 0: accepted, 1: refused, 2: cannot verify.",
    )
    verify.add_argument("file", type=Path)
    verify.add_argument(
        "--trust", type=Path, required=True, help="folder of PEM certificates; self-signed ones are roots"
    )
    verify.add_argument("--crl", type=Path, help="folder of DER revocation lists (*.crl); else that of --trust")
    verify.add_argument("--issuer", help="the organisation that must have issued and sealed it")
    verify.add_argument("--at", type=_moment, help="the moment to judge at, as 2026-11-23T09:00+08:00")
    verify.add_argument("--paper", choices=["A4", "A3"], default="A4")
    verify.add_argument("--time-stamp", action="store_true", help="it must carry a time-stamp")
    verify.add_argument("--sm2", action="store_true", help="believe seals by SM2 with SM3, too (experimental)")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(answer=_verify)
    check_paper_arguments(
        commands.add_parser(
            "check-paper",
            help="is the code on a paper a terminal's?",
            description="Checks the code on a scanned paper or slip, without a network. Exit code 0: genuine, 1: not, "
            "2: cannot be checked.",
        )
    )
    check_page_arguments(commands.add_parser("check-page", help="write the static page that checks codes in a browser"))


def run(args: argparse.Namespace) -> int:
    code: int = args.answer(args)
    return code


def _moment(text: str) -> datetime:
    """In China, if it names no zone."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


# --- a file ----------------------------------------------------------------------------------------------------------


def _verify(args: argparse.Namespace) -> int:
    policy = Policy(paper=args.paper, time_stamp=args.time_stamp, sm2=args.sm2)
    try:
        trust = read_trust(args.trust, args.crl or args.trust)
        verdict = verify_file(args.file, trust, args.at or datetime.now(UTC), policy)
    except (OSError, ValueError) as error:
        print(f"kiosk document: {error}", file=sys.stderr)
        return CANNOT_VERIFY
    report = reported(verdict, args.issuer)
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print("\n".join(_lines(report)))
    return {"accepted": ACCEPTED, "refused": REFUSED, "cannot verify": CANNOT_VERIFY}[str(report["verdict"])]


def read_trust(certificates: Path, crls: Path) -> Trust:
    """What lies in two folders. Raises ValueError when no root is among it, OSError when a file cannot be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    roots: list[bytes] = []
    intermediates: list[bytes] = []
    for file in sorted(certificates.glob("*.pem")):
        if b"PRIVATE KEY" in (content := file.read_bytes()):
            continue
        for certificate in x509.load_pem_x509_certificates(content):
            kind = roots if certificate.issuer == certificate.subject else intermediates
            kind.append(certificate.public_bytes(Encoding.DER))
    if not roots:
        raise ValueError(f"there is no self-signed certificate in {certificates}")
    lists = tuple(file.read_bytes() for file in sorted(crls.glob("*.crl")))
    return Trust(tuple(roots), tuple(intermediates), lists)


def verify_file(path: Path, trust: Trust, at: datetime, policy: Policy) -> Verified | NotVerified:
    """The verdict on this file at the moment `at` (aware). Raises OSError when there is no such file."""
    pdf = path.read_bytes()
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare) as confined:
        try:
            return confined.submit(_judge, pdf, trust, at, policy).result()
        except BrokenProcessPool:
            return NotVerified(0, Reason.DOCUMENT_UNSAFE, "it ended the process that read it")


def reported(verdict: Verified | NotVerified, issuer: str | None) -> dict[str, object]:
    """The verdict and every check; never what stands on the pages. `issuer`: who must have sealed it, if anyone."""
    passed = verdict.checks if isinstance(verdict, Verified) else verdict.passed
    failed = None if isinstance(verdict, Verified) else verdict.failed
    checks = [*passed]
    if isinstance(verdict, NotVerified):
        cannot = verdict.reason is Reason.SEAL_UNVERIFIABLE
        facts: dict[str, object] = {
            "verdict": "cannot verify" if cannot else "refused",
            "reason": verdict.reason.name,
            "code": verdict.reason.value,
            "detail": verdict.detail,
        }
    elif issuer is not None and {verdict.signer, verdict.statement.issuer} != {issuer}:
        reason, failed = Reason.SEAL_INVALID, Check.AGENCY
        detail = "sealed or issued by another organisation"
        facts = {"verdict": "refused", "reason": reason.name, "code": reason.value, "detail": detail}
    else:
        checks += [Check.AGENCY] if issuer is not None else []
        facts = {
            "verdict": "accepted",
            "sha256": verdict.sha256,
            "signer": verdict.signer,
            "sealed_at": verdict.sealed_at.isoformat(),
            "pages": verdict.pages,
            "numbers": len(verdict.numbers),
            "sentence": verdict.sentence,
            "statement": msgspec.structs.asdict(verdict.statement),
        }
    return {**facts, "checks": list(_check_rows(checks, failed, asked=issuer is not None))}


def _check_rows(passed: list[Check], failed: Check | None, *, asked: bool) -> Iterator[dict[str, object]]:
    """One row per check: passed true or false, or null when it did not come to that."""
    due = [*OF_FILE, *OF_SEAL, *([Check.AGENCY] if asked else [])]
    for check in due:
        if check in ASKED_FOR_ONLY and check not in (*passed, failed):
            continue
        outcome = True if check in passed else False if check is failed else None
        yield {"check": check.value, "passed": outcome, **SENTENCES[check]._asdict()}


def _lines(report: dict[str, object]) -> Iterator[str]:
    marks = {True: "+", False: "-", None: "?"}
    for key, value in report.items():
        if key != "checks":
            yield f"{key}: {value}"
    checks = report["checks"]
    assert isinstance(checks, list)
    for row in checks:
        yield f"  {marks[row['passed']]} {row['zh']} · {row['en']}"


def _prepare() -> None:
    from kiosk.documents.confinement import allow_cpu_for_one_request
    from kiosk.documents.worker import prepare

    prepare()
    allow_cpu_for_one_request()


def _judge(pdf: bytes, trust: Trust, at: datetime, policy: Policy) -> Verified | NotVerified:
    from kiosk.documents.verdict import judge

    return asyncio.run(judge(Verify(0, pdf, trust, secrets.token_hex(16), policy), at))

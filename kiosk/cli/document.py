"""`kiosk document verify FILE`: the terminal's own verdict on a file, reached in a process as confined as its own."""

import argparse
import asyncio
import json
import secrets
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import msgspec

from kiosk.messages import NotVerified, Trust, Verified, Verify
from kiosk.reasons import Reason

HELP = "verify the seal of a file as the terminal would"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["verify"])
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--trust", type=Path, required=True, help="folder of PEM certificates; self-signed ones are roots"
    )
    parser.add_argument("--crl", type=Path, help="folder of DER revocation lists (*.crl); else that of --trust")
    parser.add_argument("--at", type=datetime.fromisoformat, help="the moment to judge at, as 2026-11-23T09:00+08:00")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    at = (args.at or datetime.now(UTC)).astimezone()
    try:
        answer = verify_file(args.file, read_trust(args.trust, args.crl or args.trust), at)
    except (OSError, ValueError) as error:
        print(f"kiosk document: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        for key, value in answer.items():
            print(f"{key}: {value}")
    return 0 if answer["seal"] == "holds" else 1


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


def verify_file(path: Path, trust: Trust, at: datetime) -> dict[str, object]:
    """Would the terminal believe this file at the moment `at` (aware)? Never prints what stands on its pages.

    `{"seal": "holds", "sha256", "signer", "pages", "numbers", "statement"}`, where `numbers` counts the different
    resident numbers, or `{"seal": "refused", "reason", "code", "detail"}`. Raises OSError when there is no such file.
    """
    pdf = path.read_bytes()
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare) as confined:
        try:
            verdict = confined.submit(_judge, pdf, trust, at).result()
        except BrokenProcessPool:
            verdict = NotVerified(0, Reason.DOCUMENT_UNSAFE, "it ended the process that read it")
    if isinstance(verdict, NotVerified):
        return {
            "seal": "refused",
            "reason": verdict.reason.name,
            "code": verdict.reason.value,
            "detail": verdict.detail,
        }
    return {
        "seal": "holds",
        "sha256": verdict.sha256,
        "signer": verdict.signer,
        "pages": verdict.pages,
        "numbers": len(verdict.numbers),
        "statement": msgspec.structs.asdict(verdict.statement),
    }


def _prepare() -> None:
    from kiosk.documents.confinement import allow_cpu_for_one_request
    from kiosk.documents.worker import prepare

    prepare()
    allow_cpu_for_one_request()


def _judge(pdf: bytes, trust: Trust, at: datetime) -> Verified | NotVerified:
    from kiosk.documents.verdict import judge

    return asyncio.run(judge(Verify(0, pdf, trust, secrets.token_hex(16)), at))

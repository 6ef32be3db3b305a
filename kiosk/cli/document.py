"""`kiosk document verify FILE`: the terminal's own verdict on a file, reached in a process as confined as its own."""

import asyncio
import secrets
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import msgspec

from kiosk.messages import NotVerified, Trust, Verified, Verify
from kiosk.reasons import Reason


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

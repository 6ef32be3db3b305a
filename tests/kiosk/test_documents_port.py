"""E10: the desk outlives its document process, and refuses the document over which it died."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_worker_ports import Worker

from kiosk.clock import SystemClock
from kiosk.messages import Believe, NotVerified, Policy, Trust, Verify
from kiosk.ports.documents import LIVES, DocumentPort
from kiosk.reasons import Reason, Refused

TRUST = Trust((b"root",), (), (b"list",))
REQUEST: Any = SimpleNamespace(nonce="00" * 16, offer=SimpleNamespace(kind=SimpleNamespace(code="household")))


class KnownTrust:
    async def current(self) -> Trust:
        return TRUST


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[DocumentPort]:
    known: Any = KnownTrust()
    port = DocumentPort(SystemClock(), known, {"household": Policy(pages_most=3)})
    await port.open(tmp_path / "documents.sock")
    yield port
    await port.close()


async def asked(worker: Worker) -> Verify:
    while not isinstance(question := await worker.hear(), Verify):
        assert isinstance(question, Believe) and question.trust == TRUST
    return question


async def test_it_is_told_what_to_believe_before_it_is_asked(port: DocumentPort, tmp_path: Path) -> None:
    worker = await Worker.connect(tmp_path / "documents.sock")
    assert await worker.hear() == Believe(TRUST, sm2=False)


async def test_the_policy_is_that_of_the_kind(port: DocumentPort, tmp_path: Path) -> None:
    worker = await Worker.connect(tmp_path / "documents.sock")
    verifying = asyncio.ensure_future(port.verify(b"%PDF", REQUEST))
    question = await asked(worker)
    assert (question.pdf, question.policy.pages_most, question.trust) == (b"%PDF", 3, TRUST)
    worker.say(NotVerified(question.id, Reason.SEAL_UNVERIFIABLE, "no fresh CRL"))
    with pytest.raises(Refused) as refused:
        await verifying
    assert refused.value.reason is Reason.SEAL_UNVERIFIABLE


async def test_a_document_that_ends_two_processes_is_refused(port: DocumentPort, tmp_path: Path) -> None:
    verifying = asyncio.ensure_future(port.verify(b"%PDF", REQUEST))
    for _ in range(LIVES):
        worker = await Worker.connect(tmp_path / "documents.sock")
        await asked(worker)
        await worker.die()
    with pytest.raises(Refused) as refused:
        await verifying
    assert (refused.value.reason, refused.value.detail) == (Reason.DOCUMENT_UNSAFE, "the document process is gone")


async def test_an_answer_to_another_question_is_none(port: DocumentPort, tmp_path: Path) -> None:
    worker = await Worker.connect(tmp_path / "documents.sock")
    verifying = asyncio.ensure_future(port.verify(b"%PDF", REQUEST))
    question = await asked(worker)
    worker.say(NotVerified(question.id + 1, Reason.SEAL_INVALID, ""))
    with pytest.raises(Refused, match="another question"):
        await verifying
    await worker.is_dismissed()

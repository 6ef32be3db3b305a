"""C17, C18: what the sandbox platform issues passes our verifier and our gate, in Chinese, as a terminal gets it."""

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sealed_samples import AGENCY, EXPECTED, OTHER, STATEMENT, ZHANG, Citizen, Sealer, question

from kiosk.documents.gate import admit
from kiosk.documents.sealed import SealedDocument
from kiosk.documents.verdict import judge
from kiosk.messages import Verified
from kiosk.reasons import Reason, Refused
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.compose import Certificate, compose
from platform_client.sandbox.records import RECORDS
from platform_client.sandbox.registry import Draw, Person
from platform_client.sandbox.seal import Seal
from platform_client.sandbox.statement import Statement
from platform_client.sandbox.typeface import Typecase


@pytest.fixture(scope="module")
def typecase(assets: Path) -> Typecase:
    return Typecase.open(assets / "fonts" / "cut")


def issue(sealer: Sealer, typecase: Typecase, holder: Citizen, statement: Statement) -> SealedDocument:
    """The certificate on `holder`'s page with `statement` under its seal, as the terminal has verified it."""
    offer = OFFERS[statement.kind]
    draw = Draw(holder.number)
    certificate = Certificate(
        kind=offer.kind,
        holder=Person(holder.name, holder.number),
        facts=tuple(fact for record in RECORDS[statement.kind].values() for fact in record(draw)),
        serial="S-1",
        issued_on=date(2026, 11, 23),
        statement=statement,
    )
    pdf = Seal(sealer.pki.seal(offer.agency.code), sealer.pki.issuing).seal(compose(certificate, typecase))
    verdict = asyncio.run(judge(question(pdf, sealer.trust, number=1), sealer.now))
    assert isinstance(verdict, Verified), verdict
    return SealedDocument.from_worker(pdf, verdict)


def test_the_holders_certificate_is_printable(sealer: Sealer, typecase: Typecase) -> None:
    paper = admit(issue(sealer, typecase, ZHANG, STATEMENT), EXPECTED)
    assert (paper.kind, paper.issuer, paper.pages) == ("household", AGENCY.name.zh, 1)


@pytest.mark.parametrize("kind", OFFERS)
def test_every_kind_passes_verifier_and_gate(sealer: Sealer, typecase: Typecase, kind: str) -> None:
    """C12, C18, E05: form, stamp, code and watermark raise no objection, nor does a relative's masked number."""
    agency = OFFERS[kind].agency.name.zh
    statement = replace(STATEMENT, kind=kind, issuer=agency)
    paper = admit(issue(sealer, typecase, ZHANG, statement), replace(EXPECTED, kind=kind, agency=agency))
    assert (paper.kind, paper.issuer, paper.pages) == (kind, agency, 1)


def test_another_persons_page_under_the_right_statement(sealer: Sealer, typecase: Typecase) -> None:
    """The statement and the seal are right, the page is not: what people read is what counts."""
    with pytest.raises(Refused) as refused:
        admit(issue(sealer, typecase, OTHER, STATEMENT), EXPECTED)
    assert refused.value.reason is Reason.WRONG_PERSON


def test_an_answer_to_an_earlier_request(sealer: Sealer, typecase: Typecase) -> None:
    with pytest.raises(Refused) as refused:
        admit(issue(sealer, typecase, ZHANG, replace(STATEMENT, nonce="ff" * 16)), EXPECTED)
    assert refused.value.reason is Reason.WRONG_DOCUMENT

"""C18, D01, D10, E01: the right-person gate lets one document through, and names what is wrong with every other."""

import copy
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from sealed_samples import EXPECTED, NONCE, OTHER, OTHER_AGENCY, STATEMENT, TODAY, ZHANG, Citizen

from kiosk.checks import OF_FILE, OF_GATE, OF_SEAL, Check
from kiosk.documents.digests import number_digest, subject_digest
from kiosk.documents.gate import PrintableDocument, admit
from kiosk.documents.sealed import SealedDocument
from kiosk.messages import Statement, Verified
from kiosk.reasons import Reason, Refused

PDF = b"%PDF- the very bytes"
STATED = Statement(
    request_id=STATEMENT.request_id,
    nonce=NONCE,
    kind=STATEMENT.kind,
    issuer=STATEMENT.issuer,
    level="A",
    subject_digest=subject_digest(NONCE, ZHANG),
    valid_until=STATEMENT.valid_until.isoformat(),
)
VERIFIED = Verified(
    id=1,
    sha256=sha256(PDF).hexdigest(),
    signer=EXPECTED.agency,
    statement=STATED,
    numbers=(number_digest(NONCE, ZHANG),),
    sentence=True,
    pages=1,
    sealed_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
    checks=(*OF_FILE, *(check for check in OF_SEAL if check is not Check.TIME_STAMP)),
)


def sealed(**changes: Any) -> SealedDocument:
    return SealedDocument.from_worker(PDF, msgspec.structs.replace(VERIFIED, **changes))


def stated(**changes: Any) -> SealedDocument:
    return sealed(statement=msgspec.structs.replace(STATED, **changes))


def reason(document: SealedDocument, **expected: Any) -> Reason:
    with pytest.raises(Refused) as refused:
        admit(document, replace(EXPECTED, **expected))
    return refused.value.reason


def test_the_document_asked_for_about_this_person_is_printable() -> None:
    paper = admit(sealed(), EXPECTED)
    assert (paper.pdf, paper.pages, paper.kind, paper.issuer) == (PDF, 1, "household", EXPECTED.agency)
    assert paper.valid_until == STATEMENT.valid_until
    assert paper.sha256 == sha256(PDF).hexdigest()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (sealed(signer=OTHER_AGENCY.name.zh), Reason.SEAL_INVALID),
        (stated(issuer=OTHER_AGENCY.name.zh), Reason.SEAL_INVALID),
        (stated(request_id="request-2"), Reason.WRONG_DOCUMENT),
        (stated(nonce="ff" * 16), Reason.WRONG_DOCUMENT),
        (stated(kind="property"), Reason.WRONG_DOCUMENT),
        (stated(level="B"), Reason.WRONG_DOCUMENT),
        (stated(level=""), Reason.WRONG_DOCUMENT),
        (stated(subject_digest=subject_digest(NONCE, OTHER)), Reason.WRONG_PERSON),
        (stated(subject_digest=number_digest(NONCE, ZHANG)), Reason.WRONG_PERSON),
        (sealed(sentence=False), Reason.WRONG_DOCUMENT),
        (sealed(numbers=()), Reason.WRONG_PERSON),
        (sealed(numbers=(number_digest(NONCE, OTHER),)), Reason.WRONG_PERSON),
        (sealed(numbers=(number_digest(NONCE, ZHANG), number_digest(NONCE, OTHER))), Reason.WRONG_PERSON),
        (stated(valid_until="2026-11-22"), Reason.DOCUMENT_EXPIRED),
        (stated(valid_until="for ever"), Reason.WRONG_DOCUMENT),
    ],
)
def test_every_mismatch_is_refused_with_its_reason(document: SealedDocument, why: Reason) -> None:
    assert reason(document) is why


def test_a_kind_about_several_people_still_needs_the_holder() -> None:
    family = sealed(numbers=(number_digest(NONCE, OTHER), number_digest(NONCE, ZHANG)))
    assert admit(family, replace(EXPECTED, single_subject=False)).pages == 1
    assert reason(sealed(numbers=(number_digest(NONCE, OTHER),)), single_subject=False) is Reason.WRONG_PERSON


def test_it_says_everything_that_was_checked() -> None:
    assert admit(sealed(), EXPECTED).checks == (*VERIFIED.checks, *OF_GATE)


@pytest.mark.parametrize("left_out", VERIFIED.checks, ids=lambda check: check.value)
def test_a_check_that_was_left_out_is_a_check_that_failed(left_out: Check) -> None:
    fewer = sealed(checks=tuple(check for check in VERIFIED.checks if check is not left_out))
    assert reason(fewer) is Reason.SEAL_UNVERIFIABLE


def test_a_time_stamp_that_the_kind_asks_for() -> None:
    assert reason(sealed(), time_stamp=True) is Reason.SEAL_UNVERIFIABLE
    stamped = sealed(checks=(*VERIFIED.checks, Check.TIME_STAMP))
    assert Check.TIME_STAMP in admit(stamped, replace(EXPECTED, time_stamp=True)).checks


@pytest.mark.parametrize(("age_s", "printable"), [(0.0, True), (60.0, True), (60.1, False), (-0.1, False)])
def test_what_was_asked_for_a_minute_ago_is_not_printed(age_s: float, printable: bool) -> None:
    """C20: an answer counts when it is fresh."""
    expected = replace(EXPECTED, age_s=age_s)
    if printable:
        assert admit(sealed(), expected).pages == 1
    else:
        assert reason(sealed(), age_s=age_s) is Reason.WRONG_DOCUMENT


@pytest.mark.parametrize(("today", "printable"), [(0, True), (-1, True), (1, False)])
def test_the_last_day_counts(today: int, printable: bool) -> None:
    """D10: valid until a day means that day included."""
    expected = replace(EXPECTED, today=TODAY + timedelta(days=today))
    last_day = stated(valid_until=TODAY.isoformat())
    if printable:
        assert admit(last_day, expected).valid_until == date(2026, 11, 23)
    else:
        assert reason(last_day, today=expected.today) is Reason.DOCUMENT_EXPIRED


@pytest.mark.parametrize(
    ("field", "nothing"),
    [
        ("request_id", ""),
        ("nonce", ""),
        ("kind", ""),
        ("agency", ""),
        ("holder", Citizen("", ZHANG.number)),
        ("holder", Citizen(ZHANG.name, "")),
    ],
)
def test_an_expectation_left_out_is_never_met(field: str, nothing: Any) -> None:
    """An empty expectation beside an empty statement would let anything through."""
    empty = msgspec.structs.replace(STATED, request_id="", nonce="", kind="", issuer="", subject_digest="")
    document = sealed(statement=empty, signer="", numbers=("",))
    with pytest.raises(Refused):
        admit(document, replace(EXPECTED, **{field: nothing}))
    with pytest.raises(Refused):
        admit(sealed(), replace(EXPECTED, **{field: nothing}))


def test_a_verdict_about_other_bytes_makes_no_evidence() -> None:
    with pytest.raises(Refused) as refused:
        SealedDocument.from_worker(PDF + b" ", VERIFIED)
    assert refused.value.reason is Reason.WRONG_DOCUMENT


def test_evidence_cannot_be_made_by_hand_nor_changed_nor_carried_off() -> None:
    document = sealed()
    paper = admit(document, EXPECTED)
    with pytest.raises(TypeError):
        SealedDocument(object(), PDF, VERIFIED)
    with pytest.raises(TypeError):
        PrintableDocument(object(), document, ZHANG, TODAY, ())
    for evidence in (document, paper):
        with pytest.raises(AttributeError):
            evidence.pdf = b"other"
        with pytest.raises(TypeError):
            pickle.dumps(evidence)
        with pytest.raises(TypeError):
            copy.copy(evidence)


def test_nothing_personal_is_shown_by_accident() -> None:
    shown = "".join(map(repr, (sealed(), admit(sealed(), EXPECTED), EXPECTED)))
    for secret in (ZHANG.number, ZHANG.name, number_digest(NONCE, ZHANG), subject_digest(NONCE, ZHANG), NONCE, "very"):
        assert secret not in shown


def test_the_digests_are_the_specified_ones() -> None:
    """docs/certificate-statement.md gives this example."""
    expected = "369a97ebb9f2c157474144296071dfca1e1d0f6d961c7c1c9b36bc6760a05e6d"
    assert subject_digest("00112233445566778899aabbccddeeff", ZHANG) == expected
    assert number_digest(NONCE, ZHANG) == sha256(NONCE.encode() + b"\0" + ZHANG.number.encode()).hexdigest()


def test_the_desk_loads_no_parser() -> None:
    """The desk's half of the room must not bring a PDF parser into the process that has the network."""
    import subprocess
    import sys

    probe = (
        "import sys, kiosk.documents.gate, kiosk.documents.sealed, kiosk.cli.document;"
        "print([name for name in ('pypdf', 'pyhanko', 'pypdfium2', 'lxml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"

"""C17, C18, C20, E01: ten thousand issues through verdict and gate; one in twenty is answered wrongly, and each wrong
answer in its own way. No wrong paper, no right paper refused.

Seals are made and verified for a pool of real documents (some dozens of citizens, kinds and agencies, and each spoilt
answer); the verdict on a document depends on its bytes alone, so it is kept per document. The gate, which is what
stands between a citizen and another's paper, judges every one of the ten thousand afresh, each with the request of the
citizen who stands there.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealed_samples import EXPECTED, TODAY, Citizen, Sealer, compose, question
from test_gate import PDF, STATED, VERIFIED

from hardware.cards.resident_number import check_character
from kiosk.documents.digests import number_digest, subject_digest
from kiosk.documents.gate import Expected, admit
from kiosk.documents.sealed import SealedDocument
from kiosk.documents.sentence import level_a_sentence
from kiosk.documents.verdict import judge
from kiosk.messages import NotVerified, Verified
from kiosk.reasons import Refused
from platform_client.sandbox.catalogue import AGENCIES, OFFERS
from platform_client.sandbox.statement import Statement

ISSUES = 10_000
WRONG = 0.05
WAYS = ("swapped", "stale", "truncated", "flipped", "other agency", "stranger", "unsealed")
CITIZENS = 8
KINDS = tuple(OFFERS.values())[:4]


@dataclass(frozen=True)
class Issue:
    """What one citizen asked for, and the sealed answer to exactly that."""

    expected: Expected
    pdf: bytes


def citizen(number: int) -> Citizen:
    stem = f"119999{1950 + number}0101{number:03d}"
    return Citizen("王赵李孙周吴郑钱"[number] + "某", stem + check_character(stem))


def issue(sealer: Sealer, holder: Citizen, place: int) -> Issue:
    offer = KINDS[place % len(KINDS)]
    agency, nonce = offer.agency.name.zh, f"{place:032x}"
    statement = Statement(
        request_id=f"request-{place}",
        nonce=nonce,
        kind=offer.kind.code,
        issuer=agency,
        level="A",
        subject_digest=subject_digest(nonce, holder),
        valid_until=TODAY + timedelta(days=place % 90),
    )
    expected = replace(
        EXPECTED, request_id=statement.request_id, nonce=nonce, kind=statement.kind, agency=agency, holder=holder
    )
    text, sentence = f"Number {holder.number}", level_a_sentence(agency, statement.valid_until)
    return Issue(expected, sealer.seal(compose(text, statement, sentence=sentence), offer.agency.code))


class Platform:
    """Right answers, and the wrong ones that a broken, mixed-up or hostile platform could give."""

    def __init__(self, sealer: Sealer, stranger: Sealer) -> None:
        self._sealer = sealer
        self.issues = [
            issue(sealer, citizen(number), number * len(KINDS) + kind)
            for number in range(CITIZENS)
            for kind in range(len(KINDS))
        ]
        self._verdicts: dict[bytes, Verified | NotVerified] = {}
        some = self.issues[::5]
        self._spoilt = {
            "truncated": [one.pdf[: len(one.pdf) * 2 // 3] for one in some],
            "flipped": [self._flipped(one.pdf) for one in some],
            "other agency": [self._resealed(one.pdf, sealer, AGENCIES[-1].code) for one in some],
            "stranger": [self._resealed(one.pdf, stranger, AGENCIES[0].code) for one in some],
            "unsealed": [self._body(one.pdf) for one in some],
        }

    @staticmethod
    def _body(pdf: bytes) -> bytes:
        """The file as it was before it was sealed: its first revision."""
        return pdf[: pdf.index(b"%%EOF") + 6]

    def _resealed(self, pdf: bytes, sealer: Sealer, agency: str) -> bytes:
        return sealer.seal(self._body(pdf), agency)

    @staticmethod
    def _flipped(pdf: bytes) -> bytes:
        place = pdf.index(b"stream\n") + 40
        return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]

    def wrong_answer(self, chance: random.Random, asked: Issue) -> tuple[str, bytes]:
        """A way of being wrong, and a document that is not the one asked for."""
        others = [one for one in self.issues if one is not asked]
        match chance.choice(WAYS):
            case "swapped":
                holder = asked.expected.holder
                return "swapped", chance.choice([one for one in others if one.expected.holder != holder]).pdf
            case "stale":
                # The same person's certificate, of an earlier request or of another kind.
                holder = asked.expected.holder
                return "stale", chance.choice([one for one in others if one.expected.holder == holder]).pdf
            case way:
                return way, chance.choice(self._spoilt[way])

    def verdict(self, pdf: bytes) -> Verified | NotVerified:
        if pdf not in self._verdicts:
            self._verdicts[pdf] = asyncio.run(judge(question(pdf, self._sealer.trust), self._sealer.now))
        return self._verdicts[pdf]


def printed(platform: Platform, pdf: bytes, expected: Expected) -> bool:
    """Does a paper come out? The digests of the numbers are salted with the nonce of this citizen's request."""
    verdict = platform.verdict(pdf)
    if isinstance(verdict, NotVerified):
        return False
    holders = [one.expected.holder for one in platform.issues if one.pdf == pdf]
    salted = msgspec.structs.replace(
        verdict, numbers=tuple(number_digest(expected.nonce, holder) for holder in holders)
    )
    try:
        admit(SealedDocument.from_worker(pdf, salted), expected)
    except Refused:
        return False
    return True


def test_ten_thousand_issues(sealer: Sealer, tmp_path_factory: pytest.TempPathFactory) -> None:
    platform = Platform(sealer, Sealer(tmp_path_factory.mktemp("stranger")))
    chance, tally = random.Random(20261123), Counter[str]()
    for _ in range(ISSUES):
        asked = chance.choice(platform.issues)
        wrong = chance.random() < WRONG
        way, pdf = platform.wrong_answer(chance, asked) if wrong else ("right", asked.pdf)
        tally[f"{way}: {'printed' if printed(platform, pdf, asked.expected) else 'refused'}"] += 1
    assert set(tally) == {
        "right: printed",
        *(
            f"{way}: refused"
            for way in ("swapped", "stale", "truncated", "flipped", "other agency", "stranger", "unsealed")
        ),
    }
    assert sum(tally.values()) == ISSUES
    assert 400 <= ISSUES - tally["right: printed"] <= 600


_TEXT = st.text(min_size=1, max_size=12)
_FIELDS = ("request_id", "nonce", "kind", "issuer", "level", "subject_digest")


@given(st.dictionaries(st.sampled_from(_FIELDS), _TEXT), st.booleans(), st.lists(_TEXT, max_size=3), _TEXT)
@settings(max_examples=400, deadline=None)
def test_nothing_but_the_one_statement_is_printable(
    changes: dict[str, str], sentence: bool, numbers: list[str], signer: str
) -> None:
    """Whatever a seal may cover: it is printed if and only if it is the one that was expected."""
    stated = msgspec.structs.replace(STATED, **changes)
    for who, found in ((signer, tuple(numbers)), (EXPECTED.agency, VERIFIED.numbers)):
        verdict = msgspec.structs.replace(VERIFIED, statement=stated, sentence=sentence, numbers=found, signer=who)
        right = (stated, sentence, found, who) == (STATED, True, VERIFIED.numbers, VERIFIED.signer)
        try:
            admit(SealedDocument.from_worker(PDF, verdict), EXPECTED)
        except Refused:
            assert not right
        else:
            assert right

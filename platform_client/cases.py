"""Cases: by card with everything, by number with what anybody may see (A06, A17, B18 to B20, B31 to B34, B42).

Two types, so that no page can show by accident what only the card opens: `CaseSeen` has no place for material,
documents or notices. The applicant is masked in both (E05).
"""

from datetime import date, datetime
from enum import Enum
from typing import Final, Literal

from platform_client import references
from platform_client.binding import Message, field
from platform_client.guides import Stage
from platform_client.hall import Holder
from platform_client.kinds import Bilingual
from platform_client.operation import AboutPerson, Ask, PersonalAnswer
from platform_client.references import Series
from platform_client.refusal import RefusalCode


class CaseState(Enum):
    """The last three are special (B42): the clock stands still, it ended without a decision, the time was prolonged."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPPLEMENT = "supplement"
    DECIDED = "decided"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    EXTENDED = "extended"


Way = Literal["hall", "post"]
"""At the hall, or by post: how originals are checked, and how the result comes (B31)."""


class CaseStep(Message, frozen=True):
    """One step and its five elements (B19): stage, begin and end, officer, officer's number, opinion.

    It is under way while it has no end.
    """

    stage: Stage
    begins: datetime
    ends: datetime | None
    officer_name: str
    officer_number: str
    opinion: str


class CaseProgress(Message, frozen=True):
    """How far a case is. `promised_by`, `days_left`: none while the clock stands still, and when it is over."""

    number: str
    item: str
    item_name: Bilingual
    holder: Holder
    window: str
    state: CaseState
    state_reason: str | None
    promised_by: date | None
    days_left: int | None
    steps: tuple[CaseStep, ...] = field(name="Step")


class CaseMaterial(Message, frozen=True):
    name: Bilingual
    level: Literal["A", "B", "C", "D"]


class CaseApplication(Message, frozen=True):
    """The five elements of B18; what does not exist yet is empty. `code`: the unified review code."""

    code: str
    applied_at: datetime
    receipt: str
    acceptance_notice: str
    materials: tuple[CaseMaterial, ...] = field(name="Material")


class Licence(Message, frozen=True):
    """What was issued. Only level A may be printed, as the certificate `kind` (D01)."""

    name: Bilingual
    kind: str
    level: Literal["A", "B", "C", "D"]
    valid_until: date | None


class CaseResult(Message, frozen=True):
    """The decision, and what was issued with it (B20)."""

    decision: str
    licences: tuple[Licence, ...] = field(name="Licence")


class AcceptanceNotice(Message, frozen=True):
    """The seven fields of B32."""

    number: str
    accepted_at: datetime
    department: Bilingual
    officer: str
    promised_limit: str
    delivery: Way
    materials: tuple[Bilingual, ...] = field(name="Material")


class RefusalNotice(Message, frozen=True):
    """The five fields of B33."""

    number: str
    decided_at: datetime
    department: Bilingual
    officer: str
    reason: str


class SupplementNotice(Message, frozen=True):
    """The six fields of B34."""

    number: str
    decided_at: datetime
    department: Bilingual
    officer: str
    promised_limit: str
    missing: str


class CaseLine(Message, frozen=True):
    """One case in a list."""

    number: str
    item_name: Bilingual
    state: CaseState
    applied_at: datetime


class CasesCall(AboutPerson, frozen=True):
    """The cases of this person."""


class Cases(PersonalAnswer, frozen=True):
    cases: tuple[CaseLine, ...] = field(name="Case")


class CaseCall(AboutPerson, frozen=True):
    """One case of this person."""

    number: str


class Case(PersonalAnswer, frozen=True):
    """Everything there is about a case, for the one whose it is."""

    progress: CaseProgress
    application: CaseApplication
    result: CaseResult | None
    acceptance: AcceptanceNotice | None
    refusal: RefusalNotice | None
    supplement: SupplementNotice | None


class CaseByNumberCall(Message, frozen=True):
    """Made by `by_number`."""

    number: str


class CaseByCodeCall(Message, frozen=True):
    """Made by `by_code`."""

    code: str


class CaseSeen(Message, frozen=True):
    """What anybody may see of a case."""

    progress: CaseProgress


CASES: Final = Ask("cases", "/v1/cases/mine", CasesCall, Cases, repeatable=True)
CASE: Final = Ask("case", "/v1/cases/one", CaseCall, Case, repeatable=True)
CASE_BY_NUMBER: Final = Ask("case-by-number", "/v1/cases/by-number", CaseByNumberCall, CaseSeen, repeatable=True)
CASE_BY_CODE: Final = Ask("case-by-code", "/v1/cases/by-code", CaseByCodeCall, CaseSeen, repeatable=True)


class CaseRefusal(RefusalCode):
    """Why the platform tells nothing of a case."""

    NO_SUCH_CASE = "no-such-case"
    TOO_MANY_GUESSES = "too-many-guesses"
    """This terminal has asked for too many numbers that do not exist."""


def by_number(typed: str) -> CaseByNumberCall:
    """The question about the case whose number somebody typed. Raises NotANumber: nothing else is ever sent (E01)."""
    return CaseByNumberCall(references.checked(Series.CASE, typed))


def by_code(scanned: str) -> CaseByCodeCall:
    """The question about the case whose notice somebody held under the scanner (A17). Raises NotANumber."""
    return CaseByCodeCall(references.checked(Series.REVIEW, scanned))

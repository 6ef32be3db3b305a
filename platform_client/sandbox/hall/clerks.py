"""What the people behind the windows do, as commands of the control panel: no terminal has a word for it."""

from datetime import date

import msgspec

from platform_client.cases import CaseResult, Licence
from platform_client.sandbox.catalogue import OFFERS


class CallNext(msgspec.Struct, frozen=True, tag=True):
    """The next one to `window`, please."""

    window: str


class NobodyCame(msgspec.Struct, frozen=True, tag=True):
    """Whoever was called to `window` did not answer."""

    window: str


class Finish(msgspec.Struct, frozen=True, tag=True):
    """Whoever is at `window` is served."""

    window: str


class AcceptCase(msgspec.Struct, frozen=True, tag=True):
    number: str


class RefuseCase(msgspec.Struct, frozen=True, tag=True):
    number: str
    reason: str


class AskForMore(msgspec.Struct, frozen=True, tag=True):
    """Something is missing for the case `number`."""

    number: str
    missing: str


class DecideCase(msgspec.Struct, frozen=True, tag=True):
    """`kind`: of the certificate that is issued with the decision, valid until `valid_until`."""

    number: str
    decision: str
    kind: str
    valid_until: date

    def result(self) -> CaseResult:
        """Raises KeyError for a kind that does not exist."""
        kind = OFFERS[self.kind].kind
        return CaseResult(self.decision, (Licence(kind.title, kind.code, "A", self.valid_until),))


class SuspendCase(msgspec.Struct, frozen=True, tag=True):
    number: str
    reason: str


class ResumeCase(msgspec.Struct, frozen=True, tag=True):
    number: str


class ExtendCase(msgspec.Struct, frozen=True, tag=True):
    number: str
    working_days: int
    reason: str


class TerminateCase(msgspec.Struct, frozen=True, tag=True):
    number: str
    reason: str


class CheckMaterial(msgspec.Struct, frozen=True, tag=True):
    """A window has seen the original of the material `number`."""

    number: str


class RevokeLicence(msgspec.Struct, frozen=True, tag=True):
    """The library vouches for the licence `number` no more."""

    number: str


class AnswerComplaint(msgspec.Struct, frozen=True, tag=True):
    number: str
    text: str


class WithdrawGuide(msgspec.Struct, frozen=True, tag=True):
    """The guide to `item` is in use no more."""

    item: str


ClerkCommand = (
    CallNext
    | NobodyCame
    | Finish
    | AcceptCase
    | RefuseCase
    | AskForMore
    | DecideCase
    | SuspendCase
    | ResumeCase
    | ExtendCase
    | TerminateCase
    | CheckMaterial
    | RevokeLicence
    | AnswerComplaint
    | WithdrawGuide
)

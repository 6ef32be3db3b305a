"""What the citizen thought of it: of an issue in stars, of a case with a reason where it was bad (B21 to B23)."""

from typing import Final

from platform_client.binding import Message
from platform_client.evidence import SignedEvidence
from platform_client.operation import AboutPerson, Ask, PersonalAnswer
from platform_client.references import Series, checked
from platform_client.refusal import RefusalCode


class Rating(Message, frozen=True):
    """For the issue `request_id`."""

    request_id: str
    stars: int


class RatingTaken(Message, frozen=True):
    """It counts."""

    request_id: str


RATE: Final = Ask("rate", "/v1/ratings", Rating, RatingTaken, repeatable=False)

# --- a case of the hall ----------------------------------------------------------------------------------------------

SCORES: Final = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
"""The five levels and what each counts (B22)."""

DISSATISFIED: Final = frozenset({1, 2})
"""Here a reason must be given (B23)."""


class ServiceRating(AboutPerson, frozen=True):
    """What somebody thought of how their case was handled. Made by `service_rating`."""

    case_number: str
    score: int
    reason: str | None


class ServiceRatingTaken(PersonalAnswer, frozen=True):
    """It counts, for this window (A13)."""

    case_number: str
    window: str


RATE_SERVICE: Final = Ask("rate-service", "/v1/ratings/service", ServiceRating, ServiceRatingTaken, repeatable=True)


class RatingRefusal(RefusalCode):
    """Why a rating does not count."""

    NO_SUCH_CASE = "no-such-case"
    NOT_OVER = "case-not-over"
    REASON_MISSING = "reason-missing"
    RATED_ALREADY = "rated-already"
    """Once per account and case (B21)."""


class ReasonMissing(ValueError):
    """Two of the five levels need a reason; this rating is not sent."""


def service_rating(evidence: SignedEvidence, case_number: str, score: int, reason: str = "") -> ServiceRating:
    """The rating of a case. Raises ReasonMissing, and NotANumber for a number that is none of a case."""
    checked(Series.CASE, case_number)
    if score not in SCORES:
        raise ValueError("a rating is 5, 4, 3, 2 or 1")
    if score in DISSATISFIED and not reason.strip():
        raise ReasonMissing("the two lowest levels need a reason")
    return ServiceRating(evidence, case_number, score, reason.strip() or None)

"""What the citizen thought of it: one to five stars, once per issue (B21)."""

from typing import Final

from platform_client.binding import Message
from platform_client.operation import Ask


class Rating(Message, frozen=True):
    """For the issue `request_id`."""

    request_id: str
    stars: int


class RatingTaken(Message, frozen=True):
    """It counts."""

    request_id: str


RATE: Final = Ask("rate", "/v1/ratings", Rating, RatingTaken, repeatable=False)

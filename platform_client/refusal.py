"""The body of every answer that is not 200: why, by a code, and nothing about a person."""

from datetime import datetime
from enum import Enum

from platform_client.binding import Message


class RefusalCode(Enum):
    """Base of the codes that one subject has of its own; the others stand in docs/platform-api.md."""


class Refusal(Message, frozen=True):
    """`code` is for machines and logs. `until`: when it ends, for a refusal that ends by itself."""

    code: str
    until: datetime | None = None

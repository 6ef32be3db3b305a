"""The body of every answer that is not 200: why, by a code, and nothing about a person."""

from datetime import datetime

from platform_client.binding import Message


class Refusal(Message, frozen=True):
    """`code` is for machines and logs. `until`: when it ends, for a refusal that ends by itself."""

    code: str
    until: datetime | None = None

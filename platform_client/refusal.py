"""The body of every answer that is not 200: why, by a code and nothing else."""

from platform_client.binding import Message


class Refusal(Message, frozen=True):
    """`code` is for machines and logs; it never says anything about a person."""

    code: str

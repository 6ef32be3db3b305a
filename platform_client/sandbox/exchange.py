"""What the systems of the platform say to each other: XML under a schema of its own, one request and one person each.

C02 holds inside the platform, too. Nothing here is known to a terminal.
"""

from typing import TypeVar

from platform_client import binding, wire
from platform_client.binding import Message

M = TypeVar("M", bound=Message)


class Order(Message, frozen=True):
    """The service-sharing platform asks the material-sharing system for a certificate.

    `reply_to`: the front-end to which the material-sharing system brings it (embodiments 2 and 3), and `message_id` the
    message it then answers; without them it is the answer to the call.
    """

    request_id: str
    nonce: str
    kind: str
    name: str
    number: str
    reply_to: str | None = None
    message_id: str | None = None


class SourceQuery(Message, frozen=True):
    """One person, one kind of certificate: what does the source hold for it?"""

    request_id: str
    kind: str
    name: str
    number: str


class Entry(Message, frozen=True):
    """One line of a register."""

    label_zh: str
    label_en: str
    value_zh: str
    value_en: str


class SourceAnswer(Message, frozen=True):
    """`subject_digest` says whom the entries are about, as the source understood it; `as_of`: when it looked."""

    request_id: str
    source: str
    subject_digest: str
    as_of: str
    entries: tuple[Entry, ...] = binding.field(name="Entry")


class SourceFailure(Message, frozen=True):
    """Instead of an answer, where there is no status to say so (the ferry)."""

    request_id: str
    source: str


class SealRequest(Message, frozen=True):
    """The material-sharing system asks for the seal of an agency."""

    request_id: str
    agency: str
    document: bytes


class SealedDocument(Message, frozen=True):
    request_id: str
    document: bytes


class Envelope(Message, frozen=True):
    """A terminal's call on its way over the security border. `device`: the client certificate it came with, DER."""

    method: str
    target: str
    device: bytes
    request_id: str | None = None
    content_type: str | None = None
    authorization: str | None = None


class EnvelopeBack(Message, frozen=True):
    """The answer on its way back."""

    status: int
    content_type: str


def written(message: Message) -> bytes:
    """The document. Raises WireError."""
    return binding.encode(message, wire.EXCHANGE)


def read(document: bytes, kind: type[M]) -> M:
    """The message in `document`. Raises WireError."""
    return binding.decode(wire.parse(document, wire.EXCHANGE), kind)


def is_a(document: bytes, kind: type[Message]) -> bool:
    """It can be read, and is a `kind`."""
    try:
        read(document, kind)
    except wire.WireError:
        return False
    return True

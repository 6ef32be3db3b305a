"""The end of a terminal's audit log, remembered by somebody else: a log that was cut off behind it lacks that record.

The terminal says how many records there are and what the last one's hash is, signed by its device key, so that nobody
can speak for it, not even one who holds the connection. The platform keeps that, and signs that it was told so: Ed25519
(RFC 8032), by a key that terminal and auditor are given at installation.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from platform_client.anchor_statement import ANCHOR_CONTEXT, TAIL_CONTEXT, moment, statement
from platform_client.binding import Message
from platform_client.client import PlatformClient
from platform_client.identity import DeviceIdentity
from platform_client.operation import Ask

CLOCKS_DIFFER: Final = timedelta(minutes=5)


class AnchorCall(Message, frozen=True):
    """`records`: how many there are; `hash`: of the last. `signature`: the device key's."""

    records: int
    hash: str
    at: datetime
    signature: bytes


class Anchored(Message, frozen=True):
    """`at`: when the platform was told. `signature`: the platform's."""

    terminal: str
    records: int
    hash: str
    at: datetime
    signature: bytes


ANCHOR: Final = Ask("anchor", "/v1/terminal/audit-anchor", AnchorCall, Anchored, repeatable=True)


class NotAnchored(Exception):
    """What came back is no anchor of this record. The text says why."""


async def anchor(
    client: PlatformClient, identity: DeviceIdentity, key: Ed25519PublicKey, seq: int, digest: str, now: datetime
) -> Anchored:
    """Asks the platform to remember record `seq`. Raises PlatformError, NotAnchored, or DeviceKeyError."""
    signature = identity.sign(statement(TAIL_CONTEXT, identity.terminal, seq, digest, moment(now)))
    answer = await client.call(ANCHOR, AnchorCall(seq, digest, now, signature))
    if (answer.terminal, answer.records, answer.hash) != (identity.terminal, seq, digest):
        raise NotAnchored("it is of another record")
    if abs(answer.at - now) > CLOCKS_DIFFER:
        raise NotAnchored("it is of another time")
    try:
        key.verify(answer.signature, statement(ANCHOR_CONTEXT, answer.terminal, seq, digest, moment(answer.at)))
    except InvalidSignature:
        raise NotAnchored("the platform's anchor key did not sign it") from None
    return answer

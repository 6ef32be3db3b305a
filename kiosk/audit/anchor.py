"""A place in the chain that somebody else remembers: without it, cutting off the end would leave a chain that holds.

The fleet's server or the platform is told the number and the hash of the newest record and signs that it was told so,
when, and by which terminal; it keeps its copy. A chain that lacks an anchored record was cut or replaced.

An anchor is a line of canonical JSON: `terminal`, `seq`, `hash`, `at` (UTC), and `signature`: Ed25519 over the line
without it, in base64. How it is asked for: platform_client.anchors.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.audit.record import canonical
from platform_client.anchor_statement import ANCHOR_CONTEXT, statement

FILE: Final = "anchors.jsonl"
"""Beside the log: what the platform told the terminal itself."""


class NotAnAnchor(Exception):
    """The text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """`terminal` had written the record `seq` with this `hash` when it was `at`."""

    terminal: str
    seq: int
    hash: str
    at: str

    def signed(self, key: Ed25519PrivateKey) -> bytes:
        """The line, signed by whoever keeps it."""
        return self.line(base64.b64encode(key.sign(self._statement())).decode("ascii"))

    def line(self, signature: str) -> bytes:
        """As it is kept."""
        body = {"terminal": self.terminal, "seq": self.seq, "hash": self.hash, "at": self.at}
        return canonical({**body, "signature": signature}) + b"\n"

    @classmethod
    def read(cls, line: bytes, key: Ed25519PublicKey) -> Self:
        """The anchor in this line, signed by `key`. Raises NotAnAnchor."""
        try:
            body = json.loads(line)
            signature = base64.b64decode(body.pop("signature"), validate=True)
            anchor = cls(**body)
            key.verify(signature, anchor._statement())
        except InvalidSignature:
            raise NotAnAnchor("the anchor is not signed by this key") from None
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise NotAnAnchor("not an anchor") from None
        return anchor

    def _statement(self) -> bytes:
        return statement(ANCHOR_CONTEXT, self.terminal, self.seq, self.hash, self.at)


def anchors(path: Path, key: Ed25519PublicKey) -> Iterator[Anchor]:
    """Every anchor in a file, one a line. Raises NotAnAnchor or OSError."""
    for line in path.read_bytes().splitlines():
        yield Anchor.read(line, key)

"""Who may ask for what: each terminal has an account at the service-sharing platform (C13, C14, C15, C24).

The client certificate says which terminal calls. Its account says which kinds of certificates it was granted, and may
ask for a second proof: a data-call key or, where there is none, a password. Keys are long and random, so a plain hash
keeps them; passwords are kept as Argon2id (RFC 9106) and never come back. An account file is TOML:

    [kiosk-0001]
    kinds = ["household", "marriage"]     # absent: all
    key_sha256 = "9f86d0…"                # at most one of these two; `kiosk sandbox --hash` makes them
    password = "$argon2id$…"
    portraits = true                      # absent: false
"""

import hashlib
import hmac
import os
import tomllib
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

_MEMORY_KIB: Final = 19 * 1024
_ITERATIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Account:
    """`granted`: codes of kinds; None: all. `portraits`: it may ask what the holder of a card looks like. At most one
    of `key_sha256` and `password` (PHC string) is set."""

    terminal: str
    granted: frozenset[str] | None = None
    key_sha256: bytes | None = None
    password: str | None = None
    portraits: bool = False

    def may_issue(self, kind: str) -> bool:
        return self.granted is None or kind in self.granted

    def admits(self, authorization: str) -> bool:
        """By the Authorization header of a call: `Bearer KEY` or `Basic BASE64(TERMINAL:PASSWORD)`."""
        scheme, _, given = authorization.partition(" ")
        if self.key_sha256 is not None:
            offered = hashlib.sha256(given.strip().encode()).digest()
            return scheme == "Bearer" and hmac.compare_digest(offered, self.key_sha256)
        if self.password is not None:
            return scheme == "Basic" and self._is_password(given)
        return True

    def _is_password(self, given: str) -> bool:
        try:
            terminal, _, password = b64decode(given, validate=True).decode().partition(":")
            Argon2id.verify_phc_encoded(password.encode(), self.password or "")
        except (ValueError, InvalidKey):
            return False
        return terminal == self.terminal


class NoAccounts(Exception):
    """The file cannot be read as accounts; says where and why."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: frozenset[str] | None = None
    key_sha256: str | None = None
    password: str | None = None
    portraits: bool = False


def read(file: Path) -> Callable[[str], Account | None]:
    """The accounts of a file, by terminal; one that is not in it has none. Raises NoAccounts."""
    try:
        entries = msgspec.convert(tomllib.loads(file.read_text()), dict[str, _Entry])
        found = {terminal: _account(terminal, entry) for terminal, entry in entries.items()}
    except (OSError, ValueError) as error:  # msgspec's and tomllib's are ValueErrors, too
        raise NoAccounts(f"{file}: {error}") from None
    return found.get


def _account(terminal: str, entry: _Entry) -> Account:
    if entry.key_sha256 is not None and entry.password is not None:
        raise ValueError(f"{terminal} has a key and a password: a password is for where there is no key")
    key = None if entry.key_sha256 is None else bytes.fromhex(entry.key_sha256)
    return Account(terminal, entry.kinds, key, entry.password, entry.portraits)


def hashed_key(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def hashed_password(password: str) -> str:
    """For an account. Takes some 20 ms and 19 MiB, each time it is checked, too (OWASP's minimum)."""
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=_ITERATIONS, lanes=1, memory_cost=_MEMORY_KIB)
    return kdf.derive_phc_encoded(password.encode())

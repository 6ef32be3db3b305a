"""The second proof besides the client certificate: a data-call key or, where a terminal has none, account and password
(C13).

Which of the two is decided by what is configured and never by what the platform says: a key that is refused stays
refused. Otherwise whoever can make a platform refuse keys could make terminals show their passwords.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Protocol


class Login(Protocol):
    """What proves that this terminal may call."""

    @property
    def authorization(self) -> str:
        """The value of the Authorization header."""


@dataclass(frozen=True, slots=True, repr=False)
class DataCallKey:
    """A long random key that the platform's operator gave to this terminal (RFC 6750)."""

    key: str

    def __post_init__(self) -> None:
        _check(self.key)

    @property
    def authorization(self) -> str:
        return f"Bearer {self.key}"

    def __repr__(self) -> str:
        return "DataCallKey(***)"


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A user of the platform (RFC 7617)."""

    name: str
    password: str

    def __post_init__(self) -> None:
        _check(self.name)
        _check(self.password)
        if ":" in self.name:
            raise ValueError("an account's name has no colon")

    @property
    def authorization(self) -> str:
        return f"Basic {b64encode(f'{self.name}:{self.password}'.encode()).decode('ascii')}"

    def __repr__(self) -> str:
        return f"Account({self.name}, ***)"


def _check(secret: str) -> None:
    if not secret or not secret.isprintable():
        raise ValueError("a secret is one line of printable characters")

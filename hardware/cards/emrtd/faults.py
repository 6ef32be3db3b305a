"""How reading an eMRTD can fail: six named faults, and nothing else leaves this package.

`detail` says which step of which protocol failed. It never holds what the chip sent, for that may be personal data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class EmrtdFault(Enum):
    """Why there is no document. The value is for a log."""

    ACCESS_REFUSED = "the chip refused the password"
    ACCESS_NOT_ALLOWED = "the chip opens only in a way that is not allowed here"
    NOT_AUTHENTIC = "the chip or its data is not what the issuing state signed"
    PROTOCOL = "the chip breaks the protocol"
    EXPIRED = "the document is not valid today"
    GONE = "the chip does not answer any more"


class EmrtdError(Exception):
    """No document, for a named reason."""

    def __init__(self, fault: EmrtdFault, detail: str) -> None:
        super().__init__(f"{fault.name}: {detail}")
        self.fault = fault
        self.detail = detail


def broken(detail: str) -> EmrtdError:
    """The chip breaks the protocol."""
    return EmrtdError(EmrtdFault.PROTOCOL, detail)


def not_authentic(detail: str) -> EmrtdError:
    """The chip or its data failed a check of authenticity."""
    return EmrtdError(EmrtdFault.NOT_AUTHENTIC, detail)


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Around a library's parser: whatever it raises over hostile bytes becomes `PROTOCOL`, without the bytes."""
    try:
        yield
    except EmrtdError:
        raise
    except Exception as failure:
        raise broken(f"{what}: {type(failure).__name__}") from None

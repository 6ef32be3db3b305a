"""What carries frames to a reader and back: a `Line` is where the reader is plugged in, a `Transport` an open one.

The protocol on top (`sdt_link`) is the same whatever carries it. A transport's own errors end here, as two facts: the
reader is gone, or what came cannot be an answer and asking again may help.
"""

from typing import Protocol


class TransportLost(Exception):
    """The line cannot be opened, or is gone. The text is for the log and free of personal data."""


class TransportStuck(TransportLost):
    """The line does not take a frame, or nobody can say how much of it, or to what an answer on it belongs."""


class TransportDamaged(Exception):
    """The line is there, but an answer was lost on it. The text is for the log and free of personal data."""


class Transport(Protocol):
    """An open line, used by one exchange at a time. Once lost it stays lost: open the `Line` again."""

    async def send(self, frame: bytes) -> None:
        """Writes one frame; noise that came before it does not count. Raises either error."""

    async def receive(self) -> bytes:
        """The next bytes, at least one, as the line gives them. May be cancelled. Raises either error."""

    async def close(self) -> None:
        """Frees the line and returns when it can be opened again; whoever waits in `receive` ends as TransportLost.

        May be called twice.
        """


class Line(Protocol):
    """A place where a reader can be plugged in."""

    @property
    def address(self) -> str:
        """For a log."""

    async def open(self) -> Transport:
        """What came on it before is dropped, as far as it can be. Raises TransportLost when nothing is plugged in, or
        another program has it."""

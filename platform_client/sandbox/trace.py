"""Which way a request took: every hop from one system to the next, with its start and end (C07 to C11).

A call goes and comes back: one hop. A ferry only carries: one hop each way. Times are milliseconds since the request
came in. Nothing else is kept: neither who asked nor what about, so a trace outlives its answer without harm (C20).
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Final

import msgspec

from platform_client.sandbox.topology import TITLES

_KEPT: Final = 256
_NARROWEST: Final = 20


class Hop(msgspec.Struct):
    """`outcome` is empty as long as the hop is under way. `there_and_back`: a call, whose end is its answer."""

    number: int
    source: str
    target: str
    what: str
    there_and_back: bool
    began_ms: float
    ended_ms: float | None = None
    outcome: str = ""


class Trace(msgspec.Struct):
    """One request. `began`: the time of day, UTC seconds."""

    request_id: str
    topology: str
    began: float
    hops: list[Hop]

    def diagram(self) -> str:
        """The trace as a sequence diagram in plain text."""
        return _diagram(self)


class Tracer:
    """Remembers the newest requests. `finished` is told of each trace when all its hops have ended."""

    def __init__(self, topology: str, finished: Callable[[Trace], None] = lambda trace: None) -> None:
        self._topology = topology
        self._finished = finished
        self._traces: OrderedDict[str, tuple[Trace, float]] = OrderedDict()

    def begin(
        self, request_id: str, source: str, target: str, what: str, *, there_and_back: bool
    ) -> Callable[[str], None]:
        """A hop begins now; call what is returned with its outcome when it ends."""
        trace, origin = self._of(request_id)
        hop = Hop(len(trace.hops) + 1, source, target, what, there_and_back, _ms_since(origin))
        trace.hops.append(hop)

        def end(outcome: str) -> None:
            hop.ended_ms, hop.outcome = _ms_since(origin), outcome
            if all(each.ended_ms is not None for each in trace.hops):
                self._finished(trace)

        return end

    @contextmanager
    def call(self, request_id: str, source: str, target: str, what: str) -> Iterator[None]:
        """A hop there and back, as long as the block."""
        end = self.begin(request_id, source, target, what, there_and_back=True)
        outcome = "failed"
        try:
            yield
            outcome = "ok"
        finally:
            end(outcome)

    def find(self, request_id: str) -> Trace:
        """The trace of `request_id`; "last": the newest. Raises KeyError."""
        if request_id == "last":
            if not self._traces:
                raise KeyError(request_id)
            return next(reversed(self._traces.values()))[0]
        return self._traces[request_id][0]

    def _of(self, request_id: str) -> tuple[Trace, float]:
        if request_id not in self._traces:
            self._traces[request_id] = Trace(request_id, self._topology, time.time(), []), time.monotonic()
            while len(self._traces) > _KEPT:
                self._traces.popitem(last=False)
        return self._traces[request_id]


def _ms_since(origin: float) -> float:
    return round((time.monotonic() - origin) * 1000, 3)


def _diagram(trace: Trace) -> str:
    """Time goes down, a column for each system in the order in which the request met it; answers are dashed."""
    names = list(dict.fromkeys(name for hop in trace.hops for name in (hop.source, hop.target)))
    widths = [max(len(name) + 2, _NARROWEST) for name in names]
    ends = list(accumulate(widths))
    column = {name: end - width // 2 for name, end, width in zip(names, ends, widths, strict=True)}
    head = "".join(name.center(width) for name, width in zip(names, widths, strict=True))
    moments: list[tuple[float, int, str, str, str, str]] = []
    for hop in trace.hops:
        moments.append((hop.began_ms, hop.number, hop.source, hop.target, f"{hop.number} {hop.what}", "─"))
        if hop.ended_ms is not None and hop.there_and_back:
            moments.append((hop.ended_ms, hop.number, hop.target, hop.source, f"{hop.number} {hop.outcome}", "┄"))
        elif hop.ended_ms is not None:
            moments.append((hop.ended_ms, hop.number, hop.target, hop.target, f"{hop.number} arrived", "─"))
    lines = [f"request {trace.request_id}, {trace.topology}", " " * 10 + head.rstrip()]
    for at, _, source, target, what, dash in sorted(moments):
        line = [" "] * (ends[-1] + 12)
        for place in column.values():
            line[place] = "│"
        _arrow(line, column[source], column[target], what, dash)
        lines.append(f"{at:7.1f}   {''.join(line).rstrip()}")
    titles = "; ".join(f"{name} {TITLES[name].zh}" for name in names if name in TITLES)
    return "\n".join([*lines, titles, ""])


def _arrow(line: list[str], start: int, end: int, what: str, dash: str) -> None:
    if start == end:
        _write(line, start + 2, what)
        return
    left, right = min(start, end), max(start, end)
    for place in range(left + 1, right):
        line[place] = dash
    line[end - 1 if end > start else end + 1] = "▶" if end > start else "◀"
    room = right - left - 4
    text = f" {what[: room - 2]} "
    _write(line, left + 1 + (right - left - len(text)) // 2, text)


def _write(line: list[str], start: int, text: str) -> None:
    for place, character in enumerate(text, start):
        if place < len(line):
            line[place] = character

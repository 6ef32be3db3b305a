"""The one place where a desk keeps how its parts are, as each said last, and what that makes of the terminal.

Who looks, posts: the lobby what it asked for the home page, `watch` the rest. A change of the state, or of what causes
it, goes into the audit log and to whoever listens; nothing else does, so a terminal that is well is silent.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from kiosk import journal
from kiosk.audit.log import AuditLog
from kiosk.clock import Clock
from kiosk.health.findings import Finding, Level, State, fail, ok, state_of
from kiosk.health.published import Report
from kiosk.health.remedies import trouble
from kiosk.reasons import Reason, Refused, fault

log = logging.getLogger(__name__)

DESK: Final = "desk"
SIGN: Final = "sign"
"""That staff hang on the terminal (kiosk.maintenance.sign)."""


class Board:
    """Out of service until somebody has looked. `publish` hears of every change."""

    def __init__(self, clock: Clock, audit: AuditLog, publish: Callable[[Report], None] = lambda report: None) -> None:
        self._clock = clock
        self._audit = audit
        self._publish = publish
        self._posted: dict[str, tuple[Finding, ...]] = {DESK: (fail(DESK, "is starting", "wait half a minute"),)}
        self._since = clock.now()
        self._state = State.OUT_OF_SERVICE
        self._recorded = ""
        self._serving = False
        self._sessions: Counter[str] = Counter()
        self._told: Report | None = None
        self._tell()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for posted in self._posted.values() for finding in posted)

    @property
    def state(self) -> State:
        return self._state

    @property
    def trouble(self) -> Reason | None:
        """What a citizen reads on the home page of a terminal that is out of service. What has no page of its own, as a
        certificate that has ended, is a fault of the terminal to them."""
        red = [finding for finding in self.findings if finding.level is Level.FAIL]
        named = next((Reason(finding.code) for finding in red if finding.code), None)
        return named or (Reason.INTERNAL if red else None)

    def report(self, part: str, reason: Reason | None) -> None:
        """Whether `part` keeps the terminal from serving."""
        self.post(part, ok(part, "ready") if reason is None else trouble(part, reason))

    def post(self, source: str, *findings: Finding) -> None:
        """What `source` says now, in place of what it said before."""
        if self._posted.get(source) == findings:
            return
        self._posted[source] = findings
        for each in findings:
            log.debug("%s: %s %s", each.part, each.level.value, each.code)
        state = state_of(self.findings)
        if state is not self._state:
            self._state, self._since = state, self._clock.now()
            level = logging.INFO if state is State.READY else logging.WARNING
            extra = journal.event(journal.STATE_CHANGED, state=state.value)
            log.log(level, "the terminal is %s", state.value, extra=extra)
        self._record()
        self._tell()

    def session_began(self) -> None:
        self._serving = True
        self._tell()

    def session_ended(self, outcome: str) -> None:
        """`outcome` as in the audit log."""
        self._serving = False
        self._sessions[outcome] += 1
        self._tell()

    def _record(self) -> None:
        """Names of parts and codes only: what they say may quote a path. A disk that is full hears it later."""
        causes = (f"{each.part} {each.code}".strip() for each in self.findings if each.level is not Level.OK)
        because = ", ".join(sorted(set(causes)))
        now = f"{self._state.value}: {because}"
        if now == self._recorded:
            return
        try:
            self._audit.record("health", state=self._state.value, because=because)
        except Refused:
            return
        except Exception as error:
            log.error("fault: %s", fault(error))  # what is wrong with the log must not end the home page
            return
        self._recorded = now

    def _tell(self) -> None:
        report = Report(self._state, self._since, self._serving, self.findings, dict(self._sessions))
        if report != self._told:
            self._told = report
            self._publish(report)

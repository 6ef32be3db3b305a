"""Why a call brought nothing: every way in which a platform, a network or somebody between them can fail, by name.

The names are for the log and the audit; what a citizen reads about them is `kiosk`'s to say.
"""

from datetime import datetime
from enum import Enum


class PlatformFault(Enum):
    """The value is what stands in log and audit."""

    # Nobody there
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    """No answer in time."""
    DRIPPING = "dripping"
    """An answer began and did not end in time."""
    OVERLOADED = "overloaded"
    """The platform says so itself: 502, 503, 504."""
    RESTING = "resting"
    """It failed often, so it is left alone for a while: nothing was sent."""
    # Not the platform
    UNKNOWN_AUTHORITY = "unknown-authority"
    WRONG_HOST = "wrong-host"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    TLS_TOO_OLD = "tls-too-old"
    TLS_BROKEN = "tls-broken"
    REDIRECTED = "redirected"
    REDIRECTED_TO_HTTP = "redirected-to-http"
    # It says no
    TERMINAL_REFUSED = "terminal-refused"
    """It does not know this terminal's certificate."""
    KEY_REFUSED = "key-refused"
    """It does not know this terminal's data-call key, or its account and password."""
    REFUSED = "refused"
    INCOMPLETE = "incomplete"
    """It could not: a system behind it did not answer (424), so nothing was made."""
    # An answer that is none
    FAILED = "failed"
    """Any other 5xx."""
    NOT_HTTP = "not-http"
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    MALFORMED = "malformed"
    WRONG_SCHEMA = "wrong-schema"
    # An answer, but not to us, not of now, not about them
    OTHER_REQUEST = "other-request"
    WRONG_NONCE = "wrong-nonce"
    OTHER_PERSON = "other-person"
    CLOCK_SKEW = "clock-skew"


class PlatformError(Exception):
    """A call failed. `detail` is for the log: precise, and never personal data. `retry_in_s`: when RESTING ends.
    `until`: when a REFUSED ends that ends by itself.
    """

    def __init__(
        self, kind: PlatformFault, detail: str, *, retry_in_s: float | None = None, until: datetime | None = None
    ) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_in_s = retry_in_s
        self.until = until

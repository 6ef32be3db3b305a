"""What staff do about a trouble that keeps the home page from offering anything; what citizens read of it stands in
kiosk/reasons.py."""

from typing import Final

from kiosk.health.findings import Finding, fail
from kiosk.reasons import EXPLANATIONS, Reason

_JOURNAL: Final = "the desk's journal says why: journalctl -u kiosk-desk"
VALIDATE: Final = "bring a model that is measured and accepted for the people here, step by step: docs/face.md"
_SIGN: Final = "when it is to serve again: kiosk maintenance in-service"
_OPERATOR: Final = "ask the platform's operator; `kiosk sandbox --conformance URL` examines a platform"

REMEDIES: Final[dict[Reason, str]] = {
    Reason.AUDIT_FULL: "export the audit log and make room; service goes on by itself",
    Reason.READER_LOST: "is the reader plugged in, and the one that is bound (reader.sam_id)?",
    Reason.FACE_NOT_OFFERED: VALIDATE,
    Reason.CAMERA_LOST: "is the camera plugged in? journalctl -u kiosk-vision",
    Reason.PAPER_EMPTY: "put paper in",
    Reason.PAPER_JAM: "take the jammed paper out",
    Reason.PRINTER_DOOR_OPEN: "close the printer's door",
    Reason.PRINTER_LOST: "is it switched on and connected, and is printer.uri right?",
    Reason.PRINT_UNCERTAIN: "see `kiosk paper`, and look into the tray",
    Reason.PLATFORM_UNREACHABLE: "is the network there? Address and port: platform.url",
    Reason.PLATFORM_SLOW: "the platform answers too late: ask its operator",
    Reason.PLATFORM_RESTING: "it was silent four times in a row and is asked again soon; is the network there?",
    Reason.PLATFORM_NOT_TRUSTED: "its certificate is not of platform.ca: somebody stands in between, or the CA changed",
    Reason.TERMINAL_NOT_ADMITTED: "the platform does not know this terminal: ask its operator",
    Reason.CLOCK_WRONG: "set the clock; is the time server reached?",
    Reason.NOTHING_TO_ISSUE: "grant this terminal a kind at the platform, and list it in [certificates]",
    Reason.PLATFORM_REFUSED: _OPERATOR,
    Reason.PLATFORM_ANSWER_INVALID: _OPERATOR,
    Reason.PLATFORM_ANSWER_FOREIGN: _OPERATOR,
    Reason.PLATFORM_INCOMPLETE: _OPERATOR,
    Reason.STAFF_AT_WORK: "wait until staff are done",
    Reason.CLOSED_FOR_MAINTENANCE: _SIGN,
    Reason.CLOSED_FOR_REPAIR: _SIGN,
    Reason.CLOSED_BY_OPERATOR: _SIGN,
    Reason.INTERNAL: _JOURNAL,
}


def trouble(part: str, reason: Reason) -> Finding:
    """That `part` keeps the terminal from serving."""
    return fail(part, EXPLANATIONS[reason].en.what, REMEDIES.get(reason, _JOURNAL), reason)

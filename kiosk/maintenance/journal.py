"""What this terminal's units said, and those of its image that see to its state and its updates, out of the systemd
journal (sd-journal(3)), newest last, up to a size."""

from collections import deque
from typing import Final

import msgspec
from systemd import journal

UNITS: Final = tuple(
    f"{name}.service"
    for name in (
        *("kiosk-desk", "kiosk-ui", "kiosk-vision", "kiosk-documents", "kiosk-agent", "kiosk-cups", "kiosk-console"),
        *("kiosk-stick", "kiosk-order", "kiosk-enrol", "kiosk-healthy", "kiosk-way-back", "kiosk-restart"),
        *("kiosk-restart-staff", "kiosk-restart-cups", "kiosk-planned-restart"),
        *("kiosk-doctor", "kiosk-nightly", "kiosk-audit", "kiosk-fleet-audit"),
        *("onecard-state", "rauc"),
    )
)
LINES_MOST: Final = 50_000


def lines(bytes_most: int) -> list[bytes]:
    """JSON, one object a line: `at`, `unit`, `priority`, `message`. Raises OSError when the journal may not be read."""
    kept: deque[bytes] = deque()
    size = 0
    with journal.Reader() as reader:
        for unit in UNITS:
            reader.add_match(_SYSTEMD_UNIT=unit)
        reader.seek_tail()
        while len(kept) < LINES_MOST:
            entry = reader.get_previous()
            if not entry:
                break
            line = _line(entry)
            size += len(line)
            if size > bytes_most:
                break
            kept.appendleft(line)
    return list(kept)


def _line(entry: dict[str, object]) -> bytes:
    said = {
        "at": entry.get("__REALTIME_TIMESTAMP"),
        "unit": entry.get("_SYSTEMD_UNIT"),
        "priority": entry.get("PRIORITY"),
        "message": str(entry.get("MESSAGE", "")),
    }
    return msgspec.json.encode(said, enc_hook=str) + b"\n"

"""What this machine booted, as its TPM measured it (TCG PC Client Platform Firmware Profile, PCR usage).

PCRs 0 to 7 hold the firmware, its settings, the boot loader and the state of Secure Boot. Linux shows them read-only
under /sys (Documentation/ABI/stable/sysfs-class-tpm). They are no proof by themselves, since whoever owns the kernel
can say anything; they let a platform notice that a terminal booted something else than last week.
"""

import hashlib
from pathlib import Path
from typing import Final

PCRS: Final = Path("/sys/class/tpm/tpm0/pcr-sha256")
MEASURED: Final = range(8)


def measurement(pcrs: Path = PCRS) -> str | None:
    """SHA-256 over PCRs 0 to 7 in order, hexadecimal; None where there is no TPM, or one without a SHA-256 bank."""
    try:
        values = [bytes.fromhex((pcrs / str(number)).read_text(encoding="ascii")) for number in MEASURED]
    except (OSError, ValueError):
        return None
    return hashlib.sha256(b"".join(values)).hexdigest()

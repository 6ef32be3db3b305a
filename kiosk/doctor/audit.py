"""The audit log: whole chains only, a key that signs, and room for what is to come."""

import shutil
from pathlib import Path
from typing import Final

from kiosk.audit.chain import AuditBroken, files, verify
from kiosk.audit.checkpoint import KeyFile, KeyUnusable, PublicKey
from kiosk.audit.log import set_aside
from kiosk.health.findings import Finding, fail, ok, warn

ROOM_BYTES: Final = 64 * 1024 * 1024
"""Some months of records."""
_LOOK: Final = "export the log, let an auditor look at it, then take the folder away"


def examine(directory: Path, key: str) -> list[Finding]:
    """`directory` and `key` as the profile names them."""
    return [_key(key), *_chain(directory, key), room(directory)]


def _key(name: str) -> Finding:
    try:
        return ok("audit key", f"signs checkpoints as {KeyFile(name).key_id}")
    except KeyUnusable as error:
        return fail(
            "audit key", str(error), "make one with `kiosk audit key`, and tell whoever verifies its public half"
        )


def _chain(directory: Path, key: str) -> list[Finding]:
    if not files(directory):
        return [ok("audit log", "nothing is recorded yet")]
    try:
        public = PublicKey(KeyFile(key).public_pem())
    except KeyUnusable:
        public = None
    try:
        chain = verify(directory, public)
    except AuditBroken as error:
        return [fail("audit log", str(error), _LOOK)]
    found = [ok("audit log", f"{chain.records} records, an unbroken chain")]
    return [*found, *(fail("audit log", f"{name} was set aside", _LOOK) for name in set_aside(directory))]


def room(directory: Path) -> Finding:
    """What is left on the disk of the log."""
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        return fail("audit disk", f"{directory}: {error.strerror}", "the unit's StateDirectory= makes it")
    if free < ROOM_BYTES:
        return warn("audit disk", f"{free // 2**20} MiB are free", "export the log; a full disk ends service")
    return ok("audit disk", f"{free // 2**20} MiB are free")

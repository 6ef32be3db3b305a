"""An operator of a fleet, with a key made for the test, and commands to sign."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hawkbit import TERMINAL

from kiosk.fleet.command import Command
from kiosk.fleet.operator import Operator
from platform_client.device_key import FileKey


class OperatorDesk:
    """The key in `key`, its public half, as terminals pin it, in `public`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        self.key, self.public = folder / "operator.key", folder / "operator.pem"
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        form = PublicFormat.SubjectPublicKeyInfo
        self.public.write_bytes(key.public_key().public_bytes(Encoding.PEM, form))
        self.signer = FileKey(self.key)

    @property
    def pinned(self) -> Operator:
        return Operator.pinned(self.public)


def command(what: str, **more: Any) -> Command:
    """For the terminal, to be begun within an hour; unless more is said."""
    now = datetime.now(UTC)
    told = {"id": f"{what}-1", "to": (TERMINAL,), "issued_at": now, "not_after": now + timedelta(hours=1), **more}
    return Command(command=what, **told)

"""An operator of a fleet, with a key made for the test."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

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

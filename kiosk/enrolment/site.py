"""Where a terminal keeps what makes it itself, and the one step by which it becomes it.

```
site/coming/                  while it is nobody: its keys, made once, so that its fingerprint stays
site/current/profile.toml     enrolled: all of it is there, or nothing
             order.jws        what the operator signed
             NAME.pem         the roots that the order brought
             credentials/     platform.key or platform.pin, audit.key: for the unit's LoadCredential=, and nobody else
             device/          certificate.pem, which the desk replaces before it ends
site/token/                   where the library of a TPM keeps what only this TPM can read
```

At every start what the order brought is compared with the order (kiosk.enrolment.standing).

Everything is written into `coming` and made durable there; then the folder is renamed. A power cut before that leaves a
terminal that is nobody and has the same keys; after it, one that is enrolled.
"""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from kiosk import durable
from kiosk.audit.checkpoint import KeyFile, KeyUnusable
from kiosk.fleet.operator import BYTES_MOST
from platform_client.device_key import DeviceKey, DeviceKeyError, FileKey, TokenKey
from platform_client.token import make_key

CREDENTIALS: Final = "credentials"
DEVICE_KEY: Final = "platform.key"
PIN: Final = "platform.pin"
AUDIT_KEY: Final = "audit.key"
CERTIFICATE: Final = Path("device/certificate.pem")
PROFILE: Final = "profile.toml"
ORDER: Final = "order.jws"
_BYTES_MOST: Final = 2 * BYTES_MOST
"""Of an order with all that it brings, which it holds once more."""
_ENTRIES_MOST: Final = 2048
"""Files and folders: the least that an order may bring is a public key, of which it holds half as many."""


class Site:
    """The folder `where`; it must be there. Everything raises OSError."""

    def __init__(self, where: Path) -> None:
        self.current = where / "current"
        self._where = where
        self._coming = where / "coming"

    @property
    def enrolled(self) -> bool:
        return self.current.exists()

    def device_key(self, module: Path | None, token: str) -> DeviceKey:
        """The terminal's key, made if there is none: in a token, or in a file. Raises DeviceKeyError, too."""
        folder = self._credentials()
        if module is not None:
            pin = _once(folder / PIN, _make_pin).read_text(encoding="ascii")
            uri = make_key(module, token, pin)
            for file in (self._where / "token").glob("*"):
                file.chmod(0o660)  # the desk opens it, too
            return TokenKey(uri, module, pin)
        return FileKey(_once(folder / DEVICE_KEY, _make_key))

    def audit_key(self) -> bytes:
        """The public half of the key of the audit log, made if there is none: SubjectPublicKeyInfo, DER. Raises
        DeviceKeyError, too."""
        file = _once(self._credentials() / AUDIT_KEY, KeyFile.create)
        try:
            pem = KeyFile(str(file)).public_pem()
        except KeyUnusable as error:
            raise DeviceKeyError(str(error)) from None
        return load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def settle(self, profile: str, order: bytes, files: Mapping[str, str], certificate: x509.Certificate) -> None:
        """From here on the terminal is enrolled."""
        for left in self._coming.iterdir():  # by an attempt that a power cut ended
            if left.name != CREDENTIALS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        for name, content in files.items():
            _write(self._coming / name, content.encode())
        _write(self._coming / ORDER, order)
        _write(self._coming / PROFILE, profile.encode())
        # The desk renews its certificate: a draft beside it, then a rename. Nothing else here is the desk's to change.
        _folder((self._coming / CERTIFICATE).parent, 0o775)
        _write(self._coming / CERTIFICATE, certificate.public_bytes(Encoding.PEM))
        for folder, _, _ in os.walk(self._coming):
            durable.settle(Path(folder))
        self._coming.rename(self.current)
        durable.settle(self._where)

    def brought(self) -> dict[str, bytes]:
        """What an order has put here, by name: all but what is the terminal's own. What is neither a plain file nor a
        folder is an error, too: a link would show one thing now and another later. So is more than any order brings."""
        found: dict[str, bytes] = {}
        left = _BYTES_MOST
        for name, path in _plain_files(self.current, leave_out=(CREDENTIALS, CERTIFICATE.parts[0])):
            with open(path, "rb", opener=_plainly) as file:
                found[name] = file.read(left + 1)
            left -= len(found[name])
            if left < 0:
                raise _too_much(path)
        return found

    def _credentials(self) -> Path:
        folder = self._coming / CREDENTIALS
        _folder(self._coming, 0o755)
        _folder(folder, 0o700)
        return folder


def _plain_files(top: Path, leave_out: Collection[str]) -> Iterator[tuple[str, str]]:
    """Name and path of whatever is no folder, with nothing read ahead: whoever writes the disk can make folders without
    end, in width and in depth. `leave_out`: names at the top."""
    if top.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(top))
    folders, left = [""], _ENTRIES_MOST
    while folders:
        within = folders.pop()
        with os.scandir(top / within) as entries:
            for entry in entries:
                name, left = within + entry.name, left - 1
                if left < 0:
                    raise _too_much(entry.path)
                if not entry.is_dir(follow_symlinks=False):
                    yield name, entry.path
                elif name not in leave_out:
                    folders.append(f"{name}/")


def _too_much(path: str) -> OSError:
    return OSError(errno.EFBIG, "more than any order brings", path)


def _plainly(path: str, flags: int) -> int:
    """Opens no link, and waits for no pipe or device; OSError."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", path)
    return descriptor


def _once(file: Path, make: Callable[[Path], object]) -> Path:
    """A secret file that is there whole or not at all, and is never made a second time."""
    if not file.exists():
        draft = file.with_name(f".{file.name}")
        draft.unlink(missing_ok=True)
        make(draft)
        _sync(draft)
        draft.rename(file)
        durable.settle(file.parent)
    return file


def _make_pin(file: Path) -> None:
    file.touch(mode=0o600)
    file.write_text(secrets.token_hex(16), encoding="ascii")


def _make_key(file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    file.touch(mode=0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _folder(path: Path, mode: int) -> None:
    """Made with this mode, whatever the unit's umask. It is never changed: who sets a mode takes away the set-group-id
    bit that hands on the desk's group (systemd/tmpfiles.d), and no unit may set one."""
    before = os.umask(0)
    try:
        path.mkdir(mode, exist_ok=True)
    finally:
        os.umask(before)


def _write(path: Path, content: bytes) -> None:
    _folder(path.parent, 0o755)
    path.write_bytes(content)
    path.chmod(0o644)
    _sync(path)


def _sync(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())

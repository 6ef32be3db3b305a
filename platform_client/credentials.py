"""Secrets, from where the system keeps them: systemd's credentials, or a file that nobody else can read.

A profile names a secret and never holds it. A plain name is a credential of the unit (systemd.exec(5),
`LoadCredential=`), which appears in `$CREDENTIALS_DIRECTORY` for this process only and may be bound to the machine's
TPM; a path is a file whose owner and mode are checked each time it is opened.
"""

import os
import stat
from pathlib import Path
from typing import Final

DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
LIMIT_BYTES: Final = 64 * 1024


class CredentialError(Exception):
    """There is no such secret, or others could have read it. Says what to do, never what is in it."""


def read(name: str) -> bytes:
    """The secret `name`: a credential of the unit or, with a slash in it, a file. Raises CredentialError."""
    if "/" in name:
        return _private_file(Path(name))
    folder = os.environ.get(DIRECTORY)
    if folder is None:
        raise CredentialError(f"{name}: no credentials here; give the unit LoadCredential={name}:PATH, or name a file")
    try:
        return (Path(folder) / name).read_bytes()
    except OSError as error:
        raise CredentialError(f"{name}: {error.strerror}; the unit needs LoadCredential={name}:PATH") from None


def file(name: str) -> Path:
    """Where the secret `name` is, for a library that must open it itself. Raises CredentialError."""
    read(name)
    return Path(name) if "/" in name else Path(os.environ[DIRECTORY]) / name


def line(name: str) -> str:
    """The secret `name` as one line of text. Raises CredentialError."""
    try:
        return read(name).decode().strip()
    except UnicodeDecodeError:
        raise CredentialError(f"{name}: not a line of text") from None


def _private_file(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise CredentialError(f"{path}: {error.strerror}") from None
    try:
        about = os.fstat(descriptor)  # of what was opened, not of what stands there now
        if not stat.S_ISREG(about.st_mode):
            raise CredentialError(f"{path}: not a plain file")
        if about.st_uid not in (0, os.geteuid()):
            raise CredentialError(f"{path}: belongs to somebody else; chown it to the terminal's user")
        if about.st_mode & 0o077:
            raise CredentialError(f"{path}: others can read it; chmod 0600 {path}, and ask for a new secret")
        return os.read(descriptor, LIMIT_BYTES)
    finally:
        os.close(descriptor)

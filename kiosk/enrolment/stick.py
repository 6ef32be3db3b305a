"""Enrolment by a stick: what lies on it, and what is put there.

```
onecard-enrolment/order.jws         from the operator
                  request.pem       from the terminal: PKCS#10, for whoever signs without a network
                  certificate.pem   back from there
                  audit-key.pem     from the terminal: what its audit log will be verified with
```

A stick that carries the request of another key has been to another terminal: it is that one's, for an order is good for
one.
"""

import os
from base64 import b64encode
from pathlib import Path
from textwrap import wrap
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.fleet.operator import BYTES_MOST
from kiosk.meeting import enrolment_stick_in
from kiosk.reasons import Reason, Refused

FOLDER: Final = "onecard-enrolment"


Seen = tuple[int, int, int]


def expect_one(run: Path) -> None:
    """From here on sticks are let in. Raises Refused."""
    wish = enrolment_stick_in(run)
    try:
        wish.touch()
    except OSError as error:
        raise Refused(Reason.ENROLMENT_DISK, f"{wish}: {error.strerror}") from None


def expect_none(run: Path) -> None:
    """Whoever was expecting one, a process before this one that was killed as well."""
    enrolment_stick_in(run).unlink(missing_ok=True)


class Stick:
    """What is mounted at `where`, if anything is. Everything but `seen` raises Refused."""

    def __init__(self, where: Path) -> None:
        self._folder = where / FOLDER

    @property
    def seen(self) -> Seen | None:
        """Which order lies there; another stick's is another one."""
        try:
            about = (self._folder / "order.jws").stat()
        except OSError:
            return None
        return about.st_dev, about.st_ino, about.st_mtime_ns

    def order(self) -> bytes:
        order = self._read("order.jws")
        if order is None:
            raise Refused(Reason.ENROLMENT_STICK, "order.jws is not there any more")
        return order

    def certificate(self) -> x509.Certificate | None:
        """What came back, if anything did."""
        try:
            pem = self._read("certificate.pem")
            return None if pem is None else x509.load_pem_x509_certificate(pem)
        except ValueError:
            raise Refused(Reason.ENROLMENT_STICK, "certificate.pem is no PEM certificate") from None

    def check_unused(self, public: bytes) -> None:
        """`public`: of this terminal's key, SubjectPublicKeyInfo, DER."""
        pem = self._read("request.pem")
        if pem is None:
            return
        try:
            request = x509.load_pem_x509_csr(pem)
            asked = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, UnsupportedAlgorithm):
            raise Refused(Reason.ENROLMENT_STICK, "request.pem is no PEM request") from None
        if asked != public:
            raise Refused(Reason.ENROLMENT_TAKEN, "the stick carries the request of another key")

    def leave(self, request: bytes, audit_key: bytes) -> None:
        """Both DER. Nothing of them is a secret."""
        for name, label, der in (
            ("audit-key.pem", "PUBLIC KEY", audit_key),
            ("request.pem", "CERTIFICATE REQUEST", request),
        ):
            draft = self._folder / f"{name}.new"
            try:
                with draft.open("wb") as file:
                    file.write(_pem(label, der))
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self._folder / name)
            except OSError as error:
                raise Refused(Reason.ENROLMENT_STICK, f"{name} was not written: {error.strerror}") from None

    def _read(self, name: str) -> bytes | None:
        """None: it is not there."""
        try:
            with (self._folder / name).open("rb") as file:
                content = file.read(BYTES_MOST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(Reason.ENROLMENT_STICK, f"{name}: {error.strerror}") from None
        if len(content) > BYTES_MOST:
            raise Refused(Reason.ENROLMENT_STICK, f"{name} is longer than any file of an enrolment")
        return content


def _pem(label: str, der: bytes) -> bytes:
    lines = "\n".join(wrap(b64encode(der).decode("ascii"), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()

"""What the hall tells everybody, as one bundle under a reviewer's signature (A05, A15, C22, C23, C28).

The bundle is the only thing of the platform that a terminal keeps, because it is the only one that is about nobody.
It is kept as it came, with version and signature, and judged again each time it is read: a disk is not trusted more
than a network. The signature is Ed25519 (RFC 8032) over the document's exact octets, by a key that the terminal is
given at its installation; TLS says who sent the bundle, the signature who answers for it.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from platform_client import binding, wire
from platform_client.binding import Message, field
from platform_client.client import PlatformClient
from platform_client.guides import Guide, Theme, shows_somebody
from platform_client.kinds import Bilingual
from platform_client.operation import Fetch
from platform_client.wire import WireError


class Article(Message, frozen=True):
    title: Bilingual
    body: str
    published: date


class Section(Message, frozen=True):
    """One of the six sections of A05."""

    kind: Literal["hall", "organisation", "service-guide", "procedure", "laws", "notices"]
    title: Bilingual
    articles: tuple[Article, ...] = field(name="Article")


class Content(Message, frozen=True):
    """A bundle. `version` grows with each."""

    version: int
    reviewed_at: datetime
    sections: tuple[Section, ...] = field(name="Section")
    themes: tuple[Theme, ...] = field(name="Theme")
    guides: tuple[Guide, ...] = field(name="Guide")

    def guide(self, item: str) -> Guide | None:
        return next((guide for guide in self.guides if guide.code == item), None)


class ContentVersion(Message, frozen=True):
    """Which bundle is in use. `sha256`: of its document."""

    version: int
    sha256: str


class SignedContent(Message, frozen=True):
    """A bundle as it travels and as it is kept. `key`: SHA-256 of the reviewer's public key."""

    key: str
    signature: bytes
    document: bytes


CONTENT_VERSION: Final = Fetch("content-version", "/v1/content/version", ContentVersion)
CONTENT: Final = Fetch("content", "/v1/content", SignedContent)


class ContentFault(Enum):
    """Why a bundle is not used."""

    UNKNOWN_REVIEWER = "unknown-reviewer"
    BAD_SIGNATURE = "bad-signature"
    NOT_CONTENT = "not-content"
    """Signed, or kept, but no bundle of our schema."""
    OLDER = "older-than-held"
    """A bundle that was in use once: whoever sends it again wants something withdrawn to come back (C23)."""
    OTHER_THAN_ANNOUNCED = "other-than-announced"
    SHOWS_SOMEBODY = "shows-somebody"
    """An identity number stands in it (B04)."""


class ContentError(Exception):
    """The bundle is refused; nothing of it was used."""

    def __init__(self, fault: ContentFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Reviewer:
    """Judges bundles by the reviewer's public key (32 octets)."""

    def __init__(self, public_key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(public_key)
        self.id = hashlib.sha256(public_key).hexdigest()

    def admit(self, signed: SignedContent) -> Content:
        """The content of a bundle that this reviewer signed. Raises ContentError."""
        if signed.key != self.id:
            raise ContentError(ContentFault.UNKNOWN_REVIEWER)
        try:
            self._key.verify(signed.signature, signed.document)
        except InvalidSignature:
            raise ContentError(ContentFault.BAD_SIGNATURE) from None
        try:
            content = binding.decode(wire.parse(signed.document, wire.PLATFORM), Content)
        except WireError:
            raise ContentError(ContentFault.NOT_CONTENT) from None
        if shows_somebody(signed.document.decode("utf-8")):
            raise ContentError(ContentFault.SHOWS_SOMEBODY)
        return content


class Shelf:
    """The bundle in use, kept in `folder` as it came; `sha256`: of its document. None until one was admitted."""

    _NAME: Final = "content.xml"

    def __init__(self, folder: Path, reviewer: Reviewer) -> None:
        self._file = folder / self._NAME
        self._reviewer = reviewer
        self.sha256 = ""
        self.content: Content | None = None

    def read(self) -> None:
        """Take up what is kept, if anything is. Raises ContentError: then nothing is in use until `refresh`."""
        try:
            kept = self._file.read_bytes()
        except FileNotFoundError:
            return
        try:
            signed = binding.decode(wire.parse(kept, wire.PLATFORM), SignedContent)
        except WireError:
            raise ContentError(ContentFault.NOT_CONTENT) from None
        self._take(signed, self._reviewer.admit(signed))

    async def refresh(self, client: PlatformClient) -> bool:
        """Ask which bundle is in use and fetch it if it is another. True: there is a new one.

        Raises PlatformError and ContentError; what was in use before is in use then.
        """
        current = await client.fetch(CONTENT_VERSION)
        if self.content is not None and current.version < self.content.version:
            raise ContentError(ContentFault.OLDER)
        if current.sha256 == self.sha256:
            return False
        signed = await client.fetch(CONTENT)
        content = self._reviewer.admit(signed)
        # A bundle that was published between the two calls is newer than the announced one, and right.
        if content.version < current.version:
            raise ContentError(ContentFault.OTHER_THAN_ANNOUNCED)
        if content.version == current.version and _sha256(signed) != current.sha256:
            raise ContentError(ContentFault.OTHER_THAN_ANNOUNCED)
        if self.content is not None and content.version <= self.content.version:
            raise ContentError(ContentFault.OLDER)
        self._keep(signed)
        self._take(signed, content)
        return True

    def _take(self, signed: SignedContent, content: Content) -> None:
        self.content, self.sha256 = content, _sha256(signed)

    def _keep(self, signed: SignedContent) -> None:
        with _replacing(self._file) as fresh:
            fresh.write_bytes(binding.encode(signed))


def _sha256(signed: SignedContent) -> str:
    return hashlib.sha256(signed.document).hexdigest()


@contextlib.contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """A file to write that takes the place of `file` whole or not at all, also after a power cut."""
    fresh = file.with_suffix(".new")
    try:
        yield fresh
        descriptor = os.open(fresh, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)

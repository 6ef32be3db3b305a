"""The bundle of content under the reviewer's signature (A15, C22, C28). The key stays in the sandbox's own folder."""

import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from platform_client import binding
from platform_client.content import Content, ContentVersion, SignedContent
from platform_client.sandbox.hall.guidebook import Guidebook

_PRIVATE: Final = "reviewer.key"
_PUBLIC: Final = "reviewer.pub"


class ReviewerKey:
    """An Ed25519 key; terminals are given `public` (32 octets)."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def kept_in(cls, folder: Path) -> "ReviewerKey":
        """The key in `folder`, made the first time; beside it the public half, for terminals."""
        file = folder / _PRIVATE
        if not file.exists():
            fresh = Ed25519PrivateKey.generate()
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(fresh.private_bytes_raw())
            (folder / _PUBLIC).write_bytes(fresh.public_key().public_bytes_raw())
        return cls(Ed25519PrivateKey.from_private_bytes(file.read_bytes()))

    def sign(self, content: Content) -> SignedContent:
        document = binding.encode(content)
        return SignedContent(hashlib.sha256(self.public).hexdigest(), self.sign_octets(document), document)

    def sign_octets(self, document: bytes) -> bytes:
        return self._key.sign(document)


class Bundle:
    """The newest content, signed once."""

    def __init__(self, guides: Guidebook, key: ReviewerKey) -> None:
        self._key = key
        guides.watch(self._sign)

    async def version(self) -> ContentVersion:
        return ContentVersion(self._version, hashlib.sha256(self._signed.document).hexdigest())

    async def signed(self) -> SignedContent:
        return self._signed

    def _sign(self, content: Content) -> None:
        self._version, self._signed = content.version, self._key.sign(content)

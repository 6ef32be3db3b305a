"""hawkBit's Direct Device Integration API, from the device's side: poll, say who one is, take a deployment, report.

Written from its public description (eclipse.dev/hawkbit/apis/ddi_api). Where it leaves a choice, the strict one is
taken: every link must lead to the server that the profile names, since the token goes with it, and a deployment must be
one thing of the table, with its size and SHA-256. What hawkBit calls the type of a software module is the `part` of a
chunk; two types of the fleet's own carry what the operator signed.

| a deployment of | `part` | one file |
|---|---|---|
| an image | any other, as `os` | `*.raucb` |
| a command | `kiosk-command` | `*.jws` |
| a profile | `kiosk-profile` | `*.jws` |
| an image, by command | both of the first | both |

Whether any of it is the fleet's own is not decided here: RAUC, kiosk.fleet.commands and kiosk.fleet.profiles do that.
"""

import hashlib
import logging
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct, field
from yarl import URL

from kiosk.fleet import operator
from kiosk.profile import Updates
from platform_client import credentials

log = logging.getLogger(__name__)

BUNDLE: Final = ".raucb"
SIGNED: Final = ".jws"
COMMAND_PART: Final = "kiosk-command"
PROFILE_PART: Final = "kiosk-profile"
BUNDLE_BYTES_MOST: Final = 4 * 1024**3
DETAILS_MOST: Final = 50
DETAIL_CHARACTERS_MOST: Final = 500
"""hawkBit takes 50 messages of 512 characters with each feedback."""
_ANSWER_BYTES_MOST: Final = 1024**2
_CALL: Final = ClientTimeout(total=30)
_DOWNLOAD: Final = ClientTimeout(total=None, connect=30, sock_read=60)
_CLOSED: Final = (404, 410)
"""The answer to feedback about an action that is over already: it was heard before, and need not be said again."""
_SLEEP_S: Final = (10.0, 24 * 3600.0)
"""A server that asks for less or more is not heard."""

Answer = TypeVar("Answer")


class DdiError(Exception):
    """The server cannot be reached, or says what it must not. The text is for the log and quotes no token."""


class NotUsable(DdiError):
    """A deployment that this terminal refuses; the server is told why."""


class Finished(Enum):
    """How a deployment stands."""

    NONE = "none"
    SUCCESS = "success"
    FAILURE = "failure"


class _Link(Struct):
    href: str


class _Polling(Struct):
    sleep: str


class _Config(Struct):
    polling: _Polling


class _Links(Struct, rename="camel"):
    deployment_base: _Link | None = None
    cancel_action: _Link | None = None
    config_data: _Link | None = None


class _Base(Struct):
    config: _Config
    links: _Links = field(name="_links", default_factory=_Links)


class _Hashes(Struct):
    sha256: str


class _Downloads(Struct):
    download: _Link | None = None


class _Artifact(Struct):
    filename: str
    hashes: _Hashes
    size: int
    links: _Downloads = field(name="_links", default_factory=_Downloads)


class _Chunk(Struct):
    part: str
    version: str
    artifacts: list[_Artifact]


class _Deployment(Struct, rename="camel"):
    chunks: list[_Chunk]
    update: str = "attempt"
    maintenance_window: str = "available"


class _DeploymentBase(Struct):
    id: str
    deployment: _Deployment


class _Stop(Struct, rename="camel"):
    stop_id: str


class _CancelAction(Struct, rename="camel"):
    id: str
    cancel_action: _Stop


@dataclass(frozen=True, slots=True)
class Poll:
    """What the server wants, as links; None: nothing of the kind. `sleep_s`: until it may be asked again."""

    sleep_s: float
    deployment: URL | None
    cancel: URL | None
    config_data: URL | None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file on the server, and what was announced of it."""

    link: URL
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """`forced`: it need not wait for ever for a moment without citizens. `now`: it may be begun; else the server's
    maintenance window is not open yet. Files: as in the table above."""

    action: str
    version: str
    forced: bool
    now: bool
    bundle: Artifact | None = None
    command: Artifact | None = None
    profile: Artifact | None = None


class Server:
    """The door to hawkBit, for one terminal. Use as a context."""

    def __init__(self, settings: Updates, terminal: str) -> None:
        """Raises CredentialError, OSError or ValueError when the profile's files or secrets are not there."""
        self._home = URL(settings.url)
        self._base = self._home / settings.tenant / "controller" / "v1" / terminal
        context = ssl.create_default_context(cafile=settings.ca)
        if settings.certificate is not None and settings.key is not None:
            context.load_cert_chain(settings.certificate, credentials.file(settings.key))
        headers = {"Accept": "application/hal+json, application/json"}
        if settings.token is not None:
            scheme = {"target": "TargetToken", "gateway": "GatewayToken"}[settings.token_kind]
            headers["Authorization"] = f"{scheme} {credentials.line(settings.token)}"
        self._session = ClientSession(connector=TCPConnector(ssl=context), headers=headers, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def poll(self) -> Poll:
        base = await self._get(self._base, _Base)
        links = base.links
        return Poll(
            _seconds(base.config.polling.sleep),
            self._ours(links.deployment_base),
            self._ours(links.cancel_action),
            self._ours(links.config_data),
        )

    async def introduce(self, link: URL, data: dict[str, str]) -> None:
        """Answers the server's question what this terminal is."""
        await self._send("PUT", link, {"mode": "replace", "data": data})

    async def deployment(self, link: URL) -> Deployment:
        """Raises NotUsable for one that is not in the table; its `args` are the text and the action."""
        told = await self._get(link, _DeploymentBase)
        files: dict[str, Artifact] = {}
        chunks = [(chunk, artifact) for chunk in told.deployment.chunks for artifact in chunk.artifacts]
        for chunk, artifact in chunks:
            files[_kind(chunk, artifact)] = self._announced(artifact, told.id)
        if len(chunks) != len(files) or set(files) not in ({"bundle"}, {"command"}, {"profile"}, {"bundle", "command"}):
            raise NotUsable(f"{len(chunks)} files: a deployment is one {BUNDLE}, command or profile", told.id)
        deployment = told.deployment
        versions = {_kind(chunk, artifact): chunk.version for chunk, artifact in chunks}
        return Deployment(
            told.id,
            versions.get("bundle") or next(iter(versions.values())),
            deployment.update == "forced",
            deployment.maintenance_window == "available" and deployment.update != "skip",
            **files,
        )

    async def download(self, artifact: Artifact, target: Path) -> None:
        """The file, whole and as announced, or nothing. Raises DdiError; OSError when the disk is full."""
        try:
            with target.open("wb") as file:
                async for piece in self._pieces(artifact):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, DdiError):
            target.unlink(missing_ok=True)
            raise

    async def fetch(self, artifact: Artifact) -> bytes:
        """A small file: what the operator signed. Raises DdiError."""
        if artifact.size > operator.BYTES_MOST:
            raise NotUsable("longer than anything the operator says")
        return b"".join([piece async for piece in self._pieces(artifact)])

    async def _pieces(self, artifact: Artifact) -> AsyncIterator[bytes]:
        """Raises NotUsable at the end of what is not as announced."""
        digest, size = hashlib.sha256(), 0
        try:
            async with self._session.get(artifact.link, timeout=_DOWNLOAD, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise DdiError(f"the file is answered with {answer.status}")
                async for piece in answer.content.iter_chunked(256 * 1024):
                    size += len(piece)
                    if size > artifact.size:
                        raise NotUsable("the file is longer than announced")
                    digest.update(piece)
                    yield piece
        except (ClientError, TimeoutError) as error:
            raise DdiError(f"the file did not come: {type(error).__name__}") from None
        if size != artifact.size or digest.hexdigest() != artifact.sha256:
            raise NotUsable("the file is not the one that was announced")

    def _announced(self, artifact: _Artifact, action: str) -> Artifact:
        link = self._ours(artifact.links.download)
        if link is None or not 0 < artifact.size <= BUNDLE_BYTES_MOST:
            raise NotUsable("the file has no link of this server's, or no possible size", action)
        return Artifact(link, artifact.size, artifact.hashes.sha256.lower())

    async def cancellation(self, link: URL) -> tuple[str, str]:
        """Number of the cancellation, and of the action that is to be stopped."""
        told = await self._get(link, _CancelAction)
        return told.id, told.cancel_action.stop_id

    async def report(self, action: str, execution: str, finished: Finished, *details: str) -> None:
        """About a deployment: "proceeding", or "closed" with how it ended."""
        await self._feedback(self._base / "deploymentBase" / action / "feedback", action, execution, finished, details)

    async def is_cancelled(self, number: str, why: str) -> None:
        """Answers the cancellation of this number."""
        link = self._base / "cancelAction" / number / "feedback"
        await self._feedback(link, number, "closed", Finished.SUCCESS, (why,))

    async def _feedback(
        self, link: URL, number: str, execution: str, finished: Finished, details: tuple[str, ...]
    ) -> None:
        short = [detail[:DETAIL_CHARACTERS_MOST] for detail in details[:DETAILS_MOST]]
        status = {"execution": execution, "result": {"finished": finished.value}, "details": short}
        await self._send("POST", link, {"id": number, "status": status}, gone=_CLOSED)

    async def _get(self, link: URL, kind: type[Answer]) -> Answer:
        try:
            async with self._session.get(link, timeout=_CALL, allow_redirects=False) as answer:
                log.debug("GET %s: %d", link.path, answer.status)
                if answer.status != 200:
                    raise DdiError(f"{link.path} is answered with {answer.status}")
                body = b""
                async for piece in answer.content.iter_chunked(64 * 1024):
                    body += piece
                    if len(body) > _ANSWER_BYTES_MOST:
                        raise DdiError(f"{link.path} is answered at too great length")
        except (ClientError, TimeoutError) as error:
            raise DdiError(f"{link.path}: {type(error).__name__}") from None
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DdiError(f"{link.path} is no answer of this interface: {error}") from None

    async def _send(self, method: str, link: URL, body: dict[str, Any], gone: tuple[int, ...] = ()) -> None:
        try:
            async with self._session.request(method, link, json=body, timeout=_CALL, allow_redirects=False) as answer:
                log.debug("%s %s: %d", method, link.path, answer.status)
                if answer.status not in (200, 201, 204, *gone):
                    raise DdiError(f"{link.path} is answered with {answer.status}")
        except (ClientError, TimeoutError) as error:
            raise DdiError(f"{link.path}: {type(error).__name__}") from None

    def _ours(self, link: _Link | None) -> URL | None:
        """Raises DdiError for a link to anywhere else."""
        if link is None:
            return None
        try:
            url = URL(link.href)
            origin = url.origin()
        except ValueError:
            raise DdiError("a link is none") from None
        if origin != self._home.origin():
            raise DdiError("a link leads to another server")
        return url


def _kind(chunk: _Chunk, artifact: _Artifact) -> str:
    if artifact.filename.endswith(SIGNED):
        return {COMMAND_PART: "command", PROFILE_PART: "profile"}.get(chunk.part, "unknown")
    return "bundle" if artifact.filename.endswith(BUNDLE) else "unknown"


def _seconds(sleep: str) -> float:
    """Out of HH:MM:SS."""
    try:
        hours, minutes, seconds = map(int, sleep.split(":"))
    except ValueError:
        raise DdiError("polling.sleep is no HH:MM:SS") from None
    least, most = _SLEEP_S
    return min(max(hours * 3600.0 + minutes * 60 + seconds, least), most)

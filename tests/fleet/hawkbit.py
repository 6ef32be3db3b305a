"""The device's side of a hawkBit, as its public description has it (eclipse.dev/hawkbit/apis/ddi_api): base poll,
configData, deploymentBase, cancelAction, feedback, download; over TLS, with token or client certificate.

It stands in for the server itself, which is Java and in no registry that is reached here: it shows that the client
speaks the interface as described, not that a real hawkBit agrees.
"""

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from platform_client.sandbox.pki import SandboxPki

TERMINAL = "kiosk-0001"
TOKEN = "8d3f1c0a5b7e4f6290ab"


@dataclass
class Hawkbit:
    """What it offers, and what it was told. `bundle`: what the download gives; `announced`: what is said of it.
    `signed`: a `.jws` of this type of software module, beside the bundle or alone. `breaks_off`: no bundle comes.
    `away`: nothing does."""

    port: int = 0
    bundle: bytes = b""
    announced: bytes | None = None
    action: str | None = None
    update: str = "attempt"
    window: str = "available"
    filename: str = "terminal-2.0.raucb"
    signed: tuple[str, bytes] | None = None
    cancelled: str | None = None
    elsewhere: str | None = None
    introduced: dict[str, str] | None = None
    feedback: list[tuple[str, str, str, str]] = field(default_factory=list)
    breaks_off: bool = False
    away: bool = False
    refused: int = 0
    client: str | None = None

    @property
    def closed(self) -> list[str]:
        return [finished for _, execution, finished, _ in self.feedback if execution == "closed"]

    def offer(self, action: str, bundle: bytes) -> None:
        self.action, self.bundle, self.announced, self.signed = action, bundle, None, None

    def offer_signed(self, action: str, part: str, jws: bytes, bundle: bytes = b"") -> None:
        self.offer(action, bundle)
        self.signed = part, jws

    def url(self, *path: str) -> str:
        return "/".join((f"https://localhost:{self.port}/DEFAULT/controller/v1/{TERMINAL}", *path))

    def admits(self, request: web.Request) -> None:
        if self.away:
            raise web.HTTPServiceUnavailable
        transport = request.transport
        peer = transport.get_extra_info("peercert") if transport else None
        self.client = dict(pair[0] for pair in peer["subject"])["commonName"] if peer else None
        if self.client != TERMINAL and request.headers.get("Authorization") != f"TargetToken {TOKEN}":
            self.refused += 1
            raise web.HTTPUnauthorized

    async def base(self, request: web.Request) -> web.Response:
        self.admits(request)
        links: dict[str, Any] = {}
        if self.introduced is None:
            links["configData"] = {"href": self.url("configData")}
        if self.cancelled:
            links["cancelAction"] = {"href": self.url("cancelAction", self.cancelled)}
        elif self.action:
            links["deploymentBase"] = {"href": self.elsewhere or self.url(f"deploymentBase/{self.action}?c=-2129")}
        return web.json_response({"config": {"polling": {"sleep": "00:05:00"}}, "_links": links})

    async def config(self, request: web.Request) -> web.Response:
        self.admits(request)
        self.introduced = (await request.json())["data"]
        return web.Response()

    async def deployment(self, request: web.Request) -> web.Response:
        self.admits(request)
        chunks = []
        if self.bundle:
            announced = self.bundle if self.announced is None else self.announced
            chunks.append(self.chunk("os", self.filename, announced))
        if self.signed:
            chunks.append(self.chunk(self.signed[0], "signed.jws", self.signed[1]))
        kind = {"download": self.update, "update": self.update, "maintenanceWindow": self.window}
        return web.json_response({"id": self.action, "deployment": {**kind, "chunks": chunks}})

    def chunk(self, part: str, filename: str, announced: bytes) -> dict[str, Any]:
        artifact = {
            "filename": filename,
            "hashes": {"sha1": "", "md5": "", "sha256": hashlib.sha256(announced).hexdigest()},
            "size": len(announced),
            "_links": {"download": {"href": self.url("softwaremodules/1/artifacts", filename)}},
        }
        return {"part": part, "version": "2.0", "name": "terminal", "artifacts": [artifact]}

    async def artifact(self, request: web.Request) -> web.Response:
        self.admits(request)
        if request.match_info["name"] == "signed.jws":
            assert self.signed is not None
            return web.Response(body=self.signed[1])
        if self.breaks_off:
            raise web.HTTPServiceUnavailable
        return web.Response(body=self.bundle)

    async def cancel(self, request: web.Request) -> web.Response:
        self.admits(request)
        return web.json_response({"id": self.cancelled, "cancelAction": {"stopId": self.action}})

    async def hear(self, request: web.Request) -> web.Response:
        self.admits(request)
        kind, number = request.match_info["kind"], request.match_info["number"]
        if not number.isdecimal():
            raise web.HTTPBadRequest  # in hawkBit, an action is a Long
        body = await request.json()
        assert body["id"] == number
        status = body["status"]
        told = (kind, status["execution"], status["result"]["finished"], " ".join(status["details"]))
        self.feedback.append(told)
        if status["execution"] == "closed":
            self.action = self.cancelled = None
        return web.Response()

    @asynccontextmanager
    async def running(self, pki: SandboxPki) -> AsyncIterator["Hawkbit"]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.tls_ca.certificate)
        context.load_cert_chain(pki.server.certificate, pki.server.key)
        context.verify_mode = ssl.CERT_OPTIONAL
        application = web.Application()
        at = f"/DEFAULT/controller/v1/{TERMINAL}"
        application.router.add_get(at, self.base)
        application.router.add_put(f"{at}/configData", self.config)
        application.router.add_get(f"{at}/deploymentBase/{{number}}", self.deployment)
        application.router.add_get(f"{at}/cancelAction/{{number}}", self.cancel)
        application.router.add_post(f"{at}/{{kind}}/{{number}}/feedback", self.hear)
        application.router.add_get(f"{at}/softwaremodules/1/artifacts/{{name}}", self.artifact)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()


def secret(path: Path) -> str:
    """The token in a file that nobody else reads."""
    path.write_text(TOKEN)
    path.chmod(0o600)
    return str(path)

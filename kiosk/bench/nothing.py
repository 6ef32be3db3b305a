"""A server that does nothing, behind the sandbox's TLS: the floor of the load. `python -m kiosk.bench.nothing PKI`"""

import asyncio
import json
import sys
from pathlib import Path

from aiohttp import web

from platform_client.sandbox.faults import Faults
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.tls import listening
from platform_client.wire import LIMIT_BYTES


async def _serve(pki: SandboxPki) -> None:
    async def nothing(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    app = web.Application(client_max_size=LIMIT_BYTES)
    app.router.add_route("*", "/{any:.*}", nothing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=listening(pki, Faults())).start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(SandboxPki(Path(sys.argv[1]))))

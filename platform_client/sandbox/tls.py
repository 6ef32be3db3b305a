"""TLS as a terminal meets it: 1.3, with client certificates, and with a server certificate that may be a wrong one.

Which certificate is shown is decided in each handshake, so a fault needs no second port and ends with its switch.
Connections that stand are not touched.
"""

import ssl

from platform_client.sandbox.faults import Faults
from platform_client.sandbox.pki import Credential, SandboxPki


def listening(pki: SandboxPki, faults: Faults) -> ssl.SSLContext:
    """The context of the server's socket: for terminals, which show who they are."""
    return _listening(pki, faults, ssl.CERT_REQUIRED)


def welcoming(pki: SandboxPki, faults: Faults) -> ssl.SSLContext:
    """Of the door for those who are nobody yet: they show nothing."""
    return _listening(pki, faults, ssl.CERT_NONE)


def _listening(pki: SandboxPki, faults: Faults, clients: ssl.VerifyMode) -> ssl.SSLContext:
    context = _showing(pki, pki.server, clients)
    wrong = {fault: _showing(pki, credential, clients) for fault, credential in pki.wrong_servers.items()}

    def choose(handshake: ssl.SSLObject, name: str | None, of: ssl.SSLContext) -> None:
        word = None if faults.active is None else faults.active.value
        if word in wrong:
            handshake.context = wrong[word]

    context.sni_callback = choose
    return context


def _showing(pki: SandboxPki, server: Credential, clients: ssl.VerifyMode) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = clients
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(pki.tls_ca.certificate)
    return context

"""Where terminals get their next certificate: for the key and the name they have already, and for nobody else (C24).

The call comes over a connection that the present certificate opened; the request is signed by the same key. A terminal
that has lost its key, or whose certificate has ended, is registered anew by people.
"""

from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from platform_client.renewal import RENEW, RenewalCall, Renewed
from platform_client.sandbox.door import CALLER, Door
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.pki import SandboxPki


class Registration:
    """`clock` returns the time, timezone-aware."""

    def __init__(self, pki: SandboxPki, clock: Callable[[], datetime]) -> None:
        self._pki = pki
        self._clock = clock

    def stand_behind(self, door: Door) -> None:
        door.ask(RENEW, self._renew)

    async def _renew(self, call: RenewalCall) -> Renewed:
        try:
            request = x509.load_der_x509_csr(call.request)
            names = [str(name.value) for name in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
            signed = request.is_signature_valid
        except ValueError:
            raise Refuse("not-a-request", 400) from None
        caller = CALLER.get()
        if not signed or names != [caller.terminal] or request.public_key() != caller.device.public_key():
            raise Refuse("request-of-another-terminal")
        renewed = self._pki.renewed(request, self._clock())
        return Renewed(renewed.public_bytes(Encoding.DER))

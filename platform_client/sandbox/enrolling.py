"""Where terminals that are nobody yet become one (platform_client/enrolment.py): a CA with a door of its own.

Its operator lays signed orders into a folder, one file for each terminal, and finds there beside them what each
terminal's audit log is to be verified with (`TERMINAL.audit-key.pem`). This CA believes the orders, since
nobody else can write there; whether they are the operator's is for the terminal to find out, which trusts no CA in
this. What is decided here is whose key gets which name: by a token in an order, spent by the first key that shows it;
or by a person who compares a code and a fingerprint. A real one would keep in a database what is in memory here.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from platform_client import binding
from platform_client.enrolment import (
    CODE_LETTERS,
    COLLECT,
    PAIR,
    REDEEM,
    CollectCall,
    Collected,
    EnrolmentRefusal,
    Granted,
    Pairing,
    PairingCall,
    RedeemCall,
    Redeemed,
)
from platform_client.operation import A, Ask, Q
from platform_client.sandbox.door import asked, refusal, xml
from platform_client.sandbox.faults import Faults
from platform_client.sandbox.glitches import Glitches
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.system import Handler
from platform_client.sandbox.tls import welcoming
from platform_client.wire import LIMIT_BYTES

CODE_LASTS: Final = timedelta(minutes=15)
GRANT_LASTS: Final = timedelta(minutes=15)
"""After somebody admitted it, a terminal that still runs has collected long ago."""
COLLECTED_MOST: Final = 8
"""Times: an answer may be lost on the way, but not for ever."""
WRONG_CODES_MOST: Final = 5
"""In a row: whoever goes on guesses, and could admit a machine that nobody looked at (RFC 8628, section 5.1)."""
EVERY_S: Final = 2


class Order(msgspec.Struct, frozen=True):
    """What a CA reads of a signed order."""

    order: str
    terminal: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    token: str | None = None


@dataclass(slots=True)
class _Paired:
    request: x509.CertificateSigningRequest
    pairing: str
    code: str
    until: datetime
    audit_key: Ed25519PublicKey
    terminal: str | None = None
    refused: bool = False
    collected: int = 0


class EnrollingAuthority:
    """`orders`: the folder; None: there are none. `clock` returns the time, timezone-aware."""

    def __init__(self, pki: SandboxPki, orders: Path | None, faults: Faults, clock: Callable[[], datetime]) -> None:
        self._pki = pki
        self._orders = orders
        self._faults = faults
        self._clock = clock
        self._spent: dict[str, bytes] = {}
        self._paired: dict[str, _Paired] = {}
        self._wrong_codes = 0
        glitches = Glitches(faults).middleware
        self._app = web.Application(middlewares=[glitches, _refusals], client_max_size=LIMIT_BYTES)
        self._serve(REDEEM, self._redeem)
        self._serve(PAIR, self._pair)
        self._serve(COLLECT, self._collect)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the bound port. Raises OSError when the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=welcoming(self._pki, self._faults)).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        await self._runner.cleanup()

    # --- what a person does -------------------------------------------------------------------------------------------

    def waiting(self) -> dict[str, str]:
        """The fingerprint of the key behind each open code."""
        return {each.code: fingerprint(each.request) for each in self._paired.values() if self._is_open(each)}

    def approve(self, code: str, terminal: str) -> None:
        """Whoever shows this code becomes that terminal. Raises KeyError: no such open code, no order for it, or one
        by which another key became it."""
        held, order = self._with(code), self._order_for(terminal)[0]
        self._spend(order, public(held.request))
        held.terminal, held.until = order.terminal, self._clock() + GRANT_LASTS

    def refuse(self, code: str) -> None:
        """Raises KeyError."""
        self._with(code).refused = True

    def _with(self, code: str) -> _Paired:
        plain = code.replace("-", "").replace(" ", "").upper()
        for each in self._paired.values():
            if hmac.compare_digest(each.code, plain) and self._is_open(each):
                self._wrong_codes = 0
                return each
        self._wrong_codes += 1
        if self._wrong_codes >= WRONG_CODES_MOST:
            self._withdraw_all()
        raise KeyError(code)

    def _withdraw_all(self) -> None:
        """Every open code: their terminals say that it expired, and whoever stands there asks for another."""
        self._wrong_codes = 0
        for each in self._paired.values():
            if self._is_open(each):
                each.until = self._clock()

    def _is_open(self, each: _Paired) -> bool:
        return each.terminal is None and not each.refused and self._clock() < each.until

    # --- what a terminal asks -----------------------------------------------------------------------------------------

    def _serve(self, operation: Ask[Q, A], serve: Callable[[Q], Awaitable[A]]) -> None:
        async def handle(request: web.Request) -> web.Response:
            return xml(binding.encode(await serve(await asked(request, operation.question))))

        self._app.router.add_post(operation.path, handle)

    async def _redeem(self, call: RedeemCall) -> Redeemed:
        request, audit_key = signed_request(call.request), verifying_key(call.audit_key)
        order = next((order for order, _ in self._all_orders() if order.order == call.order), None)
        if order is None or order.token is None or not hmac.compare_digest(order.token, call.token):
            raise Refuse(EnrolmentRefusal.ORDER_UNKNOWN.value)
        if self._clock() >= order.expires_at:
            raise Refuse(EnrolmentRefusal.ORDER_EXPIRED.value)
        try:
            self._spend(order, public(request))
        except KeyError:
            raise Refuse(EnrolmentRefusal.TOKEN_SPENT.value) from None
        self._remember(order.terminal, audit_key)
        return Redeemed(self._certificate(request, order.terminal))

    async def _pair(self, call: PairingCall) -> Pairing:
        request, audit_key = signed_request(call.request), verifying_key(call.audit_key)
        key = hashlib.sha256(public(request)).hexdigest()
        held = self._paired.get(key)
        if held is None or held.refused or self._clock() >= held.until:
            code = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
            until = (self._clock() + CODE_LASTS).replace(microsecond=0)
            held = self._paired[key] = _Paired(request, secrets.token_hex(16), code, until, audit_key)
        return Pairing(held.pairing, held.code, held.until, EVERY_S)

    async def _collect(self, call: CollectCall) -> Collected:
        held = next((each for each in self._paired.values() if hmac.compare_digest(each.pairing, call.pairing)), None)
        if held is None:
            raise Refuse(EnrolmentRefusal.PAIRING_UNKNOWN.value)
        if held.refused:
            raise Refuse(EnrolmentRefusal.CODE_REFUSED.value)
        if self._clock() >= held.until or held.collected >= COLLECTED_MOST:
            raise Refuse(EnrolmentRefusal.CODE_EXPIRED.value)
        if held.terminal is None:
            return Collected()
        held.collected += 1
        self._remember(held.terminal, held.audit_key)
        _, jws = self._order_for(held.terminal)
        return Collected(Granted(jws, self._certificate(held.request, held.terminal)))

    def _spend(self, order: Order, key: bytes) -> None:
        """An order is good for one key, by whichever way. Raises KeyError."""
        if self._spent.setdefault(order.order, key) != key:
            raise KeyError(order.terminal)

    def _remember(self, terminal: str, audit_key: Ed25519PublicKey) -> None:
        """No terminal is admitted without an order, so there is a folder."""
        assert self._orders is not None
        pem = audit_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self._orders / f"{terminal}.audit-key.pem").write_bytes(pem)

    def _certificate(self, request: x509.CertificateSigningRequest, terminal: str) -> bytes:
        return self._pki.enrolled(request, terminal, self._clock()).public_bytes(Encoding.DER)

    # --- orders -------------------------------------------------------------------------------------------------------

    def _all_orders(self) -> list[tuple[Order, bytes]]:
        files = [] if self._orders is None else sorted(self._orders.glob("*.jws"))
        return [(read_order(jws), jws) for jws in (file.read_bytes() for file in files)]

    def _order_for(self, terminal: str) -> tuple[Order, bytes]:
        """Raises KeyError."""
        for order, jws in self._all_orders():
            if order.terminal == terminal:
                return order, jws
        raise KeyError(terminal)


def answer(folder: Path, pki: SandboxPki, now: datetime) -> str:
    """Signs the request that a terminal left beside its order on a stick; returns the terminal's name. Raises OSError,
    or ValueError for what is no order, no request, or an order that has expired."""
    order = read_order((folder / "order.jws").read_bytes())
    if now >= order.expires_at:
        raise ValueError(f"the order for {order.terminal} expired on {order.expires_at:%Y-%m-%d}")
    request = x509.load_pem_x509_csr((folder / "request.pem").read_bytes())
    if not request.is_signature_valid:
        raise ValueError("the request is not signed by its own key")
    certificate = pki.enrolled(request, order.terminal, now)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return order.terminal


def read_order(jws: bytes) -> Order:
    """Raises ValueError (msgspec's own is one)."""
    payload = jws.split(b".")[1] if jws.count(b".") == 2 else b""
    return msgspec.json.decode(urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)), type=Order)


def signed_request(der: bytes) -> x509.CertificateSigningRequest:
    """A PKCS#10 that its own key signed. Raises Refuse."""
    try:
        request = x509.load_der_x509_csr(der)
        signed = request.is_signature_valid
    except ValueError:
        raise Refuse("not-a-request", 400) from None
    if not signed:
        raise Refuse("not-a-request", 400)
    return request


def verifying_key(der: bytes) -> Ed25519PublicKey:
    """The public key of an audit log. Raises Refuse."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Refuse("not-an-audit-key", 400)
    return key


def public(request: x509.CertificateSigningRequest) -> bytes:
    return request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(request: x509.CertificateSigningRequest) -> str:
    """Of its key, as the terminal's screen shows it: 16 octets of SHA-256 in groups of four digits."""
    digits = hashlib.sha256(public(request)).hexdigest()[:32].upper()
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:
        return refusal(error)

"""The way to the platform, step by step: name, connection, the certificates it shows, whether it admits us, the clock,
how long it takes. The step that fails is named, with what to do; the steps behind it are not guessed at.

The certificates are looked at on a connection of its own that trusts nobody and sends nothing: what is expired or of a
stranger can be seen there, and only there. Whether they are believed says the same transport that citizens' calls use.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import statistics
import time
import uuid
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from kiosk.health.findings import Level
from kiosk.identity import platform_login
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Said, doubtful, fine, wrong
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text
from platform_client.client import SKEW_S
from platform_client.credentials import CredentialError
from platform_client.errors import PlatformError, PlatformFault
from platform_client.https import HttpsTransport
from platform_client.patience import Patience
from platform_client.transport import Request, Response
from platform_client.trust import TRUST

HTTPS_PORT: Final = 443
SOON: Final = timedelta(days=30)
TICKS_S: Final = 5.0
"""A clock that is further off is not kept by a time server."""
TIMED: Final = 5
"""Calls of which the time is taken; what counts is the one in the middle."""
SLOW_MS: Final = 1500.0

_CABLE: Final = Text(
    "检查网线、交换机和防火墙（出站规则）", "look at cable, switch and firewall (is the address let out?)"
)
_NAME_SERVER: Final = Text(
    "检查 DNS 服务器和 platform.url 中的主机名", "is a name server set, and the host in platform.url right?"
)
_ITS_CERTIFICATE: Final = Text(
    "请平台运营方更换其证书；先核对本机时钟", "the platform's operator must replace it; check our clock first"
)
_IN_BETWEEN: Final = Text(
    "中间有人拦截，或平台更换了 CA：请联系平台运营方", "somebody stands in between, or the CA changed: ask its operator"
)
_ADMIT: Final = Text("请平台运营方登记本终端的证书", "the platform's operator must admit this terminal's certificate")
_LOGIN: Final = Text("核对数据调用密钥或账号密码", "check the data-call key, or account and password")
_OPERATOR: Final = Text("请联系平台运营方", "ask the platform's operator")
_TIME: Final = Text("校准时钟；时间服务器可达吗？timedatectl", "set the clock; is the time server reached? timedatectl")
_RENEW: Final = Text("请平台运营方签发新证书", "ask the platform's operator for a new one")

_FAULTS: Final[dict[PlatformFault, tuple[str, str, Text]]] = {
    PlatformFault.UNREACHABLE: ("连接中断", "the connection broke off", _CABLE),
    PlatformFault.SLOW: ("平台没有及时答复", "no answer in time", _OPERATOR),
    PlatformFault.DRIPPING: ("答复开始后没有及时结束", "the answer did not end in time", _OPERATOR),
    PlatformFault.UNKNOWN_AUTHORITY: (
        "平台证书不是由本机信任的 CA 签发",
        "its certificate is not of platform.ca",
        _IN_BETWEEN,
    ),
    PlatformFault.WRONG_HOST: ("平台证书属于另一主机名", "its certificate is of another host", _IN_BETWEEN),
    PlatformFault.CERTIFICATE_EXPIRED: ("平台证书已过期", "its certificate has expired", _ITS_CERTIFICATE),
    PlatformFault.CERTIFICATE_NOT_YET_VALID: ("平台证书尚未生效", "its certificate is not valid yet", _TIME),
    PlatformFault.TLS_TOO_OLD: ("平台不支持 TLS 1.3", "the platform does not speak TLS 1.3", _OPERATOR),
    PlatformFault.TLS_BROKEN: ("TLS 握手失败", "the TLS handshake failed", _OPERATOR),
    PlatformFault.TERMINAL_REFUSED: ("平台不接受本终端的证书", "it refuses this terminal's certificate", _ADMIT),
}


async def network(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    settings = workshop.profile.platform
    parts = urlsplit(settings.url)
    host, port = parts.hostname or "", parts.port or HTTPS_PORT
    addresses, resolved = await _resolved(host, port)
    yield resolved
    if not addresses:
        return
    tried = [await _connected(address, port, settings.connect_s) for address in addresses]
    for line in tried:
        yield line
    if all(line.level is Level.FAIL for line in tried):
        return
    shown, is_tls = await _shown(host, port, settings.connect_s, workshop.clock.now())
    for line in shown:
        yield line
    if not is_tls:
        return
    yield _own(workshop)
    try:
        login = platform_login(settings)
    except (CredentialError, ValueError) as error:
        yield wrong(f"登录密钥不可用：{error}", f"the login cannot be had: {error}", _LOGIN)
        return
    patience = Patience(settings.connect_s, settings.read_s, settings.answer_s)
    transport = HttpsTransport(settings.url, workshop.identity, login, patience)
    try:
        async for said in _called(transport, workshop):
            yield said
    finally:
        await transport.close()


async def _resolved(host: str, port: int) -> tuple[list[str], Line]:
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))], fine(
            f"地址：{host}，无需解析", f"address: {host}, no name to resolve"
        )
    began = time.monotonic()
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return [], wrong(f"DNS：{host} 无法解析（{error.strerror}）", f"DNS: {host}: {error.strerror}", _NAME_SERVER)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    said = f"{host} → {', '.join(addresses)} · {_ms(began):.0f} ms"
    return addresses, fine(f"DNS：{said}", f"DNS: {said}")


async def _connected(address: str, port: int, within_s: float) -> Line:
    began = time.monotonic()
    where = f"{address} {port}"
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return wrong(f"TCP {where}：{within_s:g} 秒内无应答", f"TCP {where}: no answer within {within_s:g} s", _CABLE)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return wrong(f"TCP {where}：{why}", f"TCP {where}: {why}", _CABLE)
    writer.close()
    return fine(f"TCP {where}：{_ms(began):.0f} ms", f"TCP {where}: {_ms(began):.0f} ms")


async def _shown(host: str, port: int, within_s: float, now: datetime) -> tuple[list[Line], bool]:
    """What the other side shows to anybody, whether one believes it or not; and whether it speaks TLS at all."""
    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(host, port, ssl=looking, server_hostname=host)
    except (OSError, TimeoutError) as error:
        zh, en, remedy = _FAULTS[PlatformFault.TLS_BROKEN]
        return [wrong(f"{zh}（{type(error).__name__}）", f"{en} ({type(error).__name__})", remedy)], False
    speaks = writer.get_extra_info("ssl_object")
    version, chain = str(speaks.version()), _chain(speaks)
    writer.transport.abort()
    first = fine(f"TLS：{version}，{len(chain)} 张证书", f"TLS: {version}, {len(chain)} certificates")
    return [first, *(_dated(certificate, now) for certificate in chain)], True


def _chain(speaks: Any) -> list[x509.Certificate]:
    """As sent. Python has a public way to it only from 3.13 on (ssl.SSLSocket.get_unverified_chain)."""
    sent: Iterable[Any] = speaks._sslobj.get_unverified_chain() or ()
    return [x509.load_pem_x509_certificate(each.public_bytes().encode()) for each in sent]


def _dated(certificate: x509.Certificate, now: datetime) -> Line:
    name = certificate_name(certificate)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return wrong(
            f"证书“{name}”自 {begins:%Y-%m-%d} 起才有效",
            f"certificate {name}: not valid before {begins:%Y-%m-%d}",
            _TIME,
        )
    if ends < now:
        zh, en = f"证书“{name}”已于 {ends:%Y-%m-%d} 过期", f"certificate {name}: expired on {ends:%Y-%m-%d}"
        return wrong(zh, en, _ITS_CERTIFICATE)
    zh, en = f"证书“{name}”有效期至 {ends:%Y-%m-%d}", f"certificate {name}: valid until {ends:%Y-%m-%d}"
    return doubtful(zh, en, _ITS_CERTIFICATE) if ends - now < SOON else fine(zh, en)


def certificate_name(certificate: x509.Certificate) -> str:
    """Its common name, or all of its subject."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _own(workshop: Workshop) -> Line:
    """The certificate that this terminal shows."""
    identity, now = workshop.identity, workshop.clock.now()
    zh = f"本终端证书“{identity.terminal}”有效期至 {identity.not_after:%Y-%m-%d}"
    en = f"this terminal's certificate {identity.terminal}: valid until {identity.not_after:%Y-%m-%d}"
    if identity.not_after < now:
        return wrong(zh.replace("有效期至", "已过期："), en.replace("valid until", "expired on"), _RENEW)
    return doubtful(zh, en, _RENEW) if identity.not_after - now < SOON else fine(zh, en)


async def _called(transport: HttpsTransport, workshop: Workshop) -> AsyncGenerator[Said, None]:
    """Public lists are asked for, by the transport of all calls, with this terminal's certificate."""
    took_ms: list[float] = []
    for number in range(TIMED):
        began = time.monotonic()
        try:
            async with transport.exchange(Request("GET", TRUST.path, uuid.uuid4().hex)) as response:
                async for _ in response.parts:
                    pass
        except PlatformError as error:
            unnamed = (f"调用失败（{error.kind.value}）", f"the call failed ({error.kind.value})", _OPERATOR)
            zh, en, remedy = _FAULTS.get(error.kind, unnamed)
            yield wrong(f"平台：{zh}", f"platform: {en}", remedy)
            return
        took_ms.append(_ms(began))
        if number == 0:
            for said in _answered(response, workshop):
                yield said
            if response.status >= 400:
                return
    middle = statistics.median(took_ms)
    zh, en = f"往返时间：{middle:.0f} ms（{TIMED} 次的中位数）", f"latency: {middle:.0f} ms (median of {TIMED} calls)"
    yield doubtful(zh, en, _OPERATOR) if middle > SLOW_MS else fine(zh, en)


def _answered(response: Response, workshop: Workshop) -> list[Line]:
    if response.status in (401, 403):
        return [wrong(f"平台拒绝登录（{response.status}）", f"platform: refuses the login ({response.status})", _LOGIN)]
    if response.status >= 400:
        return [wrong(f"平台答复 {response.status}", f"platform: answers {response.status}", _OPERATOR)]
    said = [fine("平台：证书可信，接受本终端", "platform: its certificate is believed, and it admits this terminal")]
    if response.at is None:
        return [*said, doubtful("时钟：平台没有告知时间", "clock: the platform does not tell the time", _OPERATOR)]
    off_s = (workshop.clock.now() - response.at).total_seconds()
    zh, en = f"时钟：与平台相差 {off_s:+.0f} 秒", f"clock: {off_s:+.0f} s from the platform's"
    if abs(off_s) > SKEW_S:
        return [*said, wrong(zh, en, _TIME)]
    return [*said, doubtful(zh, en, _TIME) if abs(off_s) > TICKS_S else fine(zh, en)]


def _ms(began: float) -> float:
    return (time.monotonic() - began) * 1000


NETWORK: Final = Entry(
    name="network",
    title=Text("网络与平台", "Network and platform"),
    group=Group.NETWORK,
    roles=frozenset({Role.SERVICE}),
    run=network,
    fleet=True,
)

"""Certificates and revocation lists: what this terminal believes and shows, and until when."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from kiosk.doctor import certificates as checks
from kiosk.maintenance.chinese import as_line
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Said, doubtful, fine, wrong
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text
from platform_client.errors import PlatformError

SOON: Final = timedelta(hours=6)
"""A list that ends sooner should have been followed by the next one."""
_FEED: Final = Text("运行“网络与平台”，或请平台运营方更新", "run the network test, or ask the platform's operator")


async def certificates(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    now = workshop.clock.now()
    for finding in checks.examine(workshop.profile, now):
        yield as_line(finding)
    try:
        feed = await workshop.feed()
    except PlatformError as error:
        zh, en = f"吊销列表：取不到（{error.kind.value}）", f"revocation lists: cannot be had ({error.kind.value})"
        yield wrong(zh, en, _FEED)
        return
    for der in feed.intermediates:
        yield _certificate(x509.load_der_x509_certificate(der), now)
    for der in feed.crls:
        yield _list(x509.load_der_x509_crl(der), now)
    if not feed.crls:
        yield wrong("吊销列表：平台一份也没有给", "revocation lists: the platform gives none", _FEED)


def _certificate(certificate: x509.Certificate, now: datetime) -> Line:
    name, ends = _name(certificate.subject), certificate.not_valid_after_utc
    zh, en = f"中间证书“{name}”有效期至 {ends:%Y-%m-%d}", f"intermediate {name}: valid until {ends:%Y-%m-%d}"
    return wrong(zh, en, _FEED) if ends < now else fine(zh, en)


def _list(crl: x509.CertificateRevocationList, now: datetime) -> Line:
    issuer, ends = _name(crl.issuer), crl.next_update_utc
    if ends is None:
        zh, en = f"吊销列表“{issuer}”没有写明下次更新", f"revocation list of {issuer}: without a next update"
        return wrong(zh, en, _FEED)
    count = len(crl)
    zh = f"吊销列表“{issuer}”有效期至 {ends:%Y-%m-%d %H:%M} UTC，{count} 项"
    en = f"revocation list of {issuer}: until {ends:%Y-%m-%d %H:%M} UTC, {count} entries"
    if ends < now:
        return wrong(zh, en, _FEED)
    return doubtful(zh, en, _FEED) if ends - now < SOON else fine(zh, en)


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


CERTIFICATES: Final = Entry(
    name="certificates",
    title=Text("证书与吊销列表", "Certificates and revocation lists"),
    group=Group.NETWORK,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=certificates,
    fleet=True,
)

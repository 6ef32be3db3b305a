"""What proves this terminal: its key in a file or a token, its certificate while it lasts, a key or a password, and
secrets that nobody else can read (C13, C24)."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from platform_world import TERMINAL, call_of, client_for, issue, kinds

from platform_client import credentials
from platform_client.client import PlatformClient
from platform_client.credentials import CredentialError
from platform_client.device_key import DeviceKeyError, TokenKey
from platform_client.errors import PlatformError, PlatformFault
from platform_client.identity import DeviceIdentity, IdentityError
from platform_client.login import Account as Password
from platform_client.login import DataCallKey, Login
from platform_client.renewal import RENEW, NotRenewed, RenewalCall, is_due, renew, signing_request
from platform_client.sandbox.accounts import Account, hashed_key, hashed_password
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.typeface import Typecase
from tests import emulated_tpm

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "271828"


@asynccontextmanager
async def served(pki: SandboxPki, typecase: Typecase, account: Account | None = None) -> AsyncIterator[int]:
    options = Options() if account is None else Options(accounts=lambda terminal: account)
    sandbox = Sandbox(pki, typecase, options)
    yield await sandbox.start("127.0.0.1", 0)
    await sandbox.stop()


# --- a key in a token ------------------------------------------------------------------------------------------------


@pytest.fixture
def token(tmp_path: Path, pki: SandboxPki, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A software token (SoftHSM, PKCS#11 2.40) that holds the terminal's key; the URI of that key."""
    if shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed: script/setup --tests")
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    label = f"kiosk-{tmp_path.name[-24:]}"[:32]
    for words in (
        ("--init-token", "--free", "--label", label, "--so-pin", "31415926", "--pin", PIN),
        ("--import", str(pki.kiosk(TERMINAL).key), "--token", label, "--label", "device", "--id", "01", "--pin", PIN),
    ):
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    yield f"pkcs11:token={label};object=device"


async def test_tls_and_evidence_with_a_key_that_never_leaves_its_token(
    token: str, pki: SandboxPki, typecase: Typecase
) -> None:
    """The sandbox takes both for the terminal's: the handshake, and the signature it checks with another library."""
    key = TokenKey(token, MODULE, PIN)
    identity = DeviceIdentity(pki.kiosk(TERMINAL).certificate, key, pki.tls_ca.certificate)
    async with served(pki, typecase) as port:
        client = client_for(port, identity)
        assert (await issue(client, call_of(identity))).startswith(b"%PDF-")
        await renewable(identity, client)
        await client.close()
    with pytest.raises(IdentityError, match="belong together"):
        DeviceIdentity(pki.kiosk("kiosk-other").certificate, key, pki.tls_ca.certificate)
    with pytest.raises(DeviceKeyError, match="no such key"):
        TokenKey(token.replace("object=device", "object=another"), MODULE, PIN)


def test_a_module_that_is_none_is_named() -> None:
    """In a process of its own: an engine is set up once."""
    program = """
from pathlib import Path
from platform_client.device_key import TokenKey
TokenKey("pkcs11:object=device", Path("/nothing.so"), "0000")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "DeviceKeyError" in done.stderr and "nothing.so" in done.stderr


async def renewable(identity: DeviceIdentity, client: PlatformClient) -> None:
    """The platform signs a request that this key signed."""
    renewed = x509.load_der_x509_certificate(
        (await client.call(RENEW, RenewalCall(signing_request(identity.shown.subject, identity.key)))).certificate
    )
    assert renewed.public_key() == identity.shown.public_key()


TPM = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from platform_world import TERMINAL, call_of, client_for, issue
from platform_client.device_key import TokenKey
from platform_client.identity import DeviceIdentity
from platform_client.renewal import signing_request
from platform_client.sandbox.pki import SandboxPki

pki = SandboxPki(Path(sys.argv[2]))
key = TokenKey("pkcs11:token=kiosk;object=device", Path(sys.argv[4]), "271828")
request = signing_request(pki.kiosk(TERMINAL).load_certificate().subject, key)
certificate = Path("enrolled.pem")
enrolled = pki.renewed(x509.load_der_x509_csr(request), datetime.now(UTC))
certificate.write_bytes(enrolled.public_bytes(Encoding.PEM))
identity = DeviceIdentity(certificate, key, pki.tls_ca.certificate)

async def main():
    client = client_for(int(sys.argv[1]), identity, total_s=60.0)
    assert (await issue(client, call_of(identity))).startswith(b"%PDF-")
    await client.close()

asyncio.run(main())
print("issued")
"""

SESSION = (
    emulated_tpm.STARTED
    + """
tpm2_ptool init >ptool.log
tpm2_ptool addtoken --pid=1 --sopin=31415926 --userpin=271828 --label=kiosk >>ptool.log
tpm2_ptool addkey --algorithm=ecc256 --label=kiosk --userpin=271828 --key-label=device >>ptool.log
"$@"
"""
)


async def test_tls_and_evidence_with_a_key_in_a_tpm(pki: SandboxPki, typecase: Typecase, tmp_path: Path) -> None:
    """An emulated TPM behind its resource manager and its PKCS#11 module: the key is made in it and enrolled by a
    request that it signs."""
    module = Path(emulated_tpm.MODULE)
    if not module.exists() or any(shutil.which(name) is None for name in emulated_tpm.PROGRAMS):
        pytest.skip("no emulated TPM: script/setup --tests")
    async with served(pki, typecase) as port:
        words = (sys.executable, "-c", TPM, str(port), str(pki.directory), str(Path(__file__).parent), str(module))
        process = await asyncio.create_subprocess_exec(
            *("dbus-run-session", "--", "sh", "-c", SESSION, "sh", *words),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(process.communicate(), 120)
    assert said == b"issued\n", complained.decode()


# --- a certificate that ends -----------------------------------------------------------------------------------------


@pytest.fixture
def ageing(tmp_path: Path) -> tuple[SandboxPki, DeviceIdentity]:
    """A terminal whose certificate has three weeks left, and a server whose own has just been renewed."""
    then = datetime.now(UTC) - timedelta(days=376)
    pki = make(tmp_path, terminals=[TERMINAL], now=then)
    device = pki.kiosk(TERMINAL)
    kept = device.certificate.read_bytes(), device.key.read_bytes()
    make(tmp_path, terminals=[], now=datetime.now(UTC))
    device.certificate.write_bytes(kept[0])
    device.key.write_bytes(kept[1])
    return pki, DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)


async def test_a_certificate_is_renewed_before_it_ends_and_calls_go_on(
    ageing: tuple[SandboxPki, DeviceIdentity], typecase: Typecase
) -> None:
    """The new certificate is in its file, and shown by the next connection; evidence is signed under it."""
    pki, identity = ageing
    before, ends = identity.thumbprint, identity.not_after
    assert is_due(identity, datetime.now(UTC)) and not is_due(identity, ends - timedelta(days=31))
    async with served(pki, typecase) as port:
        client = client_for(port, identity)
        assert await kinds(client)
        await renew(client, identity)
        assert identity.thumbprint != before and identity.not_after - ends > timedelta(days=300)
        assert (await issue(client, call_of(identity))).startswith(b"%PDF-")
        await client.close()
    assert x509.load_pem_x509_certificate(identity.certificate.read_bytes()) == identity.shown
    assert not is_due(identity, datetime.now(UTC))
    assert [file.name for file in identity.certificate.parent.iterdir() if file.name.startswith(".")] == []


async def test_nobody_gets_a_certificate_in_anothers_name(
    pki: SandboxPki, identity: DeviceIdentity, typecase: Typecase
) -> None:
    device = pki.kiosk("kiosk-other")
    other = DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)
    async with served(pki, typecase) as port:
        client = client_for(port, identity)
        for request, code in (
            (signing_request(other.shown.subject, other.key), "request-of-another-terminal"),
            (b"request", "not-a-request"),
        ):
            with pytest.raises(PlatformError) as failed:
                await client.call(RENEW, RenewalCall(request))
            assert failed.value.detail == code
        await client.close()


async def test_a_certificate_that_is_not_one_to_go_on_with_is_not_taken(
    ageing: tuple[SandboxPki, DeviceIdentity], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another key's, another authority's, one that ends sooner, one for a server, none at all."""
    pki, identity = ageing
    stranger = make(tmp_path_factory.mktemp("other"), terminals=[TERMINAL], now=datetime.now(UTC))
    kept = identity.certificate.read_bytes()

    class Answering:
        def __init__(self, certificate: bytes) -> None:
            self.certificate = certificate

        async def call(self, operation: object, question: object) -> "Answering":
            return self

    for certificate, why in (
        (stranger.kiosk(TERMINAL).load_certificate(), "another key"),
        (pki.server.load_certificate(), "another key"),
        (identity.shown, "no later"),
    ):
        with pytest.raises(NotRenewed, match=why):
            await renew(Answering(certificate.public_bytes(Encoding.DER)), identity)  # type: ignore[arg-type]
    with pytest.raises(NotRenewed, match="no certificate"):
        await renew(Answering(b"certificate"), identity)  # type: ignore[arg-type]
    assert identity.certificate.read_bytes() == kept


# --- a key or a password ---------------------------------------------------------------------------------------------


async def outcome(port: int, identity: DeviceIdentity, login: Login | None) -> PlatformFault | None:
    client = client_for(port, identity, login=login)
    try:
        await kinds(client)
    except PlatformError as error:
        return error.kind
    finally:
        await client.close()
    return None


async def test_a_key_that_is_refused_stays_refused(
    pki: SandboxPki, identity: DeviceIdentity, typecase: Typecase
) -> None:
    """C13: which proof is shown is what was configured, and never the platform's choice."""
    keyed = Account(TERMINAL, key_sha256=hashed_key("k" * 43))
    async with served(pki, typecase, keyed) as port:
        assert await outcome(port, identity, DataCallKey("k" * 43)) is None
        assert await outcome(port, identity, DataCallKey("x" * 43)) is PlatformFault.KEY_REFUSED
        assert await outcome(port, identity, Password(TERMINAL, "k" * 43)) is PlatformFault.KEY_REFUSED
        assert await outcome(port, identity, None) is PlatformFault.KEY_REFUSED


async def test_a_password_where_there_is_no_key(pki: SandboxPki, identity: DeviceIdentity, typecase: Typecase) -> None:
    """C13, C14."""
    async with served(pki, typecase, Account(TERMINAL, password=hashed_password("correct horse"))) as port:
        assert await outcome(port, identity, Password(TERMINAL, "correct horse")) is None
        assert await outcome(port, identity, Password(TERMINAL, "battery staple")) is PlatformFault.KEY_REFUSED


def test_secrets_are_not_shown_and_must_be_secrets() -> None:
    assert "hunter2" not in f"{DataCallKey('hunter2')} {Password('hall', 'hunter2')!r}"
    for made in (lambda: DataCallKey(""), lambda: DataCallKey("a\nb"), lambda: Password("a:b", "c")):
        with pytest.raises(ValueError):
            made()


# --- where secrets come from -----------------------------------------------------------------------------------------


def test_a_secret_is_a_credential_of_the_unit_or_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "data-call-key"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    monkeypatch.delenv(credentials.DIRECTORY, raising=False)
    assert credentials.line(str(secret)) == "s3cret"
    with pytest.raises(CredentialError, match="LoadCredential=data-call-key"):
        credentials.line("data-call-key")
    monkeypatch.setenv(credentials.DIRECTORY, str(tmp_path))
    assert credentials.line("data-call-key") == "s3cret"
    assert credentials.file("data-call-key") == secret
    with pytest.raises(CredentialError, match="other"):
        credentials.line("other")


def test_a_secret_that_others_can_read_is_none(tmp_path: Path) -> None:
    secret, link = tmp_path / "secret", tmp_path / "link"
    secret.write_text("s3cret")
    secret.chmod(0o640)
    link.symlink_to(secret)
    for path, why in ((secret, "chmod 0600"), (link, "symbolic"), (tmp_path, "not a plain file")):
        with pytest.raises(CredentialError, match=why) as refused:
            credentials.read(str(path))
        assert "s3cret" not in str(refused.value)

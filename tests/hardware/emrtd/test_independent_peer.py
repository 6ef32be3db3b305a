"""Foreign implementations agree with ours, so that emulator and reader do not share one misunderstanding.

Debian's libmrtd (a C implementation of BAC, under the GPL-3 and used by this test only; needs libmrtd0 and gcc) reads
the emulated chip. The openssl command verifies the emulated EF.SOD, and passive authentication believes what it signs.
"""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from ctypes.util import find_library
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from document_samples import TODAY

from hardware.cards.emrtd import lds, signed_data, tlv
from hardware.cards.emrtd.document import APPLICATION
from hardware.cards.emrtd.faults import EmrtdError
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.trust import LDS_SECURITY_OBJECT, TrustAnchors, passive_authentication
from hardware.cards.emulator.chip import EmrtdChip
from hardware.cards.emulator.specimens import Specimen, make
from hardware.cards.emulator.utopia import State

EXCHANGE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t
)
DEVICE = ctypes.c_void_p(1)
ROOM = 65536


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> tuple[ctypes.CDLL, ctypes.CDLL]:
    if shutil.which("gcc") is None or find_library("mrtd") is None:
        pytest.skip("needs gcc and libmrtd0")
    shim = tmp_path_factory.mktemp("shim") / "nfc_shim.so"
    source = Path(__file__).with_name("nfc_shim.c")
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", shim, source], check=True)
    loaded = ctypes.CDLL(str(shim), mode=ctypes.RTLD_GLOBAL)
    return loaded, ctypes.CDLL(find_library("mrtd") or "")


def test_libmrtd_reads_the_emulated_chip(peer: tuple[ctypes.CDLL, ctypes.CDLL], small_portrait: bytes) -> None:
    shim, libmrtd = peer
    document = make(Specimen.OLD_PASSPORT, small_portrait, TODAY).document
    chip = EmrtdChip(document)

    @EXCHANGE
    def exchange(sent: "ctypes._Pointer[ctypes.c_uint8]", size: int, received: int, room: int) -> int:
        answer = chip.transmit(bytes(sent[:size]))
        assert len(answer) <= room
        ctypes.memmove(received, answer, len(answer))
        return len(answer)

    shim.set_exchange(exchange)
    password = ctypes.create_string_buffer(40)
    access = document.access
    libmrtd.mrtd_bac_get_kmrz(access.document_number.encode(), access.birth.encode(), access.expiry.encode(), password)
    assert chip.transmit(bytes.fromhex("00A4040C07") + APPLICATION) == b"\x90\x00"
    libmrtd.mrtd_bac_randomize_rndifd_kifd()
    encryption, mac, counter = ctypes.create_string_buffer(16), ctypes.create_string_buffer(16), ctypes.c_uint64()
    handshake = libmrtd.mrtd_bac_keyhandshake(DEVICE, password.raw[:24], encryption, mac, ctypes.byref(counter))
    assert handshake == 0
    for file in (FileId.COM, FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG15, FileId.SOD):
        contents, size = ctypes.create_string_buffer(ROOM), ctypes.c_int()
        libmrtd.mrtd_fileread_read(
            DEVICE, file.to_bytes(2, "big"), contents, ctypes.byref(size), encryption, mac, ctypes.byref(counter)
        )
        expected = document.files[file]
        assert contents.raw[: len(expected)] == expected, file.name


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., None]:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")

    def run(*arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return run


@pytest.mark.parametrize("kind", ["ecdsa", "rsa", "pss"])
def test_openssl_verifies_the_emulated_security_object(
    kind: str, openssl: Callable[..., None], rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    state = State(TODAY, key=None if kind == "ecdsa" else rsa_key, pss=kind == "pss")
    (tmp_path / "csca.pem").write_bytes(pem.armor("CERTIFICATE", state.certificate))
    (tmp_path / "sod.cms").write_bytes(lds.security_object(state.security_object({1: b"one", 2: b"two"})))
    openssl(
        *("cms", "-verify", "-inform", "DER", "-in", "sod.cms", "-binary", "-out", "hashes"),
        *("-CAfile", "csca.pem", "-purpose", "any", "-no_check_time"),
    )
    assert sha256(b"two").digest() in (tmp_path / "hashes").read_bytes()


@pytest.mark.parametrize("identified", [(), ("-keyid",)], ids=["by issuer", "by key"])
@pytest.mark.parametrize("padding", [(), ("-keyopt", "rsa_padding_mode:pss")], ids=["PKCS1", "PSS"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_what_openssl_signs_is_believed(
    digest: str,
    padding: tuple[str, ...],
    identified: tuple[str, ...],
    openssl: Callable[..., None],
    rsa_key: rsa.RSAPrivateKey,
    tmp_path: Path,
) -> None:
    state = State(TODAY, key=rsa_key)
    own = signed_data.opened("EF.SOD", lds.security_object(state.security_object({1: b"one"})), LDS_SECURITY_OBJECT)
    key = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "signer.pem").write_bytes(pem.armor("CERTIFICATE", own.signer.dump()) + key)
    (tmp_path / "hashes").write_bytes(own.content)
    openssl(
        *("cms", "-sign", "-binary", "-nodetach", "-in", "hashes", "-econtent_type", LDS_SECURITY_OBJECT),
        *("-signer", "signer.pem", "-md", digest, *padding, *identified, "-outform", "DER", "-out", "sod.cms"),
    )
    sod = tlv.encode(lds.SOD_TAG, (tmp_path / "sod.cms").read_bytes())
    signed = passive_authentication(sod, TrustAnchors([state.certificate]), TODAY)
    signed.check(1, b"one")
    with pytest.raises(EmrtdError, match="not what was signed"):
        signed.check(1, b"two")

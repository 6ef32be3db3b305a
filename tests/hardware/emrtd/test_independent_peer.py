"""Debian's libmrtd, a foreign C implementation of BAC, reads our emulated chip: both mean the same standard.

libmrtd is under the GPL-3 and used by this test only. Needs the packages libmrtd0 and gcc.
"""

import ctypes
import shutil
import subprocess
from ctypes.util import find_library
from pathlib import Path

import pytest
from document_samples import TODAY

from hardware.cards.emrtd.document import APPLICATION
from hardware.cards.emrtd.files import FileId
from hardware.cards.emulator.chip import EmrtdChip
from hardware.cards.emulator.specimens import Specimen, make

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

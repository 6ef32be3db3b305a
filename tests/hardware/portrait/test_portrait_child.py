"""Portraits decoded in a confined process, and the reader maker's WLT library with everything it can do wrong.

The libraries here are stand-ins, compiled on the spot: one that works, one that crashes, one that hangs, one that
writes nonsense. No real decoder and no real portrait is in this tree.
"""

import hashlib
import io
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from hardware.cards.portrait.answer import BYTES_MOST, PortraitFault, parse
from hardware.cards.portrait.child import decode
from hardware.cards.portrait.port import PortraitDecoder, PortraitError, WltLibrary
from hardware.cards.reading import Encoding, Portrait

WLT = Portrait(b"WL" + bytes(1022), "wlt")
SIGNATURE = "int unpack(char *src, char *dst, int bmp_save)"
# The upper left pixel of the bitmap is what the last byte of the portrait says, so the source is seen to arrive.
WORKING = f"""
#include <string.h>
{SIGNATURE} {{
    static const unsigned char head[54] = {{
        'B','M', 0xce,0x97,0,0, 0,0,0,0, 54,0,0,0, 40,0,0,0, 102,0,0,0, 126,0,0,0, 1,0, 24,0 }};
    if (!bmp_save || src[0] != 'W' || src[1] != 'L') return -1;
    memcpy(dst, head, 54);
    memset(dst + 54, 0, 308 * 126);
    dst[54 + 308 * 125 + 2] = src[1023];
    return 1;
}}
"""
CRASHING = f"{SIGNATURE} {{ *(volatile int *)0 = 1; return 1; }}"
HANGING = f"{SIGNATURE} {{ for (;;) {{ volatile int i = 0; (void)i; }} }}"
WAITING = f"#include <unistd.h>\n{SIGNATURE} {{ for (;;) pause(); }}"
EMPTY = f"{SIGNATURE} {{ return 1; }}"
ENDING = f"#include <stdlib.h>\n{SIGNATURE} {{ exit(0); }}"
CHATTING = f"""
#include <unistd.h>
{SIGNATURE} {{ for (;;) if (write(1, src, 1024) < 0) return 0; }}
"""
CALLING = f"""
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
{SIGNATURE} {{
    struct sockaddr_in to = {{ .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(0x7f000001) }};
    int line = socket(AF_INET, SOCK_STREAM, 0), file = open(FILENAME, O_CREAT | O_WRONLY, 0600);
    if (connect(line, (struct sockaddr *)&to, sizeof to) == 0) write(line, src, 1024);
    if (file >= 0) write(file, src, 1024);
    return 1;
}}
"""

pytestmark = pytest.mark.timeout(60)


def encoded(kind: str, size: tuple[int, int] = (102, 126)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (120, 90, 80)).save(file, kind)
    return file.getvalue()


def library(folder: Path, source: str, *options: str) -> WltLibrary:
    path = folder / "libwlt.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-w", *options, "-x", "c", "-", "-o", str(path)]
    subprocess.run(command, input=source, text=True, check=True)
    return WltLibrary(path, hashlib.sha256(path.read_bytes()).hexdigest())


def fault(decoder: PortraitDecoder, portrait: Portrait) -> PortraitFault:
    with pytest.raises(PortraitError) as refused:
        decoder.decode(portrait)
    assert refused.value.__cause__ is None
    return refused.value.fault


@pytest.mark.parametrize(("encoding", "kind"), [("webp", "WEBP"), ("jpeg", "JPEG"), ("jp2", "JPEG2000")])
def test_three_formats(encoding: Encoding, kind: str) -> None:
    """A07"""
    picture = PortraitDecoder().decode(Portrait(encoded(kind), encoding))
    assert (picture.width, picture.height) == (102, 126)
    assert Image.frombytes("RGB", (102, 126), picture.rgb).getpixel((50, 60)) == pytest.approx((120, 90, 80), abs=4)
    assert repr(picture) == "Picture(102x126)"


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        (encoded("JPEG"), "webp", PortraitFault.DAMAGED),
        (encoded("JPEG2000")[:200], "jp2", PortraitFault.DAMAGED),
        (encoded("WEBP", (4000, 64)), "webp", PortraitFault.DIMENSIONS),
        (encoded("JPEG", (16, 16)), "jpeg", PortraitFault.DIMENSIONS),
        (b"", "jpeg", PortraitFault.SIZE),
        (bytes(BYTES_MOST + 1), "jpeg", PortraitFault.SIZE),
    ],
)
def test_what_is_no_portrait_is_named(data: bytes, encoding: Encoding, expected: PortraitFault) -> None:
    assert fault(PortraitDecoder(), Portrait(data, encoding)) is expected


def test_without_the_makers_library_a_resident_card_has_no_picture() -> None:
    assert fault(PortraitDecoder(), WLT) is PortraitFault.NO_WLT_DECODER


def test_the_makers_library_decodes(tmp_path: Path) -> None:
    decoder = PortraitDecoder(library(tmp_path, WORKING))
    picture = decoder.decode(Portrait(WLT.data[:-1] + b"\x7b", "wlt"))
    assert (picture.width, picture.height) == (102, 126)
    assert picture.rgb[:3] == b"\x7b\0\0"


def test_another_library_is_not_loaded(tmp_path: Path) -> None:
    real = library(tmp_path, WORKING)
    assert fault(PortraitDecoder(WltLibrary(real.path, "0" * 64)), WLT) is PortraitFault.WLT_DECODER_REFUSED
    with real.path.open("ab") as file:
        file.write(b"\0")
    assert fault(PortraitDecoder(real), WLT) is PortraitFault.WLT_DECODER_REFUSED
    real.path.unlink()
    assert fault(PortraitDecoder(real), WLT) is PortraitFault.WLT_DECODER_REFUSED


def test_a_library_without_the_function_is_refused(tmp_path: Path) -> None:
    assert fault(PortraitDecoder(library(tmp_path, "int other;")), WLT) is PortraitFault.WLT_DECODER_REFUSED


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(CRASHING, PortraitFault.DECODER_CRASHED, id="crashes"),
        pytest.param(ENDING, PortraitFault.DECODER_CRASHED, id="ends"),
        pytest.param(CHATTING, PortraitFault.DECODER_CRASHED, id="writes without end"),
        pytest.param(EMPTY, PortraitFault.DAMAGED, id="does nothing"),
    ],
)
def test_a_bad_library_ends_its_own_process_only(tmp_path: Path, source: str, expected: PortraitFault) -> None:
    assert fault(PortraitDecoder(library(tmp_path, source)), WLT) is expected


@pytest.mark.parametrize("source", [HANGING, WAITING], ids=["computes", "waits"])
def test_a_library_that_hangs_is_ended(tmp_path: Path, source: str) -> None:
    began = time.monotonic()
    assert fault(PortraitDecoder(library(tmp_path, source), timeout_s=2), WLT) is PortraitFault.DECODER_TIMED_OUT
    assert time.monotonic() - began < 4


def test_a_library_reaches_neither_network_nor_disk(tmp_path: Path) -> None:
    """E10: nothing of the citizen leaves the process."""
    import socket

    landing = tmp_path / "landing"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        decoder = PortraitDecoder(library(tmp_path, CALLING, f"-DPORT={port}", f'-DFILENAME="{landing}"'))
        assert fault(decoder, WLT) in (PortraitFault.DAMAGED, PortraitFault.DECODER_CRASHED)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert not landing.exists() or landing.read_bytes() == b""


def test_nothing_but_an_answer_is_taken_from_the_child() -> None:
    for nonsense in (b"", b"\0", bytes(9), b"\x63" + bytes(8), b"\x03" + bytes(8) + b"text", b"\0" + b"\xff" * 8):
        with pytest.raises(ValueError):
            parse(nonsense)
    assert parse(decode(encoded("JPEG"), "png", None))[0] is PortraitFault.ENCODING_UNKNOWN


def children() -> list[int]:
    """The processes that decode portraits for this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"hardware.cards.portrait.child" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def test_the_process_that_stands_by_decodes_one_portrait_and_ends() -> None:
    """A07, C20"""
    decoder = PortraitDecoder()
    decoder.stand_by()
    decoder.stand_by()
    (waiting,) = children()
    assert decoder.decode(Portrait(encoded("WEBP"), "webp")).width == 102
    with pytest.raises(ProcessLookupError):
        os.kill(waiting, 0)
    assert children() == []


def test_a_process_that_died_while_it_stood_by_is_replaced() -> None:
    decoder = PortraitDecoder()
    decoder.stand_by()
    (waiting,) = children()
    os.kill(waiting, signal.SIGKILL)
    os.waitid(os.P_PID, waiting, os.WEXITED | os.WNOWAIT)
    assert decoder.decode(Portrait(encoded("WEBP"), "webp")).width == 102


def test_no_process_outlives_its_decoder() -> None:
    decoder = PortraitDecoder()
    decoder.stand_by()
    decoder.close()
    assert children() == []

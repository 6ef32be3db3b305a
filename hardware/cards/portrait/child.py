"""The process that decodes one portrait, confined, and ends.

`python -m hardware.cards.portrait.child [LIBRARY SHA256]`. It imports and loads first, then gives up network, files,
memory and time, then waits on stdin, a unix socket, for one message: the encoding's name, and with it the descriptor of
a file in memory that holds the portrait. It writes an `answer` to stdout. If the socket closes instead, it just ends.
"""

import io
import os
import socket
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PIL import BmpImagePlugin, Image, Jpeg2KImagePlugin, JpegImagePlugin, WebPImagePlugin

from hardware.cards.portrait import answer, wlt
from hardware.cards.portrait.answer import BYTES_MOST, PortraitFault, right_dimensions
from hardware.confinement import allow_cpu, confine

MEMORY_BYTES: Final = 512 << 20
CPU_S: Final = 3
OPEN_FILES: Final = 16
FORMATS: Final = {
    "webp": WebPImagePlugin.WebPImageFile.format,
    "jpeg": JpegImagePlugin.JpegImageFile.format,
    "jp2": Jpeg2KImagePlugin.Jpeg2KImageFile.format,
}
_BITMAP: Final = BmpImagePlugin.BmpImageFile.format

WltDecoder = Callable[[bytes], bytes]


def main(library: Sequence[str]) -> None:
    """Answers in any case; only a limit or a crash leaves stdout empty."""
    unpack: WltDecoder | None = None
    refused = False
    if library:
        try:
            unpack = wlt.load(Path(library[0]), library[1])
        except wlt.LibraryRefused:
            refused = True
    confine(memory_bytes=MEMORY_BYTES, open_files=OPEN_FILES)
    with socket.socket(fileno=sys.stdin.fileno()) as line:
        encoding, descriptors, _, _ = socket.recv_fds(line, 16, 1)
    if not descriptors:
        return
    allow_cpu(CPU_S)
    if refused and encoding == b"wlt":
        _send(answer.fault(PortraitFault.WLT_DECODER_REFUSED))
        return
    with os.fdopen(descriptors[0], "rb") as portrait:
        _send(decode(portrait.read(BYTES_MOST + 1), encoding.decode(errors="replace"), unpack))


def decode(data: bytes, encoding: str, unpack: WltDecoder | None) -> bytes:
    """The answer for these bytes. Never raises."""
    if not 0 < len(data) <= BYTES_MOST:
        return answer.fault(PortraitFault.SIZE)
    if encoding == "wlt":
        if unpack is None:
            return answer.fault(PortraitFault.NO_WLT_DECODER)
        if len(data) != wlt.WLT_BYTES:
            return answer.fault(PortraitFault.SIZE)
        return _picture(unpack(data), _BITMAP)
    if encoding not in FORMATS:
        return answer.fault(PortraitFault.ENCODING_UNKNOWN)
    return _picture(data, FORMATS[encoding])


def _picture(data: bytes, kind: str) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=(kind,)) as picture:
                # Before any pixel is decoded.
                if not right_dimensions(*picture.size):
                    return answer.fault(PortraitFault.DIMENSIONS, *picture.size)
                return answer.picture(*picture.size, picture.convert("RGB").tobytes())
    except Exception:
        # Pillow's decoders fail in many ways on damaged files.
        return answer.fault(PortraitFault.DAMAGED)


def _send(reply: bytes) -> None:
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])

"""TLV and APDUs against any bytes: `python -m tests.fuzz.fuzz_tlv [-runs=N] [CORPUS]`.

What is read lies within the bytes, is the same when written again and read, and everything else is a named error.
"""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["hardware.cards.emrtd"]):
    from hardware.cards.emrtd import tlv
    from hardware.cards.emrtd.apdu import decode
    from hardware.cards.emrtd.faults import EmrtdError


def fuzz(data: bytes) -> None:
    with suppress(EmrtdError):
        objects = tlv.parse(data)
        assert len(objects) <= tlv.MAX_OBJECTS
        assert sum(len(value) for _, value in objects) <= len(data)
        assert tlv.parse(b"".join(tlv.encode(tag, value) for tag, value in objects)) == objects
    with suppress(EmrtdError):
        tag, start, length = tlv.header(data)
        assert start <= len(data) and length < 1 << 8 * tlv.MAX_LENGTH_BYTES and tag < 1 << 8 * tlv.MAX_TAG_BYTES
    with suppress(EmrtdError):
        command = decode(data)
        assert decode(command.encode()) == command


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()

"""The frame decoder against any bytes in any pieces: `python -m tests.fuzz.fuzz_sdt_frame [-runs=N] [CORPUS]`.

Every body it gives stood on the line as a whole frame, the pieces the bytes came in make no difference, and it keeps no
more than one frame.
"""

import sys

import atheris

with atheris.instrument_imports(include=["hardware"]):
    from hardware.cards.sdt_frame import HEAD_BYTES, LONGEST_LENGTH, PREAMBLE, Decoder, FrameFault, encode


def fuzz(data: bytes) -> None:
    choices = atheris.FuzzedDataProvider(data)
    line = b""
    in_pieces: list[bytes | FrameFault] = []
    decoder = Decoder()
    while choices.remaining_bytes():
        # Half of the pieces begin like a frame, for a preamble is seldom hit by chance.
        piece = PREAMBLE * choices.ConsumeBool() + choices.ConsumeBytes(choices.ConsumeIntInRange(1, 64))
        line += piece
        in_pieces += decoder.feed(piece)
        assert len(decoder._buffer) < HEAD_BYTES + LONGEST_LENGTH
    assert in_pieces == Decoder().feed(line)
    for body in in_pieces:
        assert isinstance(body, FrameFault) or encode(body) in line


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()

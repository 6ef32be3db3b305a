"""The terminal's statement against any text: `python -m tests.fuzz.fuzz_offline_statement [-runs=N] [CORPUS]`.

CBOR that is read is the one encoding of what was read; no text is genuine without a terminal, none breaks the reader.
"""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["kiosk.documents.base45", "kiosk.documents.cbor"]):
    from kiosk.documents import base45, cbor
    from kiosk.documents.offline_statement import PREFIX, NotGenuine, check


def fuzz(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data
    with suppress(cbor.NotOurCbor):
        assert cbor.encode(cbor.decode(data)) == data
    for text in (PREFIX + base45.encode(data), data.decode("latin-1")):
        try:
            check(text, [])
        except NotGenuine:
            continue
        raise AssertionError("genuine without a terminal")


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()

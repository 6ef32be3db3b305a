"""PDF objects against any bytes: `python -m tests.fuzz.fuzz_pdf_objects [-runs=N] [CORPUS]`.

A value lies within the bytes and is one of the six shapes; everything else is a named refusal, also deep nesting.
"""

import sys
from contextlib import suppress
from typing import Any

import atheris

with atheris.instrument_imports(include=["kiosk.documents.objects"]):
    from kiosk.documents.objects import Name, Reference, number, numbers, read_value
    from kiosk.reasons import Refused


def is_value(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, Name) and is_value(item) for key, item in value.items())
    return all(map(is_value, value)) if isinstance(value, list) else isinstance(value, Name | Reference | bytes)


def fuzz(data: bytes) -> None:
    with suppress(Refused):
        value, end = read_value(data, 0)
        assert 0 < end <= len(data) and is_value(value)
        with suppress(Refused):
            assert number(value) >= 0
        if isinstance(value, list):
            list(numbers(value))


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()

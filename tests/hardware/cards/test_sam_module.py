"""The emulated reader behaves as the documents say, without any driver."""

from dataclasses import replace

import pytest
from card_samples import VALID, WEBP

from hardware.cards.emulator import DEFAULT_SAM_ID, Faults, SamModule

FIND, SELECT, READ, EXTRA = b"\x20\x01", b"\x20\x02", b"\x30\x01", b"\x30\x03"
FOUND, NOT_FOUND, OK = bytes.fromhex("00009F00000000"), bytes.fromhex("000080"), bytes.fromhex("000090")


def sam() -> SamModule:
    return SamModule(DEFAULT_SAM_ID, Faults())


def test_a_selected_card_is_not_found_again_until_it_was_lifted() -> None:
    module = sam()
    assert module.answer(FIND) == NOT_FOUND
    module.insert(VALID)
    assert module.answer(FIND) == FOUND
    assert module.answer(SELECT).startswith(OK)
    assert module.answer(FIND) == NOT_FOUND
    module.remove()
    assert module.answer(FIND) == NOT_FOUND
    module.insert(VALID)
    assert module.answer(FIND) == FOUND


def test_only_a_selected_card_is_read() -> None:
    module = sam()
    module.insert(VALID)
    assert module.answer(READ) == module.answer(EXTRA) == bytes.fromhex("000041")
    module.answer(SELECT)
    assert len(module.answer(READ)) == 1295 - 8
    assert module.answer(EXTRA) == bytes.fromhex("000091")


def test_fingerprints_and_unknown_commands_are_refused() -> None:
    module = sam()
    module.insert(VALID)
    module.answer(SELECT)
    assert module.answer(b"\x30\x10") == module.answer(b"\x99\x99") == bytes.fromhex("000021")


def test_a_picture_that_was_not_made_a_block_is_no_card() -> None:
    with pytest.raises(ValueError, match="portrait block"):
        sam().insert(replace(VALID, portrait=WEBP))


def test_newer_addresses_are_read_in_places_of_70_bytes() -> None:
    module = sam()
    module.insert(replace(VALID, new_addresses=("示范市新路3号", "示范市再新路4号")))
    module.answer(SELECT)
    assert module.answer(EXTRA).startswith(OK)
    assert len(module.answer(EXTRA)) == 3 + 140

"""Frames survive every cut and every rubbish, and a damaged one is never the one that was sent."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hardware.cards.sdt_frame import PREAMBLE, Answer, Decoder, FrameFault, Status, encode

bodies = st.binary(min_size=2, max_size=2313)
short_bodies = st.binary(min_size=2, max_size=40)


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ("10FF", "AAAAAA9669000310FFEC"),
        ("11FF", "AAAAAA9669000311FFED"),
        ("12FF", "AAAAAA9669000312FFEE"),
        ("2001", "AAAAAA96690003200122"),
        ("2002", "AAAAAA96690003200221"),
        ("3001", "AAAAAA96690003300132"),
        ("3003", "AAAAAA96690003300330"),
        ("000090", "AAAAAA9669000400009094"),
        ("00009F00000000", "AAAAAA9669000800009F0000000097"),
        ("000041", "AAAAAA9669000400004145"),
        ("000060", "AAAAAA9669000400006064"),
    ],
)
def test_frames_are_the_published_ones(body: str, published: str) -> None:
    assert encode(bytes.fromhex(body)) == bytes.fromhex(published)


@given(st.lists(bodies, max_size=3), st.data())
def test_frames_come_out_whole_however_they_are_cut(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = Decoder()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[start:end])
    assert received == sent
    assert not decoder.in_frame


@given(st.binary(max_size=60) | st.sampled_from([PREAMBLE[:n] for n in range(1, 5)]), short_bodies)
def test_rubbish_before_a_frame_is_skipped(garbage: bytes, body: bytes) -> None:
    assume(PREAMBLE not in garbage)
    assert Decoder().feed(garbage + encode(body)) == [body]


@given(short_bodies, st.data())
def test_one_turned_bit_never_gives_the_same_body(body: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode(body))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert body not in Decoder().feed(bytes(frame))


@given(short_bodies, short_bodies)
def test_after_a_damaged_frame_the_next_one_is_found(damaged: bytes, good: bytes) -> None:
    assume(PREAMBLE not in damaged)
    frame = encode(damaged)
    decoder = Decoder()
    assert decoder.feed(frame[:-1] + bytes([frame[-1] ^ 0x40]) + encode(good)) == [FrameFault.CHECKSUM, good]


@pytest.mark.parametrize("length", [0, 1, 2, 2315, 65535])
def test_an_impossible_length_is_named_and_not_waited_for(length: int) -> None:
    stream = PREAMBLE + length.to_bytes(2, "big") + encode(b"\x00\x00\x90")
    assert Decoder().feed(stream) == [FrameFault.LENGTH, b"\x00\x00\x90"]


def test_a_partial_frame_is_known_to_be_one() -> None:
    decoder = Decoder()
    assert decoder.feed(encode(b"\x00\x00\x90")[:-1]) == []
    assert decoder.in_frame


@pytest.mark.parametrize("size", [0, 1, 2314])
def test_no_frame_carries_what_the_protocol_has_no_room_for(size: int) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        encode(bytes(size))


def test_an_answer_names_its_status_and_hides_its_data() -> None:
    assert Answer(Status.READ_FAILED, b"").status_name == "READ_FAILED"
    assert Answer(0x77, b"").status_name == "SW3 77"
    assert "secret" not in repr(Answer(Status.OK, b"secret"))

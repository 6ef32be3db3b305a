"""XML under our schemas, both ways, and nothing of its dangerous parts (C02)."""

import contextlib
import traceback
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_client import binding, wire
from platform_client.certificates import Issued, Kinds
from platform_client.kinds import Bilingual, CertificateKind
from platform_client.operation import About
from platform_client.ratings import Rating
from platform_client.refusal import Refusal
from platform_client.trust import TrustFeed
from platform_client.wire import PLATFORM, WireError

ID = uuid.uuid4().hex
ABOUT = About(ID, ID, "0" * 64)
ABOUT_XML = f"<About><RequestId>{ID}</RequestId><Nonce>{ID}</Nonce><SubjectDigest>{'0' * 64}</SubjectDigest></About>"
KIND = CertificateKind(
    code="household",
    title=Bilingual("户籍证明", "Household"),
    note=Bilingual("说明", "note & <more>"),
    agency=Bilingual("机构", "agency"),
    seal_organisation="机构",
    icon="home",
    single_subject=True,
    no_local=False,
)


def arrived(data: bytes, kind: type[binding.M]) -> binding.M:
    return binding.decode(wire.parse(data, PLATFORM), kind)


def test_messages_survive_the_wire() -> None:
    for message in (
        Kinds((KIND,)),
        Kinds(()),
        Issued(ABOUT, bytes(range(256))),
        TrustFeed((b"a", b"b"), (b"c",)),
        Rating(ID, 4),
        Refusal("not-granted"),
    ):
        assert arrived(binding.encode(message), type(message)) == message


def test_what_is_printed_of_a_message_is_its_name() -> None:
    assert f"{KIND!r} {KIND}" == "CertificateKind(***) CertificateKind(***)"


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE Refusal [<!ENTITY l0 "ha">{entities}]>'
    return f'{bomb}<Refusal xmlns="{PLATFORM}"><Code>&l9;</Code></Refusal>'.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_declaration_is_refused_in_any_encoding(encoding: str) -> None:
    text = f'<!DOCTYPE Refusal><Refusal xmlns="{PLATFORM}"><Code>x</Code></Refusal>'
    with pytest.raises(WireError, match="document type"):
        wire.parse(text.encode(encoding), PLATFORM)


def test_entity_bombs_are_refused() -> None:
    with pytest.raises(WireError):
        wire.parse(billion_laughs(), PLATFORM)


def test_external_entities_are_neither_read_nor_quoted(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not-for-you")
    for doctype in (
        f'<!DOCTYPE R [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE R SYSTEM "{secret.as_uri()}">',
        f'<!DOCTYPE R [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]>',
    ):
        with pytest.raises(WireError) as refused:
            wire.parse(f'{doctype}<Refusal xmlns="{PLATFORM}"><Code>&x;</Code></Refusal>'.encode(), PLATFORM)
        assert "not-for-you" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<Issued/>",
        f'<Issued xmlns="{PLATFORM}"/>'.encode(),
        f'<Issued xmlns="{PLATFORM}">{ABOUT_XML}<Document>!!</Document></Issued>'.encode(),
        f'<Issued xmlns="{PLATFORM}">{ABOUT_XML}<Document></Document></Issued>'.encode(),
        f'<Issued xmlns="{PLATFORM}">{ABOUT_XML}<Document>QQ==</Document><More/></Issued>'.encode(),
        f'<Refusal xmlns="{PLATFORM}"><Code>refused</Code></Refusal>'.encode(),
    ],
    ids=["empty", "text", "no namespace", "no content", "not base64", "no document", "surplus", "another message"],
)
def test_incoming_violations_are_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        arrived(body, Issued)


def test_outgoing_violations_are_refused() -> None:
    with pytest.raises(WireError):
        binding.encode(Rating(ID, 6))
    with pytest.raises(WireError):
        binding.encode(Rating("no id", 5))
    with pytest.raises(WireError):
        binding.encode(Issued(ABOUT, b""))
    with pytest.raises(WireError):
        binding.encode(Kinds((KIND, KIND)))


def test_errors_quote_nothing() -> None:
    secret = "999900199001010014"
    for body in (
        f'<Rating xmlns="{PLATFORM}"><RequestId>{secret}</RequestId><Stars>{secret}</Stars></Rating>',
        f"<Rating><{secret}></Rating>",
    ):
        with pytest.raises(WireError) as refused:
            wire.parse(body.encode(), PLATFORM)
        assert secret not in "".join(traceback.format_exception(refused.value))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        arrived(data, Rating)


@given(st.data())
def test_a_damaged_document_is_a_document_or_a_wire_error(data: st.DataObject) -> None:
    good = binding.encode(Kinds((KIND,)))
    at, end = sorted(data.draw(st.tuples(st.integers(0, len(good)), st.integers(0, len(good)))))
    with contextlib.suppress(WireError):
        arrived(good[:at] + data.draw(st.binary(max_size=8)) + good[end:], Kinds)


def test_too_long_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(WireError, match="bytes"):
        wire.parse(b"<" * (wire.LIMIT_BYTES + 1), PLATFORM)
    with pytest.raises(WireError):
        binding.encode(Issued(ABOUT, bytes(wire.LIMIT_BYTES)))


# --- as it arrives ---------------------------------------------------------------------------------------------------


def test_a_document_type_is_refused_before_the_document_ends() -> None:
    """Nothing is waited for, and nothing of the rest is looked at."""
    reader = wire.Reader(PLATFORM)
    with pytest.raises(wire.Malformed, match="document type"):
        reader.feed(billion_laughs()[:-20])


def test_depth_and_length_are_refused_as_they_grow() -> None:
    deep, long = wire.Reader(PLATFORM), wire.Reader(PLATFORM, limit_bytes=1000)
    with pytest.raises(wire.Malformed, match="deep"):
        for _ in range(wire.DEPTH + 1):
            deep.feed(b"<deeper>")
    long.feed(b"<long>")
    with pytest.raises(wire.TooLarge):
        for _ in range(1000):
            long.feed(b"x")


@given(st.data())
def test_a_document_is_the_same_in_whatever_pieces_it_comes(data: st.DataObject) -> None:
    whole = binding.encode(Kinds((KIND,)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    reader = wire.Reader(PLATFORM)
    for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        reader.feed(whole[begin:end])
    assert binding.decode(reader.close(), Kinds) == Kinds((KIND,))

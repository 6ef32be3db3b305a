"""XML under our schemas, both ways, and nothing of its dangerous parts (C02)."""

import contextlib
import traceback
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_client import messages, wire
from platform_client.kinds import Bilingual, CertificateKind
from platform_client.messages import Issued, Rating, TrustFeed
from platform_client.wire import PLATFORM, WireError

ID = uuid.uuid4().hex
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


def test_messages_survive_the_wire() -> None:
    assert messages.decode_kinds(messages.encode_kinds((KIND,))) == (KIND,)
    assert messages.decode_kinds(messages.encode_kinds(())) == ()
    issued = Issued(ID, bytes(range(256)))
    assert messages.decode_issued(messages.encode_issued(issued)) == issued
    feed = TrustFeed((b"a", b"b"), (b"c",))
    assert messages.decode_trust_feed(messages.encode_trust_feed(feed)) == feed
    assert messages.decode_rating(messages.encode_rating(Rating(ID, 4))) == Rating(ID, 4)
    assert messages.decode_refusal(messages.encode_refusal("not-granted")) == "not-granted"


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE Refusal [<!ENTITY l0 "ha">{entities}]><Refusal xmlns="{PLATFORM}" code="&l9;"/>'.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_declaration_is_refused_in_any_encoding(encoding: str) -> None:
    text = f'<!DOCTYPE Refusal><Refusal xmlns="{PLATFORM}" code="x"/>'
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
            wire.parse(f'{doctype}<Refusal xmlns="{PLATFORM}" code="&x;"/>'.encode(), PLATFORM)
        assert "not-for-you" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<Issued/>",
        f'<Issued xmlns="{PLATFORM}"/>'.encode(),
        f'<Issued xmlns="{PLATFORM}"><RequestId>{ID}</RequestId><Document>!!</Document></Issued>'.encode(),
        f'<Issued xmlns="{PLATFORM}"><RequestId>{ID}</RequestId><Document></Document></Issued>'.encode(),
        f'<Issued xmlns="{PLATFORM}"><RequestId>{ID}</RequestId><Document>QQ==</Document><More/></Issued>'.encode(),
        f'<Refusal xmlns="{PLATFORM}" code="refused"/>'.encode(),
    ],
    ids=["empty", "text", "no namespace", "no content", "not base64", "no document", "surplus", "another message"],
)
def test_incoming_violations_are_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        messages.decode_issued(body)


def test_outgoing_violations_are_refused() -> None:
    with pytest.raises(WireError):
        messages.encode_rating(Rating(ID, 6))
    with pytest.raises(WireError):
        messages.encode_rating(Rating("no id", 5))
    with pytest.raises(WireError):
        messages.encode_issued(Issued(ID, b""))
    with pytest.raises(WireError):
        messages.encode_kinds((KIND, KIND))


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
        messages.decode_rating(data)


@given(st.data())
def test_a_damaged_document_is_a_document_or_a_wire_error(data: st.DataObject) -> None:
    good = messages.encode_kinds((KIND,))
    at, end = sorted(data.draw(st.tuples(st.integers(0, len(good)), st.integers(0, len(good)))))
    with contextlib.suppress(WireError):
        messages.decode_kinds(good[:at] + data.draw(st.binary(max_size=8)) + good[end:])


def test_too_long_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(WireError, match="bytes"):
        wire.parse(b"<" * (wire.LIMIT_BYTES + 1), PLATFORM)
    with pytest.raises(WireError):
        messages.encode_issued(Issued(ID, bytes(wire.LIMIT_BYTES)))

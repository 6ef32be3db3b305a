"""Every message of the hall through the schemas both ways, and every answer that is no answer by name (C02)."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from hall_exchanges import OPERATIONS, Exchange, exchanges
from hall_world import HallWorld, citizen, opened
from hypothesis import given
from hypothesis import strategies as st

from platform_client import binding, wire
from platform_client.binding import Message
from platform_client.client import PlatformClient
from platform_client.complaints import ComplaintCategory, PublishedComplaint, PublishedComplaints
from platform_client.errors import PlatformError, PlatformFault
from platform_client.guides import Guide
from platform_client.materials import LIMIT_BYTES, UPLOAD, Level, upload
from platform_client.operation import AboutPerson, Fetch, PersonalAnswer
from platform_client.sandbox.hall.guidebook import written
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.topology import Topology
from platform_client.sandbox.typeface import Typecase
from platform_client.transport import Request, Response
from platform_client.wire import WireError

DTD = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
OWN_WORDS = {("complain", "text"), ("rate-service", "reason")}
DECLARATION = re.compile(rb"^<\?xml[^>]*\?>\s*")


class Saying:
    """A platform that answers with these bytes, whatever it is asked."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        yield Response.of(self._body)

    async def close(self) -> None: ...


async def fault_of(made: Exchange, body: bytes) -> PlatformFault:
    """Why the client refuses `body` as the answer to what was asked."""
    client = PlatformClient(Saying(body))
    with pytest.raises(PlatformError) as failed:
        if isinstance(made.operation, Fetch):
            await client.fetch(made.operation)
        else:
            await client.call(made.operation, made.question)
    for shown in (citizen(1).name, citizen(1).number):
        assert shown not in str(failed.value)
    return failed.value.kind


@pytest.fixture
async def morning(hall: HallWorld) -> dict[str, Exchange]:
    made = await exchanges(hall)
    assert set(made) == set(OPERATIONS), "every operation is in it"
    return made


async def test_every_message_survives_the_wire(morning: dict[str, Exchange]) -> None:
    """C02: what was sent and what came back, decoded and encoded again, are the same octets."""
    for made in morning.values():
        answer = binding.decode(wire.parse(made.answered, wire.PLATFORM), made.operation.answer)
        assert binding.encode(answer) == made.answered, made.operation.name
        if made.question is not None:
            assert not isinstance(made.operation, Fetch)
            question = binding.decode(wire.parse(made.asked, wire.PLATFORM), made.operation.question)
            assert binding.encode(question) == made.asked, made.operation.name


@pytest.mark.parametrize("topology", [Topology.CLOUD, Topology.ISOLATED])
async def test_the_hall_is_reached_over_the_security_border(
    pki: SandboxPki, typecase: Typecase, topology: Topology
) -> None:
    """C09, C11: every operation through front-ends, and the largest material; who asks is known all the same."""
    async with opened(pki, typecase, topology) as hall:
        assert set(await exchanges(hall)) == set(OPERATIONS)
        largest = b"\x89PNG\r\n\x1a\n".ljust(LIMIT_BYTES, b"\0")
        scan = upload(
            hall.shown(), item="social-card", material="photograph", level=Level.C, content=largest, promise=False
        )
        assert (await hall.client.call(UPLOAD, scan)).material.level is Level.C
        rows = hall.hall.store.all("SELECT DISTINCT terminal FROM trail")
        assert [row["terminal"] for row in rows] == [hall.identity.terminal]


async def test_no_answer_holds_a_whole_name_or_number(morning: dict[str, Exchange]) -> None:
    """E05, B25: about whomever it is."""
    card = citizen(1)
    for made in morning.values():
        assert card.number.encode() not in made.answered
        assert card.name.encode() not in made.answered


async def test_the_answer_to_another_question_is_refused(morning: dict[str, Exchange]) -> None:
    """C02: for each operation, the genuine answer of each other one is not its answer."""
    for made in morning.values():
        for other in morning.values():
            if other.operation.answer is not made.operation.answer:
                assert await fault_of(made, other.answered) is PlatformFault.WRONG_SCHEMA


async def test_an_answer_with_a_document_type_is_refused(morning: dict[str, Exchange]) -> None:
    """C02: for each operation."""
    for made in morning.values():
        assert await fault_of(made, DTD + DECLARATION.sub(b"", made.answered)) is PlatformFault.MALFORMED


async def test_half_an_answer_is_refused(morning: dict[str, Exchange]) -> None:
    """C02: for each operation."""
    for made in morning.values():
        assert await fault_of(made, made.answered[: len(made.answered) // 2]) is PlatformFault.MALFORMED


async def test_an_answer_without_one_of_its_elements_is_refused(morning: dict[str, Exchange]) -> None:
    """C02, B01, B18, B19: whichever must be there, for each operation; one that may be left out is no fault."""
    refused = 0
    for made in morning.values():
        for body, may_be_absent in _without_one(made):
            if may_be_absent:
                continue
            assert await fault_of(made, body) is PlatformFault.WRONG_SCHEMA, made.operation.name
            refused += 1
    assert refused > len(morning)


def _without_one(made: Exchange) -> Iterator[tuple[bytes, bool]]:
    """The answer, each time without another child of the root; and whether the schema lets it be absent."""
    fields = msgspec.structs.fields(made.operation.answer)
    optional = {field.encode_name for field in fields if field.default is None or "None" in str(field.type)}
    optional |= {field.encode_name for field in fields if "tuple" in str(field.type)}
    for at in range(len(wire.parse(made.answered, wire.PLATFORM))):
        root = wire.parse(made.answered, wire.PLATFORM)
        child = root[at]
        name = child.tag.rpartition("}")[2]
        root.remove(child)
        yield wire.etree.tostring(root), name in optional


async def test_an_answer_about_somebody_else_is_refused(morning: dict[str, Exchange]) -> None:
    """E02: another person, another request, another nonce, for each personal answer."""
    personal = [made for made in morning.values() if issubclass(made.operation.answer, PersonalAnswer)]
    assert len(personal) == 14
    for made in personal:
        for element, fault in (
            (b"RequestId", PlatformFault.OTHER_REQUEST),
            (b"Nonce", PlatformFault.WRONG_NONCE),
            (b"SubjectDigest", PlatformFault.OTHER_PERSON),
        ):
            changed = re.sub(rb"(<%b>)." % element, lambda found: found[1] + b"0", made.answered, count=1)
            if changed == made.answered:
                changed = re.sub(rb"(<%b>)." % element, lambda found: found[1] + b"1", made.answered, count=1)
            assert await fault_of(made, changed) is fault


async def test_every_personal_answer_belongs_to_a_personal_question(morning: dict[str, Exchange]) -> None:
    """E01, E02: there is no other way to ask for one."""
    for made in morning.values():
        personal = issubclass(made.operation.answer, PersonalAnswer)
        assert personal == isinstance(made.question, AboutPerson)
        if not personal:
            assert citizen(1).number.encode() not in made.asked


async def test_no_question_has_a_place_for_an_identity_number(morning: dict[str, Exchange]) -> None:
    """E01: in whichever text field of whichever question it is put, nothing is sent. What a citizen writes in a
    complaint or as a reason is theirs to say: it goes under evidence, and is published without numbers (B25)."""
    tried = 0
    for made in morning.values():
        if made.question is None:
            continue
        for field in type(made.question).__struct_fields__:
            if not isinstance(getattr(made.question, field), str) or (made.operation.name, field) in OWN_WORDS:
                continue
            for typed in ("999900199001010014", "查999900199001010014", "9999001990"):
                asked = msgspec.structs.replace(made.question, **{field: typed})
                with pytest.raises(ValueError, match="not a question") as refused:
                    await PlatformClient(Saying(b"")).call(made.operation, asked)  # type: ignore[arg-type]
                assert typed not in str(refused.value)
                tried += 1
    assert tried >= 3 * 12


@pytest.mark.parametrize(
    ("name", "genuine", "hostile"),
    [
        ("book", rb"<Number>\d{6}\*{8}", b"<Number>99990019900101"),
        ("case-by-number", rb"<Name>[^<]*\*+</Name>", "<Name>钱文博</Name>".encode()),
        ("case", rb"<Level>.</Level>", b"<Level>E</Level>"),
        ("case-by-code", rb"<State>decided<", b"<State>printed<"),
        ("cases", rb"<Number>BJ", b"<Number>XX"),
        ("guide", rb"<Handling>both<", b"<Handling>never<"),
        ("themes", rb"<Audience>legal<", b"<Audience>nobody<"),
        ("guides-fuzzy", rb"<Score>\d+<", b"<Score>-1<"),
        ("slots", rb"<Begins>20", b"<Begins>tomorrow 20"),
        ("check-in", rb"<Number>Y\d{3}<", b"<Number>Y1<"),
        ("ticket", rb"<Waiting>\d+<", b"<Waiting>many<"),
        ("queue", rb"<ClerkNumber>[^<]*<", b"<ClerkNumber><"),
        ("queue-calls", rb"<Window>1<", b"<Window>the nearest<"),
        ("rate-service", rb"<Window>\d<", b"<Window>window<"),
        ("complain", rb"<Number>TS", b"<Number>BJ"),
        ("complaint-reply", rb"<State>replied<", b"<State>forgotten<"),
        ("upload", rb"<Sha256>.", b"<Sha256>Z"),
        ("materials", rb"<ValidUntil>20", b"<ValidUntil>-20"),
        ("licence", rb"<Standing>valid<", b"<Standing>good<"),
        ("apply", rb"<Code>TY", b"<Code>BJ"),
        ("content-version", rb"<Version>\d+<", b"<Version>one<"),
        ("content", rb"<Key>.", b"<Key>Z"),
    ],
)
async def test_a_value_that_is_none_is_refused(
    morning: dict[str, Exchange], name: str, genuine: bytes, hostile: bytes
) -> None:
    """C02, E05: for each subject; a whole name or number has no place even in an answer that means well."""
    made = morning[name]
    body, changed = re.subn(genuine, hostile, made.answered, count=1)
    assert changed, "the test changes something"
    assert await fault_of(made, body) is PlatformFault.WRONG_SCHEMA


# --- any text --------------------------------------------------------------------------------------------------------

plain = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_characters="\x7f"), max_size=60)


@given(plain, plain)
def test_any_text_survives(stated: str, text: str) -> None:
    """C02: markup, quotes, blanks, other scripts."""
    guide: Guide = written().guides[0]
    changed = msgspec.structs.replace(guide, elements=msgspec.structs.replace(guide.elements, hours=stated))
    assert through(changed) == changed
    complaint = PublishedComplaint("TS261125-70326651-1", "police", ComplaintCategory.OTHER, text, None)
    if not text.strip(" \t\r\n"):
        with pytest.raises(WireError):
            binding.encode(PublishedComplaints((complaint,)))
    else:
        assert through(PublishedComplaints((complaint,))) == PublishedComplaints((complaint,))


def through(message: Message) -> Any:
    return binding.decode(wire.parse(binding.encode(message), wire.PLATFORM), type(message))

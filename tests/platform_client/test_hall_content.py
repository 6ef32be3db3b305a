"""Public content: signed, verified before use, kept with version and signature, and never about anybody
(A05, A15, B04, C20, C22, C23, C28)."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hall_exchanges import exchanges
from hall_world import HallWorld, citizen

from platform_client import binding, content, wire
from platform_client.appointments import BOOK, BookCall
from platform_client.client import PlatformClient
from platform_client.content import (
    CONTENT,
    CONTENT_VERSION,
    Content,
    ContentError,
    ContentFault,
    ContentVersion,
    Reviewer,
    Shelf,
    SignedContent,
)
from platform_client.errors import PlatformError
from platform_client.guides import FULL_TEXT, FUZZY, FullTextSearch, FuzzySearch
from platform_client.operation import Ask, Fetch
from platform_client.sandbox.hall.bundle import ReviewerKey
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.transport import Request, Response


class Offering:
    """A platform that announces and delivers whatever a test wants; `asked`: the paths."""

    def __init__(self, signed: SignedContent, announced: ContentVersion | None = None) -> None:
        self.signed, self.asked = signed, list[str]()
        version = binding.decode(wire.parse(signed.document, wire.PLATFORM), Content).version
        self.announced = announced or ContentVersion(version, hashlib.sha256(signed.document).hexdigest())

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        self.asked.append(request.path)
        answers = {CONTENT_VERSION.path: self.announced, CONTENT.path: self.signed}
        yield Response.of(binding.encode(answers[request.path]))

    async def close(self) -> None: ...


@pytest.fixture
def key() -> ReviewerKey:
    return ReviewerKey(Ed25519PrivateKey.generate())


@pytest.fixture
def text(hall: HallWorld) -> Content:
    return hall.hall.guides.content


def shelf_of(hall: HallWorld, folder: Path) -> Shelf:
    return Shelf(folder, Reviewer(hall.hall.reviewer.public))


async def refused(shelf: Shelf, offering: Offering) -> ContentFault:
    with pytest.raises(ContentError) as failed:
        await shelf.refresh(PlatformClient(offering))
    return failed.value.fault


# --- the same everywhere ---------------------------------------------------------------------------------------------


async def test_what_a_terminal_shows_is_what_the_platform_shows(hall: HallWorld, tmp_path: Path) -> None:
    """A15, A20: six sections, 65 themes, every guide; version and hash agree with the platform's."""
    shelf = shelf_of(hall, tmp_path)
    assert await shelf.refresh(hall.client)
    assert shelf.content == hall.hall.guides.content
    assert [section.kind for section in shelf.content.sections] == [
        "hall",
        "organisation",
        "service-guide",
        "procedure",
        "laws",
        "notices",
    ]
    current = await hall.client.fetch(CONTENT_VERSION)
    assert (current.version, current.sha256) == (shelf.content.version, shelf.sha256)


async def test_what_is_current_costs_one_small_call(hall: HallWorld, tmp_path: Path) -> None:
    """C23: so it may be asked often."""
    shelf = shelf_of(hall, tmp_path)
    await shelf.refresh(hall.client)
    hall.calls.clear()
    assert not await shelf.refresh(hall.client)
    assert [call.operation for call in hall.calls] == ["content-version"]


async def test_what_was_withdrawn_is_gone_with_the_next_question(hall: HallWorld, tmp_path: Path) -> None:
    """C23."""
    shelf = shelf_of(hall, tmp_path)
    await shelf.refresh(hall.client)
    assert shelf.content is not None
    assert shelf.content.guide("social-card") is not None
    hall.hall.guides.withdraw("social-card")
    assert await shelf.refresh(hall.client)
    assert shelf.content.guide("social-card") is None
    assert shelf.content.version == hall.hall.guides.content.version


async def test_a_platform_that_starts_again_is_not_older_than_itself(hall: HallWorld, tmp_path: Path) -> None:
    """C23: it has forgotten what it published, not that time has passed."""
    shelf = shelf_of(hall, tmp_path)
    hall.hall.guides.withdraw("social-card")
    await shelf.refresh(hall.client)
    hall.clock.now += timedelta(minutes=1)
    restarted = hall.hall.reviewer.sign(Guidebook(hall.clock).content)
    assert await shelf.refresh(PlatformClient(Offering(restarted)))


async def test_a_terminal_that_starts_shows_what_it_has_kept(hall: HallWorld, tmp_path: Path) -> None:
    """A15: with its version and signature, judged again; then one small call says that it is current."""
    await shelf_of(hall, tmp_path).refresh(hall.client)
    later = shelf_of(hall, tmp_path)
    later.read()
    assert later.content == hall.hall.guides.content
    assert not await later.refresh(hall.client)


async def test_a_terminal_that_has_nothing_shows_nothing(hall: HallWorld, tmp_path: Path) -> None:
    """C28."""
    shelf = shelf_of(hall, tmp_path)
    shelf.read()
    assert shelf.content is None


def test_there_is_no_way_to_write_content() -> None:
    """C22: static content goes one way; the terminal has two questions about it, and nothing to send."""
    operations = [each for each in vars(content).values() if isinstance(each, (Ask, Fetch))]
    assert operations == [CONTENT_VERSION, CONTENT]
    assert all(isinstance(each, Fetch) for each in operations)


# --- whom a terminal does not believe --------------------------------------------------------------------------------


async def test_another_reviewer_is_not_believed(
    hall: HallWorld, key: ReviewerKey, text: Content, tmp_path: Path
) -> None:
    """C28: nor one who claims to be ours."""
    shelf = shelf_of(hall, tmp_path)
    other = key.sign(text)
    assert await refused(shelf, Offering(other)) is ContentFault.UNKNOWN_REVIEWER
    claimed = msgspec.structs.replace(other, key=hashlib.sha256(hall.hall.reviewer.public).hexdigest())
    assert await refused(shelf, Offering(claimed)) is ContentFault.BAD_SIGNATURE
    assert shelf.content is None
    assert list(tmp_path.iterdir()) == []


async def test_one_changed_character_is_found(hall: HallWorld, tmp_path: Path) -> None:
    """C28."""
    signed = await hall.client.fetch(CONTENT)
    changed = msgspec.structs.replace(signed, document=signed.document.replace(b"0000-5550101", b"0000-5550102"))
    assert changed != signed
    assert await refused(shelf_of(hall, tmp_path), Offering(changed)) is ContentFault.BAD_SIGNATURE


async def test_a_bundle_that_was_in_use_once_does_not_come_back(hall: HallWorld, tmp_path: Path) -> None:
    """C23: announced as what it is, or as something newer; what is in use stays."""
    first = await hall.client.fetch(CONTENT)
    hall.hall.guides.withdraw("social-card")
    shelf = shelf_of(hall, tmp_path)
    await shelf.refresh(hall.client)
    assert await refused(shelf, Offering(first)) is ContentFault.OLDER
    version = hall.hall.guides.content.version
    newer = ContentVersion(version + 1, hashlib.sha256(first.document).hexdigest())
    assert await refused(shelf, Offering(first, newer)) is ContentFault.OTHER_THAN_ANNOUNCED
    same = ContentVersion(version, hashlib.sha256(b"something").hexdigest())
    second = await hall.client.fetch(CONTENT)
    assert await refused(shelf, Offering(second, same)) is ContentFault.OTHER_THAN_ANNOUNCED
    assert shelf.content is not None
    assert shelf.content.version == version
    restarted = shelf_of(hall, tmp_path)
    restarted.read()
    assert await refused(restarted, Offering(first)) is ContentFault.OLDER


async def test_two_bundles_of_one_version_are_one_too_many(hall: HallWorld, text: Content, tmp_path: Path) -> None:
    """C23: a reviewer who signs another text under a version that is in use is not followed."""
    shelf = shelf_of(hall, tmp_path)
    await shelf.refresh(hall.client)
    other = hall.hall.reviewer.sign(msgspec.structs.replace(text, guides=text.guides[1:]))
    assert await refused(shelf, Offering(other)) is ContentFault.OLDER


async def test_a_bundle_that_shows_somebody_is_refused(hall: HallWorld, text: Content, tmp_path: Path) -> None:
    """B04: even with a good signature."""
    guide = text.guides[0]
    sample = msgspec.structs.replace(guide.elements, result_sample="公民身份号码：999900199001010014")
    bad = msgspec.structs.replace(text, guides=(msgspec.structs.replace(guide, elements=sample),))
    offering = Offering(hall.hall.reviewer.sign(bad))
    assert await refused(shelf_of(hall, tmp_path), offering) is ContentFault.SHOWS_SOMEBODY


async def test_what_is_signed_but_no_content_is_refused(hall: HallWorld, tmp_path: Path) -> None:
    """C02, C28: the schema judges what the signature does not."""
    document = binding.encode(ContentVersion(1, "0" * 64))
    signed = SignedContent(
        hashlib.sha256(hall.hall.reviewer.public).hexdigest(), hall.hall.reviewer.sign_octets(document), document
    )
    reviewer = Reviewer(hall.hall.reviewer.public)
    with pytest.raises(ContentError) as failed:
        reviewer.admit(signed)
    assert failed.value.fault is ContentFault.NOT_CONTENT


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
async def test_a_damaged_disk_is_not_believed(hall: HallWorld, tmp_path: Path, damage: str) -> None:
    """C28: nothing is shown until the platform was asked; then everything is."""
    await shelf_of(hall, tmp_path).refresh(hall.client)
    (kept,) = tmp_path.iterdir()
    data = kept.read_bytes()
    middle = len(data) // 2
    changed = {"cut": data[:middle], "changed": data[:middle] + b"AAAA" + data[middle + 4 :], "emptied": b""}
    kept.write_bytes(changed[damage])
    shelf = shelf_of(hall, tmp_path)
    with pytest.raises(ContentError):
        shelf.read()
    assert shelf.content is None
    assert await shelf.refresh(hall.client)
    assert kept.read_bytes() == data


async def test_without_a_platform_the_kept_bundle_stays_in_use(hall: HallWorld, tmp_path: Path) -> None:
    """A15: the refusal is the client's, and nothing is lost."""
    shelf = shelf_of(hall, tmp_path)
    await shelf.refresh(hall.client)
    await hall.sandbox.stop()
    with pytest.raises(PlatformError):
        await shelf.refresh(hall.client)
    assert shelf.content == hall.hall.guides.content


# --- nothing of anybody ----------------------------------------------------------------------------------------------


async def test_nothing_is_kept_of_a_morning_of_questions(hall: HallWorld, tmp_path: Path) -> None:
    """C20, C19, E12: the terminal has kept the bundle alone; in the platform's tables stands who by pseudonym, what,
    when, how it ended, under the id that the terminal's audit has; no name and no number."""
    shelf = shelf_of(hall, tmp_path)
    await shelf.refresh(hall.client)
    await exchanges(hall)
    assert [file.name for file in tmp_path.iterdir()] == ["content.xml"]
    kept, card = hall.everything_kept(), citizen(1)
    for secret in (card.name, card.number, card.number[6:14]):
        assert secret not in kept
    rows = hall.hall.store.all("SELECT * FROM trail")
    assert {row["operation"] for row in rows} >= {
        "book",
        "cancel",
        "check-in",
        "case",
        "rate-service",
        "upload",
        "apply",
    }
    assert {row["outcome"] for row in rows} == {"ok"}
    assert {row["terminal"] for row in rows} == {hall.identity.terminal}
    assert len({row["who"] for row in rows}) == 1


async def test_nothing_is_kept_of_what_was_looked_for(hall: HallWorld, caplog: pytest.LogCaptureFixture) -> None:
    """C20: neither in a table nor in the log; people type names into a search box."""
    with caplog.at_level("DEBUG"):
        await hall.client.call(FUZZY, FuzzySearch("欧阳测试"))
        await hall.client.call(FULL_TEXT, FullTextSearch("欧阳测试"))
    assert "guides/fuzzy" in caplog.text
    assert "欧阳" not in caplog.text + hall.everything_kept()


async def test_each_personal_call_leaves_a_row_with_the_terminals_request_id(hall: HallWorld) -> None:
    """C19, F06: also when it is refused."""
    await hall.refused(BOOK, BookCall(hall.shown(), "social-card", "1", hall.clock.now))
    (call,) = hall.calls
    (row,) = hall.hall.store.all("SELECT * FROM trail")
    assert (row["request_id"], row["operation"], row["outcome"]) == (call.request_id, "book", "day-too-soon")
    assert (call.operation, call.outcome) == ("book", "refused")

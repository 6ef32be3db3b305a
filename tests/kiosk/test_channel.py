"""The sockets between the desk and its workers, and the screen that speaks over one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest

from kiosk.channel import Channel
from kiosk.messages import (
    FRAME_LIMIT,
    Act,
    BadMessage,
    Count,
    HowMuch,
    Imprint,
    Imprinted,
    Message,
    Policy,
    ProvePresence,
    Render,
    Rendered,
    Show,
    Trust,
    Verify,
    decode,
    encode,
    receive,
)
from kiosk.pages import Cancel, Home, Kind, Pick, Picture, PresentCard, Preview, Printing, Stars, SwitchLanguage, Text
from kiosk.ports.screen import UiScreen
from kiosk.reasons import Reason

KIND = Kind("household", Text("户籍证明", "Household"), Text("", ""), Text("", ""), "home")
HALL = Text("示例区政务服务中心", "Example District Service Hall")


class FakeUi:
    """A user interface that only listens and taps."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def heard(self) -> Message:
        return await asyncio.wait_for(receive(self.reader), 5)

    async def shown(self) -> Show:
        message = await self.heard()
        assert isinstance(message, Show)
        return message

    def tap(self, seq: int, action: object) -> None:
        self.writer.write(encode(Act(seq, action)))  # type: ignore[arg-type]


@pytest.fixture
async def screen(tmp_path: Path) -> AsyncIterator[UiScreen]:
    screen = UiScreen("zh", HALL)
    await screen.open(tmp_path / "ui.sock")
    yield screen
    await screen.close()


@asynccontextmanager
async def ui(tmp_path: Path) -> AsyncIterator[FakeUi]:
    reader, writer = await asyncio.open_unix_connection(tmp_path / "ui.sock")
    yield FakeUi(reader, writer)
    writer.close()


async def test_every_page_says_which_way_up_it_stands(tmp_path: Path) -> None:
    """The interface starts before anybody knows, and has no profile."""
    screen = UiScreen("zh", HALL, 270)
    await screen.open(tmp_path / "ui.sock")
    try:
        screen.show(Home((KIND,)))
        async with ui(tmp_path) as interface:
            assert (await interface.shown()).rotation == 270
            screen.show(PresentCard())
            assert (await interface.shown()).rotation == 270
    finally:
        await screen.close()


async def test_an_interface_that_comes_back_gets_the_page_again(screen: UiScreen, tmp_path: Path) -> None:
    screen.show(Home((KIND,)))
    async with ui(tmp_path) as first:
        home = await first.shown()
        assert (home.page, home.hall) == (Home((KIND,)), HALL)
        screen.show(PresentCard())
        before = await first.shown()
    async with ui(tmp_path) as second:
        assert await second.shown() == before


async def test_a_second_of_the_countdown_sends_no_picture_again(screen: UiScreen, tmp_path: Path) -> None:
    """C20: a page with a certificate's picture crosses the socket once, however long somebody hesitates over it; an
    interface that comes back meanwhile gets all of it, with the seconds that are left."""
    page = Preview(KIND, "", "2026-12-31", Picture(1000, 1000, bytes(3_000_000)), 1, 22)
    screen.show(page)
    async with ui(tmp_path) as first:
        before = await first.shown()
        for left in (2, 1, None):
            screen.show(page, countdown_s=left)
            assert await first.heard() == Count(before.seq, left)
        screen.show(page, countdown_s=2)
    async with ui(tmp_path) as second:
        assert await second.shown() == Show(before.seq, page, before.language, HALL, 2)
        screen.show(Printing(KIND))
        assert (await second.shown()).page == Printing(KIND)


async def test_a_tap_on_a_page_that_is_gone_does_not_count(screen: UiScreen, tmp_path: Path) -> None:
    screen.show(Home((KIND,)))
    async with ui(tmp_path) as shown_to:
        home = await shown_to.shown()
        screen.show(PresentCard())
        present = await shown_to.shown()
        shown_to.tap(home.seq, Pick("household"))
        shown_to.tap(present.seq, Cancel())
        assert await asyncio.wait_for(screen.action(), 5) == Cancel()


async def test_a_tap_that_crosses_an_update_counts(screen: UiScreen, tmp_path: Path) -> None:
    screen.show(Printing(KIND))
    async with ui(tmp_path) as shown_to:
        before = await shown_to.shown()
        screen.show(Printing(KIND, Reason.PAPER_EMPTY, 100))
        shown_to.tap(before.seq, Cancel())
        assert await asyncio.wait_for(screen.action(), 5) == Cancel()


async def test_the_language_switches_on_the_spot_and_ends_with_the_citizen(screen: UiScreen, tmp_path: Path) -> None:
    screen.show(PresentCard())
    async with ui(tmp_path) as shown_to:
        page = await shown_to.shown()
        shown_to.tap(page.seq, SwitchLanguage("en"))
        switched = await shown_to.shown()
        assert (switched.page, switched.seq, switched.language) == (page.page, page.seq, "en")
        screen.reset()
        screen.show(Home((KIND,)))
        assert (await shown_to.shown()).language == "zh"


async def test_a_worker_that_comes_later_hears_how_much_to_log(screen: UiScreen, tmp_path: Path) -> None:
    """F03: the document process is a new one for each citizen."""
    async with ui(tmp_path) as first:
        screen.show(Home((KIND,)))
        await first.shown()
        screen.how_much(HowMuch("debug"))
        assert await asyncio.wait_for(receive(first.reader), 5) == HowMuch("debug")
    async with ui(tmp_path) as second:
        assert await asyncio.wait_for(receive(second.reader), 5) == HowMuch("debug")
        assert isinstance((await second.shown()).page, Home)


async def test_a_worker_that_speaks_another_language_is_cut_off(screen: UiScreen, tmp_path: Path) -> None:
    async with ui(tmp_path) as stranger:
        stranger.writer.write((5).to_bytes(4, "big") + b"hello")
        assert await asyncio.wait_for(stranger.reader.read(), 5) == b""


@pytest.mark.parametrize("body", [b"", b"hello", b"\x80", b"\x81\xa4type\xa4Nope", encode(Act(1, Stars(6)))[4:]])
def test_what_is_not_a_message_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(BadMessage, match="not one of our messages"):
        decode(body)


async def test_a_frame_that_is_too_long_is_not_read() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data((FRAME_LIMIT + 1).to_bytes(4, "big"))
    with pytest.raises(BadMessage, match="frame of"):
        await receive(reader)


@pytest.mark.parametrize(
    "message", [Show(1, Home((KIND,), Reason.PAPER_EMPTY), "en", HALL, 20), Count(7, 19), Act(7, Pick("household"))]
)
def test_messages_survive_the_wire(message: Message) -> None:
    assert decode(encode(message)[4:]) == message


SECRET = b"a citizen's"


@pytest.mark.parametrize(
    "message",
    [
        ProvePresence(1, SECRET, "webp"),
        Verify(1, SECRET, Trust((), (), ()), "00", Policy()),
        Imprint(1, SECRET, ((True,),)),
        Imprinted(1, SECRET, "00"),
        Render(1, SECRET, 0, 110),
        Rendered(1, Picture(1, 4, SECRET)),
        Show(1, Preview(KIND, "", "2026-12-31", Picture(1, 4, SECRET), 1, 22), "zh", KIND.title),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_is_a_citizens_shows_itself_to_nobody(message: Message) -> None:
    """E05."""
    assert "citizen" not in f"{message!r} {message}"
    assert decode(encode(message)[4:]) == message


async def test_no_other_user_may_connect_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket is born closed, instead of being closed a moment later."""
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    channel = Channel("worker", on_message=lambda message: None)
    await channel.listen(tmp_path / "worker.sock")
    assert (tmp_path / "worker.sock").stat().st_mode & 0o777 == 0o660
    await channel.close()


def test_the_table_of_messages_names_each() -> None:
    """docs/architecture.md: what passes between processes is what an auditor reads first."""
    table = (Path(__file__).parents[2] / "docs/architecture.md").read_text(encoding="utf-8")
    assert not [each.__name__ for each in get_args(Message) if f"`{each.__name__}" not in table]

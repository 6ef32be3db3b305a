"""The watch on a real PC/SC service: cards, an exchanged card, a restarted service, a reader that is pulled out."""

import queue
import statistics
import time
from collections.abc import Iterator

import pytest

from hardware.cards.emulator.pcscd import READER_NAME, PrivatePcscd
from hardware.cards.pcsc.watch import Event, PcscWatch

SEEN_WITHIN_S = 5.0
NOTHING_HAPPENS_S = 1.2
# pcscd looks at its readers every 0.4 s; the rest is ours.
READER_LATENCY_S = 0.49
OURS_S = 0.3

pytestmark = pytest.mark.timeout(60)


class MuteChip:
    """A chip nobody talks to here."""

    def reset(self) -> None: ...

    def transmit(self, command: bytes, /) -> bytes:
        return b"\x6d\x00"


class Watched:
    """A watch and what it reported."""

    def __init__(self, wanted: str = "") -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self.watch = PcscWatch(wanted, self._events.put)

    def sees(self, *expected: Event) -> None:
        for event in expected:
            assert self._events.get(timeout=SEEN_WITHIN_S) is event

    def sees_nothing(self) -> None:
        with pytest.raises(queue.Empty):
            self._events.get(timeout=NOTHING_HAPPENS_S)


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.watch.stop()


def test_a_card_comes_and_goes(pcscd: PrivatePcscd, watched: Watched) -> None:
    watched.watch.start()
    watched.sees(Event.READER_BACK)
    assert watched.watch.reader.startswith(READER_NAME)
    assert watched.watch.health.ready
    pcscd.reader.insert(MuteChip())
    watched.sees(Event.PRESENT)
    pcscd.reader.remove()
    watched.sees(Event.REMOVED)
    watched.sees_nothing()


def test_a_card_is_noticed_in_time(pcscd: PrivatePcscd, watched: Watched) -> None:
    watched.watch.start()
    watched.sees(Event.READER_BACK)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        pcscd.reader.insert(MuteChip())
        watched.sees(Event.PRESENT)
        took.append(time.perf_counter() - began)
        pcscd.reader.remove()
        watched.sees(Event.REMOVED)
    assert statistics.median(took) <= OURS_S + READER_LATENCY_S


def test_the_watch_survives_two_restarts_of_the_service(pcscd: PrivatePcscd, watched: Watched) -> None:
    watched.watch.start()
    watched.sees(Event.READER_BACK)
    for _ in range(2):
        pcscd.reader.insert(MuteChip())
        watched.sees(Event.PRESENT)
        pcscd.stop()
        watched.sees(Event.REMOVED, Event.READER_LOST)
        assert not watched.watch.health.ready
        assert watched.watch.health.why
        pcscd.start()
        watched.sees(Event.READER_BACK)
    pcscd.reader.insert(MuteChip())
    watched.sees(Event.PRESENT)


def test_a_restart_with_a_card_on_the_reader_is_a_new_card(pcscd: PrivatePcscd, watched: Watched) -> None:
    watched.watch.start()
    pcscd.reader.insert(MuteChip())
    watched.sees(Event.READER_BACK, Event.PRESENT)
    pcscd.stop()
    watched.sees(Event.REMOVED, Event.READER_LOST)
    pcscd.start()
    pcscd.reader.insert(MuteChip())
    watched.sees(Event.READER_BACK, Event.PRESENT)


def test_a_missing_reader_is_lost_and_found_when_it_is_plugged_in(pcscd: PrivatePcscd, watched: Watched) -> None:
    pcscd.stop()
    pcscd.unplug()
    pcscd.start()
    watched.watch.start()
    watched.sees(Event.READER_LOST)
    watched.sees_nothing()
    pcscd.stop()
    pcscd.plug()
    pcscd.start()
    watched.sees(Event.READER_BACK)


def test_without_a_service_the_reader_is_lost_once(private_pcscd: PrivatePcscd, watched: Watched) -> None:
    watched.watch.start()
    watched.sees(Event.READER_LOST)
    watched.sees_nothing()


def test_only_the_reader_of_this_name_counts(pcscd: PrivatePcscd) -> None:
    watched = Watched("Another reader")
    watched.watch.start()
    watched.sees(Event.READER_LOST)
    pcscd.reader.insert(MuteChip())
    watched.sees_nothing()
    watched.watch.stop()


def test_stopping_does_not_wait_for_the_reader(pcscd: PrivatePcscd, watched: Watched) -> None:
    watched.watch.start()
    watched.sees(Event.READER_BACK)
    began = time.perf_counter()
    watched.watch.stop()
    assert time.perf_counter() - began < 0.3
    assert not watched.watch.health.ready

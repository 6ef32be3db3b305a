"""What a terminal remembers of delivered profiles, lost, spoilt, or set by staff."""

import pytest
from profiles import Bench
from publishing import WELL, report

from kiosk.fleet.profiles import BEGUN, HIGHEST, TRIED


@pytest.mark.parametrize("memory", [b'{"version":9', None], ids=["spoilt", "gone"])
async def test_a_memory_that_was_lost_takes_nothing_until_staff_say_what_is_newest(
    bench: Bench, memory: bytes | None
) -> None:
    """E07: version 9 was given back; without the memory of it, 5 would be taken for new."""
    bench.has_taken(3, bench.text(30.0))
    if memory is None:
        (bench.terminal.kept / HIGHEST).unlink()
    else:
        (bench.terminal.kept / HIGHEST).write_bytes(memory)
    for action in ("8", "9"):
        bench.offer(5, bench.text(31.0), action)
        said = await bench.until_closed()
        assert said.startswith("memory-lost: ") and "profile-newest" in said
        assert bench.terminal.audited[-1] == ("profile.refused", {"action": action, "why": "memory-lost"})
    async with bench.terminal.agent() as rounds:
        bench.terminal.newest.touch()
        await rounds.step()
        await rounds.step()
    heard = [fields for event, fields in bench.terminal.audited if event == "profile.newest-by-staff"]
    assert heard == [{"version": 3}]
    bench.offer(3, bench.text(31.0), "10")
    assert (await bench.until_closed()).startswith("older-than-held: ")
    bench.offer(5, bench.text(31.0), "11")
    await bench.terminal.until_restart()
    assert bench.idle_s == 31.0


@pytest.mark.parametrize("chain", ["whole", "broken"])
async def test_a_memory_that_is_gone_is_missed_also_when_nothing_delivered_is_in_force(
    bench: Bench, chain: str
) -> None:
    """E07: what was tried and given back stands in the agent's own log, or nobody can say that it does not."""
    bench.offer(9, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    bench.terminal.health = None
    await bench.terminal.until_restart()
    bench.terminal.restart()
    bench.terminal.health = report(WELL)
    assert "not well" in await bench.until_closed()
    assert list(bench.folder.iterdir()) == []
    (bench.terminal.kept / HIGHEST).unlink()
    if chain == "broken":
        for file in (bench.terminal.kept / "audit").glob("audit-*.jsonl"):
            file.write_bytes(file.read_bytes().replace(TRIED.encode(), b"profile.dried"))
    bench.offer(5, bench.text(31.0), "9")
    assert (await bench.until_closed()).startswith("memory-lost: ")


@pytest.mark.parametrize("memory", [b"", None], ids=["spoilt", "gone"])
async def test_a_trial_whose_memory_was_lost_is_taken_back(bench: Bench, memory: bytes | None) -> None:
    """E07: or it would be in force for ever, and no gate had said that the terminal is well on it. E06: a citizen who
    is served is not cut off for it. The server, which knows no such action, hears nothing, and is heard again."""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    assert bench.idle_s == 31.0
    bench.forgets(memory)
    bench.terminal.health = report(WELL, serving=True)
    await bench.terminal.steps(600)
    assert not bench.terminal.wish.exists()
    bench.terminal.health = report(WELL)
    await bench.terminal.until_restart()
    assert bench.idle_s == 45.0
    bench.terminal.restart()
    await bench.terminal.steps(60)
    assert not (bench.terminal.kept / BEGUN).exists()
    assert not bench.terminal.wish.exists()
    assert (
        "profile.returns",
        {"version": 1, "because": "the memory of its trial was lost"},
    ) in bench.terminal.audited
    bench.offer(2, bench.text(32.0), "9")
    await bench.terminal.until_restart()
    assert bench.idle_s == 32.0


async def test_staff_make_nothing_older_of_a_memory_that_holds(bench: Bench) -> None:
    """E07"""
    (bench.terminal.kept / HIGHEST).write_bytes(b'{"version":9}')
    async with bench.terminal.agent() as rounds:
        bench.terminal.newest.touch()
        await rounds.step()
    bench.offer(5, bench.text(31.0))
    assert (await bench.until_closed()).startswith("older-than-held: ")


async def test_a_wish_of_staff_that_is_out_of_sight_is_none(bench: Bench) -> None:
    """E07: nor is one when it is seen again; what lies there is the desk's, which may be started anew."""
    (bench.terminal.kept / HIGHEST).write_bytes(b"{")
    bench.terminal.newest.touch()
    hidden = bench.terminal.kept / "hidden"
    async with bench.terminal.agent() as rounds:
        for moved, to in ((bench.terminal.newest, hidden), (hidden, bench.terminal.newest)):
            moved.rename(to)
            await rounds.step()
    assert "profile.newest-by-staff" not in [event for event, _ in bench.terminal.audited]

"""Device tests: card reader, loudspeaker, touch panel, and what is not fitted.

Of a card on the reader only its kind and what was checked is said, and the reading is let go of at once.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from typing import Final

from hardware.cards.port import CardError, CardFault, ReaderState
from hardware.cards.reading import CardReading
from kiosk.clock import within
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Said, doubtful, fine, not_fitted, wrong
from kiosk.maintenance.pages import Back, StaffTouch, Touched
from kiosk.maintenance.workshop import NO_DESK, Workshop
from kiosk.pages import Cancel
from kiosk.text import Text

CARD_WITHIN_S: Final = 30.0
TONE_S: Final = 1
TONE_HZ: Final = 440
TONE_WITHIN_S: Final = 15.0
COLUMNS: Final = 9
ROWS: Final = 12
UNTOUCHED_S: Final = 15.0
TOUCH_TITLE: Final = Text("触摸屏", "Touch grid")
_NAMED_MOST: Final = 12

_SERVICE: Final = frozenset({Role.SERVICE})
_KINDS: Final = {
    "resident": "居民身份证",
    "hmt-residence": "港澳台居民居住证",
    "foreign-2017": "外国人永久居留身份证（2017 版）",
    "foreign-2023": "外国人永久居留身份证（2023 版）",
    "emrtd": "电子旅行证件",
}
_PLUG: Final = Text("检查连接和供电；是绑定的那台吗（reader.sam_id）？", "look at the cable; is it the bound one?")
_AGAIN: Final = Text("换一张测试卡再试；仍不行则更换读卡器", "try another test card, then another reader")
_SPEAKER: Final = Text("检查音箱和 ALSA 设备：aplay -l", "look at the loudspeaker and at ALSA's devices: aplay -l")


async def card_reader(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    async with workshop.reader() as reader:
        if reader.state is not ReaderState.READY:
            yield wrong("读卡器：无应答", "card reader: does not answer", _PLUG)
            return
        yield fine("读卡器有应答。请放上测试卡", "the reader answers. Lay a test card on it")
        try:
            await within(workshop.clock, CARD_WITHIN_S, reader.wait_present())
            lines = _read(await reader.read())
        except TimeoutError:
            zh, en = f"{CARD_WITHIN_S:.0f} 秒内没有感应到卡", f"no card was noticed within {CARD_WITHIN_S:.0f} s"
            lines = [wrong(zh, en, _AGAIN)]
        except CardError as error:
            lines = [_not_read(error.fault)]
    for line in lines:
        yield line


def _not_read(fault: CardFault) -> Line:
    if fault is CardFault.ACCESS_NEEDED:
        en = "a travel document; its chip answers and opens to its holder only, so more cannot be tried without them"
        return fine("电子旅行证件：芯片有应答，须由持证人打开，测试到此为止", en)
    return wrong(f"没有读出（{fault.name}）", f"not read: {fault.value}", _AGAIN)


def _read(reading: CardReading) -> list[Line]:
    """Its kind, whether it has a portrait, and what was checked. Nothing that stands on it."""
    kind, authenticity = reading.kind.value, reading.authenticity
    said = [fine(f"可以读取：{_KINDS[kind]}", f"it can be read: {kind}")]
    if reading.portrait is None:
        zh, en = "卡上没有照片", "it has no portrait"
        said.append(doubtful(zh, en, Text("持此类卡的人须到窗口", "holders of such cards go to a counter")))
    else:
        about = f"{reading.portrait.encoding}, {len(reading.portrait.data)} B"
        said.append(fine(f"照片：{about}", f"portrait: {about}"))
    level = f"{authenticity.level} ({', '.join(authenticity.checks) or '—'})"
    said.append(fine(f"可信级别：{level}", f"believed at level {level}"))
    return said


async def scanner(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    yield not_fitted("扫描器", "scanner")


async def speaker(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    """speaker-test(1) of alsa-utils: one tone, by the device that the system calls its default."""
    program = shutil.which("speaker-test")
    if program is None:
        yield not_fitted("扬声器（没有 alsa-utils）", "loudspeaker (no alsa-utils)")
        return
    arguments = (*("-t", "sine", "-f", str(TONE_HZ)), *("-l", "1", "-p", str(TONE_S * 1_000_000)))
    playing = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(TONE_WITHIN_S):
            _, complaint = await playing.communicate()
    except TimeoutError:
        yield wrong("扬声器：没有按时结束", "loudspeaker: it did not come to an end", _SPEAKER)
        return
    finally:
        if playing.returncode is None:
            playing.kill()
            await playing.wait()
    if playing.returncode == 0:
        yield fine(f"扬声器：已播放 {TONE_HZ} Hz，听到了吗？", f"loudspeaker: {TONE_HZ} Hz was played; was it heard?")
    else:
        last = (complaint.decode("utf-8", "replace").strip().splitlines() or ["?"])[-1]
        yield wrong(f"扬声器：{last}", f"loudspeaker: {last}", _SPEAKER)


async def touch_grid(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    if workshop.glass is None:
        yield wrong("屏幕属于屏幕程序，终端没有运行", "the screen belongs to the ui process; no desk runs", NO_DESK)
        return
    fields, touched, clock = COLUMNS * ROWS, set[int](), workshop.clock
    ends = clock.monotonic() + UNTOUCHED_S
    while len(touched) < fields and (left_s := ends - clock.monotonic()) > 0:
        workshop.glass.show(StaffTouch(TOUCH_TITLE, COLUMNS, ROWS, tuple(sorted(touched))))
        try:
            action = await within(clock, left_s, workshop.glass.action())
        except TimeoutError:
            break
        if isinstance(action, Back | Cancel):
            break
        if isinstance(action, Touched) and 0 <= action.field < fields and action.field not in touched:
            touched.add(action.field)
            ends = clock.monotonic() + UNTOUCHED_S  # of a new field: a panel that touches itself would never end it
    left = [divmod(field, COLUMNS) for field in range(fields) if field not in touched]
    if not left:
        yield fine(f"触摸屏：{fields} 格全部有反应", f"touch: all {fields} fields were felt")
        return
    where = ", ".join(f"{row + 1}/{column + 1}" for row, column in left[:_NAMED_MOST])
    zh, en = (
        f"触摸屏：{len(left)} 格没有反应（行/列 {where}）",
        f"touch: {len(left)} fields not felt (row/column {where})",
    )
    yield wrong(zh, en, Text("再试一次；清洁屏幕或更换触摸屏", "try again; clean the panel, or change it"))


CARD_READER: Final = Entry(
    "card-reader", Text("读卡器", "Card reader"), Group.DEVICES, _SERVICE, card_reader, alone=True
)
SCANNER: Final = Entry("scanner", Text("扫描器", "Scanner"), Group.DEVICES, _SERVICE, scanner)
SPEAKER: Final = Entry("speaker", Text("扬声器", "Loudspeaker"), Group.DEVICES, _SERVICE, speaker, alone=True)
TOUCH: Final = Entry("touch", TOUCH_TITLE, Group.DEVICES, _SERVICE, touch_grid, alone=True, takes_screen=True)

"""Device tests: reader, camera, liveness, printers, loudspeaker, touch.

Of a card on the reader only its kind and what was checked is said, and the reading is let go of at once. Of the person
before the camera only numbers and a verdict are.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, TypeVar

from hardware.cards.port import CardError, CardFault, ReaderState
from hardware.cards.reading import CardReading
from hardware.printers.port import Outcome, PrinterError
from hardware.tickets.port import TicketError
from hardware.tickets.slip import Code, Fact, Heading, Note, Rule, Slip
from kiosk.china_time import CHINA
from kiosk.clock import within
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Live, Number, Said, doubtful, fine, not_fitted, wrong
from kiosk.maintenance.pages import Back, StaffTouch, Touched
from kiosk.maintenance.printer_page import code, printer_page
from kiosk.maintenance.staff_paper import StaffPaper
from kiosk.maintenance.workshop import Workshop
from kiosk.messages import Alive, Guidance, Seen
from kiosk.pages import Cancel, Hint, Prompt
from kiosk.reasons import EXPLANATIONS, Reason, Refused
from kiosk.text import Text

CARD_WITHIN_S: Final = 30.0
LOOKED_AT_S: Final = 30.0
"""So long the camera is on for staff."""
PAGE_WITHIN_S: Final = 90.0
TONE_S: Final = 1
TONE_HZ: Final = 440
TONE_WITHIN_S: Final = 15.0
BRIGHT: Final = (60.0, 200.0)
COLUMNS: Final = 9
ROWS: Final = 12
UNTOUCHED_S: Final = 15.0
TOUCH_TITLE: Final = Text("触摸屏", "Touch grid")
_NAMED_MOST: Final = 12
PICTURES_PER_S: Final = 12.0
FACE: Final = (0.20, 0.72)
SHARP: Final = 30.0
"""As models.quality asks of a citizen's picture."""

_NOW_S: Final = 0.01
T = TypeVar("T")

_SERVICE: Final = frozenset({Role.SERVICE})
_SERVICE_AND_SUPPLIES: Final = frozenset({Role.SERVICE, Role.SUPPLIES})
_KINDS: Final = {
    "resident": "居民身份证",
    "hmt-residence": "港澳台居民居住证",
    "foreign-2017": "外国人永久居留身份证（2017 版）",
    "foreign-2023": "外国人永久居留身份证（2023 版）",
    "emrtd": "电子旅行证件",
}
PROMPTS: Final = {
    Prompt.LOOK: Text("正视镜头", "look straight ahead"),
    Prompt.TURN_LEFT: Text("向左转头", "turn left"),
    Prompt.TURN_RIGHT: Text("向右转头", "turn right"),
    Prompt.LOOK_UP: Text("抬头", "look up"),
    Prompt.OPEN_MOUTH: Text("张嘴", "open the mouth"),
    Prompt.BACK_TO_FRONT: Text("转回正面", "back to the front"),
    Prompt.KEEP_LOOKING: Text("继续正视", "keep looking"),
    Prompt.COMPARING: Text("正在核对", "comparing"),
}
HINTS: Final = {
    Hint.NO_PICTURE: Text("没有画面", "no picture"),
    Hint.NO_FACE: Text("没有人脸", "no face"),
    Hint.TWO_FACES: Text("不止一张脸", "more than one face"),
    Hint.TOO_FAR: Text("太远", "too far"),
    Hint.TOO_NEAR: Text("太近", "too near"),
    Hint.OFF_CENTRE: Text("不在中间", "off centre"),
    Hint.BACK_LIT: Text("背光", "light from behind"),
    Hint.TOO_DARK: Text("太暗", "too dark"),
    Hint.TOO_BRIGHT: Text("太亮", "too bright"),
    Hint.COVERED: Text("脸被遮挡", "face covered"),
    Hint.BLURRED: Text("模糊", "blurred"),
    Hint.TURNED_AWAY: Text("没有正对", "turned away"),
    Hint.HOLD_STILL: Text("晃动", "moving"),
}
_PLUG: Final = Text("检查连接和供电；是绑定的那台吗（reader.sam_id）？", "look at the cable; is it the bound one?")
_AGAIN: Final = Text("换一张测试卡再试；仍不行则更换读卡器", "try another test card, then another reader")
_PRINTER: Final = Text("按打印机面板提示处理，再试一次", "see to the printer, then try again")
_CAMERA: Final = Text("检查摄像头连接：journalctl -u kiosk-vision", "is it plugged in? journalctl -u kiosk-vision")
TYPEFACE: Final = Text("安装 fonts-noto-cjk", "install fonts-noto-cjk")
_NO_DESK: Final = Text("先启动终端：systemctl start kiosk.target", "start the terminal: systemctl start kiosk.target")
_LIGHT: Final = Text("请调整灯光，站到镜头前再试", "see to the light, stand before the camera and try again")
_SPEAKER: Final = Text("检查音箱和 ALSA 设备：aplay -l", "look at the loudspeaker and at ALSA's devices: aplay -l")


async def card_reader(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
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


async def camera(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    if workshop.eyes is None:
        yield _no_eyes()
        return
    pictures, worst = 0, 0
    try:
        async with aclosing(workshop.eyes.look()) as looking:
            async for seen in at_most(LOOKED_AT_S, looking):
                pictures += 1
                live = _numbers(seen)
                worst += any(not number.well for number in live.numbers[:2])
                yield live
    except TimeoutError:
        pass
    except Refused as refused:
        yield wrong("摄像头：没有画面", f"camera: no picture ({refused.detail})", _CAMERA)
        return
    if worst * 2 > pictures:
        yield doubtful("摄像头：画面过暗、过亮或太慢", "camera: too dark, too bright or too slow", _LIGHT)
    else:
        yield fine(f"摄像头：看了 {LOOKED_AT_S:.0f} 秒，画面正常", f"camera: {LOOKED_AT_S:.0f} s, the picture is well")


def _numbers(seen: Seen) -> Live:
    """Pace and brightness first: they are the camera's; the rest is about who stands before it."""
    return Live(
        (
            Number(Text("帧率", "pictures/s"), f"{seen.per_s:.0f}", seen.per_s >= PICTURES_PER_S),
            Number(Text("亮度", "brightness"), f"{seen.brightness:.0f}", BRIGHT[0] <= seen.brightness <= BRIGHT[1]),
            Number(Text("人脸", "faces"), str(seen.faces), seen.faces == 1),
            Number(Text("人脸高度", "face height"), f"{seen.face_height:.0%}", FACE[0] <= seen.face_height <= FACE[1]),
            Number(Text("清晰度", "sharpness"), f"{seen.sharpness:.0f}", seen.sharpness >= SHARP),
            _hint(seen.hint),
        )
    )


async def liveness(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    if workshop.eyes is None:
        yield _no_eyes()
        return
    yield fine("请站到镜头前，按提示转头", "stand before the camera and turn your head as asked")
    prompt = None
    try:
        async with aclosing(workshop.eyes.try_liveness()) as trying:
            async for said in trying:
                match said:
                    case Guidance():
                        yield _guided(said)
                        prompt = said.prompt
                    case Alive(liveness=signals):
                        shown = " · ".join(f"{name} {value:.2f}" for name, value in sorted(signals.items()))
                        yield fine(f"活体检测通过（{shown}）", f"liveness: passed ({shown})")
    except Refused as refused:
        wording = EXPLANATIONS[refused.reason]
        at = f" · {prompt.value}" if prompt is not None else ""
        remedy = _CAMERA if refused.reason is Reason.CAMERA_LOST else _LIGHT
        yield wrong(f"活体检测未通过：{wording.zh.what}{at}", f"liveness: not passed, {refused.detail}{at}", remedy)


def _guided(guidance: Guidance) -> Live:
    return Live((Number(PROMPTS[guidance.prompt], f"{guidance.progress:.0%}", True), _hint(guidance.hint)))


def _hint(hint: Hint | None) -> Number:
    """What a check would say to a citizen now."""
    return Number(Text("提示：无", "hint: none"), "—", True) if hint is None else Number(HINTS[hint], "!", False)


def _no_eyes() -> Line:
    return wrong(
        "摄像头属于摄像头程序，终端没有运行", "the camera belongs to the vision process; no desk runs", _NO_DESK
    )


async def printer_test(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    terminal, at = workshop.profile.terminal.id, workshop.clock.now()
    try:
        paper = await asyncio.to_thread(printer_page, terminal, at)
    except OSError as error:
        yield wrong(f"字体缺失：{error.strerror}", f"no typeface: {error.strerror}", TYPEFACE)
        return
    async for said in printed(workshop, paper):
        yield said
    yield fine("用尺核对标尺，并查看灰阶、细线和二维码", "lay a ruler on it; look at greys, fine lines and the code")


async def printed(workshop: Workshop, paper: StaffPaper) -> AsyncIterator[Said]:
    """Paper of staff through the queue that certificates take, until it is out."""
    pages, waited_for = 0, None
    try:
        async with aclosing(workshop.paper.print_for_staff(paper)) as printing:
            async for report in at_most(PAGE_WITHIN_S, printing):
                if report.pages_out > pages:
                    pages = report.pages_out
                    yield Live((Number(Text("已出页", "pages out"), f"{pages}/{paper.pages}", True),))
                if report.outcome is Outcome.PRINTED:
                    yield fine(f"打印机：{paper.pages} 页已打印", f"printer: {paper.pages} page(s) out")
                elif report.outcome is not None:
                    en = f"printer: the job ended {report.outcome.value}, {report.pages_out} page(s) out"
                    yield wrong(f"打印机：任务未完成（{report.outcome.value}）", en, _PRINTER)
                elif report.trouble is not None and report.trouble is not waited_for:
                    why = report.trouble.value
                    yield doubtful(f"打印机在等待：{why}", f"printer: waits, {why}", _PRINTER)
                waited_for = report.trouble
    except TimeoutError:
        en = f"printer: not out within {PAGE_WITHIN_S:.0f} s, cancelled"
        yield wrong(f"打印机：{PAGE_WITHIN_S:.0f} 秒内没有打完，已取消", en, _PRINTER)
    except Refused as refused:
        yield wrong(f"打印机：{EXPLANATIONS[refused.reason].zh.what}", f"printer: {refused.detail}", _PRINTER)
    except PrinterError as error:
        yield wrong(f"打印机：{error.trouble.value}", f"printer: {error}", _PRINTER)


async def at_most(seconds: float, saying: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Raises TimeoutError when it says more after that long. No alarm is set while whoever listens is at work."""
    now = asyncio.get_running_loop().time
    ends = now() + seconds
    while True:
        try:
            async with asyncio.timeout_at(max(ends, now() + _NOW_S)):
                said = await anext(saying)
        except StopAsyncIteration:
            return
        yield said


async def ticket_printer(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    if workshop.tickets is None:
        yield not_fitted("凭条打印机", "ticket printer")
        return
    at = workshop.clock.now().astimezone(CHINA)
    slip = Slip(
        (
            Heading("测试凭条"),
            Heading("Test slip"),
            Rule(),
            Fact("终端", workshop.profile.terminal.id),
            Fact("时间", f"{at:%Y-%m-%d %H:%M:%S}"),
            Rule(),
            Code(code(f"onecard-kiosk {workshop.profile.terminal.id} {at:%Y-%m-%dT%H:%M:%S}")),
            Note("维护用。不是证明，不具法律效力。"),
            Note("For maintenance. Not a certificate, without legal effect."),
        )
    )
    try:
        await workshop.tickets.print(slip)
    except TicketError as error:
        remedy = Text("装纸或关好上盖，再试一次", "put a roll in, close the cover, then try again")
        yield wrong(f"凭条打印机：{error.trouble.value}", f"ticket printer: {error}", remedy)
    else:
        yield fine("凭条打印机：测试凭条已打印并切纸", "ticket printer: the test slip is out and cut")


async def scanner(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    yield not_fitted("扫描器", "scanner")


async def speaker(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
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


async def touch_grid(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    if workshop.glass is None:
        yield wrong("屏幕属于屏幕程序，终端没有运行", "the screen belongs to the ui process; no desk runs", _NO_DESK)
        return
    fields, touched = COLUMNS * ROWS, set[int]()
    while len(touched) < fields:
        workshop.glass.show(StaffTouch(TOUCH_TITLE, COLUMNS, ROWS, tuple(sorted(touched))))
        try:
            action = await within(workshop.clock, UNTOUCHED_S, workshop.glass.action())
        except TimeoutError:
            break
        if isinstance(action, Back | Cancel):
            break
        if isinstance(action, Touched) and 0 <= action.field < fields:
            touched.add(action.field)
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
CAMERA: Final = Entry("camera", Text("摄像头", "Camera"), Group.DEVICES, _SERVICE, camera, alone=True)
LIVENESS: Final = Entry("liveness", Text("活体检测", "Liveness"), Group.DEVICES, _SERVICE, liveness, alone=True)
PRINTER_PAGE: Final = Entry(
    "printer-page",
    Text("打印测试页", "Printer test page"),
    Group.DEVICES,
    _SERVICE_AND_SUPPLIES,
    printer_test,
    asks=Text("打印一页测试页？", "Print one test page?"),
    alone=True,
)
TICKET: Final = Entry(
    "ticket",
    Text("打印测试凭条", "Test slip"),
    Group.DEVICES,
    _SERVICE_AND_SUPPLIES,
    ticket_printer,
    asks=Text("打印一张测试凭条？", "Print one test slip?"),
    alone=True,
)
SCANNER: Final = Entry("scanner", Text("扫描器", "Scanner"), Group.DEVICES, _SERVICE, scanner)
SPEAKER: Final = Entry("speaker", Text("扬声器", "Loudspeaker"), Group.DEVICES, _SERVICE, speaker, alone=True)
TOUCH: Final = Entry("touch", TOUCH_TITLE, Group.DEVICES, _SERVICE, touch_grid, alone=True, takes_screen=True)

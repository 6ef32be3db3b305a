"""Tests of the camera: its picture with live numbers, and the gestures of a face check.

Of the person before it only numbers and a verdict leave the vision process; no picture does.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from kiosk.maintenance.at_most import NotOver, at_most
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Live, Number, Said, doubtful, fine, wrong
from kiosk.maintenance.workshop import NO_DESK, Workshop
from kiosk.messages import Alive, Guidance, Seen
from kiosk.pages import Hint, Prompt
from kiosk.reasons import EXPLANATIONS, Reason, Refused
from kiosk.text import Text

LOOKED_AT_S: Final = 30.0
"""So long the camera is on for staff."""
BRIGHT: Final = (60.0, 200.0)
PICTURES_PER_S: Final = 12.0
FACE: Final = (0.20, 0.72)
SHARP: Final = 30.0
"""As models.quality asks of a citizen's picture."""
_CAMERA: Final = Text("检查摄像头连接：journalctl -u kiosk-vision", "is it plugged in? journalctl -u kiosk-vision")
_LIGHT: Final = Text("请调整灯光，站到镜头前再试", "see to the light, stand before the camera and try again")
_SERVICE: Final = frozenset({Role.SERVICE})
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


async def camera(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
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
    except NotOver:
        pass
    except Refused as refused:
        yield wrong("摄像头：没有画面", f"camera: no picture ({refused.detail})", _CAMERA)
        return
    if not pictures:
        yield wrong("摄像头：没有画面", "camera: no picture", _CAMERA)
    elif worst * 2 > pictures:
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


async def liveness(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
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
        "摄像头属于摄像头程序，终端没有运行", "the camera belongs to the vision process; no desk runs", NO_DESK
    )


CAMERA: Final = Entry("camera", Text("摄像头", "Camera"), Group.DEVICES, _SERVICE, camera, alone=True)
LIVENESS: Final = Entry("liveness", Text("活体检测", "Liveness"), Group.DEVICES, _SERVICE, liveness, alone=True)

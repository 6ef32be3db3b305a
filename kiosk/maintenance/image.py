"""The image that runs and its profile: asking for an update now, going back to the image before, which profile is the
newest, and how much is logged.

Updates are the agent's (kiosk.fleet.updates): it is asked to look at its server at once, and goes on as always, with
its signature, its moment between two citizens and its gate. Going back needs no server: RAUC is told which slot boots
next.
"""

from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from kiosk.fleet.rauc import Rauc, RaucError
from kiosk.loudness import FOR_S, USUAL
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Said, fine, wrong
from kiosk.maintenance.plan import PROFILE_WISH, UPDATE_WISH
from kiosk.maintenance.workshop import NO_DESK, Workshop
from kiosk.messages import HowMuch
from kiosk.text import Text

_SERVICE: Final = frozenset({Role.SERVICE})
_NO_SERVER: Final = Text("在配置 [fleet.updates] 中填写更新服务器", "name an update server in [fleet.updates]")
_NO_OPERATOR: Final = Text("在配置 [fleet] operator 中填写公钥", "name the operator's key in [fleet] operator")
_RAUC: Final = Text("systemctl status rauc", "systemctl status rauc")


async def update(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    if workshop.profile.fleet.updates is None:
        yield wrong("没有更新服务器", "there is no update server", _NO_SERVER)
        return
    (workshop.folder / UPDATE_WISH).touch()
    zh = "已请代理程序立即查询更新；如有更新，将在没有市民办理时安装并重启"
    yield fine(zh, "the agent asks for updates now; one that is there is taken when no citizen is served")


async def rollback(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    restarts = workshop.restarts
    if restarts is None:
        remedy = Text("rauc status mark-active other，然后重启", "rauc status mark-active other, then restart")
        yield wrong("终端程序没有运行", "no desk runs", remedy)
        return
    try:
        async with Rauc() as rauc:
            slot = await rauc.boot_slot()
            await rauc.mark("active", "other")
    except RaucError as error:
        yield wrong(f"不能回退：{error}", f"it cannot go back: {error}", _RAUC)
        return
    restarts.machine()
    yield fine(f"离开 {slot}，重启后运行另一系统", f"leaves {slot}; the other image runs after the restart")


async def profile_newest(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    """Where the agent's memory of versions was spoilt, and where it was not, this changes nothing."""
    if workshop.profile.fleet.operator is None:
        yield wrong("没有运营方公钥，不接收配置", "no operator is pinned, so no profile is taken", _NO_OPERATOR)
        return
    for wish in (PROFILE_WISH, UPDATE_WISH):  # the second: it looks at once
        (workshop.folder / wish).touch()
    zh = "已告知代理程序：当前配置为最新版本；请运营方重新下发新配置"
    yield fine(zh, "the agent knows the profile in force for the newest; the operator may send the next one again")


async def log_level(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    if workshop.loudness is None:
        yield wrong("终端程序没有运行", "no desk runs", NO_DESK)
        return
    how_much = msgspec.convert({"level": choice}, HowMuch)
    workshop.loudness.turn(how_much)
    if how_much == USUAL:
        yield fine("日志级别：常规", "log level info, as usual")
        return
    hours = f"{FOR_S / 3600:.0f}"
    zh = f"日志级别：{choice}，{hours} 小时后或重启程序后恢复"
    yield fine(zh, f"log level {choice}, for {hours} h or until the program starts anew")


UPDATE: Final = Entry(
    "update",
    Text("立即更新", "Update now"),
    Group.SOFTWARE,
    _SERVICE,
    update,
    asks=Text("现在查询并安装更新？", "Look for an update and take it?"),
)
ROLLBACK: Final = Entry(
    "rollback",
    Text("回退到上一系统", "Roll back"),
    Group.SOFTWARE,
    _SERVICE,
    rollback,
    asks=Text("回退到另一系统并重启？", "Go back to the other image and restart?"),
    alone=True,
)
PROFILE_NEWEST: Final = Entry(
    "profile-newest",
    Text("确认当前配置为最新", "Confirm the profile as the newest"),
    Group.SOFTWARE,
    _SERVICE,
    profile_newest,
    asks=Text(
        "版本记录损坏时使用。确认当前配置为最新版本？",
        "For a lost record of versions. Is the profile in force the newest?",
    ),
)
LOG_LEVEL: Final = Entry(
    "log-level",
    Text("日志级别", "Log level"),
    Group.SOFTWARE,
    _SERVICE,
    log_level,
    asks=Text("更改日志级别？", "Change how much is logged?"),
    choices=(
        Choice("warning", Text("仅警告", "Warnings only")),
        Choice("info", Text("常规", "As usual")),
        Choice("debug", Text("详细", "Everything")),
    ),
    fleet=True,
)

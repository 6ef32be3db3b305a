"""Taking the terminal out of service and back, and starting parts of it anew."""

from collections.abc import AsyncGenerator, Callable
from typing import Final

from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Said, doubtful, fine, wrong
from kiosk.maintenance.sign import REASONS
from kiosk.maintenance.workshop import Workshop
from kiosk.pages import Text
from kiosk.reasons import EXPLANATIONS, Reason

_CLOSED_FOR: Final = {
    Reason.CLOSED_FOR_MAINTENANCE: "maintenance",
    Reason.CLOSED_FOR_REPAIR: "repair",
    Reason.CLOSED_BY_OPERATOR: "operator",
}
_WORKERS: Final = ("ui", "vision", "documents")
_DISK: Final = Text("检查磁盘空间和权限：journalctl -u kiosk-desk", "is the disk full? journalctl -u kiosk-desk")


async def out_of_service(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    reason = next(each for each in REASONS if _CLOSED_FOR[each] == choice)
    said = EXPLANATIONS[reason]
    try:
        workshop.sign.hang(reason)
    except OSError as error:
        yield wrong(
            f"已暂停服务，但重启后不会保持：{error.strerror}",
            f"out of service, but not over a restart: {error.strerror}",
            _DISK,
        )
    yield fine(f"已暂停服务。市民看到：{said.zh.what}", f"out of service. Citizens read: {said.en.what}")


async def in_service(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    try:
        workshop.sign.take_down()
    except OSError as error:
        yield wrong(f"仍暂停服务：{error.strerror}", f"still out of service: {error.strerror}", _DISK)
        return
    yield fine("已恢复服务", "back in service")
    for finding in await workshop.examiner.findings():
        if finding.code and finding.code not in {reason.value for reason in REASONS}:
            wording = EXPLANATIONS[Reason(finding.code)]
            yield doubtful(
                f"但仍不能办理：{wording.zh.what}",
                f"but it cannot serve yet: {wording.en.what}",
                Text("请运行自检", "run the self-test"),
            )


async def restart(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    restarts = workshop.restarts
    if restarts is None:
        yield wrong(
            "终端程序没有运行，由系统服务管理",
            "no desk runs; the service manager starts it",
            Text("systemctl start kiosk.target", "systemctl start kiosk.target"),
        )
    elif choice in _WORKERS:
        restarts.worker(choice)
        yield fine(f"{choice} 进程已结束，随即重新启动", f"the {choice} process was ended and starts anew")
    elif choice == "print-server":
        restarts.print_server()
        yield fine("即将重新启动打印服务", "the print server is to start anew")
    elif choice == "program":
        restarts.program()
        yield fine("一秒后重新启动终端程序", "the program starts anew in a second")
    else:
        restarts.machine()
        yield fine("即将重新启动整机", "the machine is to restart")


def _between_citizens(
    name: str,
    title: Text,
    run: Callable[[Workshop, str], AsyncGenerator[Said, None]],
    asks: Text,
    *choices: Choice,
) -> Entry:
    """What staff and the fleet do to the whole terminal."""
    return Entry(name, title, Group.SERVICE, frozenset({Role.SERVICE}), run, asks, choices, alone=True, fleet=True)


OUT_OF_SERVICE: Final = _between_citizens(
    "out-of-service",
    Text("暂停服务", "Take out of service"),
    out_of_service,
    Text("暂停服务？首页将告知市民，重启后仍保持。", "Take the terminal out of service, over restarts, too?"),
    *(
        Choice(_CLOSED_FOR[reason], Text(EXPLANATIONS[reason].zh.what, EXPLANATIONS[reason].en.what))
        for reason in REASONS
    ),
)
IN_SERVICE: Final = _between_citizens(
    "in-service",
    Text("恢复服务", "Put back into service"),
    in_service,
    Text("恢复服务？", "Put the terminal back into service?"),
)
RESTART: Final = _between_citizens(
    "restart",
    Text("重新启动", "Restart"),
    restart,
    Text("重新启动？", "Restart?"),
    Choice("program", Text("终端程序", "The program")),
    Choice("ui", Text("屏幕程序", "The screen's process")),
    Choice("vision", Text("摄像头程序", "The camera's process")),
    Choice("documents", Text("文件程序", "The documents' process")),
    Choice("print-server", Text("打印服务", "The print server")),
    Choice("machine", Text("整机", "The machine")),
)

"""How much the desk writes into its journal, until it starts anew: a fault that nobody understands is looked at closely
for a while, and then no more. What is logged holds no personal data at any level (C20)."""

import logging
from collections.abc import AsyncGenerator
from typing import Final

from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Said, fine
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text

_LEVELS: Final = {
    "debug": Text("全部（调试）", "everything"),
    "info": Text("通常", "as usual"),
    "warning": Text("仅警告和错误", "warnings and errors"),
}


async def _set(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    ours = logging.getLogger("kiosk")
    ours.setLevel(choice.upper())
    yield fine(
        f"日志级别：{_LEVELS[choice].zh}，重新启动后恢复通常级别",
        f"the log says {_LEVELS[choice].en}; at the next start it is as usual again",
    )


LOG_LEVEL: Final = Entry(
    name="log-level",
    title=Text("日志级别", "How much is logged"),
    group=Group.SERVICE,
    roles=frozenset({Role.SERVICE}),
    run=_set,
    choices=tuple(Choice(value, title) for value, title in _LEVELS.items()),
    fleet=True,
)

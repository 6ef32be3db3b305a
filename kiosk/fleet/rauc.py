"""RAUC over D-Bus (de.pengutronix.rauc.Installer, as RAUC 1.8 shows it): installs a bundle into the slot that does not
run, and says which slot is good. It checks the bundle's signature against the keyring of the image; this module only
asks.
"""

import asyncio
from typing import Any, Final, Self

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME: Final = "de.pengutronix.rauc"
INTERFACE: Final = "de.pengutronix.rauc.Installer"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
INSTALL_WITHIN_S: Final = 3600.0
_MATCH: Final = f"type='signal',sender='{NAME}',interface='{INTERFACE}',member='Completed'"


class RaucError(Exception):
    """RAUC is not there, or refuses. The text is RAUC's own."""


class Rauc:
    """The service on the system bus, or on the bus of this `address`. Use as a context."""

    def __init__(self, address: str | None = None) -> None:
        self._bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)
        self._completed: asyncio.Queue[int] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Raises RaucError when there is no bus."""
        try:
            await self._bus.connect()
        except (OSError, DBusError) as error:
            raise RaucError(f"no bus: {error}") from None
        self._bus.add_message_handler(self._heard)
        await self._call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", _MATCH)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bus.disconnect()

    async def lost(self) -> None:
        """Until the bus is gone."""
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def boot_slot(self) -> str:
        """The name by which the boot loader knows the slot that runs."""
        return str(await self._property("BootSlot"))

    async def is_busy(self) -> bool:
        return str(await self._property("Operation")) != "idle"

    async def install(self, bundle: str) -> None:
        """Into the other slot, which boots next. Raises RaucError with RAUC's reason."""
        while not self._completed.empty():
            self._completed.get_nowait()
        await self._ask("InstallBundle", "sa{sv}", [bundle, {}])
        try:
            result = await asyncio.wait_for(self._completed.get(), INSTALL_WITHIN_S)
        except TimeoutError:
            raise RaucError("RAUC did not come to an end") from None
        if result != 0:
            raise RaucError(str(await self._property("LastError")))

    async def mark(self, state: str, slot: str) -> None:
        """`state`: "good", "bad", or "active" for the one that boots next; `slot`: "booted" or "other"."""
        await self._ask("Mark", "ss", [state, slot])

    async def _property(self, name: str) -> Any:
        reply = await self._call(NAME, "/", PROPERTIES, "Get", INTERFACE, name)
        return reply[0].value if isinstance(reply[0], Variant) else reply[0]

    async def _ask(self, member: str, signature: str, body: list[Any]) -> list[Any]:
        return await self._send(
            Message(destination=NAME, path="/", interface=INTERFACE, member=member, signature=signature, body=body)
        )

    async def _call(self, name: str, path: str, interface: str, member: str, *words: str) -> list[Any]:
        signature = "s" * len(words)
        return await self._send(Message(name, path, interface, member, signature=signature, body=list(words)))

    async def _send(self, message: Message) -> list[Any]:
        try:
            reply = await self._bus.call(message)
        except (OSError, EOFError, DBusError) as error:
            raise RaucError(f"{message.member}: {error}") from None
        if reply is None or reply.message_type is MessageType.ERROR:
            raise RaucError(f"{message.member}: {reply.body[0] if reply and reply.body else 'no answer'}")
        return list(reply.body)

    def _heard(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "Completed":
            self._completed.put_nowait(int(message.body[0]))

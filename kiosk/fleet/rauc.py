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
    """The service on the system bus, or on the bus of this `address`. The bus is sought when something is asked, and
    again after it was lost. Use as a context."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._bus: MessageBus | None = None
        self._completed: asyncio.Queue[int] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._bus is not None:
            self._bus.disconnect()

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
        result = await self._result()
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
        bus = await self._connected()
        try:
            reply = await bus.call(message)
        except (OSError, EOFError, DBusError) as error:
            raise RaucError(f"{message.member}: {error}") from None
        if reply is None or reply.message_type is MessageType.ERROR:
            raise RaucError(f"{message.member}: {reply.body[0] if reply and reply.body else 'no answer'}")
        return list(reply.body)

    async def _connected(self) -> MessageBus:
        """Raises RaucError when there is no bus."""
        if self._bus is not None and self._bus.connected:
            return self._bus
        bus = MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM)
        try:
            await bus.connect()
        except (OSError, DBusError) as error:
            raise RaucError(f"no bus: {error}") from None
        bus.add_message_handler(self._heard)
        self._bus = bus
        await self._call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", _MATCH)
        return bus

    async def _result(self) -> int:
        """RAUC's, of what it was asked to install. A bus that is lost meanwhile will not tell."""
        assert self._bus is not None
        told = asyncio.ensure_future(self._completed.get())
        lost = asyncio.ensure_future(self._bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        try:
            await asyncio.wait({told, lost}, timeout=INSTALL_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                raise RaucError("the bus was lost" if lost.done() else "RAUC did not come to an end")
            return told.result()
        finally:
            for task in (told, lost):
                task.cancel()
            await asyncio.gather(told, lost, return_exceptions=True)

    def _heard(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "Completed":
            self._completed.put_nowait(int(message.body[0]))

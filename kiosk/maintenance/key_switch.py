"""What a turn of the key in the housing means: somebody of staff is called, once."""

from hardware.key_switches.port import Switch


class KeySwitch:
    """Each turn of the key counts once: when it is answered it must be turned back before it counts again."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._answered = False

    def answer(self) -> None:
        """Somebody sees to it."""
        self._answered = True

    async def wait_turned(self) -> None:
        """Until the key is turned, or has been meanwhile."""
        if self._answered:
            await self.wait_turned_back()
            self._answered = False
        await self._switch.wait(True)

    async def wait_turned_back(self) -> None:
        await self._switch.wait(False)

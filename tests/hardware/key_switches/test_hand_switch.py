"""The emulated key switch behaves as the driver does."""

import pytest
from conformance.key_switch import KeySwitchConformance

from hardware.key_switches.emulator import HandSwitch


class Hand:
    def __init__(self) -> None:
        self.switch = HandSwitch()
        self.turn = self.switch.turn


class TestHandSwitch(KeySwitchConformance):
    """C16."""

    @pytest.fixture
    def bench(self) -> Hand:
        return Hand()

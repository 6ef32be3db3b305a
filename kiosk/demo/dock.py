"""The dev dock: a panel in the terminal to lay a card on the reader, turn the head, empty the tray, pull the cable.

One key, one switch. The head follows the prompts by itself until it is turned by hand.
"""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from hardware.cards.emulator.pcscd import PcscdMissing
from hardware.cards.emulator.technicians import PIN
from hardware.printers.switchboard import Switches
from kiosk.demo.eyes import Eyes
from kiosk.demo.machine import Machine
from kiosk.demo.puppeteer import follow_prompts
from platform_client.sandbox.faults import Fault

PANEL = """
  The window is the terminal's screen: use mouse or touch. Here are the devices around it:

    c  lay a card on the reader            x  take the card away
    d  lay a card with a wrong number      e  lay an expired card
    ←  turn the head to its own left       →  … to its right       ↑  look ahead   ↓  look up
    a  the head follows the prompts        f  hold up a flat photograph
    p  empty the paper tray                j  the paper jams               h  open the printer's door
    s  the printer is slow                 i  … does not answer            u  … loses its network cable
    b  … dies over half of the next page   0  … loses its power            o  the printer is all right again
    r  the ticket roll is empty            t  put a new roll in
    n  pull the network cable              m  plug it in again
    w  the platform sends somebody else's certificate (m: back to normal)
    k  put the technician's card in        l  take it out
       their menu: hold the drawing at the top left of the home page for five seconds; the PIN is {pin}
    q  end the demo
"""
PRINTER = {
    "p": ("the tray is empty", Switches(tray_sheets=0)),
    "j": ("the paper is stuck", Switches(jam=True)),
    "h": ("the printer's door is open", Switches(door_open=True)),
    "s": ("the printer takes eight seconds for a page", Switches(seconds_per_page=8.0)),
    "i": ("the printer does not answer", Switches(network="silent")),
    "u": ("the printer's cable is out", Switches(network="pulled")),
    "b": ("the printer will die over half of the next page", Switches(next_job="dies-half-way")),
    "0": ("the printer has no power", Switches(power=False)),
    "o": ("the printer is all right", Switches()),
}
_ARROWS = {"\x1b[D": "turn-left", "\x1b[C": "turn-right", "\x1b[A": "look", "\x1b[B": "look-up"}


class Dock:
    """The switches, and the head's own will."""

    def __init__(self, machine: Machine, eyes: Eyes) -> None:
        self._machine = machine
        self._eyes = eyes
        self._follower: asyncio.Task[None] | None = None
        self.follow()
        board = machine.switchboard
        self.switches: dict[str, tuple[str, Callable[[], Awaitable[None] | None]]] = {
            "c": ("a card lies on the reader", machine.lay_card),
            "d": ("a card with a wrong number lies on the reader", self._lay_wrong_number),
            "e": ("an expired card lies on the reader", lambda: machine.lay_card(machine.citizens[3])),
            "x": ("the reader is empty", machine.take_card),
            "a": ("the head follows the prompts", self.follow),
            "f": ("a flat photograph is held up", lambda: machine.puppet.do(print=True)),
            **{key: (says, partial(board.write, switches)) for key, (says, switches) in PRINTER.items()},
            "r": ("the ticket roll is empty", machine.tickets.take_roll_out),
            "t": ("there is a new ticket roll", machine.put_roll_in),
            "k": ("the technician's card is in its reader", self._insert_technician_card),
            "l": ("the technician's reader is empty", machine.take_technician_card),
            "n": ("the cable is out", lambda: machine.spoil(Fault.UNREACHABLE)),
            "m": ("the platform is itself again", lambda: machine.spoil(None)),
            "w": ("the platform mixes up two people", lambda: machine.spoil(Fault.WRONG_PERSON)),
        }

    def follow(self) -> None:
        """A living head does what the screen asks."""
        self._machine.puppet.do(print=False)
        if self._follower is None:
            self._follower = asyncio.create_task(follow_prompts(self._eyes, self._machine.puppet))

    def move(self, prompt: str) -> None:
        """By hand, from now on."""
        if self._follower is not None:
            self._follower.cancel()
            self._follower = None
        self._machine.puppet.follow(prompt)

    def _insert_technician_card(self) -> None:
        try:
            self._machine.insert_technician_card()
        except PcscdMissing as missing:
            print(f"  no reader for it: {missing}")

    def _lay_wrong_number(self) -> None:
        card = self._machine.citizens[0]
        wrong = "0" if card.number[-1] != "0" else "1"
        self._machine.lay_card(replace(card, number=card.number[:-1] + wrong))


async def dock(machine: Machine, eyes: Eyes) -> None:
    """Reads keys until `q`. Without a keyboard it waits for the window to be closed."""
    print(PANEL.format(pin=PIN))
    panel = Dock(machine, eyes)
    if not sys.stdin.isatty():
        print("  (no keyboard here: the switches are off; Ctrl-C ends the demo)")
        await asyncio.Event().wait()
    loop = asyncio.get_running_loop()
    keys: asyncio.Queue[str] = asyncio.Queue()
    with _single_keys():
        loop.add_reader(sys.stdin.fileno(), lambda: keys.put_nowait(_key()))
        try:
            while (key := await keys.get()) != "q":
                if key in _ARROWS:
                    panel.move(_ARROWS[key])
                    print(f"  the head: {_ARROWS[key]}")
                elif key in panel.switches:
                    says, switch = panel.switches[key]
                    waiting = switch()
                    if waiting is not None:
                        await waiting
                    print(f"  {says}")
        finally:
            loop.remove_reader(sys.stdin.fileno())


def _key() -> str:
    return os.read(sys.stdin.fileno(), 8).decode(errors="ignore")


@contextmanager
def _single_keys() -> Iterator[None]:
    """Keys arrive one by one and unechoed; the terminal is put back as it was."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

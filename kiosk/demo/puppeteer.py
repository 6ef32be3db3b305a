"""The simulated person in front of the simulated camera does what the screen asks: reads the prompt and turns the head.

It knows nothing but what stands on the screen, like the citizen it stands for.
"""

import json
import socket
from pathlib import Path

from kiosk.demo.eyes import Eyes

TURN_DEGREES = 24.0
# Where the head goes for each prompt.
POSES_DEG = {"look": 0.0, "turn-left": TURN_DEGREES, "turn-right": -TURN_DEGREES, "back-to-front": 0.0}


class Puppet:
    """The head in front of the camera, moved through the camera's control socket (hardware/cameras/puppet.py)."""

    def __init__(self, control: Path) -> None:
        self._control = control

    def do(self, **command: object) -> None:
        """Sends one command. A camera that is just being replaced does not hear it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto(json.dumps(command).encode(), str(self._control))
            except (FileNotFoundError, ConnectionRefusedError):
                return

    def turn(self, degrees: float, over_s: float = 0.5) -> None:
        self.do(turn=degrees, over_s=over_s)


async def follow_prompts(eyes: Eyes, puppet: Puppet) -> None:
    """Turns the head as the face page asks, for ever. Looks ahead again when the page is gone."""
    asked = ""
    view = await eyes.see(lambda _: True, seconds=60.0)
    while True:
        prompt = view.prompt or "look"
        if prompt in POSES_DEG and prompt != asked:
            asked = prompt
            puppet.turn(POSES_DEG[prompt])
        view = await eyes.next_change(view)

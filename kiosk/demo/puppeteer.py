"""The simulated person in front of the simulated camera does what the screen asks: reads the prompt and moves the head.

It knows nothing but what stands on the screen, like the citizen it stands for.
"""

import json
import socket
from pathlib import Path

from kiosk.demo.eyes import Eyes

REST = {"turn": 0.0, "lift": 0.0, "mouth": 0.0}
# Where the head goes for each prompt.
POSES = {
    "look": REST,
    "turn-left": REST | {"turn": 24.0},
    "turn-right": REST | {"turn": -24.0},
    "look-up": REST | {"lift": 16.0},
    "open-mouth": REST | {"mouth": 1.0},
    "back-to-front": REST,
    "keep-looking": REST,
}


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

    def follow(self, prompt: str, over_s: float = 0.5) -> None:
        """Does what this prompt asks for."""
        self.do(**POSES[prompt], over_s=over_s)


async def follow_prompts(eyes: Eyes, puppet: Puppet) -> None:
    """Moves the head as the face page asks, for ever. Looks ahead again when the page is gone."""
    asked = ""
    view = await eyes.see(lambda _: True, seconds=60.0)
    while True:
        prompt = view.prompt or "look"
        if prompt in POSES and prompt != asked:
            asked = prompt
            puppet.follow(prompt)
        view = await eyes.next_change(view)

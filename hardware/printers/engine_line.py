"""The line between ippeveprinter and the engine of the emulated printer (`emulator.py`), run by `printer_command.sh`.

Tells the engine which document has arrived; hands back its STATE and ATTR lines (ippeveprinter(7), ippevepcl(7)) on
stderr, and its verdict as exit status. Standard library only: it is started for every job.
"""

import json
import os
import socket
import sys

TICKET = {
    "copies": "IPP_COPIES",
    "sides": "IPP_SIDES",
    "print-color-mode": "IPP_PRINT_COLOR_MODE",
    "media-col": "IPP_MEDIA_COL",
}

if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ["ONECARD_ENGINE_SOCKET"])
        ticket = {name: os.environ[variable] for name, variable in TICKET.items() if variable in os.environ}
        arrived = (os.environ["IPP_JOB_ID"], os.environ["CONTENT_TYPE"], sys.argv[1], json.dumps(ticket))
        line.sendall("\t".join(arrived).encode() + b"\n")
        for message in line.makefile():
            if message.startswith("EXIT "):
                sys.exit(int(message.split()[1]))
            sys.stderr.write(message)
            sys.stderr.flush()
    sys.exit(1)

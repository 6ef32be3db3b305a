"""The line between ippeveprinter and the engine of the emulated printer (`emulator.py`), run by `printer_command.sh`.

Tells the engine which document has arrived; hands back its STATE and ATTR lines (ippeveprinter(7), ippevepcl(7)) on
stderr, and its verdict as exit status. Standard library only: it is started for every job.
"""

import os
import socket
import sys

if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ["ONECARD_ENGINE_SOCKET"])
        arrived = "\t".join((os.environ["IPP_JOB_ID"], os.environ["CONTENT_TYPE"], sys.argv[1]))
        line.sendall(arrived.encode() + b"\n")
        for message in line.makefile():
            if message.startswith("EXIT "):
                sys.exit(int(message.split()[1]))
            sys.stderr.write(message)
            sys.stderr.flush()
    sys.exit(1)

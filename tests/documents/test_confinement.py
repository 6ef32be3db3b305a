"""C20, E10: what the document process can no longer do; tried in a process of its own, as there is no way back."""

import json
import socket
import subprocess
import sys
from pathlib import Path

PROBE = """
import json, logging, resource, socket, sys
logging.basicConfig(stream=sys.stderr)
from kiosk.documents.confinement import allow_cpu_for_one_request
from kiosk.documents.worker import prepare
prepare()
tried = {}
def attempt(name, action):
    try:
        action()
        tried[name] = "done"
    except (OSError, MemoryError) as error:
        tried[name] = type(error).__name__
attempt("network", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5))
def write():
    with open(sys.argv[2], "wb", buffering=0) as file:
        file.write(b"personal")
attempt("disk", write)
attempt("memory", lambda: bytearray(2 << 30))
held = []
attempt("files", lambda: held.extend(open("/dev/null") for _ in range(100)))
allow_cpu_for_one_request()
used = resource.getrusage(resource.RUSAGE_SELF)
tried["cpu_s"] = round(resource.getrlimit(resource.RLIMIT_CPU)[0] - used.ru_utime - used.ru_stime)
tried["core"] = resource.getrlimit(resource.RLIMIT_CORE)[1]
print(json.dumps(tried))
"""


def test_no_network_no_disk_little_memory_few_files(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(port), str(landing)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    tried = json.loads(done.stdout)
    refused_by_name = "the kernel refused an empty network namespace" in done.stderr
    assert tried.pop("network") == "OSError" or refused_by_name
    assert tried.pop("cpu_s") in (10, 11)
    assert tried == {"disk": "OSError", "memory": "MemoryError", "files": "OSError", "core": 0}
    assert landing.read_bytes() == b""

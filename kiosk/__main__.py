"""The `kiosk` command. Light on purpose: no Kivy, no model runtime, no PDF parser is imported before a sub-command
needs it."""

import argparse
import importlib
import resource
import sys
from collections.abc import Sequence

# Sub-command -> module under kiosk.cli. Each has HELP, arguments(parser) and run(args) -> exit code.
COMMANDS = {
    "demo": "demo",
    "desk": "desk",
    "ui": "ui",
    "vision": "vision",
    "documents": "documents",
    "cups": "cups",
    "agent": "agent",
    "healthy": "healthy",
    "may-restart": "may_restart",
    "enrol": "enrol",
    "sandbox": "sandbox",
    "models": "models",
    "face": "face",
    "document": "document",
    "card": "card",
    "doctor": "doctor",
    "maintenance": "maintenance",
    "paper": "paper",
    "audit": "audit",
    "profile": "profile",
    "command": "command",
    "bench": "bench",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one sub-command; returns its exit code (0 yes, 1 no, 2 cannot tell or wrong usage).

    None of our processes leaves a core file: its memory may hold a citizen's data (C20).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else ""
    if name not in COMMANDS:
        return _overview(name)
    module = importlib.import_module(f"kiosk.cli.{COMMANDS[name]}")
    parser = argparse.ArgumentParser(prog=f"kiosk {name}", description=module.HELP)
    module.arguments(parser)
    return int(module.run(parser.parse_args(words[1:])))


def _overview(name: str) -> int:
    asked = name in ("", "-h", "--help")
    if not asked:
        print(f"kiosk: there is no command {name!r}", file=sys.stderr)
    print("usage: kiosk COMMAND …   (kiosk COMMAND --help)\n")
    for command, file in COMMANDS.items():
        print(f"  {command:<10} {importlib.import_module(f'kiosk.cli.{file}').HELP}")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())

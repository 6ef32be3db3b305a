#!/bin/sh
# What ippeveprinter runs for every document it has received: the printer's engine, reached through engine_line.py.
exec "$ONECARD_ENGINE_PYTHON" -IS "$(dirname "$0")/engine_line.py" "$1"

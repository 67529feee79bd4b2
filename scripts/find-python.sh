#!/usr/bin/env bash
# Prints a Python of at least 3.11: the one given, or the first that is found and really runs.
set -euo pipefail
for python in "${1:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do
  if [ -n "$python" ] && "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    command -v "$python"
    exit 0
  fi
done
echo "VisDL needs Python 3.11 or newer with venv; none was found. Install it, or name it: make run PYTHON=/path/to/python" >&2
exit 1

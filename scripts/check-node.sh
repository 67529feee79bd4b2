#!/usr/bin/env bash
# Prints one line when Node.js is missing or too old.
set -euo pipefail
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  echo "VisDL needs Node.js 20.19 or newer with npm; none was found. Install it from your system or nodejs.org." >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  echo "VisDL needs Node.js 20.19 or newer; this is $(node --version)." >&2
  exit 1
fi

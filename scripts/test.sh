#!/usr/bin/env bash
# Every check and test, in order of cost. Stops at the first stage that fails and names it.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$PWD/.venv/bin"
stage() {
  local name=$1 from=$SECONDS
  shift
  echo "── $name"
  if ! "$@"; then
    echo "make test: '$name' failed" >&2
    exit 1
  fi
  echo "── $name: ok ($((SECONDS - from)) s)"
}
in_frontend() { (cd frontend && "$@"); }
schema_is_fresh() {
  diff -q <("$bin/python" -m visdl.api.schema) frontend/openapi.json >/dev/null && in_frontend npm run --silent schema:check ||
    { echo "The API schema is stale: run 'make schema' and commit." >&2; return 1; }
}

stage "ruff" "$bin/ruff" check --quiet backend scripts
stage "ruff format" "$bin/ruff" format --quiet --check backend scripts
stage "mypy" "$bin/mypy" --no-error-summary
stage "import-linter" "$bin/lint-imports" --no-logo
stage "API schema" schema_is_fresh
stage "biome" in_frontend npx biome check --error-on-warnings .
stage "tsc" in_frontend npx tsc -b
stage "knip" in_frontend npx knip
stage "vitest" in_frontend npx vitest run
stage "build" make --no-print-directory frontend/dist/index.html
stage "pytest" "$bin/pytest" -q
PLAYWRIGHT_CHROMIUM=$(scripts/find-browser.sh)
export PLAYWRIGHT_CHROMIUM
stage "browser tests" in_frontend npx playwright test
echo "make test: everything passed in $((SECONDS / 60)) min $((SECONDS % 60)) s"

# One command runs VisDL (make run), one checks it (make test). See README.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
FRONTEND_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts frontend/package-lock.json -type f 2>/dev/null)

.PHONY: help check-node check-torch setup setup-dev run start stop status restore check test test-all bench schema screenshots format
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: check-node check-torch $(STAMPS)/backend $(STAMPS)/frontend ## Install both sides (.venv and frontend/node_modules)

setup-dev: check-node check-torch $(STAMPS)/dev $(STAMPS)/frontend

check-node:
	@scripts/check-node.sh

run: setup frontend/dist/index.html ## Serve http://localhost:5173 (API on :8000) until Ctrl C
	@$(BIN)/python scripts/serve.py run

start: setup frontend/dist/index.html ## The same in the background; it outlives the terminal
	@$(BIN)/python scripts/serve.py start

stop: ## End what `make start` started
	@$(BIN)/python scripts/serve.py stop

status: ## Say what is running
	@$(BIN)/python scripts/serve.py status

restore: setup ## Put the newest backup in the place of a damaged database
	@$(BIN)/python -m visdl.restore

check: setup-dev ## Static checks and unit tests of both sides
	@$(BIN)/python scripts/checks.py check

test: setup-dev ## Everything that guards a commit, browser tests included
	@$(BIN)/python scripts/checks.py test

test-all: setup-dev ## The same with faults in full number, slow tests and tests of large data
	@$(BIN)/python scripts/checks.py test-all

bench: setup-dev frontend/dist/index.html ## make bench NAME=training|seeds|validate|api|telemetry|runs|waiting|canvas: print a table and a JSON line
	@if [ -f frontend/benchmarks/$(NAME).bench.ts ]; then \
		cd frontend && PLAYWRIGHT_CHROMIUM=$$(../scripts/find-browser.sh) npx playwright test -c benchmarks $(NAME); \
	else $(BIN)/python backend/benchmarks/$(or $(NAME),training).py; fi

schema: setup ## Regenerate the API schema and the page's typed client
	@$(BIN)/python -m visdl.api.schema > frontend/openapi.json
	@cd frontend && npm run --silent schema

screenshots: setup-dev frontend/dist/index.html ## Make the README's images anew
	@cd frontend && SCREENSHOTS=1 PLAYWRIGHT_CHROMIUM=$$(../scripts/find-browser.sh) npx playwright test

format: setup-dev ## Format both sides
	@$(BIN)/ruff check --fix --quiet backend scripts && $(BIN)/ruff format --quiet backend scripts
	@cd frontend && npm run --silent format

$(BIN)/python:
	@python=$$(scripts/find-python.sh $(PYTHON)) && "$$python" -m venv $(VENV)

# a torch that is there (for a GPU, say) is never replaced: see scripts/constraints.py
check-torch: | $(BIN)/python
	@$(BIN)/python scripts/constraints.py > /dev/null

define install
	@mkdir -p $(STAMPS)
	@$(BIN)/python scripts/constraints.py > $(STAMPS)/constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -c $(STAMPS)/constraints.txt -e $(1)
	@touch $@
endef

$(STAMPS)/backend: constraints.txt pyproject.toml | $(BIN)/python
	@echo "Installing the backend (the first time takes minutes)"
	$(call install,.)

$(STAMPS)/dev: $(STAMPS)/backend
	$(call install,'.[dev]')

$(STAMPS)/frontend: frontend/package-lock.json frontend/package.json | $(BIN)/python
	@echo "Installing the frontend"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p $(STAMPS) && touch $@

frontend/dist/index.html: $(STAMPS)/frontend $(FRONTEND_SOURCES)
	@echo "Building the page"
	@cd frontend && npx vite build --logLevel error
	@touch $@

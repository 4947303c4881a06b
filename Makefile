# `make` alone prints the menu. Everything runs from .venv, which is remade only when requirements.lock changes.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13 3.14,$(shell command -v python$(v))) python3)
PY := .venv/bin/python
LOCKED := .venv/.locked

.PHONY: help install demo demo-reset test check soak bench dashboard run lock clean

help: ## print this menu
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(LOCKED) ## make .venv with the locked dependencies (done again only when the lock changes)

$(LOCKED): requirements.lock
	@command -v $(PYTHON) >/dev/null \
		|| { echo "Python 3.11 or later is needed, and there is no $(PYTHON) here." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) -V). Name another: make install PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's module venv is missing. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

demo: $(LOCKED) ## start a pretend Workable, the agent and the dashboard with invented people
	$(PY) tools/demo.py

demo-reset: ## forget what the demo has stored
	rm -rf .demo

test: $(LOCKED) ## all tests but the long ones, in a real browser too
	@tools/chromium.sh
	$(PY) -m pytest -m "not soak" -q --durations=10 -n auto --maxprocesses 4 --dist worksteal

check: $(LOCKED) ## formatting, lint, types, layers and house rules
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m tools.house

soak: $(LOCKED) ## the long tests
	$(PY) -m pytest -m soak -q --durations=10

bench: $(LOCKED) ## measure speed and memory
	$(PY) -m bench

dashboard: $(LOCKED) ## start the dashboard
	$(PY) -m dashboard

run: $(LOCKED) ## start the agent
	$(PY) -m agent run

lock: ## work out requirements.lock anew from pyproject.toml
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	build/lock/bin/uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

clean: ## remove .venv and all caches; data and the demo stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

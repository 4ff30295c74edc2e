# Everything sets itself up: `make lab` and `make test` work on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "authlab needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 69; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.lab: pyproject.toml hatch_build.py | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.browser: $(VENV)/.lab
	$(BIN)/pip install --quiet --editable '.[browser]'
	@touch $@

$(VENV)/.dev: $(VENV)/.lab
	$(BIN)/pip install --quiet --group dev
	@touch $@

.PHONY: lab
lab: $(VENV)/.lab ## Set up everything, run the main comparison, print the path of the report
	$(BIN)/authlab run

.PHONY: quick
quick: $(VENV)/.lab ## The same in under 45 seconds, with a less certain result
	$(BIN)/authlab run --quick

SPA := services/spa

.PHONY: browser
browser: spa $(VENV)/.browser ## Build the page of the browser lab, then attack it in a Chromium
	$(BIN)/authlab run browser

.PHONY: spa
spa: $(SPA)/dist/index.html ## Build the page of the browser lab (Node.js 18.18 or newer, npm)

$(SPA)/dist/index.html: $(SPA)/node_modules/.package-lock.json $(shell find $(SPA)/src $(SPA)/public $(SPA)/index.html $(SPA)/vite.config.js -type f)
	npm --prefix $(SPA) run build
	@touch $@

$(SPA)/node_modules/.package-lock.json: $(SPA)/package.json $(SPA)/package-lock.json $(SPA)/.npmrc
	@command -v npm >/dev/null || \
	  { echo "the page of the browser lab needs Node.js 18.18 or newer and npm. Try: apt-get install nodejs npm, or brew install node" >&2; exit 69; }
	cd $(SPA) && npm ci --no-fund --no-audit
	@touch $@

.PHONY: check
check: $(VENV)/.dev ## Check lint, format, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: $(VENV)/.dev ## All tests, with real nginx, gunicorn, Redis and Locust
	$(BIN)/pytest

.PHONY: test-fast
test-fast: $(VENV)/.dev ## Only the tests that start no other program
	$(BIN)/pytest -q tests/unit

.PHONY: generated
generated: $(VENV)/.dev ## Make anew what is made from declarations and runs: compose files, tables of the docs
	$(BIN)/python -m tests.generated --write

.PHONY: bench
bench: $(VENV)/.dev ## Benchmarks: the recorder, k6 beside us, each mode against its peers, the time for a report (9 min)
	$(BIN)/python tests/bench/everything.py

.PHONY: clean
clean: ## Remove the environment and caches (runs stay: authlab clean)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist $(SPA)/dist $(SPA)/node_modules

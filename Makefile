# Two doors: `make demo` shows a real transfer, `make test` proves the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo studio check check-studio check-studio-with-npm test test-all bench docs types clean

setup: $(STAMP)

$(STAMP): pyproject.toml hatch_build.py studio/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit("Graftwork needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Set PYTHON=python3.11.") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)

demo: setup
	$(BIN)/graftwork demo --project demo-project

studio: setup
	$(BIN)/graftwork studio demo-project

check: setup check-studio
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/house tests/documents tests/graph

# Lint, types and unit tests of the studio; wants Node 20 or newer, which the setup says when it lacks.
check-studio: setup
	@command -v npm > /dev/null || echo "No npm here: the studio is not checked."
	@! command -v npm > /dev/null || $(MAKE) --no-print-directory check-studio-with-npm

check-studio-with-npm:
	test -d studio/node_modules || (cd studio && npm ci --no-audit --no-fund)
	cd studio && npm run --silent lint && npm run --silent check && npm run --silent test
	$(BIN)/python -m graftwork.server.openapi studio/.openapi.json
	diff -q studio/.openapi.json studio/openapi.json || { echo "The studio's types are stale. Run: make types"; exit 1; }
	cd studio && node_modules/.bin/openapi-typescript openapi.json --check --output src/api/schema.d.ts

# Files go to two workers as wholes, so that what a file shares is made once; walks through the studio time
# what a page does, and have the machine to themselves.
WORKERS := -n 2 --dist loadfile

test: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest $(WORKERS) --ignore=tests/e2e
	$(BIN)/pytest tests/e2e

test-all: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -m '' $(WORKERS) --ignore=tests/e2e
	$(BIN)/pytest -m '' tests/e2e

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks

docs: setup
	$(BIN)/python docs/build_reference.py
	$(BIN)/python docs/build_kinds.py

types: setup
	$(BIN)/python -m graftwork.server.openapi studio/openapi.json
	cd studio && npm run --silent types

clean:
	rm -rf src/graftwork/ui studio/node_modules studio/dist
	rm -rf $(VENV) demo-project graftwork-project .mypy_cache .ruff_cache .pytest_cache

# The commands of this project. `make demo` and `make test` set up all they need in .venv.
#
#   make demo [URL=http://...]   show what dugong does, against a server of its own or URL
#   make test [ARGS=...]         unit and integration tests; 100 % of the branches must be covered
#   make check                   every gate: lint, types, docs, test
#   make bench [ARGS=...]        dugong beside its peers, in a few minutes; bench-full writes the docs
#
# Settings: PYTHON=python3 (3.11 or newer), VENV=.venv, WORKERS=3 (processes that run tests; they also wait)

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
WORKERS ?= 3
URL ?=
MODULE ?=

BIN := $(VENV)/bin
BENCH := build/bench-venv
PIP_OPTIONS := -qq --disable-pip-version-check --no-input
PIP := $(BIN)/python -m pip $(PIP_OPTIONS)
# It asks the python on PATH where the package is.
PYRIGHT := PATH="$(abspath $(BIN)):$$PATH" basedpyright
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml

export PIP_ROOT_USER_ACTION := ignore

.DELETE_ON_ERROR:
.PHONY: demo test mutation bench bench-full check check-static lint types docs audit conformance format lock wheel changelog servers clean .venv

demo: .venv
	@$(BIN)/python examples/tour.py $(if $(URL),'$(URL)')

test: .venv servers
	@mkdir -p build
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --cov --cov-report=term $(ARGS)

check: check-static test

# What is measured, and with what, says bench/README.md.
bench: $(BENCH)/.ready
	$(BENCH)/bin/python -m bench.scaling --quick
	$(BENCH)/bin/python -m bench.full --quick $(ARGS)

bench-full: $(BENCH)/.ready
	$(BENCH)/bin/python -m bench.scaling --docs
	$(BENCH)/bin/python -m bench.full --docs $(ARGS)

# Which changes to the protocol would no test notice? docs/mutation.md has the answer. MODULE=chunks
# runs the mutants of one module again, and shows the figures of the last run for the others.
mutation: .venv $(VENV)/.mutation
	rm -rf mutants$(if $(MODULE),/mutmut-stats.json)
	$(BIN)/mutmut run --max-children 2 "dugong.protocol.$(or $(MODULE),*).*"
	$(BIN)/python scripts/mutation_summary.py

check-static: lint types docs

lint: .venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --cache-dir build/import-linter

types: .venv
	$(BIN)/mypy
	$(PYRIGHT)
	$(PYRIGHT) --verifytypes dugong --ignoreexternal

# Not a gate: the answer changes without a change here.
audit: .venv
	$(BIN)/pip-audit --strict --progress-spinner off --disable-pip --require-hashes \
		--requirement requirements/dev.txt

docs: .venv
	$(BIN)/sphinx-build -q -n -W --keep-going -d build/doctrees docs build/docs

# Write docs/conformance.md anew, from the catalogue of requirements and the marks of the tests.
conformance: .venv
	$(BIN)/python -m tests.conformance.table

format: .venv
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Take the newest releases that pyproject.toml allows into the lock files.
lock: .venv
	$(LOCK) --upgrade --group dev -o requirements/dev.txt
	$(LOCK) --upgrade --group test -c requirements/dev.txt -o requirements/test.txt

wheel: .venv
	$(BIN)/python -m build --no-isolation --outdir dist

# Show what the fragments in changelog.d/ say together.
changelog: .venv
	@$(BIN)/towncrier build --draft

servers:
	@scripts/install-test-servers

clean:
	rm -rf .venv .nox build dist mutants .ruff_cache

.venv: $(VENV)/.ready

# The version stands in __init__.py; both files are read when the package is installed.
$(VENV)/.ready: $(VENV)/.tools pyproject.toml src/dugong/__init__.py
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.tools: requirements/dev.txt | $(BIN)/python
	@echo "installing the development tools into $(VENV)"
	@$(PIP) install --no-deps --require-hashes --requirement requirements/dev.txt
	@touch $@

$(VENV)/.mutation: $(VENV)/.tools
	@$(PIP) install --group mutation
	@touch $@

$(BIN)/python:
	@python=$$(scripts/find-python $(PYTHON)) && echo "making $(VENV) with $$python" \
		&& "$$python" -m venv $(VENV)

# Peers are not pinned: they are compared as whoever installs them today gets them.
$(BENCH)/.ready: pyproject.toml
	@python=$$(scripts/find-python $(PYTHON)) && echo "making $(BENCH) with $$python" \
		&& "$$python" -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip $(PIP_OPTIONS) install --upgrade --editable '.[bench]'
	@touch $@

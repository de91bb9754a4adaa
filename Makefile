# README's commands. Each does the set-up it needs: `make demo` and `make test` work in a fresh clone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install demo up down test test-fast test-all suites lint bench pins clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first interpreter that Airflow 3.3 and dbt 1.11 both support; override with `make PYTHON=/path/to/python …`.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.13; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' 2>/dev/null && echo $$p && break; done)
SCALE ?= 0.1

# Nothing here reports home or fetches at run time.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export PYTHONPATH :=

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install: $(STAMP) ## set up .venv (uv if present, else pip)

PINS := constraints-airflow.txt constraints.txt constraints-dev.txt

$(STAMP): pyproject.toml snowdome/pyproject.toml $(PINS)
	@[ -n "$(PYTHON)" ] || { echo "sluice needs Python 3.11, 3.12 or 3.13; found: $$(python3 --version 2>&1 || echo none). Install one, or: make PYTHON=/path/to/python3.12 install" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3,11) <= v <= (3,13) else f"sluice needs Python 3.11, 3.12 or 3.13; $(PYTHON) is {v[0]}.{v[1]}. For example: make PYTHON=python3.12 install")'
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (a few minutes with pip, seconds with uv)"
	@if command -v uv >/dev/null 2>&1; then \
		uv venv -q --allow-existing --python "$$(command -v $(PYTHON))" $(VENV) && \
		uv pip install -q --python $(BIN)/python --compile-bytecode -c constraints-dev.txt -e ./snowdome -e '.[dev]'; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints-dev.txt -e ./snowdome -e '.[dev]'; \
	fi
	@touch $@

demo: $(STAMP) ## the main job, end to end, on the embedded account: about ten minutes, leaves nothing running
	@$(BIN)/python -m sluice.devstack demo --scale $(SCALE)

up: $(STAMP) ## start the stack and leave it running: prints URL, users and what to click
	@$(BIN)/python -m sluice.devstack up --scale $(SCALE)

down: $(STAMP) ## stop what `make up` started; data stays
	@$(BIN)/python -m sluice.devstack down

# One worker more than there are processors, of the first four: the end-to-end tests wait for Airflow most of the time.
WORKERS ?= $(shell $(BIN)/python -c 'import os; print(min(os.cpu_count() or 1, 3) + 1)')
FAST := tests/domain tests/test_architecture.py snowdome/tests/test_snowdome_architecture.py snowdome/tests/test_grammar.py \
	snowdome/tests/test_guide.py snowdome/tests/test_kinds.py snowdome/tests/test_spelling.py

test: $(STAMP) ## every test but the nightly ones: domain, account, Airflow, end to end
	@$(BIN)/python -m pytest -n $(WORKERS) --ignore tests/suites_dbt
	@$(BIN)/python -m pytest -n $(WORKERS) tests/suites_dbt  # dbt keeps its adapters in globals: processes of its own

test-fast: $(STAMP) ## under a minute, for the loop of work: domain, architecture, grammar
	@$(BIN)/python -m pytest -n $(WORKERS) -q $(FAST)

test-all: export SLUICE_EVERY_FAULT := 1
test-all: test ## nightly: the same tests with every fault at every statement, every repetition

# Other people's clients, each in an environment of its own with the versions of its requirements file: they exclude
# each other, and one of them (SQLAlchemy's dialect) excludes what Airflow brings.
SUITES := $(patsubst tests/suites/requirements/%.txt,build/suites/%/.installed,$(wildcard tests/suites/requirements/*.txt))
UV = $(shell command -v uv || command -v $(BIN)/uv)

FAKESNOW := $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' tests/suites/suite_fakesnow.py)
FAKESNOW_TESTS := build/suites/fakesnow-$(FAKESNOW).tar.gz

suites: $(STAMP) $(SUITES) $(FAKESNOW_TESTS) ## other people's clients, dbt's own adapter suite, each way of installing
	@$(BIN)/python -m pytest -n 0 -o python_files='suite_*.py' tests/suites tests/installing
	@SUITES=1 $(BIN)/python -m pytest -n auto --maxprocesses 2 tests/suites_dbt

build/suites/%/.installed: tests/suites/requirements/%.txt
	@echo "Setting up build/suites/$*"
	@if [ -n "$(UV)" ]; then \
		$(UV) venv -q --allow-existing --python "$$(command -v $(PYTHON))" build/suites/$* && \
		$(UV) pip install -q --python build/suites/$*/bin/python -r $<; \
	else \
		$(PYTHON) -m venv build/suites/$* && \
		build/suites/$*/bin/python -m pip install -q --disable-pip-version-check -r $<; \
	fi
	@touch $@

$(FAKESNOW_TESTS): | $(STAMP)
	@pip="$(BIN)/python -m pip"; $$pip --version >/dev/null 2>&1 || pip="$(UV) tool run pip"; \
		$$pip download -q --disable-pip-version-check --no-deps --no-binary :all: -d $(@D) fakesnow==$(FAKESNOW)
	@touch $@

lint: $(STAMP) ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy plugins snowdome dags examples include tests benchmarks conftest.py hatch_build.py .ci
	@$(BIN)/lint-imports

bench: $(STAMP) ## measure, print a table, write build/bench.json
	@$(BIN)/python -m benchmarks

pins: ## write the constraints files anew from pyproject.toml; what is pinned stays (needs uv)
	@$(PYTHON) .ci/pins.py $(UPGRADE)

clean: ## remove what was built here (not .venv)
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache

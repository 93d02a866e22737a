# Two commands do everything on a fresh machine: `make interview` and `make test`.
# A second run of either installs nothing: the stamps are newer than what they depend on.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# pip from outside installs into the environment, so the system needs neither ensurepip nor pip in it.
PIP    := $(PYTHON) -m pip --python $(BIN)/python install --disable-pip-version-check -q -c constraints.txt

.PHONY: interview test lint types unit bench docs sbom clean
.DEFAULT_GOAL := interview

interview: $(VENV)/.installed
	@$(BIN)/fw-advisor interview --example $(ARGS)

test: lint types unit

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --config pyproject.toml

types: $(VENV)/.installed-dev
	@$(BIN)/mypy

# Two processes, each with whole files: fixtures that cost seconds serve a file.
unit: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -n 3 --dist loadfile

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

docs: $(VENV)/.installed
	@$(BIN)/fw-advisor rules docs -o docs/rules.md

# What the pins are, as they are installed here; asks no network.
sbom: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.bill_of_materials $(ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing fw-advisor with torch and jax into $(VENV) (once) ..." >&2
	@$(PIP) -e '.[frameworks]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the development tools into $(VENV) (once) ..." >&2
	@$(PIP) -e '.[frameworks,dev]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

# Every check of the project. Needs make, git and a Python >= 3.11 that can make virtual
# environments; all else is installed into .venv by the first target that wants it.

PYTHON_CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(shell for name in $(PYTHON_CANDIDATES); do \
	$$name -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)
VENV ?= .venv
BIN := $(VENV)/bin

PARTS := core cache report cli
PROJECTS := pyproject.toml $(PARTS:%=packages/curifactory-%/pyproject.toml)
# What an environment holds: groups of pyproject.toml, and packages.
GROUPS ?= dev
PACKAGES ?= $(PARTS:%=packages/curifactory-%) .[cluster,h5,remote]

# Options for pytest, as in: make test-here PYTEST="-k hashing -x"
PYTEST ?=
# Options for benchmarks, as in: make bench BENCH="cache --rounds 1" or BENCH=--growth
BENCH ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test test-here test-core coverage lint types format wheels docs bench all

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Make .venv with all packages, editable, and the tools

# One pip command for all packages, or pip looks for those they pin in an index.
$(VENV)/.installed: $(PROJECTS)
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv and pip among:" \
		"$(PYTHON_CANDIDATES). Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet $(GROUPS:%=--group %) $(PACKAGES:%=-e "%")
	@touch $@

demo: install ## Run the iris example twice, the second time from the cache
	cd examples/iris && $(abspath $(BIN))/experiment iris
	@echo "--- Again: everything comes from the cache"
	cd examples/iris && $(abspath $(BIN))/experiment iris

test: install ## Run all tests; all but the slow ones on other Pythons from 3.11 to 3.13 too
	@others=$$($(BIN)/python tests/packaging/other_interpreters.py) || exit; \
	for other in $$others; do \
		echo "--- Python $${other%%=*}"; \
		$(MAKE) --no-print-directory test-here \
			VENV=.venv-$${other%%=*} PYTHON=$${other#*=} GROUPS="test examples formats" \
			PYTEST="-m 'not slow' $(PYTEST)" || exit; \
	done
	@echo "--- Python of $(VENV)"
	@$(MAKE) --no-print-directory test-here

test-here: install ## Run all tests on the Python of .venv alone
	$(BIN)/python -m pytest $(PYTEST)

test-core: ## Run the tests of core with core alone installed
	@$(MAKE) --no-print-directory install VENV=.venv-core GROUPS=test \
		PACKAGES=packages/curifactory-core
	.venv-core/bin/python -m pytest tests/core $(PYTEST)

coverage: install ## Run all tests and list the lines and branches they leave out
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered $(PYTEST)

lint: install ## Check style, import directions and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: install ## Format, and repair what can be repaired
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: install ## Check types
	$(BIN)/mypy

docs: install ## Build the documentation into docs/_build/html; every warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

wheels: install ## Build all distributions and install them, alone and together
	$(BIN)/python tests/packaging/check_wheels.py

bench: install $(VENV)-peers/.installed ## Measure against the plain-Python floor and other libraries
	$(BIN)/python tests/benchmarks/run.py $(BENCH)

# What is measured beside ours, in an environment of its own: its requirements are not ours.
$(VENV)-peers/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-peers/bin/python -m pip install --quiet --group peers
	@touch $@

all: lint types wheels test-core test ## Run every check

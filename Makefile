# Everything a person or a machine does with this tree; needs Python 3.11 or newer and make.
#
#   make demo     install into .venv and run the demonstration
#   make test     unit tests, examples and doctests, with coverage
#   make lint     style, types, rooms, house rules
#   make docs     write docs/cli.md and docs/catalog.md anew
#   make bench    run every file in benchmarks/; docs/LOG.md keeps what they gave
#
# TORCH=cpu takes PyTorch's CPU-only build from its own index: a download of 0.2 GB instead of 3.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo
ifeq ($(TORCH),cpu)
INDEX := --extra-index-url https://download.pytorch.org/whl/cpu
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(INDEX) -c constraints.txt

.PHONY: demo test lint docs bench format clean

demo: $(VENV)/installed
	$(BIN)/byeori demo --out $(DEMO)

test: $(VENV)/installed-dev
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered tests src

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_house.py

docs: $(VENV)/installed-dev
	$(BIN)/python docs/generate.py

bench: $(VENV)/installed-dev
	@set -e; for file in $$(find benchmarks -name '[a-z]*.py' | sort); do \
	  echo "== $$file"; $(BIN)/python $$file; \
	done

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache

# A stamp is newer than what it was installed from, so nothing is installed twice.
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[dev]'
	touch $@ $(VENV)/installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Byeori needs Python 3.11 or newer; name one with `make PYTHON=python3.12 $(MAKECMDGOALS)`.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'This Python cannot make environments; on Debian and Ubuntu: `sudo apt-get install python3-venv`.' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

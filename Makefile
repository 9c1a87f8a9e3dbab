# Two commands do everything on a fresh machine: `make lab` and `make test`.
# What is needed: Linux with io_uring, Python >= 3.11 with its headers, a C compiler, make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := $(wildcard uringlab/core/native/*.[ch]) uringlab/core/native/build.py
FUZZ_EXAMPLES ?= 20000
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help lab test check format lint types contracts clean soak fuzz quarantine asan wrap reference pictures bench

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

$(VENV)/python:
	@$(PYTHON) tools/check_machine.py
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The program alone: what `make lab` needs.
$(VENV)/installed: $(VENV)/python pyproject.toml setup.py $(NATIVE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# And what tests and checks need.
$(VENV)/developed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

lab: $(VENV)/installed ## make the environment, build, open the lab
	@$(BIN)/uringlab

test: $(VENV)/developed ## run every test, on the real kernel
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --ignore=tests/reference
	$(BIN)/python -m pytest -q tests/reference # one process: what ran on what is counted

check: format lint types contracts test ## format, lint, types, import contracts, tests

format: $(VENV)/developed
	$(BIN)/ruff format --check .

lint: $(VENV)/developed
	$(BIN)/ruff check .

types: $(VENV)/developed
	$(BIN)/mypy

contracts: $(VENV)/developed
	$(BIN)/lint-imports

fuzz: $(VENV)/developed ## guided by coverage: a million lines read, a hundred thousand run
	$(BIN)/python -m fuzz

soak: $(VENV)/developed ## fuzz the language and the ring for long
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -q -o faulthandler_timeout=0 tests/lab/test_fuzz.py tests/core/test_model.py tests/lab/bounds/test_random.py

quarantine: $(VENV)/developed ## the ring's tests, with freed memory kept and watched
	$(BIN)/python tools/variant.py quarantine tests/core

asan: $(VENV)/developed ## the ring's tests under AddressSanitizer and UBSan
	$(BIN)/python tools/variant.py asan tests/core tests/observe

wrap: $(VENV)/developed ## a real ring past 2^32 requests: a quarter of an hour
	$(BIN)/python tools/wrap.py

bench: $(VENV)/installed ## measure, beside C and the PyPI package: see benchmarks/README.md
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.observing
	$(BIN)/python -m benchmarks.starting

reference: $(VENV)/developed ## make the reference pages from the declarations
	$(BIN)/python tools/reference.py

pictures: $(VENV)/developed ## make the pictures of the README from the running program
	$(BIN)/python tools/pictures.py

clean: ## remove what was built
	rm -rf $(VENV) build dist *.egg-info uringlab/core/native/*.so uringlab/core/native/*.o uringlab/core/native/_native.c

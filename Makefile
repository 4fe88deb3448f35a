# One command each; every target does its own set-up in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint types unit bench soak clean
run: .venv/ready
	$(BIN)/mplp story

test: lint types unit

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

# The journal is tested on both databases, what goes the whole way mostly on one: make test DATABASE=postgresql
DATABASE = sqlite
unit: .venv/ready
	MPLP_TEST_DATABASE=$(DATABASE) $(BIN)/pytest -n 4 --dist loadfile

bench: .venv/ready
	$(BIN)/pytest benchmarks --benchmark-enable --benchmark-sort=name --timeout 3600 -p no:xdist

# SEEDS crash runs from FIRST on, KILLS times kill -9, FUZZ_SECONDS for each harness, JOBS at the same time: make soak SEEDS=10000 KILLS=200
SEEDS ?= 2000
FIRST ?= 0
KILLS ?= 100
FUZZ_SECONDS ?= 60
JOBS ?= 2
soak: .venv/ready
	$(BIN)/python -m tests.safety $(FIRST) $(SEEDS) --jobs $(JOBS)
	$(BIN)/python -m tests.safety $(FIRST) $$(( $(SEEDS) / 10 + 1 )) --jobs $(JOBS) --database postgresql
	$(BIN)/python -m tests.safety every $(FIRST)
	MPLP_SPAM=10000 $(BIN)/pytest tests/safety/test_stops.py -k spam -p no:xdist
	MPLP_KILLS=$(KILLS) $(BIN)/pytest tests/safety/test_kills.py -s -p no:xdist
	$(BIN)/python -m pip install --quiet atheris==3.0.0 && $(BIN)/python -m tests.fuzz $(FUZZ_SECONDS) \
	  || { echo "atheris does not install on this Python: the hypothesis tests stand alone"; $(BIN)/python -m tests.fuzz --plain $(FUZZ_SECONDS); }

.venv/ready: pyproject.toml setup.py
	@echo "Setting up .venv: a minute or two, once."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build *.egg-info

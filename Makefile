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

unit: .venv/ready
	$(BIN)/pytest -n 2 --dist loadfile

bench: .venv/ready
	$(BIN)/pytest benchmarks --benchmark-enable --benchmark-sort=name -p no:xdist

# SEEDS crash runs from FIRST on: make soak SEEDS=10000 FIRST=0
SEEDS ?= 2000
FIRST ?= 0
soak: .venv/ready
	$(BIN)/python -m tests.safety $(FIRST) $(SEEDS)
	$(BIN)/python -m tests.safety every $(FIRST)

.venv/ready: pyproject.toml setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build *.egg-info

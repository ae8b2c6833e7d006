# Every target does its own set-up: a fresh machine needs Python 3.10 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Torch's CPU build where the index has one; the upper bound keeps CUDA packages off a CPU box.
TORCH ?= torch==2.13.0

.PHONY: demo test check constraints journeys recordings reference bench clean

demo: $(VENV)/run.stamp
	$(BIN)/loresmith run examples/harbor

test: $(VENV)/dev.stamp
	$(BIN)/pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

constraints: $(VENV)/dev.stamp
	$(BIN)/python constraints/check.py

journeys: $(VENV)/dev.stamp
	$(BIN)/pytest -m slow tests

recordings: $(VENV)/dev.stamp
	$(BIN)/python -m loresmith.workspace.recording examples/harbor

bench: $(VENV)/dev.stamp
	$(BIN)/python benchmarks/writing.py

reference: $(VENV)/dev.stamp
	$(BIN)/python docs/reference/build.py

$(VENV)/run.stamp: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check '$(TORCH)'
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[all]'
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[all,dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

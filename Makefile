PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo test lint live kills bench lock clean

setup: $(STAMP)

$(STAMP): tests/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r tests/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(STAMP)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest

live: setup
	$(BIN)/python -m pytest -m live

# The long form of the test of kills: 300 of one process and of four, on both stores.
kills: setup
	VARBRIDGE_KILLS=300 $(BIN)/python -m pytest tests/chaos/test_kills.py

ifeq ($(ENGINE),live)
demo: setup
	$(BIN)/python -m tests.live.demo
else
demo: setup
	$(BIN)/varbridge demo
endif

bench: setup
	$(BIN)/python -m tests.bench

# Writes both lock files anew; needs `uv` on the path.
lock:
	uv pip compile pyproject.toml --quiet --extra dev --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --output-file tests/requirements.txt
	uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --output-file deploy/requirements.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist tests/live/engine/target tests/live/clients/java/target tests/live/clients/node/node_modules varbridge.db

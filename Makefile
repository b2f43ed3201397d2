PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo test lint live kills rehearsal soak bench lock tools helm promtool clean

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

# The long form of the tests of kills: 300 of one process and of several, on both stores.
kills: setup
	VARBRIDGE_KILLS=300 $(BIN)/python -m pytest tests/chaos/test_kills.py tests/chaos/test_jobs.py

# The long form of the test of copies whose gateways are killed: 200 kills of one on SQLite, and 200 of two on PostgreSQL.
rehearsal: setup
	VARBRIDGE_REHEARSAL_KILLS=200 $(BIN)/python -m pytest tests/chaos/test_copy_kills.py

# The long form of the test of what stays behind: ten minutes, or VARBRIDGE_SOAK seconds.
soak: setup
	VARBRIDGE_SOAK=$(or $(VARBRIDGE_SOAK),600) $(BIN)/python -m pytest -s tests/chaos/test_soak.py

ifeq ($(ENGINE),live)
demo: setup
	$(BIN)/python -m tests.live.demo
else
demo: setup
	$(BIN)/varbridge demo
endif

bench: setup
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.copies

# What the tests of deploy/ ask where it is there: helm and promtool, built from the Go module proxy into a folder outside
# the repository; some minutes the first time.
TOOLS := $(or $(VARBRIDGE_TOOLS),$(HOME)/.cache/varbridge/tools)
GO := $(or $(shell command -v go),/usr/local/go/bin/go)
HELM := v3.19.5
PROMETHEUS := v0.313.5

tools: helm promtool

helm: $(TOOLS)/.helm-$(HELM)

promtool: $(TOOLS)/.promtool-$(PROMETHEUS)

$(TOOLS)/.helm-$(HELM):
	CGO_ENABLED=0 GOBIN=$(TOOLS) $(GO) install -ldflags '-s -w' helm.sh/helm/v3/cmd/helm@$(HELM)
	touch $@

# Its module has replacements, which `go install` refuses, so it is built where it was downloaded. Without service discovery.
$(TOOLS)/.promtool-$(PROMETHEUS):
	$(GO) mod download github.com/prometheus/prometheus@$(PROMETHEUS)
	cd "$$($(GO) env GOMODCACHE)/github.com/prometheus/prometheus@$(PROMETHEUS)" && GOWORK=off CGO_ENABLED=0 $(GO) build -ldflags '-s -w' -tags remove_all_sd -o $(TOOLS)/promtool ./cmd/promtool
	touch $@

# Writes the lock files anew; needs `uv` on the path.
lock:
	uv pip compile pyproject.toml --quiet --extra dev --extra otel --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --output-file tests/requirements.txt
	uv pip compile pyproject.toml --quiet --extra otel --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --output-file deploy/requirements.txt
	sed -n 's/^requires = \[\(.*\)\]/\1/p' pyproject.toml | tr -d '",' | uv pip compile - --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --constraint tests/requirements.txt --output-file deploy/build-requirements.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist tests/live/engine/target tests/live/clients/java/target tests/live/clients/node/node_modules varbridge.db

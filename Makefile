# Everything a contributor types. `make demo` and `make test` work on a fresh clone with Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TIDB_SUITES := tests/db tests/pipeline tests/unit/retrieval
TIDB_PROCESSES := tests/e2e/test_processes.py tests/e2e/test_faults.py tests/e2e/test_clock.py

.DEFAULT_GOAL := help
.PHONY: help demo test contract contract-short test-processes check lint fix tidb test-tidb bench-tidb durability bench bench-short bench-decision safety openapi clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(BIN)/ticketflow: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/dev: $(BIN)/ticketflow clients/python/pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]" -e clients/python
	@touch $@

demo: $(BIN)/ticketflow ## Set up the sample company and watch the agent work
	$(BIN)/ticketflow demo

test: $(VENV)/dev ## The default suite: offline, under three minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: lint test ## What CI runs before the benches

lint: $(VENV)/dev ## Style, types, import contracts, file sizes, drift of openapi.json and of the Python client
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python tools/check_sizes.py
	$(BIN)/python tools/openapi.py --check
	$(BIN)/python tools/client.py --check
	$(BIN)/python tools/cli_reference.py --check
	$(BIN)/python tools/settings_reference.py --check

fix: $(VENV)/dev ## Format, and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contract: $(VENV)/dev ## Schemathesis over every operation of a real server, every check and phase: five minutes
	$(BIN)/python tests/contract/run.py

contract-short: $(VENV)/dev ## The same with fewer cases: a minute; CI runs this
	$(BIN)/python tests/contract/run.py --short

test-processes: $(VENV)/dev ## Whole processes: restarted, killed, their database gone, their clock set; and the whole demo; five minutes
	$(BIN)/python -m pytest -m slow tests/e2e

tidb: $(VENV)/dev ## Build a real TiDB server (needs Go; ten minutes the first time) and keep it up on port 4000
	$(BIN)/python tests/tidb/run.py

test-tidb: $(VENV)/dev ## The suites that use a database on TiDB: ours, or the one in TICKETFLOW_TEST_DATABASE_URL
	$(BIN)/python tests/tidb/run.py sh -c '$(BIN)/python -m pytest -n 3 --dist loadfile $(TIDB_SUITES) && $(BIN)/python -m pytest -m slow $(TIDB_PROCESSES)'

bench-tidb: $(VENV)/dev ## The short proofs on TiDB: crashes, and the same ranking as on SQLite; CI runs this
	$(BIN)/python tests/tidb/run.py sh -c '$(BIN)/python bench/durability.py --short && $(BIN)/python bench/same_ranking.py --short'

durability: $(VENV)/dev ## Crash points x faults, duplicates, lost, hand-offs, recovery times: on SQLite and on TiDB
	$(BIN)/python bench/durability.py
	$(BIN)/python tests/tidb/run.py $(BIN)/python bench/durability.py

bench: $(VENV)/dev ## Every figure of the README, printed with its conditions (needs ../shared for the data sets)
	$(BIN)/python bench/all.py

bench-short: $(VENV)/dev ## The same on small samples, failing where a figure misses its bar by far; CI runs this
	$(BIN)/python bench/all.py --short

bench-decision: $(VENV)/dev ## The promise in full: T1 to T7 and the targets of the decision, about ten minutes
	$(BIN)/python bench/decision.py

safety: $(VENV)/dev ## Attacks with a model that obeys them, malformed answers, broken providers, in full: forty minutes
	$(BIN)/python bench/safety.py

openapi: $(VENV)/dev ## Write openapi.json, its reference and the Python client anew
	$(BIN)/python tools/openapi.py
	$(BIN)/python tools/client.py

clean: ## Remove what was built, not what was learned
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache

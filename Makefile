# The two commands are `make repro` and `make test`; both make what they need first.
PYTHON ?= python3
BIN := .venv/bin
PRESET ?=

.PHONY: repro leaderboard test check setup ui serve-flows bench docs doctor clean

# The wrapper sets PATH and the off switches of every tool's telemetry, and takes dvc down with it.
repro: setup
	@$(if $(PRESET),$(BIN)/vfal preset $(PRESET) &&) $(BIN)/vfal repro

# Every method of the shelf on the same features: the maps in leaderboard/, then one table. JOBS models side by side.
JOBS ?= 2
leaderboard: setup
	@$(BIN)/vfal leaderboard --jobs $(JOBS)

# Two tests at a time, a file's in one process; WORKERS=0 runs them one after the other.
WORKERS ?= 2
test: setup
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON): not found; vfal needs Python 3.11 or newer (make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { $(PYTHON) --version; echo "vfal needs Python 3.11 or newer (make PYTHON=...)"; exit 1; }
	@echo "Installing pinned versions into .venv (about 6 GB, a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --progress-bar on --constraint constraints.txt --editable '.[dev]'
	@touch $@

ui: setup
	@$(BIN)/vfal ui

serve-flows: setup
	@$(BIN)/python -m flows.serve

doctor: setup
	@$(BIN)/vfal doctor

bench: setup
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

docs: setup
	@$(BIN)/vfal docs

# Decisions about champions are a record, not a cache.
clean:
	rm -rf dvc_plots
	@[ ! -d .state ] || find .state -mindepth 1 -maxdepth 1 ! -name promotions -exec rm -rf {} +

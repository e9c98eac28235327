# Each target sets up what it needs. PYTHON chooses the interpreter of the virtual environment.
PYTHON ?= python3
BIN := .venv/bin
SPEC ?=

.PHONY: setup run test test-ray test-all test-cluster chaos test-lerobot check format faults repair pages findings keep bench bench-analysis bench-decision bench-films bench-hosts bench-worlds calibrate noise-atlas clean

setup: .venv/ready

.venv/ready: pyproject.toml setup.py constraints.txt setup.sh
	@PYTHON='$(PYTHON)' ./setup.sh .venv constraints.txt --editable '.[dev]'
	@touch $@

run: setup
	$(BIN)/ilsweep run $(or $(SPEC),sweeps/specs/act_ot_dial_turn.yaml) --storage runs $(ARGS)

# On all cores. Tests start hundreds of processes; each would compile all that it imports.
test: setup
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n logical --dist worksteal $(ARGS)

test-ray: setup
	$(BIN)/pytest -m "ray and not slow" $(ARGS)

test-all: setup
	$(BIN)/pytest -m "not cluster and not lerobot and not chaos" $(ARGS)

# Hosts in network namespaces, as root on Linux with sshd and rsync; skips with a reason elsewhere.
test-cluster: setup
	$(BIN)/pytest tests/cluster -m cluster -rs -s $(ARGS)

# A real LeRobot in an environment of its own (Python 3.12); skips with a reason where there is none.
test-lerobot: setup
	$(BIN)/pytest tests/lerobot -m lerobot -rs $(ARGS)

# Kills at random moments for CHAOS_SECONDS (600), then compares with an undisturbed sweep.
chaos: setup
	$(BIN)/pytest tests/sweeps/execution/test_chaos.py -m chaos $(ARGS)

# mypy wants the folders under the name that they install as.
.links: Makefile
	@mkdir -p .links/ilsweep
	@for part in sweeps trainers analysis; do ln -sfn ../../$$part .links/ilsweep/$$part; done

check: setup .links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The page and the reports of every sweep in RUNS (runs), anew from its records; without RUNS also of
# the kept findings, in build/findings.
pages: setup
	@set -e; \
	if [ -z '$(RUNS)' ]; then \
	  mkdir -p build/findings; \
	  for kept in $(wildcard docs/findings/*/records.tar.xz); do $(BIN)/python -m tarfile -e "$$kept" build/findings; done; \
	fi; \
	for sweep in $(or $(RUNS),runs build/findings); do \
	  for manifest in "$$sweep"/*/manifest.json; do \
	    [ ! -e "$$manifest" ] || $(BIN)/ilsweep report "$${manifest%/manifest.json}"; \
	  done; \
	done

# The kept findings' reports, plots and pictures, by today's code from their records. Needs Chromium.
findings: pages
	@set -e; for kept in docs/findings/*/records.tar.xz; do \
	  to=$$(dirname "$$kept"); from="build/findings/$$(basename "$$to")"; \
	  rm -rf "$$to/plots"; cp -R "$$from/plots" "$$from"/report.??.md "$$to"; \
	done
	$(BIN)/python -m benchmarks.pictures

# The records of one sweep, RUN, to docs/findings/NAME/records.tar.xz: all that its page shows, with
# the films of the first training seed.
keep:
	@set -e; name=$$(basename '$(RUN)'); mkdir -p "docs/findings/$$name"; \
	files=$$(cd '$(RUN)/..' && find "$$name" -type f \( -name spec.yaml -o -name manifest.json -o -name controls.json \
	  -o -path '*/trials/*/params.json' -o -path '*/trials/*/record.json' -o -path '*/trials/*/metrics.jsonl' \
	  -o -path '*/trials/*/predictions.json' -o -path '*/trials/*/episodes.parquet' -o -path '*-s0/episodes/*.mp4' \
	  \) -not -path '*/checkpoints/*' -not -path '*/wandb/*' | sort); \
	tar -C '$(RUN)/..' -cJf "docs/findings/$$name/records.tar.xz" $$files

faults: setup
	$(BIN)/python -m benchmarks.faults $(ARGS)

# Specs with one fault each, three stages, untold: an hour on two cores.
repair: setup
	$(BIN)/python -m benchmarks.repair $(ARGS)

bench: setup
	$(BIN)/python -m benchmarks.environments
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.orchestration $(ARGS)

# A trial of `make run` with and without films, in turn: a quarter of an hour on one core.
bench-films: setup
	$(BIN)/python -m benchmarks.films $(ARGS)

# What docs/worlds.md shows: half an hour on one core.
bench-worlds: setup
	$(BIN)/python -m benchmarks.worlds $(ARGS)

bench-analysis: setup
	$(BIN)/python -m benchmarks.analysis

# A race over seeds against a uniform grid and other tools' rules: some minutes on one core.
bench-decision: setup
	$(BIN)/python -m benchmarks.decision $(ARGS)

# As test-cluster: two worker hosts against one machine with as many slots.
bench-hosts: setup
	$(BIN)/python -m benchmarks.hosts

# Simulated sweeps of known truth through the ranking and the verdicts; status 1 where a promise of
# docs/promises.md is broken. Ten minutes at most on one core.
calibrate: setup
	$(BIN)/python -m benchmarks.calibrate $(ARGS)

# Identical retrainings of our trainers in our worlds: docs/noise.md, and what validate knows of noise.
# Twenty minutes on one core; it goes on where it was interrupted.
noise-atlas: setup
	$(BIN)/python -m benchmarks.noise_atlas $(ARGS)

clean:
	rm -rf .venv .links .mypy_cache .ruff_cache .pytest_cache build *.egg-info

# One command for each task; `make help` lists them.
.PHONY: help setup run test lint types imports unit slow bench build clean
.DEFAULT_GOAL := help
# Each step says what it does; with -j they would talk over each other.
.NOTPARALLEL:
PY := .venv/bin/python

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## install what development needs
	@packaging/setup.sh test

run: ## install what is missing and open the window on the sample project
	@packaging/setup.sh run
	@packaging/run.sh

test: setup lint types imports unit ## set up, then linters, types, import contracts and all tests

lint: setup ## ruff: errors, style and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: setup ## mypy, strict
	$(PY) -m mypy

imports: setup ## import contracts: rooms import downwards only
	.venv/bin/lint-imports

unit: setup ## all tests but the slow ones
	$(PY) -m pytest -m "not slow"

slow: setup ## the long runs: kills, faults, soak
	$(PY) -m pytest -m slow --timeout 3600

bench: setup ## benchmarks on real images: make bench DATA=folder
	@test -n "$(DATA)" || { echo "make bench DATA=folder of data sets"; exit 2; }
	$(PY) -m benchmarks.clicks --data $(DATA) --limit 20
	$(PY) -m benchmarks.canvas
	$(PY) -m benchmarks.brush
	$(PY) -m benchmarks.crf --data $(DATA)
	$(PY) -m benchmarks.export
	$(PY) -m benchmarks.event_loop

build: setup ## build the wheel and the source archive into dist/
	$(PY) -m build

clean: ## remove the virtual environment and what was built
	rm -rf .venv build dist out

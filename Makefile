# Every target sets up what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SOURCES ?=
DATA ?= ../shared
ARGS ?=
BIN := .venv/bin

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Set up everything and run the service on the sample wire; SOURCES=config/sources polls real ones
	@$(BIN)/accordwire run $(if $(SOURCES),--sources "$(SOURCES)") $(ARGS)

.PHONY: test
test: check ## Run the checks and the whole suite, live tests included
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: check
check: setup-dev ## Lint, types, layers, and whether generated documents are current
	@$(BIN)/ruff format --check --quiet . || { echo "formatting differs – run: make fmt" >&2; exit 1; }
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/accordwire -q settings --check config/README.md
	@$(BIN)/python -m pipeline.models.schema --check
	@$(BIN)/python -m pytest -q tests/house -p no:randomly

.PHONY: fmt
fmt: setup-dev ## Format and mend what can be mended
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix .

.PHONY: up
up: setup ## Start the local Kafka and Elasticsearch
	@$(BIN)/accordwire up $(ARGS)

.PHONY: down
down: setup ## Stop them; ARGS=--wipe removes their data
	@$(BIN)/accordwire down $(ARGS)

.PHONY: bench
bench: setup-dev ## Measure articles per second beside the bare bulk rate; writes tests/bench-report.md
	@$(BIN)/python -m tests.measure bench $(ARGS)

.PHONY: quality
quality: setup-dev ## Precision, recall and F1 of the tagger on the project's own gold; ARGS=--pin raises the floors
	@$(BIN)/python -m tests.quality.measure $(ARGS)

.PHONY: evaluate
evaluate: setup-dev ## Precision and recall on labelled sentences in DATA/evaluation; ARGS=-v prints the errors
	@$(BIN)/python -m tests.quality.evaluation "$(DATA)" $(ARGS)

.PHONY: accept
accept: setup ## Feed DATA/samples through a running service and compare with what is expected of them
	@$(BIN)/python -m tests.accept "$(DATA)" $(ARGS)

.PHONY: rehearse
rehearse: setup-dev ## Inflict every fault under load, count what was lost; ARGS="--faults kill_work" for fewer
	@$(BIN)/python -m tests.measure rehearse $(ARGS)

.PHONY: day
day: setup-dev ## Poll 2,000 feeds of 200 hosts for a simulated day (minutes); ARGS="20 200" for fewer
	@$(BIN)/python -m tests.day $(ARGS)

.PHONY: lock
lock: setup-dev ## Write the lock files anew from pyproject.toml
	@$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe \
	  --extra build -o deploy/requirements.lock pyproject.toml
	@$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe \
	  --extra build --extra dev -c deploy/requirements.lock -o deploy/requirements-dev.lock pyproject.toml

.PHONY: clean
clean: ## Remove what was built; the servers' data under .local/ stays (make down ARGS=--wipe)
	@rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: setup setup-dev
setup:
	@deploy/setup.sh runtime
setup-dev:
	@deploy/setup.sh dev

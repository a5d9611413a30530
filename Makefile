# Everything a developer, an operator or CI does starts here: `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

EVENTS ?= 50000
RATE ?= 5000
JSON ?=
KAFKA ?=
SEED ?=
GUARANTEE ?=
SCENARIO ?=
SECONDS ?= 60
BASELINE ?=
OUT ?= .load
MINUTES ?= 30
SHARE ?= 70
UPGRADE ?= --upgrade
JOBS ?= 2

.DEFAULT_GOAL := help

.PHONY: help
help: ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo EVENTS=50000 RATE=2000 JSON=1 KAFKA=host:9092   all optional"

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "fraudstream needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "no venv module: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing into $(VENV) from requirements-dev.lock ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@# Setuptools would warn of folders named like the package: this one is the package.
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

.PHONY: install
install: $(STAMP) ## Create .venv and install from the lock file of development

.PHONY: demo
demo: $(STAMP) ## Stream labelled traffic through an embedded broker and a worker, and show what was found
	@$(BIN)/python -m loadtest.demo --events $(EVENTS) --rate $(RATE) $(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: test
test: $(STAMP) ## Run every check and every test, in two processes (JOBS=1)
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

.PHONY: oracle
oracle: $(STAMP) ## Hold the engine against the oracle on 20,000 drawn streams (SEED=7 draws others)
	@FRAUDSTREAM_PROFILE=nightly $(if $(SEED),FRAUDSTREAM_SEED=$(SEED)) $(BIN)/python -m pytest -s tests/oracle

.PHONY: sim
sim: $(STAMP) ## Run 5,000 simulated worlds of crashes, cuts and torn checkpoints, and plant every fault (SEED=7 draws others)
	@FRAUDSTREAM_PROFILE=nightly $(if $(SEED),FRAUDSTREAM_SEED=$(SEED)) $(BIN)/python -m pytest tests/sim

.PHONY: live-replay
live-replay: $(STAMP) ## Send 200,000 events through a worker on Kafka with two reloads, and replay them to the byte
	@FRAUDSTREAM_LIVE_EVENTS=200000 $(BIN)/python -m pytest -s tests/integration/test_live_replay.py

.PHONY: guide
guide: $(STAMP) ## Run the commands of docs/compliance.md on a broker and a worker, and write down what they print
	@FRAUDSTREAM_WRITE_GUIDE=1 $(BIN)/python -m pytest -s tests/integration/test_guide.py

.PHONY: lint
lint: $(STAMP) ## Check style, types, the import law, unsafe calls, what is deployed, and the rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive fraudstream
	@$(BIN)/yamllint --strict deploy
	@$(BIN)/hadolint deploy/Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yml
	@$(BIN)/fraudstream rules lint
	@$(BIN)/fraudstream rules test
	@$(BIN)/fraudstream rules mutate

.PHONY: audit
audit: $(STAMP) ## Look for known vulnerabilities of what is locked, where their service can be reached
	@$(BIN)/python deploy/supply_chain/audit.py

.PHONY: sbom
sbom: $(STAMP) ## Write what the image holds as CycloneDX, dist/fraudstream.cdx.json
	@mkdir -p dist
	@$(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements --output-reproducible --mc-type application \
		--pyproject pyproject.toml --output-file dist/fraudstream.cdx.json requirements.lock

.PHONY: bench
bench: $(STAMP) ## Measure the engine alone, and then all of bench-kafka (JSON=1, KAFKA=host:port)
	@$(BIN)/python -m loadtest.bench $(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: bench-kafka
bench-kafka: $(STAMP) ## Measure a worker on Apache Kafka beside Faust and Quix Streams apps (JSON=1, KAFKA=host:port)
	@$(BIN)/python -m loadtest.bench_kafka $(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: bench-keyed
bench-keyed: $(STAMP) ## Measure a keyed topology with one worker and with two on Apache Kafka (JSON=1, KAFKA=host:port)
	@$(BIN)/python -m loadtest.bench_keyed $(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: bench-recovery
bench-recovery: $(STAMP) ## Measure a restart after kill -9, and the pause for a checkpoint, at 1 M entities (JSON=1)
	@$(BIN)/python -m loadtest.bench_recovery $(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: chaos
chaos: $(STAMP) ## Hurt workers, broker, network and disk, and prove that nothing differs (KILLS=50 SEED=1 JSON=1)
	@$(BIN)/python -m loadtest.chaos $(if $(JSON),--json) $(if $(KILLS),--kills $(KILLS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(GUARANTEE),--guarantee $(GUARANTEE))

.PHONY: load
load: $(STAMP) ## Put load of some shape on a worker, and hold it to what must hold; alone it lists the shapes (SCENARIO=burst SECONDS=60 RATE=1000 BASELINE=old.json OUT=.load JSON=1)
	@$(BIN)/python -m loadtest.load $(SCENARIO) --seconds $(SECONDS) --out $(OUT) \
		$(if $(filter-out file,$(origin RATE)),--rate $(RATE)) $(if $(SEED),--seed $(SEED)) $(if $(BASELINE),--baseline $(BASELINE)) $(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: soak
soak: $(STAMP) ## Keep a worker at 70 % of what it can do for half an hour: memory, lag, losses (MINUTES=30 SHARE=70 OUT=docs/load)
	@$(BIN)/python -m loadtest.load.soak --minutes $(MINUTES) --share $(SHARE) --out $(OUT) \
		$(if $(JSON),--json) $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: bench-engine
bench-engine: $(STAMP) ## Measure the engine alone beside rule engines of PyPI, and draw its cost curves (JSON=1)
	@$(BIN)/python -m loadtest.bench_alone $(if $(JSON),--json)

.PHONY: quality
quality: $(STAMP) ## Measure what the online models find, beside the published figures; draws into .quality/ (JSON=1; tables in ../shared/data)
	@$(BIN)/python -m loadtest.quality $(if $(JSON),--json)

.PHONY: kafka-up
kafka-up: ## Start a real Apache Kafka on loopback (Docker, or Java 17 and Maven)
	@$(PYTHON) deploy/kafka/kafka.py up

.PHONY: kafka-down
kafka-down: ## Stop it and remove its data
	@$(PYTHON) deploy/kafka/kafka.py down

.PHONY: stack-up
stack-up: ## Start Kafka, two workers, traffic, Prometheus, Alertmanager and Grafana in Docker (EVENTS=500000 RATE=200)
	@mkdir -p -m 700 deploy/secrets
	@test -s deploy/secrets/grafana-password \
		|| $(PYTHON) -c 'import secrets; print(secrets.token_hex(16))' > deploy/secrets/grafana-password
	@docker compose -f deploy/compose.yml up --build --detach
	@echo "Grafana: http://127.0.0.1:3000, user admin, password in deploy/secrets/grafana-password"

.PHONY: stack-down
stack-down: ## Stop them and remove their data
	@docker compose -f deploy/compose.yml down --volumes

.PHONY: docs
docs: $(STAMP) ## Write docs/metrics.md, docs/configuration.md and the schemas of messages and topologies anew from the code
	@$(BIN)/python -m fraudstream.telemetry.docs > docs/metrics.md
	@$(BIN)/python -m fraudstream.engine.alert_schema > docs/alert.schema.json
	@$(BIN)/python -m fraudstream.stream.letter_schema > docs/dead_letter.schema.json
	@$(BIN)/python -m fraudstream.engine.label_schema > docs/label.schema.json
	@$(BIN)/python -m fraudstream.workbench.casefile.schema > docs/evidence.schema.json
	@$(BIN)/python -m fraudstream.config.reference > docs/configuration.md
	@$(BIN)/python -m fraudstream.config.reference schema > docs/topology.schema.json

.PHONY: schemas
schemas: $(STAMP) ## Write docs/schemas/ anew from the models of the rule files
	@$(BIN)/python -m fraudstream.cli rules schemas docs/schemas

.PHONY: dashboards
dashboards: $(STAMP) ## Write the Grafana dashboards, deploy/grafana/dashboards/, anew from the code
	@$(BIN)/python -m deploy.grafana.build

.PHONY: lock
lock: $(STAMP) ## Resolve both lock files anew from pyproject.toml (UPGRADE= keeps what is locked)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv $(COMPILE) --all-extras $(UPGRADE) pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv $(COMPILE) --constraint requirements-dev.lock $(UPGRADE) pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## Remove everything that was built or installed here
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache .kafka .load .quality
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything a new user needs: Python >= 3.11 and make. Each target repeats without harm; stamps in .venv/ skip what is done.

PYTHON ?= python3
PY := .venv/bin/python
SCALE ?= small
SEED ?= 1
ARGS ?=

.PHONY: help setup dev demo test lint clients bench reference clean lock

help:
	@echo 'make setup   install everything into .venv/, start nothing'
	@echo 'make demo    start the platform on a simulated clock and run a demo shop through it (SCALE=small|shop SEED=1)'
	@echo 'make test    lint, types, layering, and every test on real services (ARGS="-k name" to choose)'
	@echo 'make clients clients generated in Python, TypeScript and Go, and linters of the OpenAPI document'
	@echo 'make bench   the benchmarks'
	@echo 'make reference  write docs/reference anew from the code'
	@echo 'make clean   stop the platform and delete .venv/ and .trefoil/'

setup: .venv/.runtime .venv/.jars

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Trefoil needs Python 3.11 or newer: make setup PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' \
	  || { echo 'This Python cannot make virtual environments; on Debian: apt-get install python3-venv'; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python requirements.lock pyproject.toml
	@$(PY) -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo 'Installing what requirements.lock names, about half a minute'
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.jars: .venv/.runtime local/neo4j-5.26.lock
	@echo 'Fetching Neo4j (140 MB), kept for all checkouts of this user'
	$(PY) -m local.jars neo4j-5.26
	@touch $@

dev: setup .venv/.dev

.venv/.dev: .venv/.runtime requirements-dev.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup
	.venv/bin/trefoil up --clock simulated
	.venv/bin/trefoil demo --scale $(SCALE) --seed $(SEED)
	.venv/bin/trefoil status

.venv/clients/.generator: .venv/bin/python requirements-clients.lock
	$(PYTHON) -m venv .venv/clients
	.venv/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-clients.lock
	@touch $@

.venv/clients/.toolchains: .venv/clients/.generator requirements-toolchains.lock tests/clients/package-lock.json
	@echo 'Installing Node, Go and what checks the document, some minutes'
	.venv/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-toolchains.lock
	.venv/clients/bin/python tests/clients/toolchains.py
	@touch $@

clients: dev .venv/clients/.toolchains
	$(PY) -m pytest tests/clients/test_python.py tests/clients/others.py $(ARGS)

lint: dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports

test: lint .venv/clients/.generator
	$(PY) -m pytest $(ARGS)

bench: dev
	$(PY) -m shopside.bench $(ARGS)

reference: dev
	$(PY) -m ops.reference

# Run by hand when a dependency in pyproject.toml changes; needs uv.
lock:
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -c requirements.lock -o requirements-dev.lock
	for group in clients toolchains; do \
	  uv pip compile --group $$group --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements-$$group.lock; done

clean:
	@if [ -x .venv/bin/trefoil ] && [ -d .trefoil ]; then .venv/bin/trefoil down; fi
	rm -rf .venv .trefoil build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

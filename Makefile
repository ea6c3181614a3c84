# `make demo` and `make test` need Python 3.11 or newer and nothing else.

PYTHON ?= python3
PORT ?= 8000
VENV ?= .venv
DEMO_VENV ?= .venv-demo
PYTEST_ARGS ?= -n auto --maxprocesses 4

REQ := requirements
PINS := -c $(REQ)/constraints-ci.txt -c $(REQ)/constraints-django.txt
PACKAGE := setup.cfg pyproject.toml $(REQ)/constraints-ci.txt $(REQ)/constraints-django.txt
EXTRAS := api,email,geoip,jwt,metrics,sms-sns,sms-twilio
DEMO_EXTRAS := api,jwt,sms
MANAGE = PYTHONUNBUFFERED=1 $(DEMO_VENV)/bin/python -m django
COVERED_WHOLLY := django_mfa/flows/*,django_mfa/policy/*,django_mfa/factors/*,django_mfa/crypto.py,django_mfa/session/*

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport DJANGO_SETTINGS_MODULE

# $(call install,VENV,REQUIREMENTS): with uv where it can be had, else with pip.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@echo "Installing into $(1) ..."
	@test -x $(1)/bin/uv || $(1)/bin/python -m pip install -q $(PINS) uv || true
	@{ test -x $(1)/bin/uv && $(1)/bin/uv pip install -q -p $(1)/bin/python $(PINS) $(2); } || \
		$(1)/bin/python -m pip install -q $(PINS) $(2)
	@touch $@
endef

.PHONY: help demo test covered coverage test-all lint types docs format hooks constraints clean

help:
	@echo "make demo       a site to try, on http://localhost:$(PORT)/ (PORT=...)"
	@echo "make test       the test suite on SQLite"
	@echo "make test-all   everything: lint, types, docs, databases, browser, versions"
	@echo "make lint       ruff, spelling, templates, import contracts, types"
	@echo "make format     write code and templates the way lint wants them"
	@echo "make docs       the documentation, into docs/_build/html"
	@echo "make clean      remove what these made"

$(DEMO_VENV)/.demo: $(PACKAGE) $(REQ)/demo.txt
	$(call install,$(DEMO_VENV),-e '.[$(DEMO_EXTRAS)]' -r $(REQ)/demo.txt)

$(VENV)/.test: $(PACKAGE) $(REQ)/test.txt $(REQ)/demo.txt
	$(call install,$(VENV),-e '.[$(EXTRAS)]' -r $(REQ)/test.txt)

$(VENV)/.tools: $(REQ)/tools.txt $(REQ)/constraints-ci.txt
	$(call install,$(VENV),-r $(REQ)/tools.txt)

demo: $(DEMO_VENV)/.demo
	@$(MANAGE) migrate --verbosity 0 --no-input --settings=testproject.settings
	@$(MANAGE) demo_data --settings=testproject.settings
	@$(MANAGE) runserver --noreload --settings=testproject.settings localhost:$(PORT)

# The crawl covers nothing that the other tests leave, and being watched trebles its time.
CRAWL_TESTS := tests/test_crawl.py
PYTEST = PYTHONDEVMODE=1 $(VENV)/bin/python -m pytest $(PYTEST_ARGS)
test: $(VENV)/.test
	$(PYTEST) $(if $(COVER),--cov --cov-report=term --ignore=$(CRAWL_TESTS))
	$(if $(COVER),$(PYTEST) $(CRAWL_TESTS))

# What `make test COVER=1` covers: 95 % of everything, all of what decides.
covered:
	$(VENV)/bin/python -m coverage report --fail-under=100 --include='$(COVERED_WHOLLY)'

coverage:
	$(MAKE) test COVER=1
	$(MAKE) covered

test-all:
	VERSIONS=all .ci/run

lint: $(VENV)/.tools
	$(VENV)/bin/tox run -q -e lint,contracts,types

docs: $(VENV)/.tools
	$(VENV)/bin/tox run -q -e docs

format: $(VENV)/.tools
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .
	git ls-files -z '*.html' | xargs -0 -r $(VENV)/bin/djade --target-version 5.2

hooks: $(VENV)/.tools
	$(VENV)/bin/pre-commit install

# Resolve again: the newest versions, and the lowest ones setup.cfg allows.
COMPILE = $(VENV)/bin/uv pip compile -q --upgrade --no-header --no-annotate --extra all setup.cfg
NEWEST := $(filter-out $(REQ)/constraints-%,$(wildcard $(REQ)/*.txt))
constraints: $(VENV)/.tools
	$(COMPILE) $(NEWEST) --universal --python-version 3.11 --no-emit-package django \
		-c $(REQ)/constraints-django.txt -o $(VENV)/newest.txt
	$(COMPILE) $(REQ)/test.txt --resolution lowest-direct --python-version 3.11 -o $(VENV)/lowest.txt
	{ echo '# Exact versions for every test environment, on every Python. Made by `make constraints`.'; \
		cat $(VENV)/newest.txt; } > $(REQ)/constraints-ci.txt
	{ echo '# The lowest versions setup.cfg allows, for the environment `low`. Made by `make constraints`.'; \
		cat $(VENV)/lowest.txt; } > $(REQ)/constraints-low.txt

clean:
	rm -rf $(VENV) $(DEMO_VENV) .tox build dist *.egg-info .coverage* htmlcov docs/_build \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

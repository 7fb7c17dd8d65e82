# All the work is in scripts/. Variables given here (`make test T=tests/test_run.py`) reach the scripts through
# the environment; the ones that say where Odoo and PostgreSQL are stand in scripts/env.sh. ARGS: more arguments
# for the script (`make import-ledger LEDGER=ledger.csv ARGS=--settled`).
DB ?= credit_collection_demo
export DB

.DEFAULT_GOAL := help
.PHONY: help setup demo serve shell test lint format bench replay import-ledger screenshots translations changelog stop clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

setup: ## fetch Odoo, build the environment, start the private PostgreSQL
	@scripts/setup.sh

demo: ## a company with three months of reminders, served on PORT (8069); SERVE=0: do not serve; FRESH=1: anew
	@scripts/demo.sh

serve: ## serve the database DB (the demo's) on PORT (8069)
	@scripts/serve.sh

shell: ## a Python shell in the database DB (the demo's)
	@bash -c 'source scripts/env.sh; odoo shell -d "$$DB" --no-http'

test: ## all tests; T=tests/test_run.py, T="-x -k word" or T=word: some of them
	@scripts/test.sh $(T)

lint: ## ruff, pylint, mypy, OCA's and Odoo's own checks, prettier, shellcheck
	@scripts/lint.sh

format: ## let ruff and prettier rewrite the sources
	@scripts/lint.sh --fix

bench: ## measure against plain SQL; SIZES="1000 100000:20000" for some sizes (items:customers)
	@scripts/run_script.sh fresh scripts/bench.py $(SIZES)

replay: ## the daily job over a ledger: LEDGER=file.csv POLICY=name FROM=2013-01-01 TO=2013-12-31
	@scripts/run_script.sh fresh scripts/replay.py $(if $(LEDGER),--ledger '$(LEDGER)') \
		$(if $(POLICY),--policy '$(POLICY)') $(if $(FROM),--from '$(FROM)') $(if $(TO),--to '$(TO)') $(ARGS)

import-ledger: ## load the customer invoices and payments of LEDGER=file.csv into DB (the demo's)
	@scripts/run_script.sh "$(DB)" scripts/import_ledger.py $(if $(LEDGER),'$(LEDGER)') $(ARGS)

screenshots: ## take the screenshots of the README again
	@scripts/screenshots.sh $(ARGS)

translations: ## write new terms into i18n/, and list what is not translated
	@scripts/run_script.sh fresh scripts/translations.py

changelog: ## move changes/ into CHANGELOG.md: VERSION=19.0.1.1.0
	@scripts/setup.sh --lint && bash -c 'source scripts/env.sh; "$$VENV-lint/bin/towncrier" build --yes --version "$(VERSION)"'

stop: ## stop the private PostgreSQL
	@scripts/pg.sh stop

clean: stop ## remove all that was fetched and built, databases included
	@bash -c 'source scripts/env.sh; rm -rf "$$CC_PGROOT" "$$CC_SOCKET" "$$CACHE"'

# Every target works on a bare Debian or Ubuntu machine that has Node.js 20 or later with npm; the project pins its own Node.js 24.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help up test unit bench lint fmt types generate clean

help: ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

node_modules/.installed: package.json package-lock.json
	@scripts/install-node-modules.sh

up: node_modules/.installed ## Start exporter, Prometheus and Alertmanager; without config.yml on a simulated fleet
	@scripts/install-tools.sh up
	@exec node scripts/up.ts

test: node_modules/.installed ## Run everything that CI runs
	@scripts/install-tools.sh test
	@scripts/fetch-wire-server.sh
	@scripts/test.sh

unit: node_modules/.installed ## Run the unit tests only
	@npx vitest run --project unit

bench: node_modules/.installed ## Measure against peers; prints a table and writes bench/results.json
	@scripts/install-tools.sh bench
	@node bench/run.ts

lint: node_modules/.installed ## Check style and dead code
	@npx biome check . && npx knip

fmt: node_modules/.installed ## Format all files
	@npx biome check --write .

types: node_modules/.installed ## Check the types
	@npm run --silent types

generate: node_modules/.installed ## Write all generated files anew
	@node scripts/generate.ts

clean: ## Remove what was built and installed; .data stays
	@rm -rf node_modules dist coverage

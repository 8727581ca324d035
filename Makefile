# Every target sets up what it needs and runs the script of its name in scripts/.
# ARGS goes on to the script: make test ARGS="tests/wire -k gsm"
.DEFAULT_GOAL := help
.PHONY: help install test check format demo bench soak docs coverage xref
ARGS ?=

help: ## show these targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install: ## make .venv with the pinned dependencies; nothing to do when they have not changed
	@scripts/install
	@scripts/install-node
	@scripts/install-clients

test: ## run all tests but the long ones
	@scripts/test $(ARGS)

check: ## check format, lint, types and import contracts
	@scripts/check

format: ## format the code and mend what the linter can
	@scripts/format

demo: ## start depesza with a simulated carrier and send a message (ONCE=1: end when it was delivered)
	@scripts/demo $(if $(filter-out 0,$(ONCE)),--once) $(ARGS)

bench: ## measure the whole cycle and print it beside the goals
	@scripts/bench $(ARGS)

soak: ## kill the process under load, again and again, and count what arrived
	@scripts/soak $(ARGS)

docs: ## print the reference pages from the code
	@scripts/docs $(ARGS)

coverage: ## run the tests and show the lines that none of them reached
	@scripts/coverage $(ARGS)

xref: ## follow every reference to a specification, both ways
	@scripts/xref $(ARGS)

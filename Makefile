# Each target sets the clone up first, which takes milliseconds when nothing changed. ARGS go to the command:
# make demo ARGS=--json

BIN := .venv/bin
SET_UP := tools/set_up.py
PYTHON = $(shell tools/python)
JOBS ?= 2
MINUTES ?= 10
# Where it is set, each of the hundreds of processes that the tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
FAST := not parts and not crash and not slow and not soak

.PHONY: help demo up bench test test-fast soak lint lock program setup setup-dev setup-soak clean

help:
	@echo "make demo       the whole story, from a subscription to the proof"
	@echo "make up         the whole stack on this machine, until interrupted"
	@echo "make test       lint, then every test (test-fast: without real processes; soak: MINUTES=10)"
	@echo "make bench      the README's figures"
	@echo "make lint       ruff, mypy and the layers"
	@echo "make lock       write requirements/*.txt and package-lock.json anew"
	@echo "make program    build the Solana program anew (Debian; ARGS=--check compares)"
	@echo "make clean      take away what the set-up made; var/ stays"

setup:
	@$(PYTHON) $(SET_UP) run

setup-dev:
	@$(PYTHON) $(SET_UP) dev

setup-soak:
	@$(PYTHON) $(SET_UP) soak

demo: setup
	@$(BIN)/openscrip demo $(ARGS)

up: setup
	@$(BIN)/openscrip up $(ARGS)

bench: setup
	@$(BIN)/python -m bench $(ARGS)

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: setup-dev
	HYPOTHESIS_PROFILE=fast $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "$(FAST)" $(ARGS)

soak: setup-soak
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -m soak --timeout 0 --soak-minutes $(MINUTES) $(ARGS)

lock: setup-dev
	@$(BIN)/python tools/lock.py

program: setup-dev
	@$(BIN)/python tools/build_program.py $(ARGS)

clean:
	rm -rf .venv node_modules .toolchain dist build

# Each target makes its own environment in .venv, from locked versions, and says what it does. Nothing else is needed
# but Python 3.11 or newer. Without make (Windows): the README has the same steps as three commands.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
EMULATOR := .venv-emulator
XTTS   := .venv-xtts
TORCH := torch==2.13.0
TORCHAUDIO := torchaudio==2.11.0 torchcodec==0.17.0
# The tests wait half of their time: two cores have work for three.
WORKERS ?= 3
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check bench emulator xtts lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.run ## Run the service on http://127.0.0.1:8000 (PORT=8001 make run for another port)
	@exec $(BIN)/danmu-tts serve

test: $(VENV)/.dev ## Run all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/.dev ## Lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=layers/core:. $(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure speed, side by side with the bare libraries
	$(BIN)/python -m benchmarks

emulator: $(EMULATOR)/.made ## Install an AWS emulator; with it, the tests also deploy the template and talk to that

xtts: $(XTTS)/.made ## Install XTTS; with it, the tests also speak by a GPU service on the CPU

lock: $(VENV)/.dev ## Resolve requirements/*.txt anew from pyproject.toml
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --extra piper --extra kokoro --extra cloud --extra local pyproject.toml \
		-o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --constraint requirements/run.txt --extra piper --extra kokoro --extra cloud --extra local --extra aac \
		--extra azure --extra aws --extra dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --group pyproject.toml:emulator -o requirements/emulator.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --group pyproject.toml:xtts -o requirements/gpu.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --constraint requirements/gpu.txt --group pyproject.toml:xtts \
		--group pyproject.toml:xtts-tests -o requirements/xtts.txt

clean: ## Remove the environment and everything that was generated
	rm -rf $(VENV) $(EMULATOR) $(XTTS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Danmu TTS needs Python 3.11 or newer; $(PYTHON) is older or missing. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making the environment $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the service and its voices (about 250 MB to fetch, once)"
	@$(BIN)/python -m pip --disable-pip-version-check install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the tests need (about 550 MB to fetch, once)"
	@$(BIN)/python -m pip --disable-pip-version-check install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --editable .
	@touch $@ $(VENV)/.run

# An environment of its own: it pins versions that ours need not share. Of the same Python, whose packages it runs.
$(EMULATOR)/.made: requirements/emulator.txt | $(VENV)/bin/python
	@echo "Installing the emulator of AWS (about 30 MB to fetch, once)"
	@$(BIN)/python -m venv --clear $(EMULATOR)
	@$(EMULATOR)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

# torch is the build for this machine, as pip finds it. torchaudio's own libraries are made for the GPU builds of another
# torch, and what XTTS uses of it is Python: without them it works with any. torchcodec need only be there.
$(XTTS)/.made: requirements/xtts.txt | $(VENV)/bin/python
	@echo "Installing XTTS's engine (about 500 MB to fetch, once)"
	@$(BIN)/python -m venv --clear $(XTTS)
	@$(XTTS)/bin/python -m pip --disable-pip-version-check --quiet install $(TORCH)
	@$(XTTS)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps $(TORCHAUDIO)
	@rm -f $(XTTS)/lib/python*/site-packages/torchaudio/lib/*.so
	@$(XTTS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@printf '%s\n' '$(CURDIR)' '$(CURDIR)/layers/core' > "$$(echo $(XTTS)/lib/python*/site-packages)/danmu_tts.pth"
	@touch $@

# Each target makes its own environment in .venv, from locked versions, and says what it does. Nothing else is needed
# but Python 3.11 or newer. Without make (Windows): the README has the same steps as three commands.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
EMULATOR := .venv-emulator
XTTS   := .venv-xtts
SAM    := .venv-sam
CHECKOV := .venv-checkov
LOCALSTACK := .venv-localstack
LAMBDA := .venv-lambda
# What the functions are built for; the template's own default.
ARCHITECTURE ?= arm64
# SAM's own figures of who uses it go nowhere from here; uv, which builds the layers, lies beside it.
SAM_RUN = ARCHITECTURE=$(ARCHITECTURE) SAM_CLI_TELEMETRY=0 PATH="$(CURDIR)/$(SAM)/bin:$$PATH" sam
DEPLOY = PATH="$(CURDIR)/$(SAM)/bin:$$PATH" exec $(BIN)/python -m infra.deploy
TORCH := torch==2.13.0
TORCHAUDIO := torchaudio==2.11.0 torchcodec==0.17.0
# Two cores are busy with two: a third one saves little, and makes whatever looks at the clock late.
WORKERS ?= 2
# These take outages by the clock, so not much may run beside them.
BY_THE_CLOCK := $(addprefix tests/integration/shared/test_,redis_away.py s3_away.py single_flight.py)
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check bench emulator xtts sam build deploy destroy sam-local localstack check-aws test-aws test-xtts lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 11

run: $(VENV)/.run ## Run the service on http://127.0.0.1:8000 (PORT=8001 make run for another port)
	@exec $(BIN)/danmu-tts serve

# Each worker reads all tests, and many of them start the program: whatever the shell says, that is compiled once.
test test-aws test-xtts: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.dev ## Run all tests but those of AWS and XTTS
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not aws and not xtts" $(addprefix --ignore=,$(BY_THE_CLOCK))
	$(BIN)/python -m pytest -n 2 --dist loadfile $(BY_THE_CLOCK)

# What this machine can run.
test-aws: ARCHITECTURE = $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
test-aws: $(VENV)/.dev $(EMULATOR)/.made $(LAMBDA)/.made build ## Test the template, built and deployed to an emulator, and the commands that deploy it
	$(BIN)/python -m pytest -n 2 --dist loadfile -m aws

test-xtts: $(VENV)/.dev $(XTTS)/.made ## Test XTTS on the CPU: its engine, and the service with it
	$(XTTS)/bin/python -m pytest -p no:cacheprovider tests/gpu
	$(BIN)/python -m pytest -m xtts

check: $(VENV)/.dev ## Lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=layers/core:. $(BIN)/lint-imports

check-aws: $(SAM)/.made $(CHECKOV)/.made ## Lint the template, and look for what an attacker would
	$(SAM_RUN) validate --lint
	$(SAM)/bin/cfn-lint template.yaml infra/aws/*.yaml
	$(CHECKOV)/bin/checkov --quiet --compact --skip-download --framework cloudformation --directory infra/aws --file template.yaml

bench: $(VENV)/.dev ## Measure speed, side by side with the bare libraries
	$(BIN)/python -m benchmarks

emulator: $(EMULATOR)/.made ## Install an AWS emulator, to which make test-aws deploys

sam: $(SAM)/.made ## Install AWS SAM, which builds and deploys the template

build: $(SAM)/.made ## Build functions and layers for ARCHITECTURE=arm64 or x86_64
	$(SAM_RUN) build --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: $(VENV)/.run $(SAM)/.made ## Put it into your AWS account; asks what it needs (ARGS="--help": without questions)
	@$(DEPLOY) deploy $(ARGS)

destroy: $(VENV)/.run ## Take it out of your AWS account again, with all that it keeps there
	@$(DEPLOY) destroy $(ARGS)

sam-local: $(VENV)/.run $(SAM)/.made ## Run the REST API in Lambda's own container; needs docker or podman
	@$(DEPLOY) sam-local $(ARGS)

localstack: $(VENV)/.run $(SAM)/.made $(LOCALSTACK)/.made ## Deploy to an emulator: MiniStack, or yours at AWS_ENDPOINT_URL
	@$(DEPLOY) localstack $(ARGS)

xtts: $(XTTS)/.made ## Install XTTS, for a GPU service on this machine, if need be on its CPU

# A layer has what the tests run with, for Lambda's Python, less what the core layer has.
lock_layer = $(BIN)/uv pip compile --quiet --python-version 3.13 --python-platform linux --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --constraint requirements/run.txt $(2) pyproject.toml -o layers/$(1)/requirements.txt
NOT_IN_CORE = $$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' layers/core/requirements.txt)

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
	for group in sam checkov; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --upgrade --group pyproject.toml:$$group -o requirements/$$group.txt; \
	done
	$(BIN)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --group pyproject.toml:lambda -o requirements/lambda.txt
	$(call lock_layer,core)
	$(call lock_layer,cloud_voices,--extra cloud $(NOT_IN_CORE))
	$(call lock_layer,piper,--extra piper $(NOT_IN_CORE))
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --group pyproject.toml:xtts -o requirements/gpu.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --constraint requirements/gpu.txt --group pyproject.toml:xtts \
		--group pyproject.toml:xtts-tests -o requirements/xtts.txt

clean: ## Remove the environment and everything that was generated
	rm -rf $(VENV) $(EMULATOR) $(XTTS) $(SAM) $(CHECKOV) $(LOCALSTACK) $(LAMBDA) .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
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

# uv finds a Python 3.13, or fetches it. pyenv's own are named first: it shows one in the path that need not be there.
python_3_13 = for python in $(HOME)/.pyenv/versions/3.13.*/bin/python3.13 3.13; do \
	$(SAM)/bin/uv venv --quiet --clear --python "$$python" $(1) 2>$(1).log && break; \
	done || { cat $(1).log >&2; echo "Lambda's Python is 3.13, and there is none here." >&2; exit 1; }; rm -f $(1).log

# Its functions run with its own Python, and the layers are for 3.13.
$(LOCALSTACK)/.made: requirements/emulator.txt | $(SAM)/.made
	@echo "Installing MiniStack, an emulator of AWS (about 30 MB to fetch, once)"
	@$(call python_3_13,$(LOCALSTACK))
	@$(SAM)/bin/uv pip install --quiet --python $(LOCALSTACK)/bin/python --require-hashes -r $<
	@touch $@

$(LAMBDA)/.made: requirements/lambda.txt | $(SAM)/.made
	@echo "Installing what Lambda's own Python has (about 20 MB to fetch, once)"
	@$(call python_3_13,$(LAMBDA))
	@$(SAM)/bin/uv pip install --quiet --compile-bytecode --python $(LAMBDA)/bin/python --require-hashes -r $<
	@touch $@

$(SAM)/.made: requirements/sam.txt | $(VENV)/bin/python
	@echo "Installing AWS SAM (about 100 MB to fetch, once)"
	@$(BIN)/python -m venv --clear $(SAM)
	@$(SAM)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r $<
	@touch $@

$(CHECKOV)/.made: requirements/checkov.txt | $(VENV)/bin/python
	@echo "Installing checkov (about 100 MB to fetch, once)"
	@$(BIN)/python -m venv --clear $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r $<
	@touch $@

# What `sam build` does for a layer, in a copy of its folder: libraries for Lambda's Python, whatever this machine has.
# ARCHITECTURE is the template's parameter, which SAM does not tell: `make build` gives both of them.

ARCHITECTURE ?= arm64
UV ?= uv
MACHINE := $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)
TARGET := $(ARTIFACTS_DIR)/python

define install
	$(UV) pip install --quiet --no-deps --require-hashes --only-binary :all: --link-mode copy --python-version 3.13 \
		--python-platform $(MACHINE)-manylinux_2_28 --target $(TARGET) -r requirements.txt
endef

# A function needs no tests, headers or types of its libraries.
define finish
	rm -rf $(TARGET)/bin $(TARGET)/.lock
	find $(TARGET) \( -name tests -o -name test -o -name include -o -name __pycache__ \) -type d -prune -exec rm -rf {} +
	find $(TARGET) \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' -o -name '*.c' \) -type f -delete
	$(call compile,$(1))
endef

# Compiled modules make a cold start half as long; that takes the same Python. The marks of a file's age would not
# survive the archive, so they are compiled without.
define compile
	@for python in python3.13 "$$($(UV) python find 3.13 2>/dev/null)" $(HOME)/.pyenv/versions/3.13.*/bin/python3.13; do \
		"$$python" -c '' 2>/dev/null || continue; \
		exec "$$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash $(1); \
	done; echo "There is no Python 3.13 here, so cold starts will take longer than they need." >&2
endef

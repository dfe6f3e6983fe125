# The two commands: `make demo` opens the app, `make test` checks the project.
# A third, `make microlens DATA=folder`, trains on MicroLens's own files and opens the app on what comes of them.

VENV := .venv
BIN := $(VENV)/bin
# The first that runs: a version manager may list names that it does not answer to.
PYTHON ?= $(or $(shell for name in python3.12 python3.11 python3.13 python3; do $$name -c "" 2>/dev/null && echo $$name && break; done),python3)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Without an NVIDIA GPU the CPU build of torch serves as well and takes 4 GB less; where PyTorch's own index cannot be
# reached, pip takes the usual build after a few seconds.
TORCH := $(shell grep "^torch==" requirements.txt)
TORCH_INDEX := $(if $(shell command -v nvidia-smi),,--retries 1 --extra-index-url https://download.pytorch.org/whl/cpu)
# What the browser tests (chromium) and the drawing library (libegl1, libgl1) need from the system.
SYSTEM_PACKAGES := chromium libegl1 libgl1

# For `make microlens`: the slice of the data (small or full), and where each step's result lies.
SLICE := small
LENS := microlens-$(SLICE)
LENS_DATA := data/$(LENS)
LENS_FEATURES := build/$(LENS)
LENS_RUN := runs/$(LENS)
LENS_BUNDLE := bundles/$(LENS)
MEALREC := $(BIN)/python -m mealrec

.PHONY: demo test test-pages test-code microlens fuzz screenshots system-packages clean

demo: $(VENV)/.runtime
	MEALREC_OPEN_BROWSER=1 $(BIN)/python app.py

# A step whose result is whole is skipped; one that was stopped goes on from where it was.
microlens: $(LENS_BUNDLE)/manifest.json
	MEALREC_BUNDLE=$(LENS_BUNDLE) MEALREC_OPEN_BROWSER=1 $(BIN)/python app.py

$(LENS_DATA)/prepared.json: | $(VENV)/.development
	@test -n "$(DATA)" || { echo "expected a folder with MicroLens's pairs and titles; name it: make microlens DATA=folder"; exit 2; }
	$(MEALREC) prepare microlens-50k --data $(DATA) --slice $(SLICE) --out $(LENS_DATA)

$(LENS_FEATURES)/.extracted: $(LENS_DATA)/prepared.json
	$(MEALREC) extract --frames title-segments --data $(LENS_DATA) --out $(LENS_FEATURES)
	@touch $@

$(LENS_RUN)/.trained: $(LENS_FEATURES)/.extracted
	$(MEALREC) train microlens --systems mealrec,sasrec-guided --data $(LENS_DATA) --features $(LENS_FEATURES) --out $(LENS_RUN) --resume
	@touch $@

$(LENS_RUN)/metrics.json: $(LENS_RUN)/.trained
	$(MEALREC) evaluate --run $(LENS_RUN) --data $(LENS_DATA) --features $(LENS_FEATURES) --out $(LENS_RUN)/metrics

$(LENS_BUNDLE)/manifest.json: $(LENS_RUN)/metrics.json
	$(MEALREC) bundle --refit --data $(LENS_DATA) --run $(LENS_RUN) --features $(LENS_FEATURES) --out $(LENS_BUNDLE)

test: $(VENV)/.development system-packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) --no-print-directory --jobs 2 test-pages test-code

# Side by side, since neither fills two cores. The pages go first where both want one: their tests wait for a browser.
test-pages:
	$(BIN)/python -m pytest tests/browser

test-code:
	nice -n 5 $(BIN)/python -m pytest --ignore tests/browser

fuzz: $(VENV)/.development
	$(BIN)/python -m benchmarks.fuzz

screenshots: $(VENV)/.development system-packages
	$(BIN)/python -m benchmarks.screenshots

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "MealRec needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(BIN)/python
	$(PIP_INSTALL) --no-deps $(TORCH_INDEX) $(TORCH)
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

# Only where something is missing and apt is at hand; elsewhere the tests that need it say what to install.
system-packages: $(VENV)/.development
	@if { command -v chromium || command -v google-chrome; } >/dev/null && $(BIN)/python -c 'import skia' 2>/dev/null; then :; \
	elif ! command -v apt-get >/dev/null; then echo "no apt-get here: the browser tests need Chromium or Chrome on PATH"; \
	elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES); \
	elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES); \
	else echo "not root: install $(SYSTEM_PACKAGES) with apt-get for the browser tests"; fi

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache

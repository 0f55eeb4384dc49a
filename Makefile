# Every target that needs the set-up makes it first; when it is up to date that
# takes a moment.  On Windows without make: python bootstrap.py, and then
# .venv\Scripts\tlhelpers lab

BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
UV ?= uv

# make setup WITHOUT=solar leaves data out, until WITHOUT=nothing.  Data that could
# not be had is tried again by `make setup` alone, and not before every `make lab`.
SETUP_WORDS := $(if $(filter setup,$(MAKECMDGOALS)),,--no-retry) \
    $(if $(filter-out undefined,$(origin WITHOUT)),--without "$(or $(strip $(WITHOUT)),nothing)")

# What these need beside the set-up.
SITE_TOOLS := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    --only-binary :all: -r requirements-site.txt

.DEFAULT_GOAL := help
.PHONY: help setup run lab test test-notebooks lint spelling site site-links paper slides links release-check execute doctor pins clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s  %s\n", $$1, $$2 }' Makefile

# Any Python that works can start bootstrap.py, which then looks for one that
# the course supports.  A command that exists may still not work: so run it.
setup:  ## make .venv with the pinned packages, or say so (WITHOUT=solar: less data)
	@for python in python3.13 python3.12 python3.11 python3 python; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1; then \
	        exec "$$python" bootstrap.py $(SETUP_WORDS); \
	    fi; \
	done; \
	echo "No working Python found. Install Python 3.11, 3.12 or 3.13 and run make again." >&2; \
	exit 1

run: setup  ## run every notebook and keep the executed copies in build/
	@$(BIN)/tlhelpers run

lab: setup  ## open the course in JupyterLab
	@$(BIN)/tlhelpers lab

test: setup  ## run the tests, all but whole notebooks
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not whole"

test-notebooks: setup  ## run every notebook in the tests, unsolved and solved
	@$(BIN)/python -m pytest --durations=15 -m whole

lint: setup  ## check style, types and the direction of imports
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m mypy

spelling: setup  ## look for slips of spelling in texts and code (once: put codespell into .venv)
	@$(SITE_TOOLS)
	@$(BIN)/python .ci/spelling.py

site: setup  ## make the site to read and search, in build/site (once: put Sphinx into .venv)
	@$(SITE_TOOLS)
	@$(BIN)/python -m sphinx -W --keep-going -q -c docs/site . build/site
	@echo "Open build/site/index.html"

site-links: setup  ## ask every address outside that the texts name (needs a connection)
	@$(SITE_TOOLS)
	@rm -rf build/links && mkdir -p build
	@$(BIN)/python -m sphinx -b linkcheck -q -c docs/site . build/links >build/links.log 2>&1 || true
	@$(BIN)/python .ci/external_links.py build/links

paper: setup  ## make PDFs to print, in build/paper: each notebook, the cheat sheet (SIZE=us-letter)
	@$(SITE_TOOLS)
	@$(BIN)/python docs/paper/make.py --size $(or $(SIZE),a4)

slides: setup  ## make slides of the notebooks, in build/slides
	@$(SITE_TOOLS)
	@$(BIN)/python docs/slides/make_slides.py

links:  ## say where the repository is, on every page: make links ADDRESS=https://...
	@$(BIN)/python .ci/links.py $(ADDRESS)

release-check: setup  ## build the wheel and run notebook 00 from it in an empty folder
	@$(BIN)/python .ci/release_check.py

execute: setup  ## run every notebook and write the outputs into it
	@$(BIN)/tlhelpers execute

doctor: setup  ## say what works on this machine and what does not
	@$(BIN)/tlhelpers doctor

# fewest: one version of a package for every supported Python, so that a figure
# looks the same on all of them.
pins:  ## make requirements.txt anew from pyproject.toml (needs uv: pip install uv)
	@command -v $(UV) >/dev/null || { echo "$(UV) was not found. Install it (pip install uv) and run make pins again." >&2; exit 1; }
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --fork-strategy fewest --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make pins" \
	    --extra dev --output-file requirements.txt pyproject.toml
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --fork-strategy fewest --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make pins" --constraint requirements.txt \
	    --output-file requirements-site.txt docs/site/requirements.in
	@echo "Made requirements.txt and requirements-site.txt. Now run the tests: make test"

clean:  ## remove what was built and cached (.venv stays: delete it to start over)
	@rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	@find tlhelpers tests notebooks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

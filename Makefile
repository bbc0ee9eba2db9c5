# make demo    the whole pipeline against a simulated archive, no network needed after the installation
# make test    the tests, minutes
# make test-all  the exhaustive ones, too: more cells of what `make test` shows, and what takes longest
# make bench   the mosaic engine beside SWarp and reproject (minutes); benchmarks/*/README.md lists the others
# make bench-all  the benchmarks of speed, to benchmarks/RESULTS.md (half an hour);
#                PARTS="i2d cal" only those, LIST=1 tells which there are, OFFICIAL=python of an environment with jwst
# make lint    style, types, import rules
# make lint-js types and left-overs in the scripts of the viewer (needs npm)
# make docs    the site with its notebooks, in build/docs (every warning is an error)
# make release build sdist and wheel, check them, try them in empty environments (needs a package index)
# make lock    pin the dependencies anew (needs uv)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= jwstpipe-demo

.PHONY: setup demo test test-exhaustive test-all lint lint-js docs release lock bench clean

setup: $(READY)

PIP = $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --quiet --no-deps

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "jwstpipe needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3 setup"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install pip; }
	@echo "installing the pinned dependencies (a minute the first time) ..."
# The lock names every package with its hash, so there is nothing to resolve: older pips would, and stumble over extras.
# pip takes minutes for three hundred packages, uv half of one. Of pip's settings uv is told the index; where it finds
# no way to the packages, pip takes its own.
	@index=$${PIP_INDEX_URL:-$$($(PIP) config get global.index-url 2>/dev/null)}; \
	  { $(INSTALL) --require-hashes -r requirements-uv.lock && UV_SYSTEM_CERTS=1 $(BIN)/uv pip install --quiet \
	    --python $(BIN)/python $${index:+--default-index "$$index"} --no-deps --require-hashes -r requirements.lock; } \
	  || { echo "uv could not; pip does it (some minutes) ..." && $(INSTALL) --require-hashes -r requirements.lock; }
	@$(INSTALL) --no-build-isolation --editable .
	@$(PIP) check
	@$(BIN)/python -m jwstpipe.deployments.compile_kernels
	@touch $@

demo: setup
	$(BIN)/jwstpipe demo --out $(OUT)

# On two cores three processes take a tenth less time than two: servers and browsers are waited for, and a process holds
# less. The exhaustive tests have one long chain of stacks, beside which a second process does all the rest. With threads
# of its own, OpenBLAS only waits for itself.
# They make and remove tens of thousands of small files, in memory where that has 4 GB to spare; what failed stays there.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print "/dev/shm"}')
# Memory that is asked of the system in large pages costs a machine that is virtual a tenth less time of the kernel.
TESTS = folder=$$(mktemp -d $(or $(MEMORY),$${TMPDIR:-/tmp})/jwstpipe.XXXXXX) && OPENBLAS_NUM_THREADS=1 TMPDIR=$$folder \
  GLIBC_TUNABLES=glibc.malloc.hugetlb=1 \
  $(BIN)/python -m pytest -n $(1) --dist loadscope --no-loadscope-reorder -o tmp_path_retention_policy=failed -m $(2) \
  && rm -rf $$folder

test: setup
	$(call TESTS,3,"not exhaustive")

test-exhaustive: setup
	$(call TESTS,2,exhaustive)

# one after the other: as two runs at once the stacks of servers of both would stand side by side
test-all:
	$(MAKE) test
	$(MAKE) test-exhaustive

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The viewer's scripts run as they are; TypeScript only reads them, with the types of their comments.
lint-js:
	npm exec --yes --package=typescript@5.9.3 -- tsc -p jsconfig.json

docs: setup
	$(BIN)/python docs/execute_notebooks.py build/.jupyter_cache
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

# URL=ADDRESS: where the files of the released tree are found, for links and pictures of the index page
release: setup
	$(BIN)/python .ci/release.py --demo $(if $(URL),--url $(URL))

bench: setup
	$(BIN)/python benchmarks/mosaic/against_peers.py
	$(BIN)/python benchmarks/mosaic/planning.py
	@echo; echo "more:"; grep -h '^| `' benchmarks/*/README.md

bench-all: setup
	$(BIN)/python benchmarks/results.py $(PARTS) $(if $(OFFICIAL),--official $(OFFICIAL)) $(if $(LIST),--list)

LOCK = uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
  --no-annotate --no-header --quiet --upgrade

lock:
	$(LOCK) --all-extras pyproject.toml --output-file requirements.lock
	echo uv | $(LOCK) - --output-file requirements-uv.lock

clean:
	rm -rf $(VENV) $(OUT) jwstpipe-data

# `make demo` and `make test` set everything up by themselves: a virtual environment in .venv, nothing outside it
# (save for a Chromium, which the browser tests need: `make test` installs it where it may, or says how).

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# The newest and the oldest interpreter that start: a version manager leaves commands in the path that do not.
starts = $(shell for name in $(1); do $$name -c '' 2>/dev/null && { command -v $$name; break; }; done)
NEWEST ?= $(call starts,python3.15 /usr/bin/python3.15 python3.14 /usr/bin/python3.14 python3.13 /usr/bin/python3.13 python3.12 /usr/bin/python3.12 python3.11 python3)
OLDEST ?= $(call starts,python3.11 /usr/bin/python3.11 python3)
# Compiled modules and rewritten tests are kept: without them each worker, and each command that a test runs, compiles all anew.
unexport PYTHONDONTWRITEBYTECODE
# Two test workers share the cores: one thread of linear algebra each.
PYTEST := -m pytest -n 2 --dist worksteal -q
TEST := OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST)
FAST := -m "not slow and not browser and not nightly"

.PHONY: help demo demo-newest test test-fast test-nightly test-networks test-newest test-oldest docs test-docs lint truth faults faults-slice alarms bench scale reports schema checks messages browser fuzz clean

help:
	@echo "make demo       audit a network on a bundled table; the last line is the path of the report"
	@echo "make test       all tests but the nightly ones     make test-fast  without the slow ones and the browser"
	@echo "make test-nightly   every planted fault, a retrained report, long fuzz (hours)"
	@echo "make test-newest, make test-oldest    the demo and the fast tests with the newest, and the oldest, releases allowed"
	@echo "make test-networks  networks of fastai, TabNet, pytorch-frame and others, against those packages (downloads them)"
	@echo "make dist       a wheel and a source archive, into dist/"
	@echo "make docs       the documentation site, into docs/_build/html (three minutes)"
	@echo "make lint       ruff and mypy      make bench      speed and accuracy beside their bars"
	@echo "make truth      known answers and coverage of intervals, into docs/"
	@echo "make scale      tables larger than memory, wide tables, a cluster, into docs/ (two hours)"
	@echo "make faults     plants every fault and counts what is found (an hour); make faults-slice: a part (ten minutes)"
	@echo "make alarms     audits clean tables and counts what is raised (hours; goes on where it was stopped)"
	@echo "make fuzz       100,000 odd tables through a whole audit; 10,000 changed model files, documents, policies and resume files (hours)"
	@echo "make reports    audits of the bundled tables, into reports/"

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/full: .venv/base
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,lint]'
	@touch $@

# A wheel and a source archive; the wheel is built from the archive, so that both are complete.
dist: pyproject.toml $(shell git ls-files tabinterp datasets 2>/dev/null)
	$(PYTHON) -m venv --clear .venv-build
	.venv-build/bin/python -m pip install --quiet build
	rm -rf dist
	.venv-build/bin/python -m build --outdir dist . >/dev/null
	@touch $@

demo: .venv/base
	@$(BIN)/tabinterp demo --out demo

test: .venv/full browser
	$(TEST)

test-fast: .venv/full
	$(TEST) $(FAST)

# What takes minutes for one fact. The planted faults are those of `make faults`, which also writes their table into docs/.
test-nightly: .venv/full
	$(TEST) -m nightly
	$(MAKE) fuzz EXAMPLES=500 FILES=1000
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults --jobs 2

# The constraints file is not used below: these see what somebody gets who installs the package today, or with old releases.
# The demo runs from the wheel, without the files of this folder.
.venv-newest/base: dist
	$(NEWEST) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager dist/tabinterp-*.whl
	@touch $@

demo-newest: .venv-newest/base
	@.venv-newest/bin/tabinterp demo --out demo-newest

test-newest: demo-newest
	.venv-newest/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager "$$(ls dist/tabinterp-*.whl)[test]"
	OMP_NUM_THREADS=1 .venv-newest/bin/python $(PYTEST) $(FAST)

.venv-oldest/full: pyproject.toml
	$(OLDEST) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet uv
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest/bin/python --resolution lowest-direct --editable '.[test]'
	@touch $@

test-oldest: .venv-oldest/full
	.venv-oldest/bin/tabinterp demo --out demo-oldest
	OMP_NUM_THREADS=1 .venv-oldest/bin/python $(PYTEST) $(FAST)

# Packages of networks that are too heavy for `make test`.
.venv-networks/full: pyproject.toml constraints.txt tests/networks/requirements.txt
	$(PYTHON) -m venv .venv-networks
	.venv-networks/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[test]' -r tests/networks/requirements.txt
	@touch $@

# pytorch-tabular needs a pandas before 3.
.venv-networks-pandas/full: pyproject.toml constraints.txt tests/networks/older_pandas/requirements.txt
	$(PYTHON) -m venv .venv-networks-pandas
	grep -v '^pandas==' constraints.txt > .venv-networks-pandas/constraints.txt
	.venv-networks-pandas/bin/python -m pip install --quiet --constraint .venv-networks-pandas/constraints.txt --editable '.[test]' -r tests/networks/older_pandas/requirements.txt
	@touch $@

test-networks: .venv-networks/full .venv-networks-pandas/full
	OMP_NUM_THREADS=1 .venv-networks/bin/python -m pytest -q tests/networks
	OMP_NUM_THREADS=1 .venv-networks-pandas/bin/python -m pytest -q tests/networks/older_pandas

browser: .venv/full
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk \
			libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null; \
	else $(BIN)/playwright install chromium; fi || \
	{ echo "The browser tests need a Chromium: install your system's package, then make test again."; exit 1; }

.venv/docs: .venv/base
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

# Every warning is an error; the examples, the notebooks and the commands of the tutorial are run.
docs: .venv/docs
	@echo "Building the site runs all examples and takes about three minutes."
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo docs/_build/html/index.html

# Of the built site: no page asks for anything elsewhere, every link and anchor exists, and formulas are drawn.
test-docs: docs .venv/full browser
	$(BIN)/python -m pytest -q tests/site

lint: .venv/full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

truth: .venv/full
	$(BIN)/python -m benchmarks.truth
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.verdict --write

faults: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults --jobs 2 --out docs/faults.md

faults-slice: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults --first 5 --seeds 5 --jobs 2

alarms: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.alarms --jobs 2
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.alarms --jobs 2 --part validation

bench: .venv/full
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.permutation
	$(BIN)/python -m benchmarks.permutation_general
	$(BIN)/python -m benchmarks.gradients
	$(BIN)/python -m benchmarks.interactions
	$(BIN)/python -m benchmarks.shapley
	$(BIN)/python -m benchmarks.reference
	$(BIN)/python -m benchmarks.gain
	$(BIN)/python -m benchmarks.units
	$(BIN)/python -m benchmarks.ascent
	$(BIN)/python -m benchmarks.stamp
	$(BIN)/python -m benchmarks.reasons
	$(BIN)/python -m benchmarks.perturbation
	$(BIN)/python -m benchmarks.regional_effects
	$(BIN)/python -m benchmarks.printing
	$(BIN)/python -m benchmarks.whole_audit

scale: .venv/full
	$(BIN)/python -m benchmarks.scale --rows 2000000 20000000 --what forward sweep scan audit
	-$(BIN)/python -m benchmarks.scale.wide
	-$(BIN)/python -m benchmarks.scale.cluster
	$(BIN)/python -m benchmarks.scale.cost
	$(BIN)/python -m benchmarks.scale.page

reports: .venv/base
	$(BIN)/python reports/make.py

fuzz: EXAMPLES = 100000
fuzz: FILES = 10000
fuzz: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --examples $(EXAMPLES)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz_files --examples $(FILES)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz_documents --examples $(FILES)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz_resume --examples $(FILES)

messages: .venv/full
	$(BIN)/python -m tabinterp.messages.catalogue

checks: .venv/base
	$(BIN)/python -m tabinterp.checks.manual > docs/checks.md

schema: .venv/base
	$(BIN)/python -m tabinterp.document.canonical > tabinterp/document/audit-1.schema.json

clean:
	rm -rf .venv .venv-build .venv-newest .venv-oldest .venv-networks .venv-networks-pandas demo demo-* build dist docs/_build docs/generated *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# `make demo` and `make test` set everything up by themselves: a virtual environment in .venv, nothing outside it
# (save for a Chromium, which the browser tests need: `make test` installs it where it may, or says how).

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Two test workers share the cores: one thread of linear algebra each.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q

.PHONY: help demo test test-fast lint truth faults faults-slice bench reports schema messages browser fuzz clean

help:
	@echo "make demo       audit a network on a bundled table; the last line is the path of the report"
	@echo "make test       all tests          make test-fast  without the slow ones and the browser"
	@echo "make lint       ruff and mypy      make bench      speed and accuracy beside their bars"
	@echo "make truth      known answers and coverage of intervals, into docs/"
	@echo "make faults     plants every fault and counts what is found (an hour); make faults-slice: a part (ten minutes)"
	@echo "make fuzz       100,000 odd tables through the whole of audit (hours)"
	@echo "make reports    audits of the bundled tables, into reports/"

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/full: .venv/base
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,lint]'
	@touch $@

demo: .venv/base
	@$(BIN)/tabinterp demo --out demo

test: .venv/full browser
	$(TEST)

test-fast: .venv/full
	$(TEST) -m "not slow and not browser"

browser: .venv/full
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk \
			libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null; \
	else $(BIN)/playwright install chromium; fi || \
	{ echo "The browser tests need a Chromium: install your system's package, then make test again."; exit 1; }

lint: .venv/full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

truth: .venv/full
	$(BIN)/python -m benchmarks.truth
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.verdict --write

faults: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults --jobs 2

faults-slice: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults --first 5 --seeds 5 --jobs 2

bench: .venv/full
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.permutation
	$(BIN)/python -m benchmarks.gradients
	$(BIN)/python -m benchmarks.interactions
	$(BIN)/python -m benchmarks.shapley
	$(BIN)/python -m benchmarks.reference
	$(BIN)/python -m benchmarks.gain
	$(BIN)/python -m benchmarks.units
	$(BIN)/python -m benchmarks.ascent
	$(BIN)/python -m benchmarks.stamp
	$(BIN)/python -m benchmarks.reasons

reports: .venv/base
	$(BIN)/python reports/make.py

fuzz: .venv/full
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --examples 100000

messages: .venv/full
	$(BIN)/python -m tabinterp.messages.catalogue

schema: .venv/base
	$(BIN)/python -m tabinterp.report.canonical > tabinterp/report/audit-1.schema.json

clean:
	rm -rf .venv demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

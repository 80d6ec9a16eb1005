# Each target works in a fresh clone: the first one that runs makes .venv with the package and its tools.
# ARGS is passed on: make test ARGS="tests/views -k markdown"

PYTHON ?= python3
ARGS ?=
FUZZ_CASES ?= 200000
TEXTS ?= 200000
BIN := .venv/bin

.DELETE_ON_ERROR:
.PHONY: test lint golden bench fuzz texts spark oldest mutants requirements site

# All tests, on all cores: about five minutes on two.
test: .venv/pyvenv.cfg
	$(BIN)/python -m pytest -n auto $(ARGS)

# What a change must pass besides the tests. `ruff check --fix .` and `ruff format .` mend most of it.
lint: .venv/pyvenv.cfg
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Record the runs in tests/golden/ and on the pages anew, and make the rules page and the man page. Read the difference before you
# commit it.
golden: .venv/pyvenv.cfg
	$(BIN)/python docs/make_rules.py
	$(BIN)/python docs/make_man.py
	$(BIN)/python -m pytest -n auto tests/test_golden.py tests/test_pages.py --update-golden $(ARGS)

# How fast the commands are next to others, as ratios. It is slow: it reads files of 50 and 600 MB again and again.
bench: .venv/pyvenv.cfg
	$(BIN)/python benchmarks/run.py $(ARGS)

# Odd inputs for every reader, and random workloads whose price is computed a second time: about 40 minutes on one core.
# What fails is kept in .fuzz/ with the command that shows it again. FUZZ_CASES=5000 tries fewer, ARGS="--seed 7" the same again.
fuzz: .venv/pyvenv.cfg
	$(BIN)/python -m tests.fuzz --cases $(FUZZ_CASES) $(ARGS)

# Random texts, which the index of the vocabulary and tiktoken must cut alike: a few minutes. What fails is printed with its seed;
# SEED=7 tries the same again.
SEED ?= $(shell date +%s)
texts: .venv/pyvenv.cfg
	GPT41_RANDOM_TEXTS=$(TEXTS) GPT41_SEED=$(SEED) $(BIN)/python -m pytest -n0 tests/tokens/test_small.py -k random $(ARGS)

# Sums by Spark, with an executor that is killed. It needs Java 17, and downloads 456 MB the first time.
spark:
	.ci/spark

# The oldest pyarrow that pyproject.toml allows: columns, Parquet and addresses.
oldest:
	$(PYTHON) -m venv --clear build/oldest
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' \
		"$$(sed -n 's/^arrow = \["\(pyarrow\)>=\(.*\)"\]/\1==\2/p' pyproject.toml)"
	build/oldest/bin/python -m pytest -n auto tests/arrow tests/test_arrow.py tests/files tests/work/test_sizes_table.py \
		tests/cli/test_parquet_files.py $(ARGS)

# Which small changes of the modules that compute prices do the tests not notice? Hours for all of them, in a clone of what is
# committed. ARGS="gpt41_cli/pricing.py" is one module.
mutants:
	rm -rf build/mutants
	git clone --quiet . build/mutants
	$(PYTHON) -m venv build/mutants/.venv
	build/mutants/.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable 'build/mutants[dev]' 'cosmic-ray>=8.7,<9'
	cd build/mutants && .venv/bin/python -m tests.mutants $(ARGS)

# What the GitHub action installs, with the newest versions and their hashes, for every platform. It needs uv.
requirements:
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' | \
		uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make requirements" --output-file .github/requirements.txt pyproject.toml -

# The pages of docs/ as a site in build/site/html. REPOSITORY is where links to other files of the repository lead.
REPOSITORY ?= https://github.com/OWNER/gpt41/blob/main
site:
	rm -rf build/site
	mkdir -p build/site/docs
	cp -r docs/*.md docs/images build/site/docs
	cp docs/zensical.toml build/site
	sed -i 's#](\.\./#]($(REPOSITORY)/#g' build/site/docs/*.md
	$(PYTHON) -m venv build/site/.venv
	build/site/.venv/bin/python -m pip install --quiet --disable-pip-version-check 'zensical==0.0.73'
	build/site/.venv/bin/zensical build --strict -f build/site/zensical.toml

.venv/pyvenv.cfg: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'

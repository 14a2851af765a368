# Yizhen's commands. `make` lists them; `make run` and `make test` need only rustup, node/npm and make.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# The tools of the browser build, each in a folder of its own, on PATH only here.
TRUNK        := 0.21.14
BINARYEN     := 132.0.0
WASM_BINDGEN := $(shell awk '$$0 == "name = \"wasm-bindgen\"" { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock)
export YIZHEN_TOOLS ?= $(HOME)/.cache/yizhen/tools
export PATH := $(YIZHEN_TOOLS)/trunk-$(TRUNK)/bin:$(YIZHEN_TOOLS)/wasm-bindgen-$(WASM_BINDGEN)/bin:$(YIZHEN_TOOLS)/binaryen-$(BINARYEN)/node_modules/.bin:$(PATH)

STEP  := .make/step
TOOLS := .make/tools

# What the test runners said, for .make/tally.
LOGS  := $(CURDIR)/target/test-logs

# Browser and server never share a cargo call or a target folder: features would unify (see Cargo.toml).
WASM      := CARGO_TARGET_DIR=target/wasm
TO_WASM   := --locked --target wasm32-unknown-unknown -p frontend
NATIVE    := -p domain -p engine -p app -p server --features app/ssr

# Quiet about a script that its minifier cannot read: it is sent as it is.
# trunk takes no NO_COLOR but `true` and `false`.
TRUNK_BUILD := env -u NO_COLOR trunk --skip-version-check --log info,trunk::processing=error build

# What each page is made of. Folders count too: a file that is gone is a change.
SHARED  := $(shell find app/domain app/src/api app/src/ui frontend/src public style -not -path '*/tests*' 2>/dev/null) $(wildcard app/src/*.rs) \
           Cargo.toml Cargo.lock app/Cargo.toml frontend/Cargo.toml Trunk.toml frontend/compress.mjs
CITIZEN := $(SHARED) frontend/index.html $(shell find app/src/citizen 2>/dev/null)
STAFF   := $(SHARED) frontend/staff.html $(shell find app/src/staff 2>/dev/null)

.PHONY: help run build test check dev bench clean tools test-tools check-tools bench-tools bench-build bench-run server test-native test-faults test-wasm test-browser lint-native lint-wasm

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: ## build what changed, then serve demo Yongzhou on http://127.0.0.1:8080 (PORT=…, DATA_DIR=…)
	@$(STEP) 1/4 "Tools: what is missing" $(MAKE) tools
	@$(STEP) 2/4 "The citizens' page: wasm, optimised, compressed" $(MAKE) dist/citizen/index.html
	@$(STEP) 3/4 "The staff's page" $(MAKE) dist/staff/index.html
	@$(STEP) 4/4 "The server, with both pages inside" $(MAKE) server
	@echo
	@YIZHEN_DEMO=$${YIZHEN_DEMO-1} exec target/release/yizhen serve

build: ## both pages and target/release/yizhen, one self-contained file
	@$(STEP) 1/4 "Tools: what is missing" $(MAKE) tools
	@$(STEP) 2/4 "The citizens' page: wasm, optimised, compressed" $(MAKE) dist/citizen/index.html
	@$(STEP) 3/4 "The staff's page" $(MAKE) dist/staff/index.html
	@$(STEP) 4/4 "The server, with both pages inside" $(MAKE) server

test: ## everything that can be tested: rules, engine on SQLite and PostgreSQL, HTTP, wasm, browser
	@rm -rf $(LOGS)
	@$(STEP) 1/6 "Tools: what is missing" $(MAKE) tools test-tools
	@YIZHEN_LOGS=$(LOGS) $(STEP) 2/6 "Native tests: rules, engine on SQLite and PostgreSQL, HTTP" $(MAKE) test-native
	@YIZHEN_LOGS=$(LOGS) $(STEP) 3/6 "The rules in wasm" $(MAKE) test-wasm
	@$(STEP) 4/6 "The citizens' page: wasm, optimised, compressed" $(MAKE) dist/citizen/index.html
	@$(STEP) 5/6 "The staff's page" $(MAKE) dist/staff/index.html
	@YIZHEN_LOGS=$(LOGS) $(STEP) 6/6 "Browser tests: what a person does, in Chromium" $(MAKE) test-browser
	@echo
	@.make/tally $(LOGS)

check: ## formatting, lints as errors, and the wall between server and browser
	@$(STEP) 1/5 "Tools: what is missing" $(MAKE) check-tools
	@$(STEP) 2/5 "Formatting (cargo fmt --all mends it)" cargo fmt --all --check
	@$(STEP) 3/5 "Lints: server" $(MAKE) lint-native
	@$(STEP) 4/5 "Lints: browser" $(MAKE) lint-wasm
	@$(STEP) 5/5 "The wall: nothing of the server reaches the browser" .make/wall

dev: ## rebuild and reload on save: pages on http://127.0.0.1:8080 and :8082/staff/
	@$(STEP) 1/2 "Tools: what is missing" $(MAKE) tools
	@$(STEP) 2/2 "The server, for the first time" cargo build $(NATIVE)
	@$(WASM) node .make/dev.mjs $(NATIVE)

bench: ## the service under a city's load, each figure beside its goal (ONLY="P1 P8", RECORD=1 writes BENCHMARKS.md)
	@$(STEP) 1/3 "Tools: what is missing" $(MAKE) bench-tools
	@$(STEP) 2/3 "The server and its load, optimised" $(MAKE) bench-build
	@$(STEP) 3/3 "The load" $(MAKE) bench-run

clean: ## remove what was built (not the data, not the tools)
	rm -rf target dist dist-dev end2end/node_modules end2end/test-results

# ── what the steps do ──

tools:
	@$(TOOLS) rust
	@$(TOOLS) apt cc=gcc /usr/include/stdlib.h=libc6-dev
	@$(TOOLS) wasm-target
	@$(TOOLS) cargo trunk $(TRUNK)
	@$(TOOLS) cargo wasm-bindgen $(WASM_BINDGEN)
	@$(TOOLS) npm binaryen $(BINARYEN)

test-tools:
	@$(TOOLS) apt chromium=chromium '/usr/share/fonts/*/noto/NotoSansCJK*=fonts-noto-cjk' '/usr/lib/postgresql/*/bin/postgres=postgresql'
	@cd end2end && cmp -s package-lock.json node_modules/.installed-from || \
	  { npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed-from; }

bench-tools:
	@$(TOOLS) rust
	@$(TOOLS) apt cc=gcc /usr/include/stdlib.h=libc6-dev /usr/sbin/nginx=nginx '/usr/lib/postgresql/*/bin/pgbench=postgresql'

check-tools:
	@$(TOOLS) rust
	@$(TOOLS) apt cc=gcc /usr/include/stdlib.h=libc6-dev
	@$(TOOLS) wasm-target
	@$(TOOLS) component fmt
	@$(TOOLS) component clippy

dist/citizen/index.html: $(CITIZEN)
	$(WASM) $(TRUNK_BUILD) frontend/index.html --release --dist dist/citizen --public-url /
	@.make/sizes dist/citizen

dist/staff/index.html: $(STAFF)
	$(WASM) $(TRUNK_BUILD) frontend/staff.html --release --dist dist/staff --public-url /staff/
	@.make/sizes dist/staff

server:
	cargo build --locked --release -p server

# Only the calls and the overview are measured: the pages need not be there.
bench-build:
	@mkdir -p dist/citizen dist/staff
	cargo bench --locked -p server --bench city --no-run

# Thousands of people at once are thousands of open connections.
bench-run:
	@ulimit -n $$(ulimit -Hn); exec cargo bench --quiet --locked -p server --bench city

# The folder is there so that cargo sees no change when the pages arrive later (server/build.rs).
test-native:
	@mkdir -p dist/citizen dist/staff
	cargo test --locked $(NATIVE) --no-fail-fast

# The faults alone, and more of them: KILLS=1000 make test-faults. FAULT_SEED=… makes the same decisions again.
KILLS ?= 1000
test-faults:
	@$(TOOLS) rust
	@$(TOOLS) apt cc=gcc /usr/include/stdlib.h=libc6-dev '/usr/lib/postgresql/*/bin/postgres=postgresql'
	@mkdir -p dist/citizen dist/staff
	@$(STEP) 1/1 "Faults: $(KILLS) kills, a full disk, PostgreSQL restarted, stops at the peak, hostile clients" \
	  env FAULT_KILLS=$(KILLS) cargo test --locked -p server --test faults

test-wasm:
	$(WASM) CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner cargo test --locked --target wasm32-unknown-unknown -p domain --test wasm

# The server of the native tests with the pages as they are shipped: a debug build reads them from dist/.
test-browser:
	cargo build --locked $(NATIVE)
	cd end2end && YIZHEN_BIN=$(CURDIR)/target/debug/yizhen npx --no-install playwright test

lint-native:
	@mkdir -p dist/citizen dist/staff
	cargo clippy --locked $(NATIVE) --all-targets -- -D warnings

lint-wasm:
	$(WASM) cargo clippy $(TO_WASM) --bin citizen --features citizen -- -D warnings
	$(WASM) cargo clippy $(TO_WASM) --bin staff --features staff -- -D warnings

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

# Settings of `make run`.
export PORT     ?= 8080
export DATA_DIR ?= data

# Browser and server never share a cargo call or a target folder: features would unify (see Cargo.toml).
WASM      := CARGO_TARGET_DIR=target/wasm
TO_WASM   := --locked --target wasm32-unknown-unknown -p frontend
NATIVE    := -p domain -p engine -p app -p server --features app/ssr

# What each page is made of. Folders count too: a file that is gone is a change.
SHARED  := $(shell find app/domain app/src/api app/src/ui frontend/src public style -not -path '*/tests*' 2>/dev/null) $(wildcard app/src/*.rs) \
           Cargo.toml Cargo.lock app/Cargo.toml frontend/Cargo.toml Trunk.toml frontend/compress.mjs
CITIZEN := $(SHARED) frontend/index.html $(shell find app/src/citizen 2>/dev/null)
STAFF   := $(SHARED) frontend/staff.html $(shell find app/src/staff 2>/dev/null)

.PHONY: help run test dev check build bench clean tools test-tools server

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

clean: ## remove what was built (not the data, not the tools)
	rm -rf target dist end2end/node_modules

tools:
	@$(TOOLS) rust
	@$(TOOLS) apt cc=gcc /usr/include/stdlib.h=libc6-dev
	@$(TOOLS) wasm-target
	@$(TOOLS) cargo trunk $(TRUNK)
	@$(TOOLS) cargo wasm-bindgen $(WASM_BINDGEN)
	@$(TOOLS) npm binaryen $(BINARYEN)

dist/citizen/index.html: $(CITIZEN)
	$(WASM) trunk --skip-version-check build frontend/index.html --release --dist dist/citizen --public-url /
	@.make/sizes dist/citizen

dist/staff/index.html: $(STAFF)
	$(WASM) trunk --skip-version-check build frontend/staff.html --release --dist dist/staff --public-url /staff/
	@.make/sizes dist/staff

server:
	cargo build --locked --release -p server

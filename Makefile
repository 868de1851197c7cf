# Two commands: `make demo` (Go and Node only) and `make test` (installs the rest on Debian).

GO       ?= go
BIN      := $(CURDIR)/bin
WEB      := internal/web
ADDR     ?= 127.0.0.1:8080
DB       ?= demo.gpkg
POINTS   ?= 20000000
KILLINGS ?= 200,1000000
READS    ?= 1000000
FUZZTIME ?= 5s
FUZZ     ?= .
SOURCES  := $(shell find cmd geo analytics tiles safety importers internal -name '*.go' -o -name '*.sql' | grep -v node_modules)
PAGE     := $(shell find $(WEB)/src $(WEB)/package.json $(WEB)/package-lock.json $(WEB)/build.mjs)
ATLAS    := $(addprefix testdata/atlas/,places.csv $(addsuffix .geojson,counties states taiwan-villages taiwan-towns taiwan-counties))
LINT     := $(BIN)/golangci-lint-2.15.0

.PHONY: demo build web test race test-deps atlas oracle durability stale fuzz lint bench district clean help

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: build ## make the invented district and serve it; DB=postgis starts a PostGIS of its own
ifeq ($(DB),postgis)
	@$(GO) build -o $(BIN)/withpg ./internal/store/postgis/withpg
	@$(BIN)/withpg $(BIN)/hazgrid demo --addr $(ADDR)
else
	@$(BIN)/hazgrid demo --db $(DB) --addr $(ADDR)
endif

build: $(BIN)/hazgrid ## the dashboard and the binary

$(BIN)/hazgrid: $(SOURCES) $(WEB)/.built go.mod go.sum
	$(GO) build -trimpath -o $@ ./cmd/hazgrid

web: $(WEB)/.built ## the dashboard only

$(WEB)/.built: $(PAGE)
	cd $(WEB) && npm ci --no-audit --no-fund && npm run --silent build
	@touch $@

test: test-deps atlas build ## every test, after installing what they need
	cd $(WEB) && npm run --silent check && npm run --silent unit
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...
	$(GO) test -timeout 15m -race -short ./safety ./internal/server
	$(GO) test -timeout 15m -race -short -run Readers ./geo

race: test-deps atlas build ## every Go test but the page's under the race detector (long: SQLite is Go here)
	$(GO) test -timeout 60m -race -short ./...

atlas: $(ATLAS) ## real polygons, places and tiles that tests read; never committed

$(ATLAS) &: testdata/atlas/atlas.mjs testdata/atlas/package-lock.json
	cd testdata/atlas && npm ci --no-audit --no-fund --silent && node atlas.mjs

test-deps:
	@.ci/deps

oracle: test-deps atlas ## who owns a point, held against exact fractions on POINTS hard points, and against PostGIS; every frame against PROJ
	HAZGRID_ORACLE=$(POINTS) $(GO) test -v -timeout 20m -run 'PROJ|Registry|Datums' ./geo/crs
	HAZGRID_ORACLE=$(POINTS) $(GO) test -v -timeout 120m -run 'TestOracle$$|TestOwnersAgainstPostGIS' ./geo

durability: test-deps ## imports killed at random moments, KILLINGS=TIMES,RECORDS, into both stores (hours)
	HAZGRID_DURABILITY=$(KILLINGS) $(GO) test -v -timeout 24h -run TestKilledImports ./cmd/hazgrid

stale: test-deps ## READS reads of each store while one writes, with the race detector: none may be stale
	HAZGRID_STALE=$(READS) $(GO) test -v -race -timeout 120m -run TestNoStaleAnswer ./internal/server

fuzz: ## every fuzz target for FUZZTIME each, one after another; FUZZ=PATTERN picks some
	@FUZZTIME='$(FUZZTIME)' FUZZ='$(FUZZ)' .ci/fuzz

lint: $(LINT) ## the house rules
	$(LINT) run ./...

$(LINT):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@mv $(BIN)/golangci-lint $@

bench: build atlas ## the benchmarks, one table an area
	$(GO) run ./bench

clean:
	rm -rf $(BIN) $(WEB)/.built $(WEB)/node_modules

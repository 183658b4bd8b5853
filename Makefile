# The door of the house: every command a newcomer types. The work is done by Meson and scripts/.
#
#   make          build into build/ (programs in build/bin)      make test [SAN=1]  all tests, under sanitizers
#   make run      build, start everything, deploy the demo       make stop          end what make run started
#   make test-full and programs of others, built here
#   make bench    the numbers                                    make fuzz SECONDS=60
#   make soak SECONDS=3600   daemon, switches, keep and power lost at random under load, for so long
#   make lint     static checks                                  make format        clang-format in place
#   make install PREFIX=/usr/local [SOLO5=1]         with SOLO5, the tenders are installed as solo5-hvt and solo5-spt, too

comma := ,
SAN ?=
SECONDS ?= 60
B := $(if $(SAN),build-san,build)
MESON_OPTIONS := $(if $(SAN),-Db_sanitize=address$(comma)undefined -Db_lundef=false)
PREFIX ?= /usr/local

.PHONY: all setup run stop test test-full soak bench fuzz lint format install clean
.DEFAULT_GOAL := all

setup:
	@scripts/setup build

# build/ is an installation prefix like any other, so that what is tested is what would be installed.
all: setup
	@scripts/configure $(B)/meson $(CURDIR)/$(B) $(MESON_OPTIONS)
	@scripts/build $(B)/meson

run: all
	@scripts/run $(B)

stop:
	@scripts/stop $(B)

test:
	@scripts/setup build test
	@$(MAKE) --no-print-directory all MESON_OPTIONS='-Dtests=true $(MESON_OPTIONS)'
	@scripts/test $(B)

# An hour unless SECONDS says another time, a quarter of it for each kind of loss.
soak: SECONDS = 3600
soak:
	@scripts/setup build test
	@$(MAKE) --no-print-directory all MESON_OPTIONS='-Dtests=true $(MESON_OPTIONS)'
	@scripts/soak $(B) $(SECONDS)

# Programs that others wrote, built and run as unikernels: minutes, and their sources from Debian.
test-full: test
	@scripts/setup build test full
	@BIVY_PREFIX=$(CURDIR)/$(B) /usr/bin/python3 -m pytest -q -p no:cacheprovider -c /dev/null --rootdir=tests/full tests/full

bench:
	@scripts/setup build test dev
	@$(MAKE) --no-print-directory all
	@bench/run $(B)

fuzz:
	@scripts/setup build test
	@fuzz/run $(SECONDS)

lint:
	@scripts/setup build dev
	@scripts/lint

format:
	@git ls-files -z '*.c' '*.h' '*.ts' '*.mjs' | xargs -0 clang-format -i

install: setup
	@scripts/configure build-install $(PREFIX) $(if $(SOLO5),-Dsolo5=true)
	@scripts/build build-install

clean:
	rm -rf build build-san build-fuzz build-install

# libswiftcl: one Swift core, built as Embedded Swift for C.
# `make help` lists what there is to make; cbindings/make/ has the rules for the
# header and for the tests.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := lib

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CC := gcc
SWIFTC ?= swiftc
# `make V=1` prints whole commands; otherwise one line a file.
Q := $(if $(V),,@)
say = @printf '  %-8s %s\n' '$(1)' '$@'
export SWIFTCL_DATA := $(abspath $(or $(SWIFTCL_DATA),../shared/data))

# The version stands in the hand-written header and nowhere else.
version_part = $(shell sed -n 's/^\#define SWIFTCL_$(1) //p' include/swiftcl_types.h)
VERSION := $(call version_part,VERSION_MAJOR).$(call version_part,VERSION_MINOR).$(call version_part,VERSION_PATCH)
ABI := $(call version_part,ABI_VERSION)

# ------------------------------------------------------------------- sources

CORE := $(sort $(wildcard Sources/SwiftCL/*/*.swift))
KERNELS := $(filter Sources/SwiftCL/Kernels/%,$(CORE))
C_SOURCES := $(sort $(wildcard Sources/CSwiftCL/*.c))
C_HEADERS := include/swiftcl_types.h $(wildcard Sources/CSwiftCL/include/*)
# Most bytes of the stripped library: what it can do may cost, what it repeats may not.
BOUND := 640000

SWIFTFLAGS := -parse-as-library -enable-experimental-feature Embedded -wmo -O \
  -module-name SwiftCL -I Sources/CSwiftCL/include -Xfrontend -function-sections
CFLAGS := -O2 -ffp-contract=off -fvisibility=hidden -fPIC -ffunction-sections \
  -Wall -Wextra -I Sources/CSwiftCL/include

# Two flavours of one ABI, and the first once more with AddressSanitizer inside.
# On x86-64 the built-in kernels are compiled once for each instruction set, and
# Sources/CSwiftCL/kernels_x86.c chooses among them when the library runs.
FLAVOURS := swiftcl swiftcl-openblas
# Only the widest variant is compiled for speed: the rest runs as fast with -Osize.
ifeq ($(shell uname -m),x86_64)
DISPATCH := -Osize -D SWIFTCL_DISPATCH -Xcc -DSWIFTCL_DISPATCH
VARIANTS := base v3 v4
endif
VARIANT_base := -Osize -D SWIFTCL_VARIANT_BASE
VARIANT_v3 := -Osize -D SWIFTCL_VARIANT_V3 -Xcc -march=x86-64-v3
VARIANT_v4 := -D SWIFTCL_VARIANT_V4 -Xcc -march=x86-64-v4

SWIFT_swiftcl := $(DISPATCH)
C_swiftcl := $(if $(DISPATCH),-DSWIFTCL_DISPATCH)
KERNELS_swiftcl := $(VARIANTS)
# OpenBLAS has no products of masked layers: these are the built-in ones there, too.
SWIFT_swiftcl-openblas := $(or $(DISPATCH),-Osize) -D SWIFTCL_CBLAS -Xcc -DSWIFTCL_CBLAS
C_swiftcl-openblas := -DSWIFTCL_CBLAS $(C_swiftcl)
KERNELS_swiftcl-openblas := $(VARIANTS)
LIBS_swiftcl-openblas := -lopenblas
SWIFT_swiftcl-asan := $(DISPATCH) -sanitize=address
C_swiftcl-asan := $(C_swiftcl) -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
KERNELS_swiftcl-asan := $(VARIANTS)

# The tools of a target that is not this machine have a prefix: cbindings/make/firmware.mk.
tool = $(if $(TOOLS_$(1)),$(TOOLS_$(1))$(2),$(2))
compiler = $(if $(TOOLS_$(1)),$(TOOLS_$(1))gcc,$(CC))

# A recipe runs again when its flags or the list of its sources change, not only
# when a source does: build/stamp/* holds both, rewritten only when they differ.
build/stamp/%: FORCE
	@mkdir -p $(@D)
	@echo '$(SWIFTC) $(SWIFTFLAGS) $(SWIFT_$*) $(call compiler,$*) $(CFLAGS) $(C_$*) $(LINK_$*) $(foreach v,$(KERNELS_$*),$(VARIANT_$(v))) \
	  $(CORE) $(C_SOURCES)' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

build/.swift:
	@bash cbindings/setup.sh swift
	@mkdir -p $(@D) && touch $@

# ----------------------------------------------------------------- libraries

lib: $(FLAVOURS:%=build/lib/lib%.so) $(FLAVOURS:%=build/lib/lib%.a) ## both flavours, shared and static, into build/lib

build/obj/%/core.o: $(CORE) $(C_HEADERS) build/stamp/% | build/.swift
	@mkdir -p $(@D)
	$(call say,swiftc)
	$(Q)$(SWIFTC) $(SWIFTFLAGS) $(SWIFT_$*) $(CORE) -emit-object -o $@
	@touch $@ # swiftc leaves a file alone whose contents it would repeat

build/obj/%/platform.o: $(C_SOURCES) $(C_HEADERS) build/stamp/%
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(call compiler,$*) $(CFLAGS) $(C_$*) -r -nostdlib $(C_SOURCES) -o $@

# Every variant brings its own copies of the generic code it uses. They must not
# meet in the linker, which would keep any one of them for all: only the doors stay global.
define kernel_rule
build/obj/%/kernels-$(1).o: $(KERNELS) $(C_HEADERS) build/stamp/% | build/.swift
	@mkdir -p $$(@D)
	$$(call say,swiftc)
	$$(Q)$(SWIFTC) $(SWIFTFLAGS) -no-allocations -module-name Kernels_$(1) $$(filter -sanitize%,$$(SWIFT_$$*)) $(VARIANT_$(1)) \
	  $(KERNELS) -emit-object -o $$@.swift.o
	$$(Q)ld -r --force-group-allocation $$@.swift.o -o $$@
	$$(Q)objcopy --wildcard --keep-global-symbol='swiftcl_$(1)_*' $$@
endef
$(foreach variant,$(VARIANTS),$(eval $(call kernel_rule,$(variant))))

.SECONDEXPANSION:
objects = $(patsubst %,build/obj/$(1)/%.o,core platform $(addprefix kernels-,$(KERNELS_$(1))))

# Only the public names stay global: a program may link two Swift libraries, or
# bring helpers of the same names.
build/obj/%/whole.o: $$(call objects,$$*) cbindings/symbols.txt
	$(call say,ld -r)
	$(Q)$(call tool,$*,ld) -r --force-group-allocation $(LINK_$*) $(filter %.o,$^) -o $@
	$(Q)$(call tool,$*,objcopy) --keep-global-symbols=cbindings/symbols.txt $(COPY_$*) $@

build/lib/lib%.a: build/obj/%/whole.o
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar)
	$(Q)ar rcsD $@ $<

build/exports.map: cbindings/symbols.txt
	@mkdir -p $(@D)
	@{ echo 'SWIFTCL_$(ABI) { global:'; sed 's/$$/;/' $<; echo 'local: *; };'; } > $@

build/lib/lib%.so.$(VERSION): $$(call objects,$$*) build/exports.map
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) -shared $(filter %.o,$^) -o $@ -Wl,-soname,lib$*.so.$(ABI) \
	  -Wl,--version-script=build/exports.map -Wl,--gc-sections -Wl,-z,defs -Wl,-z,now \
	  -Wl,-z,noexecstack -Wl,-z,noseparate-code -Wl,--as-needed $(LIBS_$*) -lm
	@strip -o build/obj/$*/stripped.so $@
	@bytes=$$(stat -c %s build/obj/$*/stripped.so); echo "lib$*.so, stripped: $$bytes bytes"; \
	  test $$bytes -lt $(BOUND) || { echo "lib$*.so is over $(BOUND) bytes" >&2; exit 1; }

build/lib/lib%.so: build/lib/lib%.so.$(VERSION)
	@ln -sf lib$*.so.$(VERSION) build/lib/lib$*.so.$(ABI)
	@ln -sf lib$*.so.$(ABI) $@

lib-asan: build/asan/libswiftcl.a ## the static library with AddressSanitizer inside, into build/asan
build/asan/libswiftcl.a: $(call objects,swiftcl-asan)
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar)
	$(Q)ar rcsD $@ $^

# --------------------------------------------------------------- allocations

no-allocations: build/obj/no-allocations/core.o ## proof that the core has no heap objects
SWIFT_no-allocations := -no-allocations
build/obj/no-allocations/core.o: build/obj/no-allocations/self-test
build/obj/no-allocations/self-test: | build/.swift
	@mkdir -p $(@D)
	@echo 'final class Heap { var x = 1 }; @c(f) public func f() -> Int32 { Int32(Heap().x) }' > $@.swift
	@if $(SWIFTC) $(SWIFTFLAGS) -no-allocations $@.swift -emit-object -o $@.o > $@.log 2>&1; then \
	  echo 'the compiler accepts a class in -no-allocations mode: the check is worth nothing' >&2; exit 1; fi
	@grep -q "cannot use allocating" $@.log || { cat $@.log >&2; exit 1; }
	@echo "a class is refused, as it should be"; touch $@

# ------------------------------------------------------------------- install

build/lib/%.pc: cbindings/%.pc.in include/swiftcl_types.h FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	  -e 's|@VERSION@|$(VERSION)|' $< > $@

install: lib $(FLAVOURS:%=build/lib/%.pc) ## headers, libraries and pkg-config files; PREFIX=/usr/local DESTDIR=
	install -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig'
	install -m 644 include/swiftcl.h include/swiftcl_types.h '$(DESTDIR)$(INCLUDEDIR)'
	install -m 644 $(FLAVOURS:%=build/lib/%.pc) '$(DESTDIR)$(LIBDIR)/pkgconfig'
	install -m 644 $(FLAVOURS:%=build/lib/lib%.so.$(VERSION)) $(FLAVOURS:%=build/lib/lib%.a) '$(DESTDIR)$(LIBDIR)'
	for f in $(FLAVOURS); do \
	  ln -sf lib$$f.so.$(VERSION) '$(DESTDIR)$(LIBDIR)'/lib$$f.so.$(ABI); \
	  ln -sf lib$$f.so.$(ABI) '$(DESTDIR)$(LIBDIR)'/lib$$f.so; done
	@# The loader's cache: without it programs do not find the library until the next boot.
	if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

uninstall: ## removes what install put there; same PREFIX and DESTDIR
	rm -f '$(DESTDIR)$(INCLUDEDIR)'/swiftcl.h '$(DESTDIR)$(INCLUDEDIR)'/swiftcl_types.h
	for f in $(FLAVOURS); do rm -f '$(DESTDIR)$(LIBDIR)'/lib$$f.so{,.$(ABI),.$(VERSION)} \
	  '$(DESTDIR)$(LIBDIR)'/lib$$f.a '$(DESTDIR)$(LIBDIR)'/pkgconfig/$$f.pc; done

# ---------------------------------------------------------------------- rest

setup: ## checks for Swift and Debian packages; installs the packages when run as root
	@bash cbindings/setup.sh all
	@mkdir -p build && touch build/.swift

clean: ## removes build/ and .build/
	rm -rf build .build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile cbindings/make/*.mk | column -t -s '|'

include cbindings/make/header.mk cbindings/make/firmware.mk cbindings/make/tests.mk

.PHONY: lib lib-asan no-allocations install uninstall setup clean help FORCE

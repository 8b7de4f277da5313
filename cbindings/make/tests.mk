# What `make test` runs, stage by stage; every stage is a target of its own.

STAGES := builds header-check symbols-check lint \
  swift-test install-check examples-check c-tests c-valgrind thread-check variant-check flavour-check memory-check python-tests firmware-test

builds: lib lib-asan no-allocations firmware-object ## everything that is compiled from the core, side by side

test: setup ## everything that CI runs, with a summary at the end
	@MAKE='$(MAKE)' bash Tests/run-stages.sh $(STAGES)

# A stage without files is no success in CI, where everything is expected to be there.
no_files = { echo "no files in $(1)"; test "$${CI:-}" != true; }

lint: ## swift format, strict
	swift format lint --strict -r $(wildcard Sources Tests) Package.swift

# --------------------------------------------------------------- Swift package

# The package has one build of the kernels, for the fused multiply-add of this CPU.
FUSED := $(shell grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && \
  echo -Xswiftc -D -Xswiftc SWIFTCL_FMA -Xcc -march=x86-64-v3)
SWIFTPM := -c release --scratch-path build/swiftpm -Xswiftc -enable-testing -Xswiftc -D -Xswiftc SWIFTCL_TESTING -Xcc -ffp-contract=off $(FUSED)
export SWIFT_BACKTRACE := enable=no

swift-build: build/.swift
	swift build $(SWIFTPM)

swift-test: build/.swift ## Tests/SwiftCLTests
	swift test $(SWIFTPM)

# ------------------------------------------------------------------- C programs

C_WARNINGS := -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror
SANITIZE := -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

EXAMPLES := $(sort $(wildcard examples-c/[0-9]*.c))
EXAMPLE_COMMON := $(wildcard examples-c/common/*.c)
EXAMPLE_HEADERS := $(wildcard examples-c/*.h examples-c/common/*.h) include/swiftcl.h include/swiftcl_types.h
C_TESTS := $(sort $(wildcard Tests/C/*.c))
C_TEST_COMMON := $(wildcard Tests/C/common/*.c)
C_TEST_HEADERS := $(wildcard Tests/C/*.h Tests/C/common/*.h) include/swiftcl.h include/swiftcl_types.h
name = $(notdir $(basename $(1)))

build/examples/%: examples-c/%.c $(EXAMPLE_COMMON) $(EXAMPLE_HEADERS) build/lib/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O2 -I include $(filter %.c %.a,$^) -o $@ -lz -lm -lpthread

build/examples-asan/%: examples-c/%.c $(EXAMPLE_COMMON) $(EXAMPLE_HEADERS) build/asan/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O1 $(SANITIZE) -I include $(filter %.c %.a,$^) -o $@ -lz -lm -lpthread

examples: $(foreach e,$(EXAMPLES),build/examples/$(call name,$(e))) ## the programs of examples-c, into build/examples

examples-check: examples $(foreach e,$(EXAMPLES),build/examples-asan/$(call name,$(e))) ## their output against examples-c/expected
	@test -n "$(EXAMPLES)" || $(call no_files,examples-c)
	@python3 cbindings/check-examples.py build/examples $(foreach e,$(EXAMPLES),$(call name,$(e)))
	@python3 cbindings/check-examples.py build/examples-asan $(foreach e,$(EXAMPLES),$(call name,$(e)))

demo: setup lib examples ## learns ten tasks in a row and forgets none
	@build/examples/$(call name,$(filter examples-c/02%,$(EXAMPLES)))

# The library's own memory accesses are checked too: it is the ASan build.
build/c-tests/%: Tests/C/%.c $(C_TEST_COMMON) $(C_TEST_HEADERS) build/asan/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O1 $(SANITIZE) -I include $(filter %.c %.a,$^) -o $@ -lm -lpthread

build/c-tests-shared/%: Tests/C/%.c $(C_TEST_COMMON) $(C_TEST_HEADERS) build/lib/libswiftcl.so
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O1 -g -I include $(filter %.c,$^) -o $@ -L build/lib -lswiftcl -lm -lpthread

c-tests: $(foreach t,$(C_TESTS),build/c-tests/$(call name,$(t))) ## Tests/C under AddressSanitizer and UBSan
	@test -n "$(C_TESTS)" || $(call no_files,Tests/C)
	@bash Tests/run-programs.sh $^

c-valgrind: $(foreach t,$(C_TESTS),build/c-tests-shared/$(call name,$(t))) ## Tests/C under valgrind, shared library
	@test -n "$(C_TESTS)" || $(call no_files,Tests/C)
	@LD_LIBRARY_PATH='$(CURDIR)/build/lib' SWIFTCL_TEST_QUICK=1 bash Tests/run-programs.sh --valgrind $^

# The worker threads alone: Swift is not needed for them, and is not instrumented.
# setarch: ThreadSanitizer of some compilers cannot place its memory where kernels randomise much.
THREAD_TESTS := $(sort $(wildcard Tests/Threads/*.c))
build/thread-tests/%: Tests/Threads/%.c Sources/CSwiftCL/threads.c Sources/CSwiftCL/include/swiftcl_threads.h
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) -std=c11 -Wall -Wextra -Werror -O1 -g -fsanitize=thread $(filter %.c,$^) -o $@ -lm -lpthread

thread-check: $(foreach t,$(THREAD_TESTS),build/thread-tests/$(call name,$(t))) ## the worker threads under ThreadSanitizer
	@test -n "$(THREAD_TESTS)" || $(call no_files,Tests/Threads)
	@setarch -R bash Tests/run-programs.sh $^

# Programs that reach into the library to choose the kernels for an instruction set.
VARIANT_TESTS := $(sort $(wildcard Tests/Variants/*.c))
build/variant-tests/%: Tests/Variants/%.c $(C_TEST_HEADERS) build/asan/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O1 $(SANITIZE) -I include $(filter %.c %.a,$^) -o $@ -lm

variant-check: $(if $(VARIANTS),$(foreach t,$(VARIANT_TESTS),build/variant-tests/$(call name,$(t)))) ## the same bits from the kernels of every instruction set
	@test -n "$(VARIANT_TESTS)" || $(call no_files,Tests/Variants)
	@test -n "$(VARIANTS)" || echo "SKIPPED: this processor's build has one variant of the kernels"
	@bash Tests/run-programs.sh $^

# Programs that load both flavours and hold them against each other.
FLAVOUR_TESTS := $(sort $(wildcard Tests/Flavours/*.c))
build/flavour-tests/%: Tests/Flavours/%.c $(C_TEST_HEADERS)
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O2 -g -I include $(filter %.c,$^) -o $@ -ldl -lm

flavour-check: lib $(foreach t,$(FLAVOUR_TESTS),build/flavour-tests/$(call name,$(t))) ## libswiftcl against libswiftcl-openblas
	@test -n "$(FLAVOUR_TESTS)" || $(call no_files,Tests/Flavours)
	@for t in $(filter build/%,$^); do echo "$$t"; $$t build/lib/libswiftcl.so.$(ABI) build/lib/libswiftcl-openblas.so.$(ABI); done

# Programs that watch what the library asks of the system. They bring a malloc of
# their own and read the size of their process: no sanitizer, no valgrind.
MEMORY_TESTS := $(sort $(wildcard Tests/Memory/*.c))
build/memory-tests/%: Tests/Memory/%.c include/swiftcl.h include/swiftcl_types.h build/lib/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) -std=c99 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -I include $(filter %.c %.a,$^) -o $@ -lm -lpthread

memory-check: $(foreach t,$(MEMORY_TESTS),build/memory-tests/$(call name,$(t))) lib ## quiet steps, resident memory beside the plan, no locks
	@test -n "$(MEMORY_TESTS)" || $(call no_files,Tests/Memory)
	@bash Tests/run-programs.sh $(filter build/%,$^)
	@test -z "$(VARIANTS)" || { $(CC) $(CFLAGS) $(C_swiftcl) -c Sources/CSwiftCL/threads.c -o build/memory-tests/threads.o && \
	  bash Tests/Memory/no-locks.sh build/lib/libswiftcl.so build/memory-tests/threads.o; }

install-check: lib ## installs into a scratch folder and builds against it with pkg-config
	@bash Tests/check-install.sh '$(MAKE)'

# ----------------------------------------------------------------------- Python

PYTHON := build/venv/bin/python
build/venv/.ready: cbindings/make/tests.mk
	@mkdir -p build
	@python3 -m venv build/venv || { echo "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m pip install -q numpy pytest tqdm 'setuptools>=70.1'
	@touch $@

# The package carries a copy of the library, so it is installed after the build.
PACKAGE := $(shell find cbindings/python -type f -not -name '*.pyc' -not -path '*.egg-info*' -not -path '*/build/*' 2>/dev/null)
build/venv/.package: build/venv/.ready build/lib/libswiftcl.so include/swiftcl.h include/swiftcl_types.h $(PACKAGE)
	@test ! -f cbindings/python/pyproject.toml || $(PYTHON) -m pip install -q --no-build-isolation --force-reinstall --no-deps ./cbindings/python
	@touch $@

python: build/venv/.package ## build/venv with numpy, pytest and the package swiftcl

python-tests: build/venv/.package ## Tests/Python
	@test -n "$(wildcard Tests/Python/test_*.py)" || $(call no_files,Tests/Python)
	@test -z "$(wildcard Tests/Python/test_*.py)" || $(PYTHON) -m pytest -q -rs -p no:cacheprovider Tests/Python

# ------------------------------------------------------------------- benchmarks

# Variables a benchmark reads: J TASKS SAMPLES SAMPLER SEEDS EPOCHS QUICK ROUNDS FRESH THREADS NETWORK ROWS MINUTES.
export J TASKS SAMPLES SAMPLER SEEDS EPOCHS QUICK ROUNDS FRESH THREADS NETWORK ROWS MINUTES
build/venv/.bench%: build/venv/.package $(wildcard benchmarks/requirements*.txt)
	@test ! -f benchmarks/requirements$*.txt || $(PYTHON) -m pip install -q -r benchmarks/requirements$*.txt \
	  || { echo "could not install what benchmarks/requirements$*.txt lists" >&2; exit 0; }; touch $@

# C programs that a benchmark runs, one process each. The yardstick is compiled as
# its programmer would; the limit may fuse what stands there as a product and a sum.
CONTENDER := benchmarks/contenders/contender.h
build/contenders/ours: benchmarks/contenders/ours.c $(CONTENDER) $(C_TEST_HEADERS) build/lib/libswiftcl.a
build/contenders/ours: CONTENDER_FLAGS := -O2 -I include
build/contenders/ours: CONTENDER_LIBS := build/lib/libswiftcl.a
build/contenders/yardstick: CONTENDER_FLAGS := -O3 -march=native -ffp-contract=fast
build/contenders/yardstick: CONTENDER_LIBS := -lopenblas
build/contenders/limit: CONTENDER_FLAGS := -O3 -ffp-contract=fast
build/contenders/%: benchmarks/contenders/%.c $(CONTENDER)
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) $(CONTENDER_FLAGS) $< -o $@ $(CONTENDER_LIBS) -lm

# The kernels themselves, beside OpenBLAS.
KERNEL_OBJECTS := $(VARIANTS:%=build/obj/swiftcl/kernels-%.o)
build/contenders/kernels: benchmarks/contenders/kernels.c benchmarks/contenders/floats.h Sources/CSwiftCL/kernels_x86.c $(KERNEL_OBJECTS)
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) -std=gnu11 -Wall -Wextra -Werror -O3 -march=native -ffp-contract=fast -I Sources/CSwiftCL/include \
	  -DSWIFTCL_DISPATCH $(filter %.c %.o,$^) -o $@ -lopenblas -lm

build/contenders/sparse-kernels: benchmarks/contenders/sparse-kernels.c benchmarks/contenders/floats.h Sources/CSwiftCL/kernels_x86.c $(KERNEL_OBJECTS)
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) -std=gnu11 -Wall -Wextra -Werror -O2 -I Sources/CSwiftCL/include -DSWIFTCL_DISPATCH $(filter %.c %.o,$^) -o $@ -lm

peers:
	@bash benchmarks/contenders/install-peers.sh

NEEDS_speed := build/contenders/ours build/contenders/yardstick build/contenders/limit peers
NEEDS_kernels := $(if $(VARIANTS),build/contenders/kernels)
NEEDS_sparse-kernels := $(if $(VARIANTS),build/contenders/sparse-kernels)
NEEDS_growth := build/contenders/ours
NEEDS_resnet18 := peers
NEEDS_cifar10 := peers
bench: lib build/venv/.bench-$(NAME) $(NEEDS_$(NAME)) ## NAME=permuted-mnist and so on; writes build/bench/NAME.json
	@test -f 'benchmarks/$(NAME).py' || { echo "make bench NAME=..., one of:" $(sort $(call name,$(wildcard benchmarks/*.py))) >&2; exit 2; }
	@mkdir -p build/bench
	@$(PYTHON) benchmarks/$(NAME).py

pictures: ## accuracies and winners of a short run as pictures, into docs/figures
	@$(MAKE) --no-print-directory bench NAME=pictures

bench-report: build/venv/.package ## the generated blocks of docs/speed.md, from build/bench
	@cd benchmarks && $(abspath $(PYTHON)) -m common.report

.PHONY: test builds lint swift-build swift-test examples examples-check demo c-tests c-valgrind \
  thread-check variant-check flavour-check memory-check install-check python python-tests peers bench pictures bench-report

# The library for processors without an operating system, and for boards with
# Linux that are not this machine. `make firmware TARGET=cortex-m4`,
# `make cross TARGET=aarch64-linux`.

FIRMWARE_TARGETS := cortex-m4 cortex-m7 cortex-m33 cortex-m0 riscv32
CROSS_TARGETS := aarch64-linux armv7-linux

# What Swift's standard library is called there, the processor, the prefix of the tools.
TRIPLE_cortex-m4 := armv7em-none-none-eabi
CPU_cortex-m4 := -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
TRIPLE_cortex-m7 := armv7em-none-none-eabi
CPU_cortex-m7 := -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard
TRIPLE_cortex-m33 := armv7em-none-none-eabi
CPU_cortex-m33 := -mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard
TRIPLE_cortex-m0 := armv6m-none-none-eabi
CPU_cortex-m0 := -mcpu=cortex-m0 -mfloat-abi=soft
TRIPLE_riscv32 := riscv32-none-none-eabi
CPU_riscv32 := -march=rv32imac -mabi=ilp32
PREFIX_OF_cortex-m0 := arm-none-eabi-
PREFIX_OF_cortex-m4 := arm-none-eabi-
PREFIX_OF_cortex-m7 := arm-none-eabi-
PREFIX_OF_cortex-m33 := arm-none-eabi-
PREFIX_OF_riscv32 := riscv64-unknown-elf-
# clang knows from the triple that it is Thumb; ld for RISC-V is for 64 bits unless told.
gcc_flags = $(CPU_$(1)) $(if $(filter cortex%,$(1)),-mthumb)
LD_riscv32 := -m elf32lriscv

CLANG := $(dir $(shell command -v $(SWIFTC)))clang

# FEATURES=dense leaves out all but dense layers that compete per task: a third of the flash.
# dense-int8 has tickets with eight-bit weights besides.
define firmware_target
TOOLS_firmware-$(1)$(2) := $(PREFIX_OF_$(1))
MACHINE_$(1)$(2) := -target $(TRIPLE_$(1)) $(CPU_$(1))
SWIFT_firmware-$(1)$(2) := -target $(TRIPLE_$(1)) -Osize -D SWIFTCL_FIRMWARE -Xcc -DSWIFTCL_FIRMWARE \
  $(addprefix -Xcc ,$(CPU_$(1))) -Xcc -fshort-enums -Xfrontend -disable-stack-protector $(if $(2),-D SWIFTCL_DENSE) \
  $(if $(filter %-int8,$(2)),-D SWIFTCL_INT8)
C_firmware-$(1)$(2) := $(call gcc_flags,$(1)) -Os -ffreestanding -fno-pic -fshort-enums -DSWIFTCL_FIRMWARE
LINK_firmware-$(1)$(2) := $(LD_$(1)) -z noexecstack --gc-sections @build/firmware/exports
COPY_firmware-$(1)$(2) := $(UNUSED:%=--strip-unneeded-symbol=%)
build/obj/firmware-$(1)$(2)/whole.o: build/firmware/exports
build/obj/firmware-$(1)$(2)/platform.o: | build/.tools-$(1)
endef
# Names that only dropped parts of Swift's standard library asked for.
UNUSED := posix_memalign free arc4random_buf __atomic_fetch_add_4 __atomic_fetch_sub_4
$(foreach t,$(FIRMWARE_TARGETS),$(foreach f,full -dense -dense-int8,$(eval $(call firmware_target,$(t),$(filter -%,$(f))))))

# What the linker keeps, with all that it needs.
build/firmware/exports: cbindings/symbols.txt
	@mkdir -p $(@D)
	@sed 's/^/-u /' $< > $@

# Swift's last step is clang's: with the changes of plain-ir.sed an image has a third less flash.
build/obj/firmware-%/core.o: $(CORE) $(C_HEADERS) cbindings/plain-ir.sed build/stamp/firmware-% | build/.swift
	@mkdir -p $(@D)
	$(call say,swiftc)
	$(Q)$(SWIFTC) $(SWIFTFLAGS) $(SWIFT_firmware-$*) $(CORE) -emit-ir -o $(@:.o=.ll)
	$(Q)sed -E -i -f cbindings/plain-ir.sed $(@:.o=.ll)
	$(Q)$(CLANG) $(MACHINE_$*) -Oz -ffp-contract=off \
	  -ffunction-sections -fdata-sections -fno-pic -Wno-override-module -c $(@:.o=.ll) -o $@

build/firmware/%/libswiftcl.a: build/obj/firmware-%/whole.o cbindings/check-firmware.sh
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar)
	$(Q)$(TOOLS_firmware-$*)ar rcsD $@ $<
	@bash cbindings/check-firmware.sh $@ $(TOOLS_firmware-$*) > $(@D)/size.txt

firmware-object: build/obj/firmware-cortex-m4/core.o ## the core compiled for a Cortex-M4, with its size
	@size $<

FIRMWARE_OF = $(TARGET)$(if $(FEATURES),-$(FEATURES))
ifneq ($(filter firmware,$(MAKECMDGOALS)),)
  $(if $(filter $(or $(TARGET),none),$(FIRMWARE_TARGETS)),,$(error TARGET is '$(TARGET)', expected one of $(FIRMWARE_TARGETS)))
  $(if $(filter $(or $(FEATURES),all),all dense dense-int8),,$(error FEATURES is '$(FEATURES)', expected dense, dense-int8 or nothing))
endif
firmware: build/firmware/$(FIRMWARE_OF)/libswiftcl.a ## TARGET=cortex-m4, -m7, -m33, -m0 or riscv32, FEATURES=dense or dense-int8: libswiftcl.a into build/firmware
	@cat build/firmware/$(FIRMWARE_OF)/size.txt

# Debian's compilers and emulators of a target; installed when root asks.
build/.tools-%: cbindings/setup.sh
	@bash cbindings/setup.sh firmware $*
	@mkdir -p $(@D) && touch $@

.PHONY: firmware-object firmware

# ------------------------------------------------------------- boards with Linux

# Objects of the library's own processor family, linked by Debian's cross compilers. On armv7 VFP
# computes, not NEON, which makes subnormal numbers 0.
LINUX_aarch64-linux := -target aarch64-none-none-elf
TOOLS_aarch64-linux := aarch64-linux-gnu-
LINUX_armv7-linux := -target armv7-none-none-eabi -march=armv7-a -mfpu=vfpv4 -mfloat-abi=hard
TOOLS_armv7-linux := arm-linux-gnueabihf-
STATIC_aarch64-linux := -static-pie
STATIC_armv7-linux := -static
define cross_target
SWIFT_$(1) := $(wordlist 1,2,$(LINUX_$(1))) -Osize -Xcc -D__linux__=1 $(addprefix -Xcc ,$(wordlist 3,9,$(LINUX_$(1))))
C_$(1) := $(wordlist 3,9,$(LINUX_$(1)))
COPY_$(1) := $(UNUSED:%=--strip-unneeded-symbol=%)
build/obj/$(1)/core.o: $(CORE) $(C_HEADERS) cbindings/plain-ir.sed build/stamp/$(1) | build/.swift
	@mkdir -p $$(@D) && bash cbindings/setup.sh firmware $(1)
	$$(call say,swiftc)
	$$(Q)$(SWIFTC) $(SWIFTFLAGS) $$(SWIFT_$(1)) $(CORE) -emit-ir -o $$(@:.o=.ll)
	$$(Q)sed -E -i -f cbindings/plain-ir.sed $$(@:.o=.ll)
	$$(Q)$(CLANG) $(LINUX_$(1)) -Oz -ffp-contract=off -fPIC \
	  -ffunction-sections -fdata-sections -Wno-override-module -c $$(@:.o=.ll) -o $$@
build/cross/$(1)/libswiftcl.a: build/obj/$(1)/whole.o
	@mkdir -p $$(@D) && rm -f $$@
	$$(call say,ar)
	$$(Q)$(TOOLS_$(1))ar rcsD $$@ $$<
build/cross/$(1)/libswiftcl.so: build/obj/$(1)/core.o build/obj/$(1)/platform.o build/exports.map
	@mkdir -p $$(@D)
	$$(call say,link)
	$$(Q)$(TOOLS_$(1))gcc -shared $$(filter %.o,$$^) -o $$@.$(VERSION) -Wl,-soname,libswiftcl.so.$(ABI) \
	  -Wl,--version-script=build/exports.map -Wl,--gc-sections -Wl,-z,defs -Wl,-z,now -Wl,-z,noexecstack -lm -lpthread
	@ln -sf libswiftcl.so.$(VERSION) $$@.$(ABI) && ln -sf libswiftcl.so.$(ABI) $$@
	@$(TOOLS_$(1))size $$@.$(VERSION)
endef
$(foreach t,$(CROSS_TARGETS),$(eval $(call cross_target,$(t))))

ifneq ($(filter cross,$(MAKECMDGOALS)),)
  $(if $(filter $(or $(TARGET),none),$(CROSS_TARGETS)),,$(error TARGET is '$(TARGET)', expected one of $(CROSS_TARGETS)))
endif
cross: build/cross/$(TARGET)/libswiftcl.a build/cross/$(TARGET)/libswiftcl.so ## TARGET=aarch64-linux or armv7-linux: .a and .so into build/cross

# ---------------------------------------------------------------- images for QEMU

# The programs of examples-c/firmware, for emulated boards and for this machine.
BOARD := $(addprefix examples-c/firmware/board/,start.c semihosting.c memory.c text.c)
BOARD_FILES := $(wildcard examples-c/firmware/board/*)
MAP_cortex-m4 := mps2
MAP_cortex-m7 := mps2
MAP_cortex-m33 := an505
MAP_cortex-m0 := microbit
MAP_riscv32 := virt
# ticket.c counts instructions where the emulator can.
COUNTS_cortex-m4 := -DBOARD_COUNTS
# Bytes of stack; the programs print what they used.
STACK_learn := 20000
STACK_train := 20000
STACK_slots := 36864
STACK_count := 20000
STACK_stack := 40960
STACK_ticket := 5120
STACK_walk := 65536
IMAGE_FLAGS = -std=gnu99 -Wall -Wextra -Werror -Os -ffreestanding -fshort-enums -ffunction-sections -fdata-sections \
  -DBOARD_TIMER=0x40000000 -I include -Iexamples-c/firmware -Wa,-I$(TICKET_FOLDER)

# (program, target, features)
define image
build/firmware/$(2)$(3)/$(1).elf: examples-c/firmware/$(1).c $(BOARD_FILES) build/firmware/$(2)$(3)/libswiftcl.a
	$$(call say,link)
	$$(Q)$(PREFIX_OF_$(2))gcc $(call gcc_flags,$(2)) $$(IMAGE_FLAGS) $(COUNTS_$(2)) $$(filter %.c %.S,$$(filter-out $(BOARD_FILES),$$^)) $(BOARD) \
	  $$(filter %.a,$$^) -nostdlib -lgcc -Lexamples-c/firmware/board -T$(MAP_$(2)).ld -Wl,--defsym=STACK_BYTES=$(STACK_$(1)) \
	  -Wl,--gc-sections -Wl,-Map=$$@.map -Wl,--no-warn-execstack -o $$@
endef
TICKET_FOLDER := build/firmware/
# The ticket of an image: with eight-bit weights where the library knows these.
ticket_of = build/firmware/$(if $(filter %-int8,$(1)),eight/)ticket.bin
define ticket_image
build/firmware/$(1)/ticket.elf: examples-c/firmware/ticket_data.S $(ticket_of)
build/firmware/$(1)/ticket.elf: TICKET_FOLDER := $(dir $(ticket_of))
endef

IMAGES := learn:cortex-m4:-dense train:cortex-m4:-dense ticket:cortex-m4:-dense slots:cortex-m4:-dense count:cortex-m4:-dense \
  stack:cortex-m4:-dense stack:cortex-m4: stack:riscv32:-dense \
  learn:cortex-m7:-dense ticket:cortex-m33:-dense ticket:cortex-m0:-dense learn:riscv32:-dense ticket:riscv32:-dense \
  ticket:cortex-m4:-dense-int8 ticket:cortex-m0:-dense-int8
part = $(word $(2),$(subst :, ,$(1)))
$(foreach i,$(IMAGES),$(eval $(call image,$(call part,$(i),1),$(call part,$(i),2),$(call part,$(i),3))))
$(foreach i,$(filter ticket:%,$(IMAGES)),$(eval $(call ticket_image,$(call part,$(i),2)$(call part,$(i),3))))
elf = build/firmware/$(call part,$(1),2)$(call part,$(1),3)/$(call part,$(1),1).elf

# Tests/C walks bad input on the board, too, with newlib for their printing.
WALKS := values limits calls descriptions loads ready
build/firmware/cortex-m4/walk-%.o: Tests/C/bad_%.c $(C_TEST_HEADERS) Tests/Firmware/walk.h
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)arm-none-eabi-gcc $(CPU_cortex-m4) -mthumb -std=gnu99 -Wall -Wno-shift-count-overflow -Os -fshort-enums -ffunction-sections \
	  -I include -I Tests/C -include Tests/Firmware/walk.h -Dmain=walk_$* -c $< -o $@
build/firmware/cortex-m4/walk.elf: $(WALKS:%=build/firmware/cortex-m4/walk-%.o)
# Any order of calls suits a build of dense layers as well.
build/firmware/cortex-m4-dense/walk.elf: build/firmware/cortex-m4/walk-calls.o
build/firmware/cortex-m4-dense/walk.elf: WALK := -DWALK=walk_calls
build/firmware/%/walk.elf: Tests/Firmware/walk.c $(BOARD_FILES) build/firmware/%/libswiftcl.a
	$(call say,link)
	$(Q)arm-none-eabi-gcc $(CPU_cortex-m4) -mthumb -std=gnu99 -Wall -Os -fshort-enums -ffunction-sections $(WALK) -I include \
	  -Iexamples-c/firmware $< $(filter-out %memory.c,$(BOARD)) $(filter %.o,$^) $(filter %.a,$^) -nostartfiles \
	  -Lexamples-c/firmware/board -Tlarge.ld -Wl,--defsym=STACK_BYTES=$(STACK_walk) -Wl,--gc-sections \
	  -Wl,--no-warn-execstack -lm -o $@

HOST_PROGRAMS := learn ticket slots quantize eight/ticket ticket_int8 ticket_bits
build/firmware/host/%: examples-c/firmware/%.c $(BOARD_FILES) build/lib/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(HOST_BOARD) $(filter %/$*.c %.S %.a,$^) -o $@ -lm -lpthread
HOST_BOARD := -std=gnu99 -Wall -Wextra -Werror -O2 -DARENA_BYTES=524288 -I include -Iexamples-c/firmware -Wa,-Ibuild/firmware \
  examples-c/firmware/board/host.c examples-c/firmware/board/text.c
build/firmware/host/ticket: examples-c/firmware/ticket_data.S build/firmware/ticket.bin
build/firmware/host/eight/ticket: examples-c/firmware/ticket.c examples-c/firmware/ticket_data.S build/firmware/eight/ticket.bin \
    $(BOARD_FILES) build/lib/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) -Wa,-Ibuild/firmware/eight $(HOST_BOARD) $(filter %/ticket.c %.S %.a,$^) -o $@ -lm -lpthread
build/firmware/%/learn: examples-c/firmware/learn.c $(BOARD_FILES) build/cross/%-linux/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(TOOLS_$*-linux)gcc $(HOST_BOARD) $(filter %/learn.c %.a,$^) $(STATIC_$*-linux) -o $@ -lm -lpthread

# Bad numbers, forged files and tickets of every kind where memory is counted in 32 bits, in a tenth of the time that a board takes.
FORGERIES := bad_limits bad_loads checkpoint_faults ticket_faults ticket_int8 ticket_bits
$(FORGERIES:%=build/firmware/armv7/%): build/firmware/armv7/%: Tests/C/%.c $(C_TEST_HEADERS) build/cross/armv7-linux/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(TOOLS_armv7-linux)gcc $(C_WARNINGS) -D_FILE_OFFSET_BITS=64 -O1 -I include $(filter %.c %.a,$^) -static -o $@ -lm -lpthread
build/firmware/host/ticket_int8 build/firmware/host/ticket_bits: build/firmware/host/%: Tests/C/%.c $(C_TEST_HEADERS) build/lib/libswiftcl.a
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(C_WARNINGS) -O1 -I include $(filter %.c %.a,$^) -o $@ -lm -lpthread

build/firmware/windows.bin: examples-c/firmware/windows.py
	@mkdir -p $(@D)
	@python3 $< $@
build/firmware/ticket.bin: build/firmware/host/learn build/firmware/windows.bin
	@$< build/firmware/windows.bin 15 random '>$@' > $@.log
build/firmware/eight/ticket.bin: build/firmware/host/quantize build/firmware/windows.bin build/firmware/ticket.bin
	@mkdir -p $(@D)
	@$^ $@ > $@.log && cat $@.log

# Targets whose tools are missing and cannot be installed are skipped, and that is said.
firmware-test: ## images on emulated boards, compared with this machine
	@targets=$$(bash cbindings/setup.sh available $(FIRMWARE_TARGETS) $(CROSS_TARGETS)) && \
	  $(MAKE) --no-print-directory firmware-images TARGETS="$$targets" && rm -f build/bench/int8.json && \
	  if test -d "$(EIGHT_DATA)/mnist" -a -d "$(EIGHT_DATA)/uci-hapt"; then SEEDS=0 $(MAKE) --no-print-directory bench NAME=int8; \
	  else echo "int8 tickets of MNIST and of ten people: SKIPPED, no data in $(EIGHT_DATA)"; fi && \
	  python3 Tests/Firmware/run.py $$targets
EIGHT_DATA = $(or $(SWIFTCL_DATA),../shared/data)
firmware-images: $(foreach i,$(IMAGES),$(if $(filter $(call part,$(i),2),$(TARGETS)),$(call elf,$(i)))) \
  $(if $(filter cortex-m4,$(TARGETS)),build/firmware/cortex-m4/walk.elf build/firmware/cortex-m4-dense/walk.elf) $(HOST_PROGRAMS:%=build/firmware/host/%) \
  $(if $(filter armv7-linux,$(TARGETS)),$(FORGERIES:%=build/firmware/armv7/%)) \
  $(foreach t,$(filter %-linux,$(TARGETS)),build/firmware/$(t:-linux=)/learn) build/firmware/windows.bin

.PHONY: cross firmware-test firmware-images

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

# FEATURES=dense leaves out all but dense layers that compete per task: a fifth of the flash.
define firmware_target
TOOLS_firmware-$(1)$(2) := $(PREFIX_OF_$(1))
MACHINE_$(1)$(2) := -target $(TRIPLE_$(1)) $(CPU_$(1))
SWIFT_firmware-$(1)$(2) := -target $(TRIPLE_$(1)) -Osize -D SWIFTCL_FIRMWARE -Xcc -DSWIFTCL_FIRMWARE \
  $(addprefix -Xcc ,$(CPU_$(1))) -Xcc -fshort-enums -Xfrontend -disable-stack-protector $(if $(2),-D SWIFTCL_DENSE)
C_firmware-$(1)$(2) := $(call gcc_flags,$(1)) -Os -ffreestanding -fno-pic -fshort-enums -DSWIFTCL_FIRMWARE
LINK_firmware-$(1)$(2) := $(LD_$(1)) -z noexecstack --gc-sections @build/firmware/exports
COPY_firmware-$(1)$(2) := $(UNUSED:%=--strip-unneeded-symbol=%)
build/obj/firmware-$(1)$(2)/whole.o: build/firmware/exports
build/obj/firmware-$(1)$(2)/core.o: build/.tools-$(1)
build/obj/firmware-$(1)$(2)/platform.o: build/.tools-$(1)
endef
# Names that only dropped parts of Swift's standard library asked for.
UNUSED := posix_memalign free arc4random_buf
$(foreach t,$(FIRMWARE_TARGETS),$(foreach f,full -dense,$(eval $(call firmware_target,$(t),$(filter -%,$(f))))))

# What the linker keeps, with all that it needs.
build/firmware/exports: cbindings/symbols.txt
	@mkdir -p $(@D)
	@sed 's/^/-u /' $< > $@

# Swift writes all texts of messages into one section, which an image has whole or not at all. So
# its last step is clang's: with texts that are no longer marked as equal to others of the same
# letters each has a section of its own, and an image has those it can show. Nor does `self` have a
# register of its own: LLVM 21 for Thumb may load by it with write-back (ldm r10!) in a function that
# must preserve it, and the caller goes on with another address.
PLAIN_IR := 's/ = private unnamed_addr constant / = private constant /; s/ swiftself / /g'
build/obj/firmware-%/core.o: $(CORE) $(C_HEADERS) build/stamp/firmware-% | build/.swift
	@mkdir -p $(@D)
	$(call say,swiftc)
	$(Q)$(SWIFTC) $(SWIFTFLAGS) $(SWIFT_firmware-$*) $(CORE) -emit-ir -o $(@:.o=.ll)
	$(Q)sed -i $(PLAIN_IR) $(@:.o=.ll)
	$(Q)$(CLANG) $(MACHINE_$*) -Oz -Xclang -disable-llvm-passes -ffp-contract=off \
	  -ffunction-sections -fdata-sections -fno-pic -Wno-override-module -c $(@:.o=.ll) -o $@

build/firmware/%/libswiftcl.a: build/obj/firmware-%/whole.o cbindings/check-firmware.sh
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar)
	$(Q)$(TOOLS_firmware-$*)ar rcsD $@ $<
	@bash cbindings/check-firmware.sh $@ $(TOOLS_firmware-$*) | tee $(@D)/size.txt

firmware-object: build/obj/firmware-cortex-m4/core.o ## the core compiled for a Cortex-M4, with its size
	@arm-none-eabi-size $<

FIRMWARE_OF = $(TARGET)$(if $(FEATURES),-$(FEATURES))
firmware: build/firmware/$(FIRMWARE_OF)/libswiftcl.a ## TARGET=cortex-m4|-m7|-m33|-m0|riscv32 FEATURES=dense|: libswiftcl.a into build/firmware

# Debian's compilers and emulators of a target; installed when root asks.
build/.tools-%: cbindings/setup.sh
	@bash cbindings/setup.sh firmware $*
	@mkdir -p $(@D) && touch $@

.PHONY: firmware-object firmware

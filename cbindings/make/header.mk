# include/swiftcl.h and cbindings/symbols.txt: made from the Swift sources,
# checked in, and compared with a fresh copy by header-check.

GENERATE := python3 cbindings/generate-header.py --capi Sources/SwiftCL/CAPI \
  --template cbindings/swiftcl.h.in --types include/swiftcl_types.h

build/header/raw.h: $(CORE) $(C_HEADERS) build/stamp/header | build/.swift
	@mkdir -p $(@D)
	$(call say,swiftc)
	$(Q)$(SWIFTC) $(SWIFTFLAGS) $(CORE) -emit-module -emit-module-path $(@D)/SwiftCL.swiftmodule \
	  -emit-clang-header-path $@
	@touch $@

header: build/header/raw.h ## writes include/swiftcl.h and cbindings/symbols.txt anew
	@$(GENERATE) --raw $< --header include/swiftcl.h --symbols cbindings/symbols.txt

# A C file that includes the header and uses its macros, in every dialect we promise.
HEADER_WARNINGS := -Wall -Wextra -pedantic -Werror -fsyntax-only -I include
header-check: build/header/raw.h ## fails when the checked-in header is not what the sources say
	@$(GENERATE) --raw $< --header build/header/swiftcl.h --symbols build/header/symbols.txt
	@for f in include/swiftcl.h cbindings/symbols.txt; do \
	  diff -u $$f build/header/$${f##*/} || { echo "$$f is not what the sources say: run 'make header' and check it in" >&2; exit 1; }; done
	@for cc in gcc clang; do for std in c99 c11 c2x; do \
	  $$cc -std=$$std $(HEADER_WARNINGS) Tests/Header/initialisers.c && echo "$$cc -std=$$std: clean"; done; done
	@for cc in g++ clang++; do for std in c++11 c++17; do \
	  $$cc -std=$$std $(HEADER_WARNINGS) -x c++ Tests/Header/initialisers.c && echo "$$cc -std=$$std: clean"; done; done

symbols-check: lib ## exported names, needed libraries and stray paths of what was built
	@for f in $(FLAVOURS); do bash cbindings/check-symbols.sh build/lib/lib$$f $(VERSION) $(ABI); done
	@bash cbindings/check-kernels.sh build/obj/swiftcl $(VARIANTS)

.PHONY: header header-check symbols-check

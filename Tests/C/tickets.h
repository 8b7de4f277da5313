/*
 * tickets.h -- what the ticket tests share: a ticket in pages of its own that
 * cannot be written to and end where it ends, its handle, and its logits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SWIFTCL_TESTS_TICKETS_H
#define SWIFTCL_TESTS_TICKETS_H

#include "adversary.h"

#include <sys/mman.h>
#include <unistd.h>

/* Bytes that end at an unmapped page, in a mapping that is read-only once sealed. */
struct blob {
  uint8_t *bytes;
  size_t size;
  uint8_t *base;
  size_t pages; /* bytes of the mapping, the page behind it included */
};

/* The end is as near to the unmapped page as the alignment lets it be. */
static inline struct blob blob_make(size_t size) {
  struct blob b;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  b.size = size;
  b.pages = (size + page - 1) / page * page + page;
  FILE *file = tmpfile(); /* MAP_ANONYMOUS is no POSIX */
  if (!file || ftruncate(fileno(file), (off_t)b.pages) != 0) exit(3);
  b.base = mmap(NULL, b.pages, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file), 0);
  if (b.base == MAP_FAILED) exit(3);
  fclose(file);
  if (mprotect(b.base + b.pages - page, page, PROT_NONE) != 0) exit(3);
  b.bytes = b.base + (b.pages - page - size) / SWIFTCL_TICKET_ALIGNMENT * SWIFTCL_TICKET_ALIGNMENT;
  return b;
}

static inline void blob_protect(const struct blob *b, int protection) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (b->pages > page && mprotect(b->base, b->pages - page, protection) != 0) exit(3);
}

static inline void blob_free(struct blob *b) {
  munmap(b->base, b->pages);
  b->bytes = NULL;
}

/* The ticket of a task, read-only. */
static inline struct blob blob_export(swiftcl_network *net, swiftcl_task task) {
  size_t size = 0, written = 0;
  OK(net, swiftcl_ticket_bytes(net, task, &size));
  struct blob b = blob_make(size);
  OK(net, swiftcl_ticket_export(net, task, b.bytes, size, &written));
  CHECK(written == size);
  blob_protect(&b, PROT_READ);
  return b;
}

static inline swiftcl_ticket *open_blob(const struct blob *b) {
  swiftcl_ticket *ticket = NULL;
  OK(NULL, swiftcl_ticket_open(b->bytes, b->size, NULL, &ticket));
  return ticket;
}

static inline swiftcl_ticket_info ticket_info(const swiftcl_ticket *ticket) {
  swiftcl_ticket_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  OK(NULL, swiftcl_ticket_info_get(ticket, &info));
  return info;
}

#endif

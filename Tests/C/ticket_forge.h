/*
 * ticket_forge.h -- what the tests of bad tickets share: the fields of a ticket, and tickets that are
 * cut, flipped or forged, in read-only pages that end where they end. What is accepted is run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SWIFTCL_TESTS_TICKET_FORGE_H
#define SWIFTCL_TESTS_TICKET_FORGE_H

#include "crc.h"
#include "tickets.h"

/* Fields of the header and of a layer's record (docs/file-formats.md). */
enum {
  H_MAGIC = 0, H_ENDIANNESS = 8, H_MAJOR = 12, H_MINOR = 16, H_FLAGS = 20, H_BYTES = 24, H_TASK = 40, H_INPUTS = 44,
  H_TYPE = 48, H_CHANNELS = 52, H_LAYOUT = 56, H_CLASSES = 60, H_LAYERS = 64, H_RESERVED = 68, H_RECORDS = 72,
  H_LABELS = 80, H_SCALE = 88, H_HINTS = 96, H_BODY = 120, H_SEAL = 124, HEADER = 128,
  L_KIND = 0, L_ELEMENT = 4, L_FLAGS = 8, L_BLOCK = 12, L_INPUTS = 16, L_UNITS = 20, L_BLOCKS = 24, L_RESERVED = 28,
  L_BIAS = 32, L_WEIGHTS = 40, L_WINNERS = 48, L_WINDOW = 56, RECORD = 64
};

static struct blob image;  /* a good ticket, writable */
static struct blob target; /* as large; ends at an unmapped page; read-only while it is open */

/* The first `size` bytes of `bytes`, at the very end of the pages. */
static inline swiftcl_status open_bytes(const uint8_t *bytes, size_t size, swiftcl_ticket **ticket, struct blob *place) {
  *place = blob_make(size);
  memcpy(place->bytes, bytes, size);
  blob_protect(place, PROT_READ);
  return swiftcl_ticket_open(place->bytes, size, NULL, ticket);
}

static inline void seal(uint8_t *bytes, size_t size) {
  size_t whole = (size_t)get32(bytes + H_BYTES);
  if (whole > size || whole < HEADER || get32(bytes + H_BYTES + 4) != 0) whole = size;
  put32(bytes + H_BODY, crc32c(bytes + HEADER, whole - HEADER));
  put32(bytes + H_SEAL, crc32c(bytes, H_SEAL));
}

static inline void truncations(void) {
  for (size_t size = 0; size < image.size; size += size < 300 ? 1 : quick() ? 97 : 1) {
    swiftcl_ticket *ticket = NULL;
    struct blob place;
    if (!STATUS(NULL, open_bytes(image.bytes, size, &ticket, &place), SWIFTCL_E_FORMAT))
      fprintf(stderr, "  cut to %zu of %zu\n", size, image.size);
    CHECK(ticket == NULL);
    blob_free(&place);
  }
}

static inline void flips(void) {
  blob_protect(&target, PROT_READ | PROT_WRITE);
  memcpy(target.bytes, image.bytes, image.size);
  size_t step = quick() ? 61 : 1;
  for (size_t bit = 0; bit < image.size * 8; bit += bit < HEADER * 8 ? 1 : step) {
    target.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    swiftcl_ticket *ticket = NULL;
    swiftcl_status status = swiftcl_ticket_open(target.bytes, target.size, NULL, &ticket);
    size_t byte = bit / 8;
    swiftcl_status wanted = byte < H_MAJOR ? SWIFTCL_E_FORMAT
                            : byte < H_MINOR ? status == SWIFTCL_E_FORMAT ? status : SWIFTCL_E_VERSION
                                             : SWIFTCL_E_CORRUPT;
    if (!CHECK(status == wanted && ticket == NULL)) {
      fprintf(stderr, "  bit %zu of byte %zu: %s\n", bit % 8, byte, swiftcl_status_name(status));
      swiftcl_ticket_free(ticket);
    }
    target.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
}

/* ------------------------------------------------------------------ forgeries */

static long accepted;

/* Numbers of a float ticket that nobody trained: refused, or an int8 ticket that opens. */
static inline void quantize_forged(const swiftcl_ticket *ticket, const swiftcl_ticket_info *info, const void *x, void *scratch,
                            size_t scratch_bytes) {
  size_t bytes = 0;
  swiftcl_status asked = swiftcl_ticket_quantized_bytes(ticket, &bytes);
  CHECK(asked == (info->weights == SWIFTCL_WEIGHTS_I8 ? SWIFTCL_E_ARGUMENT : SWIFTCL_OK));
  if (asked != SWIFTCL_OK || scratch_bytes < info->row_scratch_bytes || bytes > 1 << 24) return;
  void *buffer = aligned_memory(bytes);
  swiftcl_status made = swiftcl_ticket_quantize(ticket, NULL, x, 1, buffer, bytes, NULL, scratch, scratch_bytes);
  CHECK(made == SWIFTCL_OK || made == SWIFTCL_E_NONFINITE || made == SWIFTCL_E_UNSUPPORTED);
  swiftcl_ticket *small = NULL;
  if (made == SWIFTCL_OK && OK(NULL, swiftcl_ticket_open(buffer, bytes, NULL, &small))) swiftcl_ticket_free(small);
  release_memory(buffer);
}

/* Opens what lies in `target`; what is accepted must run within its own bytes. */
static inline swiftcl_status try_target(void) {
  static uint8_t handle[SWIFTCL_TICKET_BYTES + 16];
  void *memory = (void *)(((uintptr_t)handle + 15) / 16 * 16);
  blob_protect(&target, PROT_READ);
  swiftcl_ticket *ticket = NULL;
  swiftcl_status status = swiftcl_ticket_open_in(target.bytes, target.size, memory, SWIFTCL_TICKET_BYTES, &ticket);
  CHECK((status == SWIFTCL_OK) == (ticket != NULL));
  if (ticket) {
    accepted++;
    swiftcl_ticket_info info = ticket_info(ticket);
    size_t scratch_bytes = (size_t)info.row_scratch_bytes, count = info.class_count;
    if (scratch_bytes > 1 << 27) scratch_bytes = 1 << 27; /* and is refused */
    swiftcl_status runs = scratch_bytes < info.row_scratch_bytes ? SWIFTCL_E_BUFFER : SWIFTCL_OK;
    void *scratch = aligned_memory(scratch_bytes);
    float *logits = aligned_memory(count * sizeof *logits), *x = calloc(info.inputs, 4);
    int32_t *list = aligned_memory(count * sizeof *list);
    STATUS(NULL, swiftcl_ticket_predict(ticket, x, 1, logits, count, scratch, scratch_bytes), runs);
    STATUS(NULL, swiftcl_ticket_predict_labels(ticket, x, 1, list, 1, scratch, scratch_bytes), runs);
    OK(NULL, swiftcl_ticket_classes(ticket, list, count, NULL));
    for (uint32_t l = 0; l + 1 < info.layer_count; l++) {
      static int32_t winners[4096];
      swiftcl_status asked = swiftcl_ticket_winners(ticket, l, winners, 4096, NULL);
      CHECK(asked == SWIFTCL_OK || asked == SWIFTCL_E_BUFFER);
    }
    quantize_forged(ticket, &info, x, scratch, scratch_bytes);
    if (info.weights == SWIFTCL_WEIGHTS_I8 && runs == SWIFTCL_OK) {
      memset(x, 0x7F, info.inputs * 4); /* far outside of every range */
      swiftcl_status ran = swiftcl_ticket_predict_integers(ticket, x, 1, list, count, scratch, scratch_bytes);
      CHECK(ran == SWIFTCL_OK || ran == SWIFTCL_E_NONFINITE);
      for (size_t c = 0; ran == SWIFTCL_OK && c < count; c++) CHECK(list[c] > -(1 << 24) && list[c] < 1 << 24);
      if (ran == SWIFTCL_OK) digest(list, count);
      for (size_t i = 0; i < info.inputs * 4; i++) ((uint8_t *)x)[i] = (uint8_t)(i * 37 + 11);
      if (info.input_type == SWIFTCL_INPUT_F32)
        for (size_t i = 0; i < info.inputs; i++) x[i] = 0.37f * (float)((int)(i % 17) - 8);
      ran = swiftcl_ticket_predict_integers(ticket, x, 1, list, count, scratch, scratch_bytes);
      CHECK(ran == SWIFTCL_OK || ran == SWIFTCL_E_NONFINITE); /* of scaled floats */
      if (ran == SWIFTCL_OK) digest(list, count);
    }
    free(x);
    release_memory(list);
    release_memory(logits);
    release_memory(scratch);
    swiftcl_ticket_free(ticket);
  }
  blob_protect(&target, PROT_READ | PROT_WRITE);
  return status;
}

static inline void restore(void) {
  blob_protect(&target, PROT_READ | PROT_WRITE);
  memcpy(target.bytes, image.bytes, image.size);
}

static inline void forge(size_t at, uint32_t value, swiftcl_status wanted) {
  restore();
  put32(target.bytes + at, value);
  seal(target.bytes, target.size);
  if (!STATUS(NULL, try_target(), wanted)) fprintf(stderr, "  byte %zu = %u\n", at, (unsigned)value);
}

static inline void forge_real(size_t at, float value, swiftcl_status wanted) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  forge(at, bits, wanted);
}

/* Fields by chance, checksums made right. */
static inline void mutations(long count, size_t front) {
  static const uint32_t hard[] = {0, 1, 2, 15, 16, 17, 63, 64, 127, 128, 192, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFC0,
                                  0xFFFFFFFF};
  accepted = 0;
  for (long i = 0; i < count; i++) {
    restore();
    for (uint32_t changes = 1 + below(3); changes > 0; changes--) {
      size_t at = 4 * below((uint32_t)front / 4);
      uint32_t value = below(3) == 0   ? hard[below(16)]
                       : below(2) == 0 ? get32(image.bytes + at) ^ (1u << below(32))
                                       : get32(image.bytes + 4 * below((uint32_t)front / 4));
      put32(target.bytes + at, value);
    }
    put32(target.bytes + H_MAGIC, get32(image.bytes));
    put32(target.bytes + H_MAGIC + 4, get32(image.bytes + 4));
    seal(target.bytes, target.size);
    try_target();
  }
  CHECK(accepted > count / 1000); /* some are harmless, and were run */
}

#endif

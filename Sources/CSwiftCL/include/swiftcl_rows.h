/*
 * swiftcl_rows.h -- private: a caller's row as floats on processors without vectors, in one pass.
 * Not installed.
 */
#ifndef SWIFTCL_ROWS_H
#define SWIFTCL_ROWS_H

#include "swiftcl_lanes.h"

#ifdef __clang__ /* The header is read by Swift's importer; other compilers skip it. */

/** Elements of a row: `count` of each channel, `step` from one to the next. */
typedef struct swiftcl_row {
  const void *_Nonnull source; /* of any alignment */
  int32_t type;                /* SWIFTCL_INPUT_... */
  intptr_t channels;
  intptr_t count; /* at least 1 */
  intptr_t step;
  intptr_t between;             /* from the first element of a channel to that of the next */
  const float *_Nonnull factor; /* a channel's */
  const float *_Nonnull summand;
} swiftcl_row;

#define SWIFTCL_ROW_OF(type)                                                                   \
  for (intptr_t c = 0; c < row->channels; c++) {                                               \
    const char *from = (const char *)row->source + c * row->between * sizeof(type);            \
    float *to = target + c * row->between, factor = row->factor[c], summand = row->summand[c]; \
    intptr_t left = row->count, step = row->step;                                              \
    do {                                                                                       \
      type element;                                                                            \
      __builtin_memcpy(&element, from, sizeof element);                                        \
      float product = (float)element * factor;                                                 \
      *to = product + summand;                                                                 \
      from += step * sizeof element, to += step;                                               \
    } while (--left != 0);                                                                     \
  }

/* target = element * factor + summand, rounded twice. */
static __attribute__((noinline, unused)) void swiftcl_row_convert(const swiftcl_row *_Nonnull row,
                                                                  float *_Nonnull target) {
#pragma clang fp contract(off)
  if (row->type == SWIFTCL_INPUT_U8) {
    SWIFTCL_ROW_OF(uint8_t)
  } else if (row->type == SWIFTCL_INPUT_I8) {
    SWIFTCL_ROW_OF(int8_t)
  } else if (row->type == SWIFTCL_INPUT_I16) {
    SWIFTCL_ROW_OF(int16_t)
  } else {
    SWIFTCL_ROW_OF(float)
  }
}

#endif
#endif

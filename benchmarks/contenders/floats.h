/*
 * floats.h -- operands for the benchmarks of single kernels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOATS_H
#define FLOATS_H

#include <stdint.h>
#include <stdlib.h>

/* Each at its own distance from a page: equal ones would meet in the same cache sets. */
static inline float *floats(size_t count) {
  static size_t distance;
  float *p = aligned_alloc(4096, (count * 4 + 16384) / 4096 * 4096);
  if (!p) exit(1);
  p += distance;
  distance = (distance + 208) % 1024;
  for (size_t i = 0; i < count; i++) p[i] = (float)((i * 2654435761u >> 8) % 2001) / 1000 - 1;
  return p;
}

#endif

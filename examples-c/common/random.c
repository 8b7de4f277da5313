/* random.c -- see random.h. SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

uint64_t random_next(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t random_start(uint64_t seed, uint64_t a, uint64_t b) {
  uint64_t state = seed;
  state = random_next(&state) ^ a;
  state = random_next(&state) ^ b;
  return random_next(&state);
}

int32_t random_between(uint64_t *state, int32_t low, int32_t high) {
  uint64_t span = (uint64_t)((int64_t)high - low) + 1;
  return (int32_t)(low + (int64_t)(((random_next(state) >> 32) * span) >> 32));
}

int32_t random_bell(uint64_t *state, int32_t deviation) {
  uint64_t bits = random_next(state);
  int64_t sum = 0; /* of four uniform 16-bit numbers: mean 131070, deviation 37837 */
  for (int k = 0; k < 4; k++) sum += (int64_t)(bits >> (16 * k) & 0xFFFF);
  return (int32_t)((sum - 131070) * deviation / 37837);
}

float random_signed(uint64_t *state) { return (float)random_between(state, -8388608, 8388608) / 8388608.0f; }

void random_order(uint64_t *state, uint32_t *order, size_t count) {
  for (size_t n = 0; n < count; n++) order[n] = (uint32_t)n;
  for (size_t n = count; n > 1; n--) {
    size_t other = (size_t)random_between(state, 0, (int32_t)(n - 1));
    uint32_t kept = order[n - 1];
    order[n - 1] = order[other];
    order[other] = kept;
  }
}

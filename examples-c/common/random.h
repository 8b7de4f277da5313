/*
 * random.h -- small seeded random numbers for the examples' data (splitmix64).
 * The library has its own; this one only makes data.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** The next 64 random bits. */
uint64_t random_next(uint64_t *state);
/** A state for the pair (a, b) under a seed; different pairs are unrelated. */
uint64_t random_start(uint64_t seed, uint64_t a, uint64_t b);
/** A whole number from low to high, both included. */
int32_t random_between(uint64_t *state, int32_t low, int32_t high);
/** A whole number around 0, bell-shaped, with the given standard deviation. */
int32_t random_bell(uint64_t *state, int32_t deviation);
/** A number from -1 to 1. */
float random_signed(uint64_t *state);
/** Puts 0 to count - 1 in random order. */
void random_order(uint64_t *state, uint32_t *order, size_t count);

#endif

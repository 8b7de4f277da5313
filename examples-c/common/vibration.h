/*
 * vibration.h -- synthetic three-axis vibration windows, for the examples.
 *
 * Nothing here was measured. A machine is a task: it has its own mounting
 * orientation, speed, heavy spot, resonance and noise. Its condition is the
 * class. A sensor on the housing is read 64 times after a mark on the shaft
 * passes by, on three axes: one window.
 *
 * Integer arithmetic only, so that every computer gets the same numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VIBRATION_H
#define VIBRATION_H

#include <stddef.h>
#include <stdint.h>

#define VIBRATION_SAMPLES 64
#define VIBRATION_AXES 3
#define VIBRATION_INPUTS (VIBRATION_SAMPLES * VIBRATION_AXES)
#define VIBRATION_CLASSES 4
/** Times a raw value: brings the windows to about unit deviation. */
#define VIBRATION_SCALE (1.0f / 2048.0f)
/** Windows from this number on are kept for testing. */
#define VIBRATION_TEST 1000000u

/** Name of a condition, 0 to VIBRATION_CLASSES - 1. */
extern const char *const vibration_condition[VIBRATION_CLASSES];

/**
 * Writes windows first to first + count - 1 of a machine. Each is a function of
 * (seed, machine, number) alone, so windows can be made in any order and anew.
 * windows: count * VIBRATION_INPUTS, axis fastest. labels: count.
 */
void vibration_windows(uint64_t seed, unsigned machine, size_t first, size_t count, int16_t *windows,
                       int32_t *labels);

#endif

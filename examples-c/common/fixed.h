/*
 * fixed.h -- whole numbers for sines and rotations, the same on every computer.
 * Angles are in 1/65536 of a turn, sines and rotations in 1/32768.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FIXED_H
#define FIXED_H

#include <stdint.h>

int32_t sine(uint32_t angle);
/** amplitude times a factor in 1/32768. */
int32_t scaled(int32_t amplitude, int32_t factor);
/** Turns axes a and b of a rotation by an angle. */
void turn(int32_t axes[3][3], int a, int b, uint32_t angle);

#endif

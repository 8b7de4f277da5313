/* fixed.c -- see fixed.h. SPDX-License-Identifier: Apache-2.0 */
#include "fixed.h"

/* Sine as x (pi/2 - x^2 ((pi - 5/2) - x^2 (pi/2 - 3/2))) on a quarter turn. */
int32_t sine(uint32_t angle) {
  int32_t x = (int32_t)(angle & 16383);
  if (angle & 16384) x = 16384 - x;
  int32_t square = x * x / 16384;
  int32_t y = x * ((51472 - square * (21024 - square * 2320 / 16384) / 16384) / 2) / 8192;
  if (y > 32767) y = 32767;
  return angle & 32768 ? -y : y;
}

int32_t scaled(int32_t amplitude, int32_t factor) { return (int32_t)((int64_t)amplitude * factor / 32768); }

void turn(int32_t axes[3][3], int a, int b, uint32_t angle) {
  int32_t c = sine(angle + 16384), s = sine(angle);
  for (int k = 0; k < 3; k++) {
    int32_t p = axes[a][k], q = axes[b][k];
    axes[a][k] = scaled(p, c) - scaled(q, s);
    axes[b][k] = scaled(p, s) + scaled(q, c);
  }
}

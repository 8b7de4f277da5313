/*
 * vibration.c -- see vibration.h. Angles are in 1/65536 of a turn, sines and
 * rotations in 1/32768, amplitudes in counts of the sensor.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vibration.h"

#include "fixed.h"
#include "random.h"

const char *const vibration_condition[VIBRATION_CLASSES] = {"normal", "imbalance", "looseness", "bearing"};

enum { NORMAL, IMBALANCE, LOOSENESS, BEARING };

struct machine {
  int32_t axes[3][3]; /* how the sensor is mounted */
  int32_t speed;      /* turn per sample */
  int32_t heavy_spot; /* where the shaft is heavy */
  int32_t strength;   /* of all shaking */
  int32_t resonance;  /* of the housing, turn per sample */
  int32_t damping;    /* what is left of a ringing after one sample */
  int32_t balls;      /* impacts per turn of a damaged bearing, in 1/256 */
  int32_t noise;
};

static struct machine machine_make(uint64_t seed, unsigned number) {
  uint64_t r = random_start(seed, number, UINT64_MAX);
  struct machine m = {{{32767, 0, 0}, {0, 32767, 0}, {0, 0, 32767}}, 0, 0, 0, 0, 0, 0, 0};
  turn(m.axes, 0, 1, (uint32_t)random_between(&r, 0, 65535));
  turn(m.axes, 1, 2, (uint32_t)random_between(&r, 0, 65535));
  turn(m.axes, 0, 1, (uint32_t)random_between(&r, 0, 65535));
  m.speed = random_between(&r, 2600, 5600);
  m.heavy_spot = random_between(&r, 0, 65535);
  m.strength = random_between(&r, 2800, 4400);
  m.resonance = random_between(&r, 12000, 27000);
  m.damping = random_between(&r, 26500, 30500);
  m.balls = random_between(&r, 780, 1270);
  m.noise = random_between(&r, 1000, 1400);
  return m;
}

static void window_make(const struct machine *m, uint64_t *r, int condition, int16_t *window) {
  int32_t speed = m->speed + m->speed * random_between(r, -20, 20) / 1000;
  uint32_t shaft = (uint32_t)(m->heavy_spot + random_between(r, -13000, 13000));
  int32_t severity = random_between(r, 10500, 26000); /* of what is wrong */
  int32_t once = scaled(m->strength, random_between(r, 9000, 20000));
  int32_t loose = 0, hit = 0, ringing = 0;
  if (condition == IMBALANCE) once += scaled(m->strength, severity);
  if (condition == LOOSENESS) loose = scaled(m->strength, severity);
  if (condition == BEARING) hit = scaled(m->strength, severity) * 2;
  int32_t impact = random_between(r, 0, 65535);
  uint32_t ring_angle = 0;

  for (int n = 0; n < VIBRATION_SAMPLES; n++, shaft += (uint32_t)speed) {
    /* Across the shaft, across it the other way, and along it. */
    int32_t u = scaled(once, sine(shaft)), v = scaled(once, sine(shaft + 16384)), w = 0;
    int32_t rattle = scaled(loose, sine(2 * shaft)) + scaled(loose, sine(3 * shaft)) / 2;
    v += rattle;
    w += rattle / 3;

    impact += speed * m->balls / 256;
    if (impact > 65535) {
      impact &= 65535;
      ringing = hit;
      ring_angle = 8192;
    }
    int32_t bell = scaled(ringing, sine(ring_angle));
    u += bell;
    w += bell / 2;
    ringing = scaled(ringing, m->damping);
    ring_angle += (uint32_t)m->resonance;

    for (int a = 0; a < VIBRATION_AXES; a++) {
      int32_t x = scaled(u, m->axes[a][0]) + scaled(v, m->axes[a][1]) + scaled(w, m->axes[a][2]);
      x += random_bell(r, m->noise);
      window[n * VIBRATION_AXES + a] = (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
    }
  }
}

void vibration_windows(uint64_t seed, unsigned machine, size_t first, size_t count, int16_t *windows,
                       int32_t *labels) {
  struct machine m = machine_make(seed, machine);
  for (size_t n = 0; n < count; n++) {
    uint64_t r = random_start(seed, machine, first + n);
    labels[n] = random_between(&r, 0, VIBRATION_CLASSES - 1);
    window_make(&m, &r, labels[n], windows + n * VIBRATION_INPUTS);
  }
}

/*
 * bad_input.h -- what the programs that walk bad input share: one small network,
 * its rows, and fields of a struct that are set to wrong values by a table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SWIFTCL_TESTS_BAD_INPUT_H
#define SWIFTCL_TESTS_BAD_INPUT_H

#include "adversary.h"

enum { INPUTS = 6, BATCH = 8, ROWS = 12, CLASSES = 3 };

static const swiftcl_layer small_layers[] = {
  SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU),
  SWIFTCL_DENSE(8, 2, SWIFTCL_ACTIVATION_RELU),
  SWIFTCL_HEAD(CLASSES),
};

static float rows[ROWS * INPUTS];
static int32_t labels[ROWS];
static float targets[ROWS * CLASSES];

static inline swiftcl_options small_options(void) {
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = small_layers;
  o.layer_count = 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.max_tasks = 4;
  o.seed = 7;
  return o;
}

static inline swiftcl_network *create(const swiftcl_options *o) {
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(o, &net));
  return net;
}

static inline swiftcl_task learn(swiftcl_network *net, const swiftcl_task_options *options, int steps) {
  swiftcl_task task = -7;
  OK(net, swiftcl_task_begin(net, options, &task));
  for (int i = 0; i < steps; i++) OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
  OK(net, swiftcl_task_end(net, NULL));
  return task;
}

/* The same rows in every program. */
static inline void prepare(void) {
  noise_state = 11;
  fill_rows(rows, labels, ROWS, INPUTS, NULL, CLASSES, 0);
  for (int i = 0; i < ROWS * CLASSES; i++) targets[i] = real(-1, 1);
}

/* ------------------------------------------------------------ fields, set wrong */

enum field_type { U32, I32, F32, U64 };

struct field {
  const char *name;
  size_t offset;
  enum field_type type;
  double value;
  swiftcl_status status;
};

#define OPTION(name, type, value) {#name, offsetof(swiftcl_options, name), type, value, SWIFTCL_E_ARGUMENT}
#define LAYER(name, type, value) {#name, offsetof(swiftcl_layer, name), type, value, SWIFTCL_E_ARGUMENT}
#define CHOICE(name, last) \
  OPTION(name, I32, -1), OPTION(name, I32, (last) + 1), OPTION(name, I32, INT32_MAX), OPTION(name, I32, INT32_MIN)
#define REAL(name) OPTION(name, F32, NAN), OPTION(name, F32, INFINITY), OPTION(name, F32, -INFINITY)

static inline void set_field(void *object, const struct field *f) {
  char *place = (char *)object + f->offset;
  uint32_t u32 = 0;
  int32_t i32 = 0;
  uint64_t u64 = 0;
  float f32 = (float)f->value;
  switch (f->type) {
    case U32: u32 = (uint32_t)f->value; memcpy(place, &u32, sizeof u32); break;
    case I32: i32 = (int32_t)f->value; memcpy(place, &i32, sizeof i32); break;
    case U64: u64 = f->value >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)f->value; memcpy(place, &u64, sizeof u64); break;
    case F32: memcpy(place, &f32, sizeof f32); break;
  }
}

#endif

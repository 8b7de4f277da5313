/*
 * masks.c -- weight masks through the C interface: every way to misuse them; memory that is planned to
 * the byte, and steps that never ask for any; a run that is saved in its middle and goes on to the bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"

static const swiftcl_layer alone[] = {
  SWIFTCL_DENSE(20, 1, SWIFTCL_ACTIVATION_RELU),
  SWIFTCL_DENSE(12, 1, SWIFTCL_ACTIVATION_RELU),
  SWIFTCL_HEAD(CLASSES),
};

/* One mask that all tasks go on with. */
static swiftcl_options shared_options(void) {
  swiftcl_options o = small_options();
  o.layers = alone;
  o.sharing = SWIFTCL_TICKETS_SHARED;
  o.sparsity = 0.75f;
  o.gradient_sparsity = 0.8f;
  o.gradient_interval = 3;
  o.mask_interval = 4;
  return o;
}

/* A mask in every ticket. */
static swiftcl_options winner_options(void) {
  swiftcl_options o = small_options();
  o.sparsity = 0.5f;
  o.sparsity_kind = SWIFTCL_SPARSITY_IRREGULAR;
  o.mask_interval = 2;
  return o;
}

/* -------------------------------------------------------------- descriptions */

static void refuse(const swiftcl_options *o, swiftcl_status status, const char *word) {
  poison_outputs();
  refusal_check(
      __FILE__, __LINE__, "swiftcl_network_create(", NULL, swiftcl_network_create(o, OUT), status, WORDS(word));
  poison_outputs();
  refusal_check(
      __FILE__, __LINE__, "swiftcl_network_plan(", NULL, swiftcl_network_plan(o, OUT_STRUCT(swiftcl_plan)), status,
      WORDS(word));
}

static void descriptions(void) {
  static const struct field wrong[] = {
    REAL(sparsity), OPTION(sparsity, F32, -0.01), OPTION(sparsity, F32, 1), OPTION(sparsity, F32, 1.5),
    REAL(gradient_sparsity), OPTION(gradient_sparsity, F32, -1), OPTION(gradient_sparsity, F32, 1),
    OPTION(gradient_sparsity, F32, 0.5), OPTION(gradient_sparsity, F32, 0.7499),
    REAL(mask_intra), OPTION(mask_intra, F32, -0.1), OPTION(mask_intra, F32, 0.25), OPTION(mask_intra, F32, 2),
    REAL(mask_inter), OPTION(mask_inter, F32, -0.1), OPTION(mask_inter, F32, 1.1),
    REAL(score_current), OPTION(score_current, F32, -1), OPTION(score_current, F32, 2e6),
    REAL(score_replay), OPTION(score_replay, F32, -1),
    CHOICE(mask_budget, SWIFTCL_BUDGET_GLOBAL), CHOICE(regrowth, SWIFTCL_REGROW_GRADIENT),
    OPTION(sparsity_kind, I32, 0), OPTION(sparsity_kind, I32, 3), OPTION(sparsity_kind, I32, 5),
    OPTION(sparsity_kind, I32, 6), OPTION(sparsity_kind, I32, 7), OPTION(sparsity_kind, I32, 11),
    OPTION(sparsity_kind, I32, 16), OPTION(sparsity_kind, I32, 17), OPTION(sparsity_kind, I32, -1),
    OPTION(sparsity_kind, I32, INT32_MAX), OPTION(sparsity_kind, I32, INT32_MIN),
    OPTION(gradient_interval, U32, 0), OPTION(gradient_interval, U32, UINT32_MAX),
    OPTION(mask_interval, U32, UINT32_MAX), OPTION(mask_final_step, U32, UINT32_MAX),
    OPTION(masked_layers, U32, 4), OPTION(masked_layers, U32, 7), OPTION(masked_layers, U32, 0x80000000u),
    OPTION(masked_layers, U32, UINT32_MAX),
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    swiftcl_options o = shared_options();
    set_field(&o, &wrong[i]);
    refuse(&o, wrong[i].status, wrong[i].name);
  }
  swiftcl_options o = shared_options();
  o.sparsity_kind = SWIFTCL_SPARSITY_PATTERN;
  o.sparsity = 0.55f;
  refuse(&o, SWIFTCL_E_ARGUMENT, "5/9");
  o = shared_options();
  o.sparsity = 0;
  refuse(&o, SWIFTCL_E_ARGUMENT, "gradient_sparsity"); /* of no mask */
  o = winner_options();
  for (int32_t protection = SWIFTCL_PROTECT_FROZEN + 1; protection < 4; protection++) {
    o.protection = protection;
    refuse(&o, SWIFTCL_E_ARGUMENT, "protection");
  }
  /* Nothing that could be masked. */
  swiftcl_layer head = SWIFTCL_HEAD(CLASSES);
  o = shared_options();
  o.layers = &head;
  o.layer_count = 1;
  refuse(&o, SWIFTCL_E_ARGUMENT, "sparsity");
  swiftcl_layer stem[] = {SWIFTCL_CONV(4, 1, 1, 1, 0, SWIFTCL_ACTIVATION_RELU), head};
  stem[0].input_height = 2;
  stem[0].input_width = 3;
  o.layers = stem;
  o.layer_count = 2;
  refuse(&o, SWIFTCL_E_ARGUMENT, "sparsity");

  /* Lines under a window of 255 x 255 whose places 32 bits could not count. */
  swiftcl_layer long_lines[] = {
    SWIFTCL_IMAGE_CONV(1, 60000, 9, 1, 1, 1, 0, SWIFTCL_ACTIVATION_RELU),
    SWIFTCL_CONV(1, 1, 255, 255, 127, SWIFTCL_ACTIVATION_RELU), head};
  o = shared_options();
  o.layers = long_lines;
  o.layer_count = 3;
  o.inputs = 60000;
  refuse(&o, SWIFTCL_E_ARGUMENT, "windows");

  swiftcl_mask_phase phases[SWIFTCL_MAX_MASK_PHASES + 1];
  for (uint64_t p = 0; p <= SWIFTCL_MAX_MASK_PHASES; p++)
    phases[p] = (swiftcl_mask_phase){.step = 3 * p, .prune_to = 0.8f, .grow_to = 0.7f};
  o = shared_options();
  o.mask_phase_count = 1;
  refuse(&o, SWIFTCL_E_NULL, "mask_phases");
  o.mask_phases = phases;
  o.mask_phase_count = SWIFTCL_MAX_MASK_PHASES + 1;
  refuse(&o, SWIFTCL_E_ARGUMENT, "mask_phase_count");
  o.mask_phase_count = UINT32_MAX;
  refuse(&o, SWIFTCL_E_ARGUMENT, "mask_phase_count");
  o.mask_phase_count = 3;
  swiftcl_network *net = create(&o);
  swiftcl_network_free(net);
  static const float values[] = {-0.1f, 1.1f, NAN, INFINITY};
  for (int p = 0; p < 3; p++) {
    swiftcl_mask_phase good = phases[p];
    phases[p].step = p ? phases[p - 1].step : 1;
    refuse(&o, SWIFTCL_E_ARGUMENT, "step of a mask phase");
    phases[p] = good;
    phases[p].grow_to = 0.9f;
    refuse(&o, SWIFTCL_E_ARGUMENT, "grow_to");
    for (int v = 0; v < 4; v++) {
      phases[p] = good;
      phases[p].prune_to = values[v];
      refuse(&o, SWIFTCL_E_ARGUMENT, "prune_to");
      phases[p] = good;
      phases[p].grow_to = values[v];
      refuse(&o, SWIFTCL_E_ARGUMENT, "grow_to");
    }
    phases[p] = good;
  }
}

/* ----------------------------------------------------------------- questions */

static void questions(swiftcl_network *net, swiftcl_task finished) {
  uint8_t mask[20 * INPUTS];
  REFUSED(net, swiftcl_mask_info_get(net, finished, 0, NULL), SWIFTCL_E_NULL, "info");
  REFUSED(net, swiftcl_mask_info_get(net, finished, 3, OUT_STRUCT(swiftcl_mask_info)), SWIFTCL_E_ARGUMENT, "layer");
  REFUSED(
      net, swiftcl_mask_info_get(net, finished, UINT32_MAX, OUT_STRUCT(swiftcl_mask_info)), SWIFTCL_E_ARGUMENT, "layer");
  REFUSED(net, swiftcl_mask_info_get(net, 77, 0, OUT_STRUCT(swiftcl_mask_info)), SWIFTCL_E_TASK, "77");
  REFUSED(net, swiftcl_mask_info_get(net, -5, 0, OUT_STRUCT(swiftcl_mask_info)), SWIFTCL_E_TASK, "");
  REFUSED(
      net, swiftcl_mask_info_get(net, SWIFTCL_TASK_OPEN, 0, OUT_STRUCT(swiftcl_mask_info)), SWIFTCL_E_STATE, "open");
  REFUSED(net, swiftcl_mask_info_get(net, finished, 0, OUT_SIZED(swiftcl_mask_info, 0)), SWIFTCL_E_STRUCT, "info");
  REFUSED(net, swiftcl_weight_mask(net, finished, 0, NULL, 99), SWIFTCL_E_NULL, "mask");
  REFUSED(net, swiftcl_weight_mask(net, finished, 0, OUT, 0), SWIFTCL_E_BUFFER, "count");
  swiftcl_mask_info info = {.struct_size = sizeof info};
  OK(net, swiftcl_mask_info_get(net, finished, 0, &info));
  REFUSED(net, swiftcl_weight_mask(net, finished, 0, OUT, (size_t)info.weights - 1), SWIFTCL_E_BUFFER, "count");
  REFUSED(net, swiftcl_weight_mask(net, finished, 9, OUT, 9999), SWIFTCL_E_ARGUMENT, "layer");
  REFUSED(net, swiftcl_weight_mask(net, 55, 0, OUT, 9999), SWIFTCL_E_TASK, "55");
  REFUSED(net, swiftcl_gradient_mask(net, 0, OUT, 9999), SWIFTCL_E_STATE, "no task is open");
  REFUSED(net, swiftcl_gradient_mask(net, 0, NULL, 9999), SWIFTCL_E_NULL, "mask");
  OK(net, swiftcl_weight_mask(net, finished, 0, mask, SIZE_MAX));
  size_t kept = 0;
  for (size_t i = 0; i < info.weights; i++) kept += mask[i];
  CHECK(kept == info.kept && info.masked == 1 && info.computed == kept && kept < info.weights);
  OK(net, swiftcl_mask_info_get(net, finished, 2, &info)); /* the head */
  CHECK(info.masked == 0 && info.kept == info.weights && info.form == SWIFTCL_FORM_DENSE);

  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  REFUSED(net, swiftcl_gradient_mask(net, 0, NULL, 9), SWIFTCL_E_NULL, "mask");
  REFUSED(net, swiftcl_gradient_mask(net, 3, OUT, 9999), SWIFTCL_E_ARGUMENT, "layer");
  REFUSED(net, swiftcl_gradient_mask(net, 0, OUT, 1), SWIFTCL_E_BUFFER, "count");
  OK(net, swiftcl_task_commit(net));
  OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
  OK(net, swiftcl_mask_info_get(net, SWIFTCL_TASK_OPEN, 0, &info));
  float weights[20 * INPUTS], biases[20];
  size_t count = (size_t)info.weights, units = count / INPUTS;
  OK(net, swiftcl_weight_mask(net, SWIFTCL_TASK_OPEN, 0, mask, count));
  OK(net, swiftcl_parameters_get(net, SWIFTCL_TASK_OPEN, 0, weights, count, biases, units));
  for (size_t i = 0; i < count; i++) {
    if (!CHECK(mask[i] || weights[i] == 0)) break;
    if (mask[i]) continue;
    weights[i] = 1e-30f;
    REFUSED(
        net, swiftcl_parameters_set(net, SWIFTCL_TASK_OPEN, 0, weights, count, biases, units), SWIFTCL_E_ARGUMENT,
        "weights[", "masked");
    weights[i] = 0;
  }
  OK(net, swiftcl_parameters_set(net, SWIFTCL_TASK_OPEN, 0, weights, count, biases, units));
  OK(net, swiftcl_task_abort(net));
  REFUSED_ALONE(swiftcl_mask_info_get(NULL, 0, 0, OUT_STRUCT(swiftcl_mask_info)), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_weight_mask(NULL, 0, 0, OUT, 9), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_gradient_mask(NULL, 0, OUT, 9), SWIFTCL_E_NULL, "network");
}

/* -------------------------------------------------------------------- memory */

/* A step that neither chooses nor changes the mask moves no weight whose gradient it does not compute. */
static void others_stand_still(swiftcl_network *net, size_t count) {
  enum { MOST = 20 * 12 };
  static const size_t units[] = {20, 12}, inputs[] = {INPUTS, 20};
  uint8_t computed[2][MOST];
  float before[2][MOST], after[MOST], biases[20];
  for (uint32_t l = 0; l < 2; l++) {
    OK(net, swiftcl_gradient_mask(net, l, computed[l], units[l] * inputs[l]));
    OK(net, swiftcl_parameters_get(net, SWIFTCL_TASK_OPEN, l, before[l], units[l] * inputs[l], biases, units[l]));
  }
  OK(net, swiftcl_train_step(net, rows, labels, count, NULL));
  for (uint32_t l = 0; l < 2; l++) {
    OK(net, swiftcl_parameters_get(net, SWIFTCL_TASK_OPEN, l, after, units[l] * inputs[l], biases, units[l]));
    size_t moved = 0;
    for (size_t i = 0; i < units[l] * inputs[l]; i++)
      if (computed[l][i] == 0) moved += memcmp(&after[i], &before[l][i], sizeof *after) != 0;
    CHECK(moved == 0);
  }
}

/* The plan is what is used; parts add up; a step asks for nothing. */
static void memory_of(const swiftcl_options *given) {
  swiftcl_options o = *given;
  swiftcl_plan plan = {.struct_size = sizeof plan}, dense = {.struct_size = sizeof dense};
  OK(NULL, swiftcl_network_plan(&o, &plan));
  o.sparsity = o.gradient_sparsity = 0;
  OK(NULL, swiftcl_network_plan(&o, &dense));
  CHECK(plan.mask_bytes > 0 && dense.mask_bytes == 0);
  CHECK(plan.total_bytes == plan.network_bytes + plan.working_set_bytes + plan.optimizer_bytes
                                + plan.competition_bytes + plan.activation_bytes + plan.ticket_bytes
                                + plan.replay_bytes + plan.class_head_bytes + plan.data_bytes + plan.mask_bytes);
  o = *given;
  void *memory = aligned_memory((size_t)plan.total_bytes);
  REFUSED_ALONE(swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes - 1, OUT), SWIFTCL_E_BUFFER, "bytes");
  memset(memory, 0x9D, (size_t)plan.total_bytes);
  swiftcl_network *net = NULL, *other = NULL;
  OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
  struct counter counter = {0};
  o.allocator = counting(&counter);
  OK(NULL, swiftcl_network_create(&o, &other));
  for (uint32_t n = 0; n < o.max_tasks; n++) {
    swiftcl_task task;
    OK(net, swiftcl_task_begin(net, NULL, &task));
    OK(other, swiftcl_task_begin(other, NULL, &task));
    long calls = counter.calls;
    for (int i = 0; i < 14; i++) {
      size_t count = 1 + (size_t)i % BATCH;
      if (i == 7 && o.sharing == SWIFTCL_TICKETS_SHARED)
        others_stand_still(net, count);
      else
        OK(net, swiftcl_train_step(net, rows, labels, count, NULL));
      OK(other, swiftcl_train_step(other, rows, labels, count, NULL));
      if (i == 5) OK(net, swiftcl_task_commit(net));
      if (i == 5) OK(other, swiftcl_task_commit(other));
    }
    CHECK(counter.calls == calls);
    if (n == 1) {
      /* In the middle of a task, into memory of its size; both go on alike. */
      struct snapshot half = take_snapshot(net);
      swiftcl_checkpoint_info info = {.struct_size = sizeof info};
      struct stream stream = reading(half.bytes, half.size);
      OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
      CHECK(info.memory_bytes == plan.total_bytes);
      void *room = aligned_memory((size_t)info.memory_bytes);
      memset(room, 0x33, (size_t)info.memory_bytes);
      stream = reading(half.bytes, half.size);
      swiftcl_network *twin = NULL;
      OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, room, (size_t)info.memory_bytes, &twin));
      drop_snapshot(&half);
      swiftcl_network_free(net);
      release_memory(memory);
      net = twin;
      memory = room;
      OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
      OK(other, swiftcl_train_step(other, rows, labels, BATCH, NULL));
    }
    OK(net, swiftcl_task_end(net, NULL));
    OK(other, swiftcl_task_end(other, NULL));
    struct snapshot a = take_snapshot(net), b = take_snapshot(other);
    CHECK(a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0);
    drop_snapshot(&a);
    drop_snapshot(&b);
  }
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "");
  questions(other, 0);
  swiftcl_network_free(net);
  swiftcl_network_free(other);
  CHECK(counter.live == 0 && counter.wrong == 0);
  release_memory(memory);
}

int main(void) {
  prepare();
  descriptions();
  static const int32_t kinds[] = {1, 2, 4, 8, 9, 10, 12};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    for (int32_t way = 0; way < 8; way++) {
      swiftcl_options o = way & 1 ? winner_options() : shared_options();
      o.sparsity_kind = kinds[k];
      if (o.sparsity < 0.6f) o.sparsity = 0.6f;
      o.mask_budget = way >> 1 & 1;
      o.regrowth = way >> 1 & 1;
      o.optimizer = way >> 2;
      /* What has no gradient stands still under every protection. */
      if (!(way & 1)) o.protection = way >> 1;
      if (way & 1) o.allocation = SWIFTCL_ALLOCATE_ANY;
      if (way & 1) o.unserved = SWIFTCL_UNSERVED_REUSE;
      memory_of(&o);
    }
  return finish("masks");
}

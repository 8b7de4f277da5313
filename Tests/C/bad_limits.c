/*
 * bad_limits.c -- edges that later tasks use, capacity that is spent, runs that are
 * stopped: each says so, and the object is as it was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"

/* ------------------------------------------------------- what finished tasks share */

static void shared_edges(void) {
  swiftcl_options o = small_options();
  o.unserved = SWIFTCL_UNSERVED_REUSE;
  o.allocation = SWIFTCL_ALLOCATE_GREEDY;
  o.max_tasks = 8;
  swiftcl_network *net = create(&o);
  swiftcl_task tasks[6];
  for (int t = 0; t < 6; t++) tasks[t] = learn(net, NULL, 5);
  /* Layer 0 has four units a block: the fifth and sixth task reuse. */
  uint32_t shared[6] = {0};
  for (int a = 0; a < 6; a++)
    for (int b = a + 1; b < 6; b++) {
      uint32_t here = 0;
      OK(net, swiftcl_overlap(net, tasks[a], tasks[b], 0, &here, NULL));
      if (here) shared[a] = 1;
    }
  int refused = 0;
  for (int a = 0; a < 6; a++) {
    if (shared[a]) {
      REFUSED(net, swiftcl_task_reopen(net, tasks[a], NULL), SWIFTCL_E_SHARED, "task");
      refused++;
    }
  }
  CHECK(refused > 0);
  OK(net, swiftcl_task_reopen(net, tasks[5], NULL)); /* nothing came after it */
  OK(net, swiftcl_task_abort(net));

  /* Owned edges of an open task. */
  swiftcl_task open;
  OK(net, swiftcl_task_begin(net, NULL, &open));
  OK(net, swiftcl_task_commit(net));
  size_t outputs, inputs;
  OK(net, swiftcl_parameter_shape(net, open, 0, &outputs, &inputs));
  float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
  OK(net, swiftcl_parameters_get(net, open, 0, weights, outputs * inputs, biases, outputs));
  for (size_t i = 0; i < outputs * inputs; i++) {
    float kept = weights[i];
    weights[i] += 1;
    char place[32];
    snprintf(place, sizeof place, "weights[%zu]", i);
    REFUSED(
        net, swiftcl_parameters_set(net, open, 0, weights, outputs * inputs, biases, outputs), SWIFTCL_E_OWNED, place);
    weights[i] = kept;
  }
  for (size_t i = 0; i < outputs; i++) {
    float kept = biases[i];
    biases[i] += 1;
    char place[32];
    snprintf(place, sizeof place, "biases[%zu]", i);
    REFUSED(
        net, swiftcl_parameters_set(net, open, 0, weights, outputs * inputs, biases, outputs), SWIFTCL_E_OWNED, place);
    biases[i] = kept;
  }
  free(weights);
  free(biases);
  swiftcl_network_free(net);
}

/* ---------------------------------------------------------------- what is spent */

static void spent(void) {
  /* max_tasks and max_classes of memory that is the caller's. */
  swiftcl_options o = small_options();
  o.max_tasks = 2;
  o.max_classes = 5;
  swiftcl_plan plan;
  plan.struct_size = sizeof plan;
  OK(NULL, swiftcl_network_plan(&o, &plan));
  void *memory = aligned_memory((size_t)plan.total_bytes);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
  static const int32_t five[] = {4, 0, 2}, six[] = {5};
  swiftcl_task_options t;
  OK(NULL, swiftcl_task_options_init(&t));
  t.classes = six;
  t.class_count = 1;
  REFUSED(net, swiftcl_task_begin(net, &t, OUT), SWIFTCL_E_CAPACITY, "max_classes", "5");
  t.mask_classes = 0;
  REFUSED(net, swiftcl_task_begin(net, &t, OUT), SWIFTCL_E_CAPACITY, "max_classes", "5");
  t.mask_classes = 1;
  t.classes = five;
  t.class_count = 3;
  swiftcl_task task, first;
  OK(net, swiftcl_task_begin(net, &t, &first));
  static const int32_t other[] = {1};
  REFUSED(net, swiftcl_train_step(net, rows, other, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_LABEL, "labels[0]", "1");
  OK(net, swiftcl_task_end(net, NULL));
  learn(net, NULL, 2);
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "max_tasks", "2");
  swiftcl_capacity capacity;
  capacity.struct_size = sizeof capacity;
  OK(net, swiftcl_capacity_get(net, 0, &capacity));
  CHECK(capacity.status == SWIFTCL_E_CAPACITY);
  OK(net, swiftcl_task_remove(net, first));
  REFUSED(net, swiftcl_task_remove(net, first), SWIFTCL_E_TASK, "task");
  OK(net, swiftcl_task_begin(net, NULL, &task));
  CHECK(task == 2); /* numbers are never used again */
  swiftcl_network_free(net);
  release_memory(memory);

  /* Units: greedy tasks take one a block each and never reuse, until an eighth of
     the blocks cannot be served from free units nor from owned ones. */
  for (int in_memory = 0; in_memory < 2; in_memory++) {
    o = small_options();
    o.allocation = SWIFTCL_ALLOCATE_GREEDY;
    o.unserved = SWIFTCL_UNSERVED_ABSTAIN;
    o.max_tasks = 16;
    o.ticket_bytes = 0;
    net = NULL;
    memory = NULL;
    if (in_memory) {
      OK(NULL, swiftcl_network_plan(&o, &plan));
      memory = aligned_memory((size_t)plan.total_bytes);
      OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
    } else {
      net = create(&o);
    }
    for (int n = 0; n < 16; n++) {
      swiftcl_status predicted = SWIFTCL_OK;
      uint32_t served = 0;
      for (uint32_t l = 0; l < 2; l++) {
        OK(net, swiftcl_capacity_get(net, l, &capacity));
        if (predicted == SWIFTCL_OK) predicted = capacity.status;
        served += capacity.next_served + capacity.next_reused;
        CHECK(capacity.next_served + capacity.next_reused >= (predicted ? 0 : capacity.floor_blocks));
      }
      swiftcl_status got = swiftcl_task_begin(net, NULL, &task);
      STATUS(net, got, predicted);
      if (got) break;
      swiftcl_task_info info;
      info.struct_size = sizeof info;
      OK(net, swiftcl_task_end(net, &info));
      CHECK(info.served_blocks == served);
    }
    swiftcl_network_free(net);
    release_memory(memory);
  }

  /* Ticket bytes. */
  for (int in_memory = 0; in_memory < 2; in_memory++) {
    o = small_options();
    o.max_tasks = 16;
    o.allocation = SWIFTCL_ALLOCATE_GROWING;
    OK(NULL, swiftcl_network_plan(&o, &plan));
    o.ticket_bytes = 2 * plan.full_ticket_bytes + 100;
    OK(NULL, swiftcl_network_plan(&o, &plan));
    net = NULL;
    memory = NULL;
    if (in_memory) {
      memory = aligned_memory((size_t)plan.total_bytes);
      OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
    } else {
      net = create(&o);
    }
    for (int n = 0; n < 2; n++) learn(net, NULL, 1);
    static const int32_t seven[] = {7};
    OK(NULL, swiftcl_task_options_init(&t));
    REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "ticket");
    t.classes = seven; /* would grow the head first */
    t.class_count = 1;
    REFUSED(
        net, swiftcl_task_begin(net, &t, OUT), SWIFTCL_E_CAPACITY, in_memory ? "max_classes" : "ticket");
    OK(net, swiftcl_task_remove(net, 0));
    OK(net, swiftcl_task_begin(net, NULL, &task));
    swiftcl_network_free(net);
    release_memory(memory);
  }
  o = small_options();
  o.ticket_bytes = 1; /* room for nothing */
  net = create(&o);
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "ticket");
  swiftcl_network_free(net);
}

/* ----------------------------------------------------------------- large and small */

static swiftcl_status planned(const swiftcl_options *o, swiftcl_plan *plan) {
  plan->struct_size = sizeof *plan;
  return swiftcl_network_plan(o, plan);
}

/* Sizes near what an address space of 32 bits holds: they are planned, or refused. */
static void sizes(void) {
  swiftcl_layer layers[2] = {SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(2)};
  swiftcl_options o = small_options();
  swiftcl_plan plan;
  o.layers = layers;
  o.layer_count = 2;
  o.max_tasks = o.max_batch = 1;
  for (o.inputs = 1; o.inputs <= 1u << 20; o.inputs *= 2) {
    OK(NULL, planned(&o, &plan));
    CHECK(plan.total_bytes < 300000 + 256ull * o.inputs);
  }
  o.inputs = 4;
  o.sharing = SWIFTCL_TICKETS_SHARED;
  layers[0].block_size = 1;
  for (layers[0].width = 16; layers[0].width <= 2048; layers[0].width *= 128)
    for (layers[1].width = 16368; layers[1].width < 1u << 17; layers[1].width *= 4)
      for (o.max_tasks = 1; o.max_tasks <= 1u << 16; o.max_tasks += o.max_tasks / 200 + 1) {
        if (layers[1].width > 1u << 16) layers[1].width = 1u << 16;
        swiftcl_status status = planned(&o, &plan);
        if (!CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_MEMORY)) return;
      }
}

/* A task that is opened again has its place already: its checkpoint loads into memory of the plan. */
static void reopened(void) {
  swiftcl_options o = small_options();
  swiftcl_plan plan;
  o.max_tasks = 2;
  o.allocation = SWIFTCL_ALLOCATE_GREEDY;
  OK(NULL, planned(&o, &plan));
  size_t size = (size_t)plan.total_bytes;
  void *memory = aligned_memory(size), *other = aligned_memory(size);
  swiftcl_network *net = NULL, *twin = NULL;
  OK(NULL, swiftcl_network_create_in(&o, memory, size, &net));
  learn(net, NULL, 2);
  OK(net, swiftcl_task_reopen(net, learn(net, NULL, 2), NULL));
  OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
  struct snapshot half = take_snapshot(net);
  struct stream stream = reading(half.bytes, half.size);
  swiftcl_checkpoint_info info = {.struct_size = sizeof info};
  OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
  CHECK(info.memory_bytes == plan.total_bytes && info.tasks == 2);
  stream = reading(half.bytes, half.size);
  if (OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, other, size, &twin))) {
    OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
    OK(twin, swiftcl_train_step(twin, rows, labels, BATCH, NULL));
    OK(net, swiftcl_task_end(net, NULL));
    OK(twin, swiftcl_task_end(twin, NULL));
    struct snapshot a = take_snapshot(net), b = take_snapshot(twin);
    CHECK(a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0);
    drop_snapshot(&a);
    drop_snapshot(&b);
    REFUSED(twin, swiftcl_task_begin(twin, NULL, OUT), SWIFTCL_E_CAPACITY, "max_tasks", "2");
    swiftcl_network_free(twin);
  }
  drop_snapshot(&half);
  swiftcl_network_free(net);
  release_memory(memory);
  release_memory(other);
}

/* Top-k is no way out where rows compete, in whatever layer. */
static void proposals(void) {
  swiftcl_layer layers[3] = {SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(32, 8, SWIFTCL_ACTIVATION_RELU),
                             SWIFTCL_HEAD(2)};
  swiftcl_options o = small_options();
  o.layers = layers;
  o.layer_count = 3;
  o.max_batch = 64;
  for (int competing = -1; competing < 2; competing++) {
    for (int l = 0; l < 2; l++)
      layers[l].competition = l == competing ? SWIFTCL_COMPETITION_SAMPLE : SWIFTCL_COMPETITION_TASK;
    swiftcl_plan plan;
    OK(NULL, planned(&o, &plan));
    int found = 0, changed = 0;
    for (uint64_t less = 0; less < plan.total_bytes; less += 500) {
      swiftcl_options proposed;
      swiftcl_proposal report = {.struct_size = sizeof report};
      proposed.struct_size = sizeof proposed;
      if (swiftcl_network_propose(&o, plan.total_bytes - less, 0x3F, &proposed, &report)) break;
      swiftcl_plan theirs;
      if (!OK(NULL, planned(&proposed, &theirs))) return;
      CHECK(theirs.total_bytes == report.total_bytes);
      found++;
      changed += (report.changes & SWIFTCL_CHANGE_SAMPLER) != 0;
    }
    CHECK(found > 1 && (changed > 0) == (competing < 0));
  }
}

/* ------------------------------------------------------------------------- fit */

struct progress {
  int calls, stop_at;
  swiftcl_progress last;
};

static int32_t on_progress(void *context, const swiftcl_progress *progress) {
  struct progress *p = context;
  p->last = *progress;
  return ++p->calls == p->stop_at ? -5 : 0;
}

static void fits(void) {
  swiftcl_options o = small_options();
  swiftcl_network *net = create(&o);
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  struct progress progress = {0};
  progress.stop_at = 2;
  swiftcl_fit_options fit;
  OK(NULL, swiftcl_fit_options_init(&fit));
  fit.batch = 4;
  fit.epochs = 3;
  fit.progress = on_progress;
  fit.progress_context = &progress;
  swiftcl_fit_report report;
  memset(&report, 0, sizeof report);
  report.struct_size = sizeof report;
  STATUS(net, swiftcl_fit(net, rows, labels, ROWS, &fit, &report), SWIFTCL_E_STOPPED);
  CHECK(strstr(swiftcl_last_error(net)->message, "swiftcl_fit") && strstr(swiftcl_last_error(net)->message, "progress"));
  CHECK(report.steps == 2 && report.epochs == 0 && report.rows == 8 && progress.calls == 2 && progress.last.step == 2);
  CHECK(progress.last.steps == 9);
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  OK(net, swiftcl_task_info_get(net, task, &info));
  CHECK(info.steps == 2);
  progress.stop_at = 0;
  progress.calls = 0;
  OK(net, swiftcl_fit(net, rows, labels, ROWS, &fit, &report));
  CHECK(report.steps == 9 && report.epochs == 3 && progress.calls == 9);
  /* A row of the second batch: inputs are checked before the first step. */
  float bad[ROWS * INPUTS];
  memcpy(bad, rows, sizeof bad);
  bad[5 * INPUTS] = NAN;
  fit.shuffle = 0;
  progress.calls = 0;
  REFUSED(
      net, swiftcl_fit(net, bad, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_NONFINITE, "row", "5");
  CHECK(progress.calls == 0);
  swiftcl_network_free(net);
}

int main(void) {
  prepare();
  shared_edges();
  spent();
  sizes();
  reopened();
  proposals();
  fits();
  return finish("bad_limits");
}

/*
 * replay.c -- the replay memory through the C interface: a run that fills it, recalls from
 * it, is saved and resumed to the byte; and every way to misuse it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"
#include "crc.h"

enum { INPUTS = 6, CLASSES = 5, BATCH = 8, ROWS = 40 };

static float inputs[ROWS * INPUTS];
static int32_t labels[ROWS];
static const int32_t first[] = {3, 1}, second[] = {1, 0, 3, 4};

static const swiftcl_layer *layers(void) {
  static swiftcl_layer list[] = {
      SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(8, 2, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(CLASSES)};
  return list;
}

static swiftcl_options options_of(int32_t replay) {
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers();
  o.layer_count = 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.max_tasks = 4;
  o.replay = replay;
  o.replay_rows = 12;
  o.replay_batch = 5;
  return o;
}

static void fill(const int32_t *classes, uint32_t count) {
  for (int i = 0; i < ROWS * INPUTS; i++) inputs[i] = real(-1, 1);
  for (int n = 0; n < ROWS; n++) {
    labels[n] = classes[below(count)];
    inputs[n * INPUTS + labels[n]] += 2;
  }
}

static void begin(swiftcl_network *net, const int32_t *classes, uint32_t count) {
  swiftcl_task_options o;
  OK(net, swiftcl_task_options_init(&o));
  o.classes = classes;
  o.class_count = count;
  o.compete_steps = 6;
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, &o, &task));
  fill(classes, count);
}

static swiftcl_step step(swiftcl_network *net, int n) {
  swiftcl_step report = {.struct_size = sizeof report};
  int start = n * BATCH % ROWS;
  OK(net, swiftcl_train_step(net, inputs + start * INPUTS, labels + start, BATCH, &report));
  return report;
}

static swiftcl_replay_info info_of(swiftcl_network *net) {
  swiftcl_replay_info info = {.struct_size = sizeof info};
  OK(net, swiftcl_replay_info_get(net, &info));
  return info;
}

/* ---------------------------------------------------------------- a good run */

/* One task, half of another; saved, loaded in exact memory, and on to the same bytes. */
static void resume(swiftcl_options o) {
  swiftcl_plan plan = {.struct_size = sizeof plan};
  OK(NULL, swiftcl_network_plan(&o, &plan));
  CHECK(plan.replay_bytes > 0);
  CHECK(plan.total_bytes == plan.network_bytes + plan.working_set_bytes + plan.optimizer_bytes
                                + plan.competition_bytes + plan.activation_bytes + plan.ticket_bytes
                                + plan.replay_bytes);
  void *memory = aligned_memory(plan.total_bytes);
  swiftcl_network *net = NULL, *twin = NULL;
  if (!OK(NULL, swiftcl_network_create_in(&o, memory, plan.total_bytes, &net))) return;
  noise_state = 7;
  begin(net, first, 2);
  for (int n = 0; n < 12; n++) CHECK(step(net, n).replay_rows == 0);
  OK(net, swiftcl_task_end(net, NULL));
  if (o.replay_store == SWIFTCL_STORE_EXPLICIT) OK(net, swiftcl_replay_add(net, inputs, labels, ROWS));
  CHECK(info_of(net).rows == 12);
  begin(net, second, 4);
  for (int n = 0; n < 4; n++) {
    swiftcl_step report = step(net, n);
    CHECK((report.replay_rows > 0) == (o.replay != SWIFTCL_REPLAY_NONE));
    CHECK(isfinite(report.replay_loss));
  }
  struct snapshot half = take_snapshot(net);
  void *other = aligned_memory(plan.total_bytes);
  struct stream stream = reading(half.bytes, half.size);
  OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, other, plan.total_bytes, &twin));
  CHECK(unchanged(twin, &half));
  CHECK(info_of(twin).drawable == info_of(net).drawable);
  for (int n = 4; n < 12; n++) {
    swiftcl_step a = step(net, n), b = step(twin, n);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
  }
  OK(net, swiftcl_task_end(net, NULL));
  OK(twin, swiftcl_task_end(twin, NULL));
  struct snapshot whole = take_snapshot(net);
  CHECK(unchanged(twin, &whole));

  /* Any byte that is changed is found; any end that comes early, too. */
  swiftcl_network *broken = NULL;
  for (size_t i = 0; i < half.size; i += quick() ? 97 : 7) {
    half.bytes[i] ^= 0x10;
    CHECK(swiftcl_network_load_memory(half.bytes, half.size, NULL, &broken) != SWIFTCL_OK);
    half.bytes[i] ^= 0x10;
    CHECK(swiftcl_network_load_memory(half.bytes, i, NULL, &broken) != SWIFTCL_OK);
  }
  drop_snapshot(&half);
  drop_snapshot(&whole);
  swiftcl_network_free(net);
  swiftcl_network_free(twin);
  release_memory(memory);
  release_memory(other);
}

static void good_runs(void) {
  for (int32_t replay = SWIFTCL_REPLAY_NONE; replay <= SWIFTCL_REPLAY_DISTILL; replay++)
    for (int32_t store = SWIFTCL_STORE_PRESENTED; store <= SWIFTCL_STORE_EXPLICIT; store++) {
      swiftcl_options o = options_of(replay);
      o.replay_store = store;
      o.replay_policy = (replay + store) % 2;
      o.distill_teacher = store;
      resume(o);
    }
}

/* Rows come back as they were given, whatever their type. */
static void rows_come_back(void) {
  static const size_t widths[] = {4, 1, 1, 2};
  for (int32_t type = SWIFTCL_INPUT_F32; type <= SWIFTCL_INPUT_I16; type++) {
    swiftcl_options o = options_of(SWIFTCL_REPLAY_ER);
    o.input_type = type;
    o.replay_rows = ROWS;
    swiftcl_network *net = NULL;
    OK(NULL, swiftcl_network_create(&o, &net));
    begin(net, second, 4);
    size_t bytes = INPUTS * widths[type];
    char *data = malloc(ROWS * bytes + 1), *given = data + 1;
    if (type == SWIFTCL_INPUT_F32) memcpy(given, inputs, ROWS * bytes);
    else
      for (size_t i = 0; i < ROWS * bytes; i++) given[i] = (char)noise();
    OK(net, swiftcl_replay_add(net, given, labels, ROWS));
    CHECK(info_of(net).row_bytes == bytes && info_of(net).rows == ROWS);
    for (size_t n = 0; n < ROWS; n++) {
      char row[INPUTS * 4];
      int32_t label = -1;
      swiftcl_task task = -1;
      OK(net, swiftcl_replay_row(net, n, row, bytes, &label, &task));
      CHECK(memcmp(row, given + n * bytes, bytes) == 0 && label == labels[n] && task == 0);
    }
    OK(net, swiftcl_replay_row(net, 0, NULL, 0, NULL, NULL));
    uint32_t counts[CLASSES], sum = 0;
    OK(net, swiftcl_replay_counts(net, counts, CLASSES));
    for (int c = 0; c < CLASSES; c++) sum += counts[c];
    CHECK(sum == ROWS && counts[2] == 0);
    size_t gone = 0;
    OK(net, swiftcl_replay_forget(net, SWIFTCL_FORGET_CLASS, 4, &gone));
    CHECK(gone == counts[4]);
    OK(net, swiftcl_replay_forget(net, SWIFTCL_FORGET_TASK, 0, NULL));
    CHECK(info_of(net).rows == 0);
    free(data);
    swiftcl_network_free(net);
  }
}

/* ---------------------------------------------------------------- misuse */

static void bad_descriptions(void) {
#define BAD(field, value, ...)                                                                \
  do {                                                                                        \
    swiftcl_options o_ = options_of(SWIFTCL_REPLAY_DERPP);                                    \
    o_.field = value;                                                                         \
    REFUSED_ALONE(swiftcl_network_create(&o_, OUT), SWIFTCL_E_ARGUMENT, __VA_ARGS__);         \
    REFUSED_ALONE(swiftcl_network_plan(&o_, OUT_STRUCT(swiftcl_plan)), SWIFTCL_E_ARGUMENT, __VA_ARGS__); \
  } while (0)
  BAD(replay, 5, "replay", "5");
  BAD(replay, -1, "replay", "-1");
  BAD(replay_policy, 2, "replay_policy", "2");
  BAD(replay_store, 3, "replay_store", "3");
  BAD(replay_recall, 2, "replay_recall", "2");
  BAD(distill_teacher, 3, "distill_teacher", "3");
  BAD(replay_batch, 0, "replay_batch", "0");
  BAD(replay_batch, 65537, "replay_batch", "65537");
  BAD(replay_weight, -1, "replay_weight", "-1");
  BAD(replay_alpha, NAN, "replay_alpha", "NaN");
  BAD(replay_beta, INFINITY, "replay_beta", "infinity");
  BAD(distill_temperature, 0, "distill_temperature", "0");
  BAD(distill_weight, -INFINITY, "distill_weight", "infinity");
  BAD(replay_bytes, 100, "replay_bytes", "100", "at least");
  BAD(replay_rows, 0, "replay", "replay_bytes");
  BAD(loss, SWIFTCL_LOSS_MSE, "loss", "1", "SWIFTCL_LOSS_CROSS_ENTROPY");
#undef BAD
  swiftcl_options o = options_of(SWIFTCL_REPLAY_ER);
  o.replay_bytes = UINT64_MAX;
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_MEMORY, "memory");

  /* The size that the message names is the least that works. */
  o = options_of(SWIFTCL_REPLAY_DERPP);
  o.replay_bytes = 1;
  CHECK(swiftcl_network_create(&o, OUT) == SWIFTCL_E_ARGUMENT);
  const char *least = strstr(swiftcl_last_error(NULL)->message, "at least ");
  swiftcl_network *net = NULL;
  if (CHECK(least != NULL)) {
    o.replay_bytes = strtoull(least + 9, NULL, 10);
    OK(NULL, swiftcl_network_create(&o, &net));
    CHECK(info_of(net).capacity >= 1 && info_of(net).bytes == o.replay_bytes);
    swiftcl_network_free(net);
    o.replay_bytes--;
    CHECK(swiftcl_network_create(&o, OUT) == SWIFTCL_E_ARGUMENT);
  }

  /* A program of the first header: its options end before replay_bytes, its steps before replay_rows. */
  o = options_of(SWIFTCL_REPLAY_ER);
  o.struct_size = offsetof(swiftcl_options, replay_bytes);
  memset((char *)&o + o.struct_size, 0xEE, sizeof o - o.struct_size);
  OK(NULL, swiftcl_network_create(&o, &net));
  CHECK(info_of(net).capacity == 0 && info_of(net).bytes == 0);
  begin(net, second, 4);
  poison_outputs();
  swiftcl_step *old = OUT_SIZED(swiftcl_step, offsetof(swiftcl_step, replay_rows));
  OK(net, swiftcl_train_step(net, inputs, labels, BATCH, old));
  out_skip = offsetof(swiftcl_step, replay_rows);
  CHECK(outputs_untouched() && old->rows == BATCH);
  REFUSED(
      net, swiftcl_train_step(net, inputs, labels, BATCH, OUT_SIZED(swiftcl_step, sizeof(swiftcl_step) - 1)),
      SWIFTCL_E_STRUCT, "step", "struct_size");

  /* No memory: nothing to add to, to read, to forget. */
  REFUSED(net, swiftcl_replay_add(net, inputs, labels, 1), SWIFTCL_E_STATE, "replay_bytes");
  REFUSED(net, swiftcl_replay_counts(net, OUT, 100), SWIFTCL_E_STATE, "replay_bytes");
  REFUSED(net, swiftcl_replay_row(net, 0, OUT, 100, OUT_TOO, NULL), SWIFTCL_E_STATE, "replay_bytes");
  REFUSED(net, swiftcl_replay_forget(net, SWIFTCL_FORGET_ROW, 0, OUT), SWIFTCL_E_STATE, "replay_bytes");
  swiftcl_network_free(net);
}

static void bad_calls(int32_t replay) {
  REFUSED_ALONE(swiftcl_replay_add(NULL, inputs, labels, 1), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_replay_info_get(NULL, OUT), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_replay_counts(NULL, OUT, 9), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_replay_row(NULL, 0, OUT, 9, NULL, NULL), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_replay_forget(NULL, 0, 0, OUT), SWIFTCL_E_NULL, "network");
  swiftcl_options o = options_of(replay);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  fill(first, 2);
  REFUSED(net, swiftcl_replay_add(net, inputs, labels, 1), SWIFTCL_E_STATE, "task");
  begin(net, first, 2);
  for (int n = 0; n < 5; n++) step(net, n);
  OK(net, swiftcl_task_end(net, NULL));
  for (int open = 0; open < 2; open++) {
    REFUSED(net, swiftcl_replay_add(net, NULL, labels, 1), SWIFTCL_E_NULL, "inputs");
    REFUSED(net, swiftcl_replay_add(net, inputs, NULL, 1), SWIFTCL_E_NULL, "labels");
    REFUSED(net, swiftcl_replay_add(net, inputs, labels, 0), SWIFTCL_E_ARGUMENT, "rows", "0");
    REFUSED(net, swiftcl_replay_add(net, inputs, labels, SIZE_MAX), SWIFTCL_E_ARGUMENT, "rows");
    int32_t wrong[] = {labels[0], 2, labels[2]};
    REFUSED(net, swiftcl_replay_add(net, inputs, wrong, 3), SWIFTCL_E_LABEL, "labels[1]", "2");
    wrong[1] = INT32_MIN;
    REFUSED(net, swiftcl_replay_add(net, inputs, wrong, 3), SWIFTCL_E_LABEL, "labels[1]");
    float bad[3 * INPUTS];
    memcpy(bad, inputs, sizeof bad);
    bad[2 * INPUTS] = NAN;
    REFUSED(net, swiftcl_replay_add(net, bad, labels, 3), SWIFTCL_E_NONFINITE, "row", "2");
    REFUSED(net, swiftcl_replay_info_get(net, NULL), SWIFTCL_E_NULL, "info");
    REFUSED(net, swiftcl_replay_info_get(net, OUT_SIZED(swiftcl_replay_info, 12)), SWIFTCL_E_STRUCT, "info");
    REFUSED(net, swiftcl_replay_counts(net, NULL, 9), SWIFTCL_E_NULL, "counts");
    REFUSED(net, swiftcl_replay_counts(net, OUT, CLASSES - 1), SWIFTCL_E_BUFFER, "capacity", "4", "5");
    REFUSED(net, swiftcl_replay_row(net, 12, OUT, 100, OUT_TOO, NULL), SWIFTCL_E_ARGUMENT, "row", "12");
    REFUSED(net, swiftcl_replay_row(net, SIZE_MAX, OUT, 100, OUT_TOO, NULL), SWIFTCL_E_ARGUMENT, "row");
    REFUSED(net, swiftcl_replay_row(net, 0, OUT, 23, OUT_TOO, NULL), SWIFTCL_E_BUFFER, "bytes", "23", "24");
    static const int64_t absent[] = {-1, 2, 77, INT32_MAX, INT64_MIN, INT64_MAX, INT64_C(0x100000001)};
    for (int i = 0; i < 7; i++) {
      REFUSED(net, swiftcl_replay_forget(net, SWIFTCL_FORGET_CLASS, absent[i], OUT), SWIFTCL_E_LABEL, "class");
      REFUSED(net, swiftcl_replay_forget(net, SWIFTCL_FORGET_TASK, absent[i], OUT), SWIFTCL_E_TASK, "task");
      if (absent[i] != 2)
        REFUSED(net, swiftcl_replay_forget(net, SWIFTCL_FORGET_ROW, absent[i], OUT), SWIFTCL_E_ARGUMENT, "row");
      REFUSED(net, swiftcl_replay_forget(net, (int32_t)absent[i] | 16, 0, OUT), SWIFTCL_E_ARGUMENT, "what");
    }
    /* Labels beyond the memory's: it grows with them, and an abort takes that back. */
    if (!open) {
      static const int32_t grown[] = {0, CLASSES};
      swiftcl_task_options task = {.struct_size = 0};
      OK(net, swiftcl_task_options_init(&task));
      task.classes = grown;
      task.class_count = 2;
      swiftcl_task number;
      struct snapshot before = take_snapshot(net);
      OK(net, swiftcl_task_begin(net, &task, &number));
      CHECK(info_of(net).classes == CLASSES + 1);
      OK(net, swiftcl_task_abort(net));
      CHECK(info_of(net).classes == CLASSES);
      struct snapshot after = take_snapshot(net);
      CHECK(after.size == before.size && memcmp(after.bytes, before.bytes, before.size) == 0);
      drop_snapshot(&before);
      drop_snapshot(&after);
      begin(net, second, 4);
    }
  }
  /* A step that is refused recalls the same rows when it comes again, and stores nothing. */
  REFUSED(
      net, swiftcl_train_step(net, inputs, first, 0, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT, "rows");
  float huge[INPUTS] = {3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f};
  struct snapshot before = take_snapshot(net);
  if (swiftcl_train_step(net, huge, second, 1, NULL) == SWIFTCL_E_NONFINITE) CHECK(unchanged(net, &before));
  drop_snapshot(&before);
  for (int n = 0; n < 5; n++) CHECK(step(net, n).replay_rows > 0);
  OK(net, swiftcl_task_abort(net));
  swiftcl_network_free(net);
}

/* ------------------------------------------------- classes that an abort takes back */

/* Bytes of a section's payload, with what follows it. */
static size_t section_bytes(uint64_t length) { return 16 + (size_t)((length + 7) / 8 * 8) + 8; }

static size_t find_section(const uint8_t *bytes, const char *tag) {
  uint64_t length;
  size_t at = 8;
  while (memcmp(bytes + at, tag, 4) != 0) {
    memcpy(&length, bytes + at + 8, 8);
    at += section_bytes(length);
  }
  return at;
}

static void seal(uint8_t *section) {
  uint64_t length;
  memcpy(&length, section + 8, 8);
  size_t covered = section_bytes(length) - 8;
  uint32_t crc = crc32c(section, covered);
  memcpy(section + covered, &crc, 4);
}

/* The same file as earlier versions had it: the open task's section ends with its labels. */
static size_t as_older(uint8_t *to, const struct snapshot *from) {
  size_t at = find_section(from->bytes, "OPEN");
  uint64_t length, older;
  memcpy(&length, from->bytes + at + 8, 8);
  older = length - 12;
  size_t cut = section_bytes(length) - section_bytes(older), end = at + section_bytes(length);
  uint64_t size = from->size - cut;
  uint32_t minor = 1; /* no class head */
  memcpy(to, from->bytes, at + 16 + (size_t)older);
  memset(to + at + 16 + older, 0, section_bytes(older) - 16 - (size_t)older);
  memcpy(to + at + 8, &older, 8);
  seal(to + at);
  memcpy(to + end - cut, from->bytes + end, from->size - end);
  memcpy(to + 8 + 16 + 4, &minor, 4);
  memcpy(to + 8 + 16 + 24, &size, 8);
  seal(to + 8);
  return (size_t)size;
}

/* A network loaded from it is saved as it was; it may hold less room. */
static void loads(const struct snapshot *saved) {
  swiftcl_network *net = NULL;
  if (!OK(NULL, swiftcl_network_load_memory(saved->bytes, saved->size, NULL, &net))) return;
  struct snapshot again = take_snapshot(net);
  CHECK(again.size == saved->size && memcmp(again.bytes, saved->bytes, again.size) == 0);
  drop_snapshot(&again);
  swiftcl_network_free(net);
}

/* Labels that raise the memory's bound in bytes: an abort after a load restores the description. */
static void abort_after_load(void) {
  static const int32_t many[] = {0, 700}, more[] = {700, 900};
  swiftcl_options o = options_of(SWIFTCL_REPLAY_DER);
  o.replay_rows = 0;
  o.replay_bytes = 3000;
  swiftcl_network *net = NULL, *twin = NULL, *older = NULL;
  crc_setup();
  OK(NULL, swiftcl_network_create(&o, &net));
  begin(net, first, 2);
  for (int n = 0; n < 10; n++) step(net, n);
  OK(net, swiftcl_task_end(net, NULL));
  for (int round = 0; round < 2; round++) {
    swiftcl_task_options task;
    swiftcl_task number;
    OK(net, swiftcl_task_options_init(&task));
    task.classes = round ? more : many;
    task.class_count = 2;
    OK(net, swiftcl_task_begin(net, &task, &number));
    for (int n = 0; n < BATCH; n++) labels[n] = task.classes[n % 2];
    step(net, 0);
    struct snapshot open = take_snapshot(net);
    CHECK(open.bytes[28] == 3);
    if (!OK(NULL, swiftcl_network_load_memory(open.bytes, open.size, NULL, &twin))) return;
    CHECK(unchanged(twin, &open));
    OK(net, swiftcl_task_abort(net));
    OK(twin, swiftcl_task_abort(twin));
    struct snapshot after = take_snapshot(net);
    CHECK(unchanged(twin, &after));
    /* What is kept is what another network can load, also after the abort. */
    swiftcl_network_free(twin);
    loads(&after);

    /* A file of an earlier version loads, is saved as it was, and its abort leaves the larger bound. */
    uint8_t *file = malloc(open.size);
    struct snapshot old = open;
    old.bytes = file;
    old.size = as_older(file, &open);
    if (OK(NULL, swiftcl_network_load_memory(file, old.size, NULL, &older))) {
      struct snapshot again = take_snapshot(older);
      CHECK(again.size == old.size && memcmp(again.bytes, old.bytes, old.size) == 0);
      drop_snapshot(&again);
    }
    OK(older, swiftcl_task_abort(older));
    struct snapshot rest = take_snapshot(older);
    swiftcl_network_free(older);
    loads(&rest);

    /* Bounds that the memory cannot have had. */
    size_t at = find_section(open.bytes, "OPEN");
    uint64_t length;
    memcpy(&length, open.bytes + at + 8, 8);
    static const struct { uint64_t bytes; uint32_t rows; } wrong[] = {
      {0, 0}, {UINT64_MAX, 0}, {UINT64_C(1) << 62, 0}, {100, 0}, {3000, 1}, {UINT64_C(1) << 40, UINT32_MAX}};
    for (int i = 0; i < 6; i++) {
      uint8_t *end = open.bytes + at + 16 + length;
      memcpy(end - 12, &wrong[i].bytes, 8);
      memcpy(end - 4, &wrong[i].rows, 4);
      seal(open.bytes + at);
      REFUSED_ALONE(
          swiftcl_network_load_memory(open.bytes, open.size, NULL, OUT), SWIFTCL_E_CORRUPT, "before the open task");
    }
    free(file);
    drop_snapshot(&open);
    drop_snapshot(&after);
    drop_snapshot(&rest);
    /* Once more, from a memory whose bound has risen for good. */
    if (round) break;
    OK(net, swiftcl_task_begin(net, &task, &number));
    step(net, 0);
    OK(net, swiftcl_task_end(net, NULL));
  }
  swiftcl_network_free(net);
}

int main(void) {
  good_runs();
  abort_after_load();
  rows_come_back();
  bad_descriptions();
  for (int32_t replay = SWIFTCL_REPLAY_ER; replay <= SWIFTCL_REPLAY_DISTILL; replay++) bad_calls(replay);
  return finish("replay");
}

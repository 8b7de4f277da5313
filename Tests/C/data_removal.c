/*
 * data_removal.c -- data removal through the C interface: a run whose easy examples leave it, saved
 * and resumed to the byte in the middle of a task; every way to misuse it; files that are forged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"
#include "crc.h"

enum { INPUTS = 6, CLASSES = 4, BATCH = 8, SAMPLES = 41 };

static float inputs[SAMPLES * INPUTS];
static int32_t labels[SAMPLES];

static swiftcl_options options_of(int32_t rule) {
  static const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(8, 2, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(CLASSES)};
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.max_tasks = 4;
  o.learning_rate = 0.1f;
  o.data_samples = SAMPLES + 3;
  o.data_rule = rule;
  return o;
}

static void begin(swiftcl_network *net) {
  swiftcl_task_options o;
  OK(net, swiftcl_task_options_init(&o));
  o.compete_steps = 6;
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, &o, &task));
}

static swiftcl_data_info info_of(swiftcl_network *net) {
  swiftcl_data_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  OK(net, swiftcl_data_info_get(net, &info));
  return info;
}

static size_t kept_of(swiftcl_network *net, uint32_t ids[SAMPLES]) {
  size_t count = 0, again = 0;
  OK(net, swiftcl_data_kept(net, NULL, 0, &count));
  OK(net, swiftcl_data_kept(net, ids, count, &again));
  CHECK(count == again && count == info_of(net).kept);
  for (size_t i = 1; i < count; i++) CHECK(ids[i - 1] < ids[i]);
  return count;
}

static swiftcl_step step_ids(swiftcl_network *net, const uint32_t *ids, size_t rows) {
  float x[BATCH * INPUTS];
  int32_t y[BATCH];
  swiftcl_step report;
  memset(&report, 0, sizeof report);
  report.struct_size = sizeof report;
  for (size_t n = 0; n < rows; n++) {
    memcpy(x + n * INPUTS, inputs + ids[n] * INPUTS, INPUTS * sizeof *x);
    y[n] = labels[ids[n]];
  }
  OK(net, swiftcl_train_step_ids(net, x, y, ids, rows, &report));
  return report;
}

/* Some rows of what is kept, from place `first` on. */
static swiftcl_step some_rows(swiftcl_network *net, size_t first, size_t rows) {
  uint32_t kept[SAMPLES], ids[BATCH];
  size_t count = kept_of(net, kept);
  if (rows > count) rows = count;
  for (size_t n = 0; n < rows; n++) ids[n] = kept[(first + n) % count];
  return step_ids(net, ids, rows);
}

/* ---------------------------------------------------------------- a good run */

static void resume(swiftcl_options o) {
  swiftcl_plan plan = {.struct_size = sizeof plan};
  OK(NULL, swiftcl_network_plan(&o, &plan));
  CHECK(plan.data_bytes > SAMPLES && plan.data_bytes < 1024);
  CHECK(plan.total_bytes == plan.network_bytes + plan.working_set_bytes + plan.optimizer_bytes
                                + plan.competition_bytes + plan.activation_bytes + plan.ticket_bytes
                                + plan.replay_bytes + plan.data_bytes);
  void *memory = aligned_memory(plan.total_bytes), *other = aligned_memory(plan.total_bytes);
  memset(memory, 0xB7, plan.total_bytes);
  memset(other, 0xB7, plan.total_bytes);
  swiftcl_network *net = NULL, *twin = NULL;
  if (!OK(NULL, swiftcl_network_create_in(&o, memory, plan.total_bytes, &net))) return;
  CHECK(info_of(net).bytes == plan.data_bytes && info_of(net).samples == 0);
  begin(net);
  CHECK(info_of(net).samples == 0);
  OK(net, swiftcl_data_begin(net, SAMPLES));
  swiftcl_data_info info = info_of(net);
  CHECK(info.samples == SAMPLES && info.kept == SAMPLES && info.seen == 0 && info.kept_share == 1);
  for (int n = 0; n < 12; n++) some_rows(net, 8 * (size_t)n, n % 3 ? 8 : 5);
  info = info_of(net);
  CHECK(info.presented == 84 && info.seen == SAMPLES && info.kept_share == 1);
  size_t removed = 0;
  OK(net, swiftcl_data_remove(net, 7, &removed));
  info = info_of(net);
  CHECK(removed == 7 && info.kept == SAMPLES - 7 && info.seen == 0 && info.removals == 1 && info.kept_share == 1);
  for (int n = 0; n < 5; n++) some_rows(net, 8 * (size_t)n + 3, 6);
  CHECK(info_of(net).kept_share < 1 && info_of(net).kept_share > (SAMPLES - 7.0) / SAMPLES);

  struct snapshot half = take_snapshot(net);
  struct stream stream = reading(half.bytes, half.size);
  OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, other, plan.total_bytes, &twin));
  CHECK(unchanged(twin, &half));
  swiftcl_data_info a = info_of(net), b = info_of(twin);
  CHECK(memcmp(&a, &b, sizeof a) == 0 && a.seen > 0);
  for (int n = 0; n < 20; n++) {
    swiftcl_step one = some_rows(net, 7 * (size_t)n, 8), two = some_rows(twin, 7 * (size_t)n, 8);
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    if (n % 6 != 5) continue;
    size_t again = 0;
    OK(net, swiftcl_data_remove(net, 4, &removed));
    OK(twin, swiftcl_data_remove(twin, 4, &again));
    uint32_t here[SAMPLES], there[SAMPLES];
    size_t count = kept_of(net, here);
    CHECK(removed == 4 && again == 4 && kept_of(twin, there) == count);
    CHECK(memcmp(here, there, count * sizeof *here) == 0);
  }
  struct snapshot late = take_snapshot(net);
  CHECK(unchanged(twin, &late));
  OK(net, swiftcl_task_end(net, NULL));
  OK(twin, swiftcl_task_end(twin, NULL));
  struct snapshot whole = take_snapshot(net);
  CHECK(unchanged(twin, &whole) && info_of(net).samples == 0 && info_of(net).bytes == plan.data_bytes);

  /* Any byte that is changed is found; any end that comes early, too. */
  swiftcl_network *broken = NULL;
  for (size_t i = 0; i < half.size; i += quick() ? 97 : 7) {
    half.bytes[i] ^= 0x10;
    CHECK(swiftcl_network_load_memory(half.bytes, half.size, NULL, &broken) != SWIFTCL_OK);
    half.bytes[i] ^= 0x10;
    CHECK(swiftcl_network_load_memory(half.bytes, i, NULL, &broken) != SWIFTCL_OK);
  }
  drop_snapshot(&half);
  drop_snapshot(&late);
  drop_snapshot(&whole);
  swiftcl_network_free(net);
  swiftcl_network_free(twin);
  release_memory(memory);
  release_memory(other);
}

/* Aborted, the task leaves the network as it was; the replay memory is left alone by a removal. */
static void beside_replay(void) {
  swiftcl_options o = options_of(SWIFTCL_DATA_MISCLASSIFIED);
  o.replay = SWIFTCL_REPLAY_DERPP;
  o.replay_rows = 10;
  o.replay_batch = 4;
  o.replay_store = SWIFTCL_STORE_AT_END;
  swiftcl_network *net = NULL;
  if (!OK(NULL, swiftcl_network_create(&o, &net))) return;
  for (int round = 0; round < 3; round++) {
    struct snapshot before = take_snapshot(net);
    begin(net);
    OK(net, swiftcl_data_begin(net, SAMPLES));
    for (int n = 0; n < 6; n++) CHECK((some_rows(net, 8 * (size_t)n, 8).replay_rows > 0) == (round == 2));
    CHECK(info_of(net).presented == 48);
    swiftcl_replay_info one = {.struct_size = sizeof one}, two = {.struct_size = sizeof two};
    OK(net, swiftcl_replay_info_get(net, &one));
    OK(net, swiftcl_data_remove(net, 20, NULL));
    OK(net, swiftcl_replay_info_get(net, &two));
    CHECK(memcmp(&one, &two, sizeof one) == 0 && one.waiting == 10);
    if (round == 0) {
      OK(net, swiftcl_task_abort(net));
      CHECK(unchanged(net, &before) && info_of(net).samples == 0);
    } else {
      OK(net, swiftcl_task_end(net, NULL));
    }
    drop_snapshot(&before);
  }
  swiftcl_network_free(net);
}

/* ---------------------------------------------------------------- misuse */

static void bad_descriptions(void) {
  swiftcl_options o = options_of(0);
  static const uint32_t too_many[] = {(UINT32_C(1) << 30) + 1, UINT32_C(1) << 31, UINT32_MAX};
  for (int i = 0; i < 3; i++) {
    o.data_samples = too_many[i];
    REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "data_samples", "1073741824");
  }
  o = options_of(0);
  static const int32_t rules[] = {-1, 2, INT32_MIN, INT32_MAX};
  for (int i = 0; i < 4; i++) {
    o.data_rule = rules[i];
    REFUSED_ALONE(swiftcl_network_plan(&o, OUT_STRUCT(swiftcl_plan)), SWIFTCL_E_ARGUMENT, "data_rule");
  }
  o = options_of(0);
  o.loss = SWIFTCL_LOSS_MSE;
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "loss", "1", "SWIFTCL_LOSS_CROSS_ENTROPY");

  /* The most there can be is planned, whoever has that much memory. */
  o = options_of(0);
  o.data_samples = UINT32_C(1) << 30;
  swiftcl_plan plan = {.struct_size = sizeof plan};
  swiftcl_status status = swiftcl_network_plan(&o, &plan);
  CHECK(status == SWIFTCL_OK ? plan.data_bytes > UINT64_C(3) << 29 : status == SWIFTCL_E_MEMORY);
}

static void bad_calls(int32_t rule) {
  REFUSED_ALONE(swiftcl_data_begin(NULL, 1), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_data_remove(NULL, 1, OUT), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_data_kept(NULL, OUT, 1, OUT_TOO), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_data_info_get(NULL, OUT_STRUCT(swiftcl_data_info)), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_train_step_ids(NULL, inputs, labels, OUT, 1, NULL), SWIFTCL_E_NULL, "network");

  static const uint32_t ids[BATCH] = {3, 9, 0, 40, 17, 1, 2, 30};
  swiftcl_options o = options_of(rule);
  swiftcl_network *net = NULL;
  o.data_samples = 0;
  OK(NULL, swiftcl_network_create(&o, &net));
  for (int open = 0; open < 2; open++) {
    REFUSED(net, swiftcl_data_begin(net, 5), SWIFTCL_E_STATE, "data_samples");
    REFUSED(net, swiftcl_data_remove(net, 1, OUT), SWIFTCL_E_STATE, "data_samples");
    REFUSED(net, swiftcl_data_kept(net, OUT, 99, OUT_TOO), SWIFTCL_E_STATE, "data_samples");
    REFUSED(
        net, swiftcl_train_step_ids(net, inputs, labels, ids, 2, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE,
        "data_samples");
    swiftcl_data_info info = info_of(net), zero;
    memset(&zero, 0, sizeof zero);
    zero.struct_size = sizeof zero;
    CHECK(memcmp(&info, &zero, sizeof info) == 0);
    if (!open) begin(net);
  }
  swiftcl_network_free(net);

  o = options_of(rule);
  OK(NULL, swiftcl_network_create(&o, &net));
  REFUSED(net, swiftcl_data_begin(net, 5), SWIFTCL_E_STATE, "no task");
  REFUSED(net, swiftcl_data_remove(net, 1, OUT), SWIFTCL_E_STATE, "no task");
  REFUSED(net, swiftcl_data_kept(net, OUT, 99, OUT_TOO), SWIFTCL_E_STATE, "no task");
  REFUSED(
      net, swiftcl_train_step_ids(net, inputs, labels, ids, 2, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "no task");
  begin(net);
  REFUSED(net, swiftcl_data_remove(net, 1, OUT), SWIFTCL_E_STATE, "swiftcl_data_begin");
  REFUSED(net, swiftcl_data_kept(net, NULL, 0, OUT), SWIFTCL_E_STATE, "swiftcl_data_begin");
  REFUSED(
      net, swiftcl_train_step_ids(net, inputs, labels, ids, 2, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE,
      "swiftcl_data_begin");
  REFUSED(net, swiftcl_data_begin(net, 0), SWIFTCL_E_ARGUMENT, "samples", "0");
  REFUSED(net, swiftcl_data_begin(net, SAMPLES + 4), SWIFTCL_E_CAPACITY, "samples", "45", "data_samples = 44");
  REFUSED(net, swiftcl_data_begin(net, SIZE_MAX), SWIFTCL_E_CAPACITY, "samples");
  OK(net, swiftcl_data_begin(net, SAMPLES + 3));
  OK(net, swiftcl_data_begin(net, SAMPLES)); /* anew */

  for (int round = 0; round < 2; round++) {
    swiftcl_step *step = OUT_STRUCT(swiftcl_step);
    REFUSED(net, swiftcl_train_step_ids(net, NULL, labels, ids, 2, step), SWIFTCL_E_NULL, "inputs");
    REFUSED(net, swiftcl_train_step_ids(net, inputs, NULL, ids, 2, NULL), SWIFTCL_E_NULL, "labels");
    REFUSED(net, swiftcl_train_step_ids(net, inputs, labels, NULL, 2, NULL), SWIFTCL_E_NULL, "ids");
    REFUSED(net, swiftcl_train_step_ids(net, inputs, labels, ids, 0, NULL), SWIFTCL_E_ARGUMENT, "rows", "0");
    REFUSED(net, swiftcl_train_step_ids(net, inputs, labels, ids, 9, NULL), SWIFTCL_E_ARGUMENT, "rows", "9");
    REFUSED(net, swiftcl_train_step_ids(net, inputs, labels, ids, SIZE_MAX, NULL), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(
        net, swiftcl_train_step_ids(net, inputs, labels, ids, 2, OUT_SIZED(swiftcl_step, 12)), SWIFTCL_E_STRUCT,
        "step");
    static const uint32_t wrong[] = {SAMPLES, SAMPLES + 2, SAMPLES + 3, 1000, 0x7FFFFFFF, 0x80000000, UINT32_MAX};
    for (int i = 0; i < 7; i++) {
      uint32_t bad[BATCH];
      memcpy(bad, ids, sizeof bad);
      bad[4] = wrong[i];
      REFUSED(
          net, swiftcl_train_step_ids(net, inputs, labels, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT,
          "ids[4]", "below", "41");
    }
    for (int first = 0; first < BATCH - 1; first++) {
      uint32_t bad[BATCH];
      memcpy(bad, ids, sizeof bad);
      bad[BATCH - 1] = bad[first];
      char index[24];
      snprintf(index, sizeof index, "index %d", first);
      REFUSED(
          net, swiftcl_train_step_ids(net, inputs, labels, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT,
          "ids[7]", index);
    }
    /* What a step refuses it does not take down. */
    int32_t no_label[BATCH] = {0, 1, CLASSES, 0, 0, 0, 0, 0};
    REFUSED(
        net, swiftcl_train_step_ids(net, inputs, no_label, ids, 4, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_LABEL,
        "labels[2]");
    float bad[BATCH * INPUTS];
    memcpy(bad, inputs, sizeof bad);
    bad[INPUTS + 1] = NAN;
    REFUSED(
        net, swiftcl_train_step_ids(net, bad, labels, ids, 4, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "row");
    for (int i = 0; i < BATCH * INPUTS; i++) bad[i] = 3e38f;
    struct snapshot before = take_snapshot(net);
    if (swiftcl_train_step_ids(net, bad, labels, ids, 4, NULL) == SWIFTCL_E_NONFINITE) CHECK(unchanged(net, &before));
    else CHECK(0);
    drop_snapshot(&before);

    size_t kept = info_of(net).kept;
    REFUSED(net, swiftcl_data_remove(net, kept, OUT), SWIFTCL_E_ARGUMENT, "count", "fewer than");
    REFUSED(net, swiftcl_data_remove(net, kept + 1, OUT), SWIFTCL_E_ARGUMENT, "count");
    REFUSED(net, swiftcl_data_remove(net, SIZE_MAX, OUT), SWIFTCL_E_ARGUMENT, "count");
    REFUSED(net, swiftcl_data_kept(net, NULL, 99, NULL), SWIFTCL_E_NULL, "ids", "count");
    REFUSED(net, swiftcl_data_kept(net, OUT, kept - 1, OUT_TOO), SWIFTCL_E_BUFFER, "capacity", "at least");
    REFUSED(net, swiftcl_data_kept(net, OUT, 0, OUT_TOO), SWIFTCL_E_BUFFER, "capacity", "at least");
    REFUSED(net, swiftcl_data_info_get(net, NULL), SWIFTCL_E_NULL, "info");
    REFUSED(net, swiftcl_data_info_get(net, OUT_SIZED(swiftcl_data_info, 12)), SWIFTCL_E_STRUCT, "info");
    REFUSED(
        net, swiftcl_data_info_get(net, OUT_SIZED(swiftcl_data_info, sizeof(swiftcl_data_info) - 1)),
        SWIFTCL_E_STRUCT, "info");
    if (round) break;

    /* Exactly as much as there is room for is written. */
    uint32_t list[SAMPLES + 1];
    memset(list, 0xA5, sizeof list);
    OK(net, swiftcl_data_kept(net, list, SAMPLES + 1, NULL));
    CHECK(list[SAMPLES - 1] == SAMPLES - 1 && list[SAMPLES] == 0xA5A5A5A5);
    for (int n = 0; n < 4; n++) step_ids(net, ids, BATCH);
    size_t removed = 99;
    OK(net, swiftcl_data_remove(net, 0, &removed));
    CHECK(removed == 0 && info_of(net).seen == 0 && info_of(net).kept == SAMPLES);
    OK(net, swiftcl_data_remove(net, 30, &removed)); /* nothing was seen since */
    CHECK(removed == 0);
    static const uint32_t few[] = {40, 39, 38};
    step_ids(net, few, 3);
    OK(net, swiftcl_data_remove(net, 30, &removed));
    CHECK(removed == 3 && info_of(net).kept == SAMPLES - 3);
    REFUSED(
        net, swiftcl_train_step_ids(net, inputs, labels, few, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT,
        "ids[0]", "40", "removed", "38");
    static const uint32_t mixed[] = {5, 6, 39};
    REFUSED(
        net, swiftcl_train_step_ids(net, inputs, labels, mixed, 3, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT,
        "ids[2]", "39", "removed");
    /* For what follows: all are there again. */
    OK(net, swiftcl_data_begin(net, SAMPLES));
  }

  /* Down to the last one. */
  while (info_of(net).kept > 1) {
    some_rows(net, 0, BATCH);
    size_t kept = info_of(net).kept;
    OK(net, swiftcl_data_remove(net, kept > BATCH ? BATCH : kept - 1, NULL));
  }
  some_rows(net, 0, 1);
  REFUSED(net, swiftcl_data_remove(net, 1, OUT), SWIFTCL_E_ARGUMENT, "count", "fewer than");
  OK(net, swiftcl_data_remove(net, 0, NULL));
  struct snapshot last = take_snapshot(net);
  swiftcl_network *twin = NULL;
  OK(NULL, swiftcl_network_load_memory(last.bytes, last.size, NULL, &twin));
  CHECK(unchanged(twin, &last));
  drop_snapshot(&last);
  swiftcl_network_free(twin);
  OK(net, swiftcl_task_end(net, NULL));
  REFUSED(net, swiftcl_data_kept(net, NULL, 0, OUT), SWIFTCL_E_STATE, "no task");
  swiftcl_network_free(net);
}

/* ---------------------------------------------------------------- forged files */

static size_t section_bytes(uint64_t length) { return 16 + (size_t)((length + 7) / 8 * 8) + 8; }

static size_t find_section(const uint8_t *bytes, const char *tag, uint64_t *length) {
  size_t at = 8;
  for (;; at += section_bytes(*length)) {
    memcpy(length, bytes + at + 8, 8);
    if (memcmp(bytes + at, tag, 4) == 0) return at;
  }
}

/* u32 samples, u32 removals, u64 presented, f64, flags, counters: what cannot have come about is refused. */
static void forged(int32_t rule) {
  swiftcl_options o = options_of(rule);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  for (int open = 0; open < 2; open++) {
    if (open) {
      begin(net);
      OK(net, swiftcl_data_begin(net, SAMPLES));
      for (int n = 0; n < 6; n++) some_rows(net, 8 * (size_t)n, 8);
      OK(net, swiftcl_data_remove(net, 5, NULL));
      some_rows(net, 0, 8);
    }
    struct snapshot good = take_snapshot(net);
    uint64_t length = 0;
    size_t at = find_section(good.bytes, "DATA", &length), flags = at + 16 + 24, counters = flags + (SAMPLES + 1) / 2;
    CHECK(length == (open ? 24 + (SAMPLES + 1) / 2 + SAMPLES : 24));
    CHECK(good.bytes[28] == 4); /* the minor version */
    struct { size_t place; uint64_t value; int bytes; } list[64];
    size_t count = 0;
#define FORGE(offset, what, size) \
  (list[count].place = (offset), list[count].value = (what), list[count++].bytes = (size))
    double nan = NAN, many = 1e12, few = 0.5;
    uint64_t not_a_number, too_many, too_few;
    memcpy(&not_a_number, &nan, 8);
    memcpy(&too_many, &many, 8);
    memcpy(&too_few, &few, 8);
    FORGE(at + 32, not_a_number, 8);
    FORGE(at + 32, too_many, 8);
    FORGE(at + 24, UINT64_MAX, 8);
    if (!open) {
      FORGE(at + 16, 1, 4); /* without an open task */
      FORGE(at + 20, 1, 4);
      FORGE(at + 24, 1, 8);
    } else {
      FORGE(at + 16, SAMPLES + 4, 4);
      FORGE(at + 16, UINT32_MAX, 4);
      FORGE(at + 16, SAMPLES + 1, 4); /* longer than the section */
      FORGE(at + 16, 0, 4);
      FORGE(at + 20, 0, 4); /* some are removed */
      FORGE(at + 24, 0, 8);
      FORGE(at + 32, too_few, 8);
      FORGE(flags, 0x11, 1); /* right, but never seen */
      FORGE(flags, 0x22, 1);
      FORGE(flags, 0x33, 1);
      FORGE(flags, 0x55, 1); /* right now, never right */
      FORGE(flags, 0xCC, 1); /* removed and seen */
      FORGE(flags, 0xFF, 1);
      FORGE(counters - 1, 0x40, 1); /* behind the last */
      size_t out = 0;
      while ((good.bytes[flags + out / 2] >> (4 * (out % 2)) & 15) != 8) out++;
      FORGE(counters + out, 1, 1); /* of a removed one */
      size_t unseen = 0;
      while ((good.bytes[flags + unseen / 2] >> (4 * (unseen % 2)) & 15) != 0) unseen++;
      FORGE(counters + unseen, 1, 1);
    }
    for (size_t i = 0; i < count; i++) {
      uint8_t *bad = malloc(good.size);
      memcpy(bad, good.bytes, good.size);
      memcpy(bad + list[i].place, &list[i].value, (size_t)list[i].bytes);
      uint32_t crc = crc32c(bad + at, section_bytes(length) - 8);
      memcpy(bad + at + section_bytes(length) - 8, &crc, 4);
      if (!REFUSED_ALONE(swiftcl_network_load_memory(bad, good.size, NULL, OUT), SWIFTCL_E_CORRUPT, ""))
        fprintf(stderr, "  forgery %d, task open: %d\n", (int)i, open);
      free(bad);
    }
    /* All removed. */
    if (open) {
      memset(good.bytes + flags, 0x88, SAMPLES / 2);
      good.bytes[counters - 1] = 8;
      memset(good.bytes + counters, 0, SAMPLES);
      uint32_t crc = crc32c(good.bytes + at, section_bytes(length) - 8);
      memcpy(good.bytes + at + section_bytes(length) - 8, &crc, 4);
      REFUSED_ALONE(swiftcl_network_load_memory(good.bytes, good.size, NULL, OUT), SWIFTCL_E_CORRUPT, "examples");
    }
    drop_snapshot(&good);
  }
  swiftcl_network_free(net);
}

int main(void) {
  crc_setup();
  noise_state = 5;
  for (int n = 0; n < SAMPLES; n++) {
    labels[n] = (int32_t)below(CLASSES);
    for (int i = 0; i < INPUTS; i++) inputs[n * INPUTS + i] = real(-1, 1);
    inputs[n * INPUTS + labels[n]] += 1;
  }
  bad_descriptions();
  for (int32_t rule = SWIFTCL_DATA_FORGETTING; rule <= SWIFTCL_DATA_MISCLASSIFIED; rule++) {
    resume(options_of(rule));
    bad_calls(rule);
    forged(rule);
  }
  swiftcl_options clipped = options_of(0);
  clipped.clip_norm = 1;
  clipped.sampler = SWIFTCL_SAMPLER_TOP_K;
  clipped.resample_interval = 2;
  resume(clipped);
  beside_replay();
  return finish("data_removal");
}

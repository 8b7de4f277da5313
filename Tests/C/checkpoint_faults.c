/*
 * checkpoint_faults.c -- checkpoints that are cut, flipped, forged or from the
 * future, streams and files that fail, and runs that go on from a checkpoint
 * bit for bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"
#include "crc.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- sections */

/* tag, zero, length, payload, padding to 8, CRC over all of these, zero. */
struct section {
  size_t start, payload, length, crc;
};

static size_t find_sections(const uint8_t *bytes, size_t size, struct section *list, size_t most) {
  size_t count = 0, at = 8;
  while (at + 24 <= size && count < most) {
    struct section s;
    s.start = at;
    s.payload = at + 16;
    s.length = get32(bytes + at + 8);
    s.crc = s.payload + (s.length + 7) / 8 * 8;
    if (s.crc + 8 > size) break;
    list[count++] = s;
    at = s.crc + 8;
  }
  CHECK(at == size);
  return count;
}

static void seal(uint8_t *bytes, const struct section *s) {
  put32(bytes + s->crc, crc32c(bytes + s->start, s->crc - s->start));
}

static int has_tag(const uint8_t *bytes, const struct section *s, const char *tag) {
  return memcmp(bytes + s->start, tag, 4) == 0;
}

/* ---------------------------------------------------------------- networks */

enum { ROWS = 6, KINDS = 18 };

struct image {
  uint8_t *bytes;
  size_t size;
};

static struct image save_image(swiftcl_network *net) {
  struct snapshot s = take_snapshot(net);
  struct image i = {s.bytes, s.size};
  return i;
}

static float rows[ROWS * 4];
static int32_t labels[ROWS];

static void steps(swiftcl_network *net, int count) {
  for (int i = 0; i < count; i++) OK(net, swiftcl_train_step(net, rows, labels, ROWS, NULL));
}

/* Takes examples down, removes some, and takes others down. */
static void follow(swiftcl_network *net) {
  static const uint32_t ids[ROWS] = {0, 1, 2, 5, 4, 8};
  uint32_t kept[9];
  size_t count = 0;
  OK(net, swiftcl_data_begin(net, 9));
  for (int i = 0; i < 3; i++) OK(net, swiftcl_train_step_ids(net, rows, labels, ids, ROWS, NULL));
  OK(net, swiftcl_data_remove(net, 3, NULL));
  OK(net, swiftcl_data_kept(net, kept, 9, &count));
  CHECK(count == 6);
  for (int i = 0; i < 3; i++) OK(net, swiftcl_train_step_ids(net, rows, labels, kept, 4, NULL));
}

static swiftcl_options kind_options(int kind, swiftcl_layer layers[8]) {
  swiftcl_layer first = SWIFTCL_DENSE(8, 4, SWIFTCL_ACTIVATION_RELU), second = SWIFTCL_DENSE(6, 2, SWIFTCL_ACTIVATION_RELU),
                head = SWIFTCL_HEAD(2);
  layers[0] = first;
  layers[1] = second;
  layers[2] = head;
  static const float scale[2] = {0.5f, 2}, offset[2] = {0, 0.25f};
  static const swiftcl_mask_phase phases[2] = {{0, 0.4f, 0.2f}, {2, 0.5f, 0.3f}};
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  o.inputs = 4;
  o.input_channels = 2;
  o.max_batch = ROWS;
  o.max_tasks = 3;
  o.seed = 40 + (uint64_t)kind;
  o.unserved = SWIFTCL_UNSERVED_REUSE;
  switch (kind) {
    case 0: o.input_scale = scale; o.input_offset = offset; break;
    case 2: o.optimizer = SWIFTCL_OPTIMIZER_ADAM; o.protection = SWIFTCL_PROTECT_SOFT; break;
    case 3: o.sampler = SWIFTCL_SAMPLER_TOP_K; o.resample_interval = 2; break;
    case 4:
      layers[0].competition = SWIFTCL_COMPETITION_SAMPLE;
      o.sampler = SWIFTCL_SAMPLER_GUMBEL;
      break;
    case 5:
      layers[0].block_size = layers[1].block_size = 1;
      o.sharing = SWIFTCL_TICKETS_SHARED;
      break;
    case 6: o.allocation = SWIFTCL_ALLOCATE_GROWING; break;
    case 7: /* blocks that abstain, a third task beyond max_tasks */
      layers[0].width = 64;
      layers[0].block_size = 2;
      layers[1].block_size = 1;
      o.unserved = SWIFTCL_UNSERVED_ABSTAIN;
      o.expected_tasks = 5;
      o.seed = 34; /* more candidates than one panel, winners enough for one */
      o.max_tasks = 1;
      break;
    case 8: case 9: /* a replay memory that recalls stored logits; one with rows that wait */
      o.replay_rows = 5;
      o.replay_batch = 3;
      o.replay = kind == 8 ? SWIFTCL_REPLAY_DERPP : SWIFTCL_REPLAY_DISTILL;
      o.replay_policy = kind == 8 ? SWIFTCL_RETAIN_RESERVOIR : SWIFTCL_RETAIN_BALANCED;
      o.replay_store = kind == 8 ? SWIFTCL_STORE_PRESENTED : SWIFTCL_STORE_AT_END;
      o.distill_teacher = SWIFTCL_TEACHER_STORED;
      break;
    case 10: /* a class head, and rows of its memory */
      layers[0].width = layers[1].width = 4;
      o.replay_rows = 4;
      o.replay_batch = 2;
      o.replay = SWIFTCL_REPLAY_ER;
      o.replay_new_rows = SWIFTCL_NEW_ROWS_MASKED;
      o.class_head = 1;
      break;
    case 11: case 12: { /* a stream of two writers and a reader between, normalised */
      swiftcl_layer norm = SWIFTCL_BATCH_NORM(), add = SWIFTCL_ADD(1, SWIFTCL_ACTIVATION_RELU);
      swiftcl_layer linear = SWIFTCL_DENSE(8, 4, SWIFTCL_ACTIVATION_NONE);
      swiftcl_layer all[] = {first, norm, second, linear, norm, add, head};
      memcpy(layers, all, sizeof all);
      o.layer_count = 7;
      if (kind == 12) o.sampler = SWIFTCL_SAMPLER_TOP_K;
      if (kind == 12) o.optimizer = SWIFTCL_OPTIMIZER_ADAM;
      break;
    }
    case 13: o.data_samples = 9; break; /* examples that are followed, some of them removed */
    case 14: /* masks of one shared ticket, some of whose gradients are computed */
      layers[0].block_size = layers[1].block_size = 1;
      layers[0].width = 20;
      o.sharing = SWIFTCL_TICKETS_SHARED;
      o.sparsity = 0.5f;
      o.gradient_sparsity = 0.7f;
      o.mask_interval = 2;
      break;
    case 15: case 16: /* masks of winners; of filters, with a schedule of its own, one open again */
      o.sparsity = 0.3f;
      o.sparsity_kind = kind == 15 ? SWIFTCL_SPARSITY_BLOCK : SWIFTCL_SPARSITY_IRREGULAR | SWIFTCL_SPARSITY_FILTER;
      o.optimizer = SWIFTCL_OPTIMIZER_ADAM;
      o.gradient_sparsity = kind == 15 ? 0.5f : 0;
      o.mask_interval = 1;
      if (kind == 15) layers[0].width = 36;
      if (kind == 16) o.mask_phases = phases, o.mask_phase_count = 2;
      if (kind == 16) o.regrowth = SWIFTCL_REGROW_GRADIENT;
      break;
    case 17: /* competing before masks, which stand */
      o.sparsity = 0.6f;
      o.sparsity_kind = SWIFTCL_SPARSITY_PATTERN;
      o.sampler = SWIFTCL_SAMPLER_TOP_K;
      break;
    default: break;
  }
  return o;
}

/* A network under 10 kB: 0 finished tasks only, 1 competing, 2 specialising,
   3 top-k competing, 4 per sample, 5 one shared ticket, 6 a task open again,
   7 one task more than was planned, 8 and 9 with a replay memory, 10 with a class head,
   11 and 12 with normalised layers that add up to one stream, 13 with examples that are followed,
   14 to 17 with weight masks. */
static swiftcl_network *make_kind(int kind) {
  swiftcl_layer layers[8];
  swiftcl_options o = kind_options(kind, layers);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  swiftcl_task task;
  for (int n = 0; n < (kind == 0 ? 3 : kind == 7 ? 2 : 1); n++) {
    OK(net, swiftcl_task_begin(net, NULL, &task));
    steps(net, 2);
    OK(net, swiftcl_task_end(net, NULL));
  }
  if (kind == 10) OK(net, swiftcl_class_head_fit(net, NULL, NULL));
  if (kind == 0) OK(net, swiftcl_task_remove(net, 1));
  if (kind == 6 || kind == 16) {
    OK(net, swiftcl_task_reopen(net, task, NULL));
    steps(net, 1);
  } else if (kind != 0) {
    OK(net, swiftcl_task_begin(net, NULL, &task));
    steps(net, 3);
    if (kind == 2 || kind == 15) OK(net, swiftcl_task_commit(net));
    if (kind == 2 || kind == 15) steps(net, 1);
    if (kind == 13) follow(net);
  }
  return net;
}

static swiftcl_status load_limited(
    const void *bytes, size_t size, struct counter *counter, swiftcl_network **net) {
  swiftcl_load_options load;
  OK(NULL, swiftcl_load_options_init(&load));
  load.allocator = counting(counter);
  return swiftcl_network_load_memory(bytes, size, &load, net);
}

/* A refused checkpoint leaves nothing behind. */
static void expect_refused(const uint8_t *bytes, size_t size, const char *what, size_t at) {
  struct counter counter = {0};
  counter.limit = 1 << 22;
  swiftcl_network *net = NULL;
  swiftcl_status status = load_limited(bytes, size, &counter, &net);
  int good = (status == SWIFTCL_E_FORMAT || status == SWIFTCL_E_CORRUPT || status == SWIFTCL_E_VERSION) && net == NULL
             && counter.live == 0 && counter.wrong == 0
             && strncmp(swiftcl_last_error(NULL)->message, "swiftcl_network_load_memory: ", 29) == 0;
  checks++;
  if (!good && ++failures < 100)
    fprintf(
        stderr, "checkpoint_faults.c: %s at %zu: %s, %ld blocks left; %s\n", what, at, swiftcl_status_name(status),
        counter.live, swiftcl_last_error(NULL)->message);
  if (status == SWIFTCL_OK) swiftcl_network_free(net);
}

static void cut_and_flipped(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    swiftcl_network *net = make_kind(kind);
    struct image image = save_image(net);
    swiftcl_network_free(net);
    CHECK(image.size < 10000);
    swiftcl_checkpoint_info info;
    size_t stride = quick() ? 97 : 1;
    for (size_t n = 0; n < image.size; n += stride) {
      /* A copy of its own, so that reading behind the cut is seen. */
      uint8_t *cut = malloc(n + 1);
      memcpy(cut, image.bytes, n);
      cut = realloc(cut, n ? n : 1);
      struct counter counter = {0};
      swiftcl_network *none = NULL;
      swiftcl_status status = load_limited(cut, n, &counter, &none);
      CHECK(status == SWIFTCL_E_FORMAT && none == NULL && counter.live == 0);
      struct stream stream = reading(cut, n);
      poison_outputs();
      status = swiftcl_checkpoint_inspect(stream_read, &stream, OUT_STRUCT(swiftcl_checkpoint_info));
      CHECK(status == SWIFTCL_OK || (status == SWIFTCL_E_FORMAT && outputs_untouched()));
      free(cut);
      if (failures > 60) return;
    }
    uint8_t *bad = malloc(image.size);
    memcpy(bad, image.bytes, image.size);
    /* Every bit of some kinds, of the others one of each byte by turns. */
    int every = kind < 4 && !quick();
    for (size_t at = 0; at < image.size; at += stride)
      for (int i = 0; i < (every ? 8 : 1); i++) {
        int bit = every ? i : (int)((at + (size_t)kind) % 8);
        bad[at] ^= (uint8_t)(1u << bit);
        expect_refused(bad, image.size, "a flipped bit", at);
        struct stream stream = reading(bad, image.size);
        poison_outputs();
        swiftcl_status status = swiftcl_checkpoint_inspect(stream_read, &stream, OUT_STRUCT(swiftcl_checkpoint_info));
        CHECK(status == SWIFTCL_OK || outputs_untouched());
        bad[at] ^= (uint8_t)(1u << bit);
        if (failures > 60) return;
      }
    CHECK(memcmp(bad, image.bytes, image.size) == 0);
    free(bad);
    /* Bytes behind the end are left alone. */
    uint8_t *more = malloc(image.size + 100);
    memcpy(more, image.bytes, image.size);
    memset(more + image.size, 0xEE, 100);
    OK(NULL, swiftcl_network_load_memory(more, image.size + 100, NULL, &net));
    CHECK(net != NULL);
    swiftcl_network_free(net);
    free(more);
    struct stream stream = reading(image.bytes, image.size);
    info.struct_size = sizeof info;
    OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
    CHECK(info.file_bytes == image.size);
    free(image.bytes);
  }
}

/* -------------------------------------------------------------------- forged */

static void documented(swiftcl_network *net, swiftcl_status status, const char *call, int line) {
  checks++;
  if (status >= 0 && status <= SWIFTCL_E_UNSUPPORTED
      && (status == SWIFTCL_OK || swiftcl_last_error(net)->status == status))
    return;
  if (++failures < 100) fprintf(stderr, "checkpoint_faults.c:%d: %s gives %d\n", line, call, (int)status);
}

#define ANY(net, call) documented(net, (call), #call, __LINE__)

/* Uses everything of a network that may be nonsense. */
static void survive(swiftcl_network *net) {
  swiftcl_network_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  OK(net, swiftcl_network_info_get(net, &info));
  size_t batch = info.max_batch < 3 ? info.max_batch : 3;
  size_t classes_room = (size_t)info.max_classes + 1;
  void *x = calloc(batch * info.inputs, 4);
  float *logits = malloc(batch * classes_room * sizeof *logits);
  float *targets = calloc(batch * classes_room, sizeof *targets);
  int32_t *names = malloc(classes_room * sizeof *names);
  int32_t given[3] = {0, 0, 0};
  if (info.input_type == SWIFTCL_INPUT_F32)
    for (size_t i = 0; i < batch * info.inputs; i++) ((float *)x)[i] = (float)(i % 7) * 0.1f;
  else memset(x, 3, batch * info.inputs);

  size_t count = 0;
  OK(net, swiftcl_task_count(net, &count));
  swiftcl_task *tasks = malloc((count + 2) * sizeof *tasks);
  OK(net, swiftcl_task_list(net, tasks, count, NULL));
  tasks[count] = SWIFTCL_TASK_OPEN;
  for (size_t t = 0; t <= count; t++) {
    swiftcl_task_info about;
    about.struct_size = sizeof about;
    swiftcl_status status = swiftcl_task_info_get(net, tasks[t], &about);
    ANY(net, status);
    if (status) continue;
    CHECK(about.class_count < classes_room);
    OK(net, swiftcl_task_classes(net, tasks[t], names, classes_room, NULL));
    ANY(net, swiftcl_predict(net, tasks[t], x, batch, logits, batch * classes_room));
    ANY(net, swiftcl_predict_labels(net, tasks[t], x, batch, given, 3));
    for (uint32_t l = 0; l < info.layer_count; l++) {
      swiftcl_layer_info layer;
      layer.struct_size = sizeof layer;
      OK(net, swiftcl_layer_info_get(net, l, &layer));
      size_t outputs = 0, inputs = 0;
      status = swiftcl_parameter_shape(net, tasks[t], l, &outputs, &inputs);
      ANY(net, status);
      if (status) continue; /* no parameters */
      float *scale = malloc((outputs + 1) * 3 * sizeof *scale);
      ANY(net, swiftcl_norm_get(net, tasks[t], l + 1, scale, scale + outputs, scale + 2 * outputs, outputs));
      free(scale);
      float *weights = malloc((outputs * inputs + 1) * sizeof *weights), *biases = malloc((outputs + 1) * sizeof *biases);
      OK(net, swiftcl_parameters_get(net, tasks[t], l, weights, outputs * inputs, biases, outputs));
      ANY(net, swiftcl_parameters_set(net, tasks[t], l, weights, outputs * inputs, biases, outputs));
      free(weights);
      free(biases);
      swiftcl_mask_info kept;
      kept.struct_size = sizeof kept;
      OK(net, swiftcl_mask_info_get(net, tasks[t], l, &kept));
      CHECK(kept.kept <= kept.weights && kept.computed <= kept.kept && kept.weights == outputs * inputs);
      uint8_t *entries = malloc(outputs * inputs + 1);
      OK(net, swiftcl_weight_mask(net, tasks[t], l, entries, outputs * inputs));
      if (tasks[t] == SWIFTCL_TASK_OPEN) OK(net, swiftcl_gradient_mask(net, l, entries, outputs * inputs));
      free(entries);
      if (l + 1 == info.layer_count) continue;
      size_t units = (size_t)layer.blocks * layer.units_per_block;
      if (units > 1 << 22) continue;
      uint8_t *mask = malloc(units);
      float *probabilities = malloc(units * sizeof *probabilities);
      int32_t *winners = malloc(layer.blocks * sizeof *winners);
      OK(net, swiftcl_winner_mask(net, tasks[t], l, mask, units));
      OK(net, swiftcl_winner_probabilities(net, tasks[t], l, probabilities, units));
      OK(net, swiftcl_winners(net, tasks[t], l, winners, layer.blocks));
      if (tasks[t] >= 0) ANY(net, swiftcl_overlap(net, tasks[0], tasks[t], l, NULL, NULL));
      free(mask);
      free(probabilities);
      free(winners);
      swiftcl_capacity capacity;
      capacity.struct_size = sizeof capacity;
      OK(net, swiftcl_capacity_get(net, l, &capacity));
    }
  }
  swiftcl_accounting accounting;
  accounting.struct_size = sizeof accounting;
  OK(net, swiftcl_accounting_get(net, &accounting));
  uint64_t size = 0;
  OK(net, swiftcl_checkpoint_size(net, &size));
  uint8_t *copy = malloc((size_t)size);
  OK(net, swiftcl_network_save_memory(net, copy, (size_t)size, NULL));
  free(copy);

  /* Classes across tasks, by the head that was loaded and by one that is fitted. */
  for (int32_t rule = SWIFTCL_RULE_LAST_MASK; rule <= SWIFTCL_RULE_LOWEST_ENTROPY; rule++) {
    ANY(net, swiftcl_predict_classes(net, rule, x, batch, given, 3));
    ANY(net, swiftcl_infer_task(net, rule, x, batch, given, 3));
    ANY(net, swiftcl_class_scores(net, rule, x, batch, logits, batch * classes_room));
  }

  /* The examples that were followed, and some more. */
  swiftcl_data_info data;
  memset(&data, 0, sizeof data);
  data.struct_size = sizeof data;
  OK(net, swiftcl_data_info_get(net, &data));
  CHECK(data.kept <= data.samples && data.seen <= data.kept && data.kept_share >= 0 && data.kept_share < 1.01);
  for (int round = 0; round < 3 && data.samples > 0; round++) {
    uint32_t *ids = malloc(data.samples * sizeof *ids);
    size_t kept = 0;
    OK(net, swiftcl_data_kept(net, ids, data.samples, &kept));
    CHECK(kept > 0 && (round || kept == data.kept));
    ANY(net, swiftcl_train_step_ids(net, x, given, ids, kept < batch ? kept : batch, NULL));
    OK(net, swiftcl_data_remove(net, kept - 1, NULL));
    free(ids);
  }

  /* Trains what is open, ends it, begins another, opens one again, removes one. */
  for (int round = 0; round < 3; round++) {
    swiftcl_task_info open;
    open.struct_size = sizeof open;
    swiftcl_status status = swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &open);
    if (status == SWIFTCL_OK) {
      OK(net, swiftcl_task_classes(net, SWIFTCL_TASK_OPEN, names, classes_room, NULL));
      for (size_t r = 0; r < batch; r++) given[r] = names[r % open.class_count];
      for (int i = 0; i < 3; i++) {
        if (info.loss == SWIFTCL_LOSS_MSE) ANY(net, swiftcl_train_step_targets(net, x, targets, batch, NULL));
        else ANY(net, swiftcl_train_step(net, x, given, batch, NULL));
      }
      if (round == 0) OK(net, swiftcl_task_commit(net));
      status = swiftcl_task_end(net, NULL);
      ANY(net, status);
      if (status) OK(net, swiftcl_task_abort(net));
    }
    ANY(net, swiftcl_class_head_fit(net, NULL, NULL));
    ANY(net, swiftcl_predict_classes(net, SWIFTCL_RULE_CLASS_HEAD, x, batch, given, 3));
    OK(net, swiftcl_task_count(net, &count));
    tasks = realloc(tasks, (count + 2) * sizeof *tasks);
    OK(net, swiftcl_task_list(net, tasks, count, NULL));
    if (round == 0 && count > 0) ANY(net, swiftcl_task_reopen(net, tasks[count - 1], NULL));
    if (round == 1) {
      swiftcl_task task;
      ANY(net, swiftcl_task_begin(net, NULL, &task));
    }
  }
  OK(net, swiftcl_task_count(net, &count));
  tasks = realloc(tasks, (count + 2) * sizeof *tasks);
  OK(net, swiftcl_task_list(net, tasks, count, NULL));
  for (size_t t = 0; t < count; t++) {
    ANY(net, swiftcl_predict(net, tasks[t], x, batch, logits, batch * ((size_t)info.max_classes + 1)));
    OK(net, swiftcl_task_remove(net, tasks[t]));
  }
  free(tasks);
  free(names);
  free(targets);
  free(logits);
  free(x);
}

static long accepted;

static void try_forged(const uint8_t *bytes, size_t size) {
  struct counter counter = {0};
  counter.limit = 1 << 20;
  swiftcl_network *net = NULL;
  poison_outputs();
  swiftcl_status status = load_limited(bytes, size, &counter, &net);
  ANY(NULL, status);
  if (status == SWIFTCL_OK) {
    accepted++;
    survive(net);
    swiftcl_network_free(net);
  } else {
    CHECK(net == NULL);
  }
  CHECK(counter.live == 0 && counter.wrong == 0);
}

static uint32_t strange(uint32_t present) {
  static const uint32_t values[] = {
    0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 64, 255, 65535, 65536, 65537, 1048576, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
    0xFFFFFFFE, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0x00000001, 0x80000001, 0x3F800000, 0xBF800000,
  };
  switch (below(6)) {
    case 0: return present + 1;
    case 1: return present - 1;
    case 2: return present ^ 1u << below(32);
    case 3: return (uint32_t)noise();
    default: return values[below(sizeof values / sizeof *values)];
  }
}

static void forged(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    swiftcl_network *net = make_kind(kind);
    struct image image = save_image(net);
    swiftcl_network_free(net);
    struct section list[64];
    size_t count = find_sections(image.bytes, image.size, list, 64);
    CHECK(count > 4 && has_tag(image.bytes, &list[0], "HEAD") && has_tag(image.bytes, &list[1], "DESC"));
    uint8_t *bad = malloc(image.size + 64);

    /* Every word of the small sections, with every small and every strange value. */
    for (size_t s = 0; s < count; s++) {
      size_t words = list[s].length / 4;
      int described = has_tag(image.bytes, &list[s], "DESC");
      if (words > 64 && !described && kind < 14) words = 12;
      for (size_t w = 0; w < words; w++) {
        if (quick() && (w + s) % 29) continue;
        if (kind >= 8 && (w + s) % (words > 64 && !described ? 5 : 7)) continue;
        static const uint32_t each[] = {0, 1, 2, 3, 4, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FC00000, 65536};
        for (size_t v = 0; v < sizeof each / sizeof *each; v++) {
          memcpy(bad, image.bytes, image.size);
          put32(bad + list[s].payload + 4 * w, each[v]);
          seal(bad, &list[s]);
          try_forged(bad, image.size);
        }
        /* Counters are 64 bits wide. */
        if (w + 1 < words) {
          memcpy(bad, image.bytes, image.size);
          memset(bad + list[s].payload + 4 * w, 0xFF, 8);
          seal(bad, &list[s]);
          try_forged(bad, image.size);
        }
        if (failures > 60) return;
      }
    }
    /* Words and bytes anywhere, one to four at once. */
    int mutations = quick() ? 12 : kind >= 8 ? 300 : 1000;
    for (int m = 0; m < mutations; m++) {
      memcpy(bad, image.bytes, image.size);
      for (uint32_t n = 1 + below(4); n > 0; n--) {
        const struct section *s = &list[below((uint32_t)count)];
        if (s->length < 4) continue;
        if (below(4)) {
          uint8_t *at = bad + s->payload + 4 * below((uint32_t)(s->length / 4));
          put32(at, strange(get32(at)));
        } else {
          bad[s->payload + below((uint32_t)s->length)] = (uint8_t)noise();
        }
        seal(bad, s);
      }
      try_forged(bad, image.size);
      if (failures > 60) return;
    }
    /* Sections that are shorter or longer than what they must hold, left out,
       twice, or in another order. */
    for (size_t s = 0; s < count; s++) {
      for (int change = 0; change < 5; change++) {
        size_t begin = list[s].start, end = list[s].crc + 8;
        size_t size = 0;
        memcpy(bad, image.bytes, begin);
        size = begin;
        if (change < 2) {
          size_t length = change == 0 ? (list[s].length >= 8 ? list[s].length - 8 : 0) : list[s].length + 8;
          memcpy(bad + begin, image.bytes + begin, 16 + (length < list[s].length ? length : list[s].length));
          if (length > list[s].length) memset(bad + begin + 16 + list[s].length, 0, 16);
          memset(bad + begin + 16 + length, 0, 8);
          put32(bad + begin + 8, (uint32_t)length);
          struct section now = {begin, begin + 16, length, begin + 16 + (length + 7) / 8 * 8};
          put32(bad + now.crc + 4, 0);
          seal(bad, &now);
          size = now.crc + 8;
        } else if (change == 3 && end - begin < 64) {
          memcpy(bad + size, image.bytes + begin, end - begin);
          memcpy(bad + size + end - begin, image.bytes + begin, end - begin);
          size += 2 * (end - begin);
        } else if (change == 4 && s + 1 < count) {
          size_t next = list[s + 1].crc + 8;
          memcpy(bad + size, image.bytes + end, next - end);
          memcpy(bad + size + next - end, image.bytes + begin, end - begin);
          size += next - begin;
          end = next;
        }
        memcpy(bad + size, image.bytes + end, image.size - end);
        try_forged(bad, size + image.size - end);
        if (failures > 60) return;
      }
    }
    /* Written by a newer format: nothing behind its head is understood. */
    memcpy(bad, image.bytes, image.size);
    static const uint32_t majors[] = {2, 3, 1000, UINT32_MAX};
    for (int v = 0; v < 4; v++) {
      put32(bad + list[0].payload, majors[v]);
      seal(bad, &list[0]);
      REFUSED_ALONE(swiftcl_network_load_memory(bad, image.size, NULL, OUT), SWIFTCL_E_VERSION, "newer");
      struct stream stream = reading(bad, image.size);
      REFUSED_ALONE(
          swiftcl_checkpoint_inspect(stream_read, &stream, OUT_STRUCT(swiftcl_checkpoint_info)), SWIFTCL_E_VERSION,
          "newer");
    }
    put32(bad + list[0].payload, 0);
    seal(bad, &list[0]);
    REFUSED_ALONE(swiftcl_network_load_memory(bad, image.size, NULL, OUT), SWIFTCL_E_FORMAT, "swiftcl");
    /* Written by a machine that counts its bytes the other way round. */
    memcpy(bad, image.bytes, image.size);
    put32(bad + list[0].payload + 8, 0x04030201);
    seal(bad, &list[0]);
    REFUSED_ALONE(swiftcl_network_load_memory(bad, image.size, NULL, OUT), SWIFTCL_E_FORMAT, "swiftcl");
    memcpy(bad, "SWIFTCL2", 8);
    REFUSED_ALONE(swiftcl_network_load_memory(bad, image.size, NULL, OUT), SWIFTCL_E_FORMAT, "checkpoint");
    free(bad);
    free(image.bytes);
  }
  CHECK(accepted > 100); /* enough forgeries were good enough to be used */
}

/* Rubbish that is no checkpoint at all. */
static void rubbish(void) {
  for (int n = 0; n < (quick() ? 50 : 2000); n++) {
    size_t size = below(400);
    uint8_t *bytes = malloc(size + 1);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)noise();
    if (n % 2 && size >= 8) memcpy(bytes, "SWIFTCL1", 8);
    if (n % 4 == 3 && size >= 16) memcpy(bytes + 8, "HEAD\0\0\0\0", 8);
    expect_refused(bytes, size, "rubbish", (size_t)n);
    free(bytes);
  }
}

/* ------------------------------------------------------------------- streams */

static void streams(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    swiftcl_network *net = make_kind(kind);
    struct image image = save_image(net);
    struct stream whole = {0};
    OK(net, swiftcl_network_save_to(net, stream_write, &whole));
    CHECK(whole.size == image.size && memcmp(whole.bytes, image.bytes, image.size) == 0);
    long step = quick() ? 11 : 1;
    for (long n = 1; n <= whole.calls; n += step) {
      static const int32_t answers[] = {1, -1, INT32_MIN, 77};
      struct stream failing = {0};
      failing.fail_at = n;
      failing.answer = answers[n % 4];
      REFUSED(net, swiftcl_network_save_to(net, stream_write, &failing), SWIFTCL_E_IO, "writ");
      CHECK(failing.calls == n); /* not called again after it refused */
      CHECK(failing.size <= image.size && memcmp(failing.bytes ? failing.bytes : image.bytes, image.bytes, failing.size) == 0);
      free(failing.bytes);
    }
    struct stream source = reading(image.bytes, image.size);
    swiftcl_network *loaded = NULL;
    OK(NULL, swiftcl_network_load_from(stream_read, &source, NULL, &loaded));
    swiftcl_network_free(loaded);
    CHECK(source.next == image.size); /* exactly its own bytes */
    long calls = source.calls;
    source = reading(image.bytes, image.size);
    swiftcl_checkpoint_info info;
    info.struct_size = sizeof info;
    OK(NULL, swiftcl_checkpoint_inspect(stream_read, &source, &info));
    long head_calls = source.calls;
    uint8_t *memory = aligned_memory((size_t)info.memory_bytes);
    for (long n = 1; n <= calls; n += step) {
      for (int way = 0; way < 4; way++) {
        source = reading(image.bytes, image.size);
        source.fail_at = n;
        source.answer = way % 2 ? 5 : -5;
        swiftcl_status wanted = way % 2 ? SWIFTCL_E_IO : SWIFTCL_E_FORMAT;
        if (way < 2) {
          struct counter counter = {0};
          swiftcl_load_options load;
          OK(NULL, swiftcl_load_options_init(&load));
          load.allocator = counting(&counter);
          REFUSED_ALONE(swiftcl_network_load_from(stream_read, &source, &load, OUT), wanted, "");
          CHECK(counter.live == 0);
        } else {
          REFUSED_ALONE(
              swiftcl_network_load_in(stream_read, &source, NULL, memory, (size_t)info.memory_bytes, OUT), wanted, "");
        }
        CHECK(source.calls == n);
        if (n <= head_calls && way < 2) {
          source = reading(image.bytes, image.size);
          source.fail_at = n;
          source.answer = way % 2 ? 5 : -5;
          REFUSED_ALONE(
              swiftcl_checkpoint_inspect(stream_read, &source, OUT_STRUCT(swiftcl_checkpoint_info)), wanted, "");
        }
      }
    }
    release_memory(memory);
    free(whole.bytes);
    free(image.bytes);
    swiftcl_network_free(net);
  }
}

/* --------------------------------------------------------------------- files */

static struct image read_file(const char *path) {
  struct image image = {NULL, 0};
  FILE *file = fopen(path, "rb");
  if (!file) return image;
  image.bytes = malloc(1 << 20);
  image.size = fread(image.bytes, 1, 1 << 20, file);
  fclose(file);
  return image;
}

/* Files in this directory, and whether one of them was left half written. */
static int files_here(const char *where, int *parts) {
  int count = 0;
  *parts = 0;
  DIR *directory = opendir(where);
  CHECK(directory != NULL);
  if (!directory) return 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    count++;
    if (strstr(entry->d_name, ".part")) ++*parts;
  }
  closedir(directory);
  return count;
}

static void same_file(const char *path, const struct image *wanted) {
  struct image found = read_file(path);
  CHECK(found.size == wanted->size && found.bytes && memcmp(found.bytes, wanted->bytes, found.size) == 0);
  free(found.bytes);
}

static void files(void) {
  swiftcl_network *net = make_kind(1);
  struct image first = save_image(net);
  int parts = 0;
  CHECK(mkdir("here", 0700) == 0 || errno == EEXIST);
  OK(net, swiftcl_network_save(net, "here/net.scl"));
  same_file("here/net.scl", &first);
  CHECK(files_here("here", &parts) == 1 && parts == 0);
  swiftcl_network *loaded = NULL;
  OK(NULL, swiftcl_network_load("here/net.scl", NULL, &loaded));
  struct image again = save_image(loaded);
  CHECK(again.size == first.size && memcmp(again.bytes, first.bytes, first.size) == 0);
  free(again.bytes);
  swiftcl_network_free(loaded);

  /* The old file stands until the new one is whole. */
  steps(net, 1);
  struct image second = save_image(net);
  OK(net, swiftcl_network_save(net, "here/net.scl"));
  same_file("here/net.scl", &second);
  CHECK(chmod("here/net.scl", 0640) == 0);
  OK(net, swiftcl_network_save(net, "here/net.scl"));
  struct stat status;
  CHECK(stat("here/net.scl", &status) == 0 && (status.st_mode & 0777) == 0640);
  steps(net, 1);

  /* Disks that are full: a small network fails when it is flushed, a large one on the way. */
  swiftcl_layer wide[2];
  swiftcl_layer dense = SWIFTCL_DENSE(512, 1, SWIFTCL_ACTIVATION_RELU), head = SWIFTCL_HEAD(4);
  wide[0] = dense;
  wide[1] = head;
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = wide;
  o.layer_count = 2;
  o.inputs = 40;
  swiftcl_network *large = NULL;
  OK(NULL, swiftcl_network_create(&o, &large));
  swiftcl_task task;
  OK(large, swiftcl_task_begin(large, NULL, &task));
  OK(large, swiftcl_task_end(large, NULL));
  struct rlimit before, limit;
  CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  char number[16];
  snprintf(number, sizeof number, "system error %d", EFBIG);
  static const unsigned long room[] = {0, 1, 1000, 16384, 20000, 40000};
  for (int i = 0; i < 6; i++) {
    limit = before;
    limit.rlim_cur = room[i];
    if (room[i] < second.size) {
      CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
      REFUSED(net, swiftcl_network_save(net, "here/net.scl"), SWIFTCL_E_IO, "here/net.scl", number);
      CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    }
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    REFUSED(large, swiftcl_network_save(large, "here/net.scl"), SWIFTCL_E_IO, "here/net.scl", number);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    same_file("here/net.scl", &second);
    CHECK(files_here("here", &parts) == 1 && parts == 0);
  }
  signal(SIGXFSZ, handler);
  swiftcl_network_free(large);

  /* Places where no file can be. */
  CHECK(mkdir("here/directory", 0700) == 0);
  REFUSED(net, swiftcl_network_save(net, "here/directory"), SWIFTCL_E_IO, "system error");
  REFUSED(net, swiftcl_network_save(net, "here/directory/"), SWIFTCL_E_IO, "system error");
  CHECK(files_here("here", &parts) == 2 && parts == 0);
  CHECK(files_here("here/directory", &parts) == 0 && parts == 0);
  REFUSED(net, swiftcl_network_save(net, "here/net.scl/below"), SWIFTCL_E_IO, "system error");
  REFUSED(net, swiftcl_network_save(net, "nowhere/net.scl"), SWIFTCL_E_IO, "system error");
  REFUSED(net, swiftcl_network_save(net, ""), SWIFTCL_E_ARGUMENT, "path");
  if (geteuid() != 0) { /* root writes everywhere */
    CHECK(chmod("here/directory", 0500) == 0);
    REFUSED(net, swiftcl_network_save(net, "here/directory/net.scl"), SWIFTCL_E_IO, "system error");
    CHECK(chmod("here/directory", 0700) == 0);
    CHECK(chmod("here/net.scl", 0) == 0);
    REFUSED_ALONE(swiftcl_network_load("here/net.scl", NULL, OUT), SWIFTCL_E_IO, "system error");
    CHECK(chmod("here/net.scl", 0600) == 0);
  }
  static char long_path[6000];
  memset(long_path, 'x', sizeof long_path - 1);
  REFUSED(net, swiftcl_network_save(net, long_path), SWIFTCL_E_ARGUMENT, "path");
  REFUSED_ALONE(swiftcl_network_load(long_path, NULL, OUT), SWIFTCL_E_IO, "system error");
  REFUSED_ALONE(swiftcl_network_load("", NULL, OUT), SWIFTCL_E_IO, "system error");
  REFUSED_ALONE(swiftcl_network_load("here/missing", NULL, OUT), SWIFTCL_E_IO, "system error");
  REFUSED_ALONE(swiftcl_network_load("here/directory", NULL, OUT), SWIFTCL_E_IO, "");
  FILE *empty = fopen("here/directory/empty", "wb");
  CHECK(empty != NULL);
  if (empty) fclose(empty);
  REFUSED_ALONE(swiftcl_network_load("here/directory/empty", NULL, OUT), SWIFTCL_E_FORMAT, "early");
  swiftcl_layer layers[8];
  swiftcl_options expected = kind_options(1, layers);
  swiftcl_load_options load;
  OK(NULL, swiftcl_load_options_init(&load));
  load.expected = &expected;
  OK(NULL, swiftcl_network_load("here/net.scl", &load, &loaded));
  swiftcl_network_free(loaded);
  layers[0].width = 16;
  REFUSED_ALONE(swiftcl_network_load("here/net.scl", &load, OUT), SWIFTCL_E_MISMATCH, "width");
  /* Through a name that leads elsewhere. */
  CHECK(remove("here/directory/empty") == 0 && remove("here/directory") == 0);
  CHECK(remove("here/net.scl") == 0 && remove("here") == 0);
  swiftcl_network_free(net);
  free(first.bytes);
  free(second.bytes);
}

/* -------------------------------------------------------------------- resume */

/* Loads a copy one way or another; `memory` is what to free after it. */
static swiftcl_network *copy_of(swiftcl_network *net, int way, void **memory) {
  struct image image = save_image(net);
  swiftcl_network *copy = NULL;
  struct stream stream = reading(image.bytes, image.size);
  swiftcl_checkpoint_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  *memory = NULL;
  switch (way) {
    case 0: OK(NULL, swiftcl_network_load_memory(image.bytes, image.size, NULL, &copy)); break;
    case 1: OK(NULL, swiftcl_network_load_from(stream_read, &stream, NULL, &copy)); break;
    case 2:
      OK(net, swiftcl_network_save(net, "copy.scl"));
      OK(NULL, swiftcl_network_load("copy.scl", NULL, &copy));
      CHECK(remove("copy.scl") == 0);
      break;
    default:
      OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
      *memory = aligned_memory((size_t)info.memory_bytes);
      memset(*memory, 0xB7, (size_t)info.memory_bytes);
      stream = reading(image.bytes, image.size);
      OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, *memory, (size_t)info.memory_bytes, &copy));
  }
  free(image.bytes);
  return copy;
}

static int same_networks(swiftcl_network *a, swiftcl_network *b) {
  struct snapshot one = take_snapshot(a), two = take_snapshot(b);
  int same = one.size == two.size && memcmp(one.bytes, two.bytes, one.size) == 0
             && memcmp(&one.accounting, &two.accounting, sizeof one.accounting) == 0 && one.rate == two.rate;
  if (!same && failures < 60) tell_difference(&one, &two);
  drop_snapshot(&one);
  drop_snapshot(&two);
  return same;
}

static struct feed feed;

/* Does the same to both and compares what they say. */
#define BOTH(call)                                                                                  \
  do {                                                                                              \
    swiftcl_network *net = a;                                                                       \
    swiftcl_status one_ = (call);                                                                   \
    net = b;                                                                                        \
    swiftcl_status two_ = (call);                                                                   \
    checks++;                                                                                       \
    if (one_ != two_ && ++failures < 100)                                                           \
      fprintf(                                                                                      \
          stderr, "checkpoint_faults.c:%d: run %llu: %s gives %s, and %s after loading: %s\n", __LINE__, \
          (unsigned long long)seed, #call, swiftcl_status_name(one_), swiftcl_status_name(two_),    \
          swiftcl_last_error(net)->message);                                                        \
  } while (0)

#define SAME()                                                                                      \
  do {                                                                                              \
    checks++;                                                                                       \
    if (!same_networks(a, b) && ++failures < 100)                                                   \
      fprintf(stderr, "checkpoint_faults.c:%d: run %llu differs after loading\n", __LINE__, (unsigned long long)seed); \
  } while (0)

static void resumed(uint64_t seed, int way) {
  struct design d;
  noise_state = seed;
  random_design(&d);
  const swiftcl_options *o = &d.o;
  swiftcl_network *a = NULL, *b = NULL;
  if (!OK(NULL, swiftcl_network_create(o, &a))) return;
  uint32_t head = o->layers[o->layer_count - 1].width;
  uint32_t most = o->sharing ? (o->max_classes ? o->max_classes : head) : MOST_CLASSES;
  uint32_t save_task = below(4), save_step = below(12), reopened = below(3) == 0;
  swiftcl_task tasks[8];
  int32_t classes[8][MOST_CLASSES];
  uint32_t counts[8];
  uint32_t learned = 0;
  void *memory = NULL;
  for (uint32_t n = 0; n < 7; n++) {
    counts[n] = 1 + below(most);
    for (uint32_t c = 0; c < counts[n]; c++) classes[n][c] = (int32_t)((c + n) % most);
    swiftcl_task_options t;
    OK(NULL, swiftcl_task_options_init(&t));
    t.classes = classes[n];
    t.class_count = counts[n];
    t.start = (int32_t)below(3);
    t.mask_classes = below(3) != 0;
    t.compete_steps = below(2) ? SWIFTCL_COMPETE_ALWAYS : 1 + below(9);
    t.expected_steps = below(2) ? 12 : 0;
    t.user_tag = noise();
    int again = reopened && n == save_task && learned > 0;
    tasks[n] = -1;
    if (b) {
      swiftcl_task copied = -1;
      swiftcl_status one = swiftcl_task_begin(a, &t, &tasks[n]), two = swiftcl_task_begin(b, &t, &copied);
      /* A network in memory of its own size cannot grow. */
      if (memory && one == SWIFTCL_OK && two == SWIFTCL_E_CAPACITY) {
        OK(a, swiftcl_task_abort(a));
        break;
      }
      CHECK(one == two && tasks[n] == copied);
      if (one) continue;
    } else if (again) {
      swiftcl_status status = swiftcl_task_reopen(a, tasks[n - 1], &t);
      CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_SHARED || status == SWIFTCL_E_TASK);
      if (status) again = 0, status = swiftcl_task_begin(a, &t, &tasks[n]);
      else counts[n] = counts[n - 1], memcpy(classes[n], classes[n - 1], sizeof classes[n]), tasks[n] = tasks[n - 1];
      if (status) continue;
    } else if (swiftcl_task_begin(a, &t, &tasks[n]) != SWIFTCL_OK) {
      continue;
    }
    random_feed(&feed, o, classes[n], counts[n]);
    if (o->data_samples && below(4)) {
      OK(a, swiftcl_data_begin(a, o->data_samples));
      if (b) OK(b, swiftcl_data_begin(b, o->data_samples));
    }
    for (uint32_t i = 0; i < 12; i++) {
      if (!b && n >= save_task && i >= save_step) {
        b = copy_of(a, way, &memory);
        if (!b) {
          swiftcl_network_free(a);
          release_memory(memory);
          return;
        }
        SAME();
      }
      size_t batch = 1 + below(o->max_batch);
      uint32_t event = below(20);
      if (b) {
        if (event == 0) BOTH(swiftcl_task_commit(net));
        if (event == 1) BOTH(swiftcl_set_learning_rate(net, 0.002f));
        if (event > 15) BOTH(swiftcl_data_remove(net, event - 15, NULL));
        BOTH(step_on(net, o, &feed, batch, NULL));
        SAME();
        if (failures > 40) break;
      } else {
        swiftcl_status status = step_on(a, o, &feed, batch, NULL);
        CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_NONFINITE);
      }
    }
    swiftcl_status ended = swiftcl_task_end(a, NULL);
    CHECK(ended == SWIFTCL_OK || ended == SWIFTCL_E_NONFINITE);
    if (b) STATUS(b, swiftcl_task_end(b, NULL), ended);
    if (b) SAME();
    if (ended) { /* its parameters overflowed */
      OK(a, swiftcl_task_abort(a));
      if (b) OK(b, swiftcl_task_abort(b));
      if (b) SAME();
      continue;
    }
    learned++;
    if (b && below(3) == 0) {
      swiftcl_task chosen = tasks[below(n + 1)];
      BOTH(swiftcl_task_remove(net, chosen));
      SAME();
    }
    if (b && below(3) == 0) {
      swiftcl_task chosen = tasks[below(n + 1)];
      BOTH(swiftcl_task_reopen(net, chosen, NULL));
      BOTH(swiftcl_task_abort(net));
      SAME();
    }
    if (failures > 40) break;
  }
  swiftcl_network_free(a);
  swiftcl_network_free(b);
  release_memory(memory);
}

static void resume(void) {
  int runs = quick() ? 12 : 300;
  for (int n = 0; n < runs && failures < 40; n++) resumed(5000 + (uint64_t)n, n % 4);
}

/* One task more than planned is open when the network is saved. */
static void one_too_many(void) {
  for (uint32_t most = 1; most <= 16; most *= 2)
    for (int phase = 0; phase < 2; phase++) {
      swiftcl_layer layers[8];
      swiftcl_options o = kind_options(1, layers);
      o.max_tasks = most;
      o.allocation = SWIFTCL_ALLOCATE_GROWING;
      swiftcl_network *net = NULL;
      OK(NULL, swiftcl_network_create(&o, &net));
      swiftcl_task task;
      for (uint32_t n = 0; n <= most; n++) {
        if (n) OK(net, swiftcl_task_end(net, NULL));
        OK(net, swiftcl_task_begin(net, NULL, &task));
        steps(net, 1);
      }
      if (phase) OK(net, swiftcl_task_commit(net));
      for (int way = 0; way < 4; way++) {
        void *memory = NULL;
        swiftcl_network *copy = copy_of(net, way, &memory);
        if (!copy) continue;
        steps(copy, 1);
        OK(copy, swiftcl_task_end(copy, NULL));
        size_t count = 0;
        OK(copy, swiftcl_task_count(copy, &count));
        CHECK(count == most + 1);
        swiftcl_network_free(copy);
        release_memory(memory);
      }
      swiftcl_network_free(net);
    }
}

/* A checkpoint is as large as its tickets, with no dense network hiding in it. */
static void sizes(void) {
  static const swiftcl_layer layers[] = {
    SWIFTCL_DENSE(400, 8, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(400, 8, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(10)};
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  o.inputs = 20;
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  uint64_t before = 0, parameters = 0, bytes = 0;
  OK(net, swiftcl_checkpoint_size(net, &before));
  CHECK(before < 1024);
  for (int n = 0; n < 5; n++) {
    swiftcl_task task;
    OK(net, swiftcl_task_begin(net, NULL, &task));
    swiftcl_task_info info;
    info.struct_size = sizeof info;
    OK(net, swiftcl_task_info_get(net, task, &info));
    OK(net, swiftcl_checkpoint_size(net, &bytes));
    /* Weights and momentum of the candidates; logits and their optimiser. */
    CHECK(bytes - before <= 8 * info.parameters + 20 * 800 + 16 * info.blocks + 1024);
    OK(net, swiftcl_task_end(net, &info));
    OK(net, swiftcl_checkpoint_size(net, &bytes));
    CHECK(bytes - before >= 4 * info.parameters);
    CHECK(bytes - before <= 4 * info.parameters + 8 * info.blocks + 4 * info.class_count + 256);
    parameters += info.parameters;
    struct snapshot image = take_snapshot(net); /* checks that the size is what is written */
    CHECK(image.size == bytes);
    drop_snapshot(&image);
    before = bytes;
  }
  CHECK(parameters < 5 * (20 * 50 + 50 * 50 + 50 * 10 + 110) + 1);
  swiftcl_network_free(net);
}

int main(void) {
  crc_setup();
  CHECK(crc32c((const uint8_t *)"123456789", 9) == 0xE3069283u);
  for (int i = 0; i < ROWS * 4; i++) rows[i] = real(-1, 1);
  for (int i = 0; i < ROWS; i++) labels[i] = i % 2;
  one_too_many();
  cut_and_flipped();
  rubbish();
  streams();
  files();
  sizes();
  resume();
  forged();
  return finish("checkpoint_faults");
}

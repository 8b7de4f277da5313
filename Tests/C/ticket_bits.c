/*
 * ticket_bits.c -- a ticket says what the network said, bit for bit: every kind of
 * layer, head, input and sharing, every number of rows and size of scratch, several
 * tickets at once, several threads on one ticket; and its bytes never change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tickets.h"

#include <pthread.h>

enum { TASKS = 3, MOST_TEST_ROWS = 300, WIDEST = 800 };

/* Raw rows of any type, and as many logits as there can be. */
static uint8_t inputs[MOST_TEST_ROWS * WIDEST * 4];
static int32_t labels[MOST_TEST_ROWS];
static long opened, abstained; /* that what the test is about did happen */
static float expected[TASKS][MOST_TEST_ROWS * 64];

static void fill(const swiftcl_options *o) {
  size_t count = (size_t)MOST_TEST_ROWS * o->inputs;
  for (size_t i = 0; i < count; i++) {
    uint64_t bits = noise();
    float value = real(-2, 2);
    if (o->input_type == SWIFTCL_INPUT_F32) memcpy(inputs + 4 * i, &value, 4);
    else memcpy(inputs + i * element_bytes(o), &bits, element_bytes(o));
  }
}

/* ------------------------------------------------------------- one ticket */

static int same_floats(const float *a, const float *b, size_t count) {
  return memcmp(a, b, count * sizeof *a) == 0;
}

/* Logits and labels of `rows` rows with some scratch, against the network's. */
static void compare(
    const swiftcl_ticket *ticket, const swiftcl_ticket_info *info, size_t rows, size_t scratch_bytes,
    const float *wanted, const int32_t *classes) {
  size_t count = rows * info->class_count;
  float *logits = aligned_memory(count * sizeof *logits);
  int32_t *best = aligned_memory(rows * sizeof *best);
  void *scratch = aligned_memory(scratch_bytes);
  memset(scratch, 0xFF, scratch_bytes); /* NaN: what is read before it is written shows */
  OK(NULL, swiftcl_ticket_predict(ticket, inputs, rows, logits, count, scratch, scratch_bytes));
  if (!CHECK(same_floats(logits, wanted, count)))
    fprintf(stderr, "  rows %zu, scratch %zu\n", rows, scratch_bytes);
  digest(logits, count);
  memset(scratch, 0xFF, scratch_bytes);
  OK(NULL, swiftcl_ticket_predict_labels(ticket, inputs, rows, best, rows, scratch, scratch_bytes));
  for (size_t r = 0; r < rows; r++) {
    size_t top = 0;
    const float *z = wanted + r * info->class_count;
    for (size_t c = 0; c < info->class_count; c++)
      if (z[c] > z[top]) top = c;
    if (!CHECK(best[r] == classes[top])) break;
  }
  release_memory(scratch);
  release_memory(best);
  release_memory(logits);
}

/* Whether a layer of a task has a mask. */
static int is_masked(swiftcl_network *net, swiftcl_task task) {
  for (uint32_t l = 0; l < 96; l++) {
    swiftcl_mask_info mask;
    mask.struct_size = sizeof mask;
    if (swiftcl_mask_info_get(net, task, l, &mask) == SWIFTCL_OK && mask.masked) return 1;
  }
  return 0;
}

/* What the network knows of the task, the ticket knows too. */
static void compare_facts(swiftcl_network *net, swiftcl_task task, const swiftcl_ticket *ticket) {
  swiftcl_ticket_info info = ticket_info(ticket);
  swiftcl_task_info known;
  known.struct_size = sizeof known;
  swiftcl_network_info whole;
  whole.struct_size = sizeof whole;
  OK(net, swiftcl_task_info_get(net, task, &known));
  OK(net, swiftcl_network_info_get(net, &whole));
  CHECK(info.task == task && info.user_tag == known.user_tag && info.class_count == known.class_count);
  CHECK(info.inputs == whole.inputs && info.input_type == whole.input_type);
  CHECK(info.input_channels == whole.input_channels && info.input_layout == whole.input_layout);
  CHECK(info.format_major == 1 && info.reserved == 0);
  if (info.class_count == known.class_count && known.class_count == whole.max_classes)
    /* A ticket holds what is masked as 0. */
    CHECK(
        is_masked(net, task) ? info.parameters >= known.parameters && info.predict_macs >= known.predict_macs
               : info.parameters == known.parameters && info.predict_macs == known.predict_macs);
  size_t bytes = 0, scratch = 0;
  OK(net, swiftcl_ticket_bytes(net, task, &bytes));
  CHECK(info.bytes == bytes);
  OK(NULL, swiftcl_ticket_scratch(ticket, 1, &scratch));
  CHECK(scratch == info.row_scratch_bytes);
  OK(NULL, swiftcl_ticket_scratch(ticket, SIZE_MAX, &scratch));
  CHECK(scratch == info.fast_scratch_bytes && scratch <= info.row_scratch_bytes * info.fast_rows);

  int32_t ours[64], theirs[64];
  size_t count = 0;
  OK(NULL, swiftcl_ticket_classes(ticket, ours, 64, &count));
  OK(net, swiftcl_task_classes(net, task, theirs, 64, NULL));
  CHECK(count == info.class_count && memcmp(ours, theirs, count * sizeof *ours) == 0);
  /* A ticket has the layers with parameters alone; blocks have those that compete. */
  for (uint32_t l = 0, slot = 0; l + 1 < info.layer_count && slot < whole.layer_count; l++, slot++) {
    swiftcl_layer_info layer;
    layer.struct_size = sizeof layer;
    OK(net, swiftcl_layer_info_get(net, slot, &layer));
    while (layer.blocks == 0 && ++slot < whole.layer_count) OK(net, swiftcl_layer_info_get(net, slot, &layer));
    int32_t *mine = malloc(layer.blocks * sizeof *mine), *its = malloc(layer.blocks * sizeof *its);
    OK(NULL, swiftcl_ticket_winners(ticket, l, mine, layer.blocks, &count));
    OK(net, swiftcl_winners(net, task, slot, its, layer.blocks));
    CHECK(count == layer.blocks && memcmp(mine, its, count * sizeof *mine) == 0);
    for (size_t i = 0; i < count; i++) abstained += mine[i] < 0;
    free(mine);
    free(its);
  }
}

/* --------------------------------------------------------- a whole network */

/* Learns tasks of these classes (NULL: all labels), a few steps each. */
static size_t learn(
    swiftcl_network *net, const swiftcl_options *o, const int32_t *const *classes, const uint32_t *counts,
    swiftcl_task *tasks) {
  for (size_t t = 0; t < TASKS; t++) {
    swiftcl_task_options options;
    OK(net, swiftcl_task_options_init(&options));
    options.user_tag = UINT64_C(0xABCDEF0123456789) + t;
    options.compete_steps = 3;
    uint32_t count = o->layers[o->layer_count - 1].width;
    if (classes) {
      options.classes = classes[t];
      options.class_count = count = counts[t];
    }
    swiftcl_status status = swiftcl_task_begin(net, &options, &tasks[t]);
    if (status == SWIFTCL_E_CAPACITY) return t;
    OK(net, status);
    for (int step = 0; step < 8; step++) {
      fill(o);
      size_t rows = o->max_batch < 16 ? o->max_batch : 16;
      for (size_t r = 0; r < rows; r++) {
        uint32_t c = below(count);
        labels[r] = classes ? classes[t][c] : (int32_t)c;
      }
      OK(net, swiftcl_train_step(net, inputs, labels, rows, NULL));
    }
    OK(net, swiftcl_task_end(net, NULL));
  }
  return TASKS;
}

static void check_network(
    const char *name, const swiftcl_options *o, const int32_t *const *classes, const uint32_t *counts) {
  static const size_t row_counts[] = {1, 2, 3, 7, 16, 48, 49, 130, 300};
  int before = failures;
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(o, &net));
  swiftcl_task tasks[TASKS];
  size_t count = learn(net, o, classes, counts, tasks);
  CHECK(count > 0);
  fill(o);

  struct blob blobs[TASKS];
  swiftcl_ticket *tickets[TASKS];
  swiftcl_ticket_info infos[TASKS];
  size_t most_scratch = 0;
  for (size_t t = 0; t < count; t++) {
    blobs[t] = blob_export(net, tasks[t]);
    tickets[t] = open_blob(&blobs[t]);
    infos[t] = ticket_info(tickets[t]);
    if (infos[t].row_scratch_bytes > most_scratch) most_scratch = (size_t)infos[t].row_scratch_bytes;
    compare_facts(net, tasks[t], tickets[t]);
    int32_t labels_of[64];
    OK(NULL, swiftcl_ticket_classes(tickets[t], labels_of, 64, NULL));
    size_t least = (size_t)infos[t].row_scratch_bytes;
    for (size_t i = 0; i < sizeof row_counts / sizeof *row_counts; i++) {
      size_t rows = row_counts[i], scratch = 0;
      if (quick() && rows > 49) continue;
      OK(net, swiftcl_predict(net, tasks[t], inputs, rows, expected[t], rows * infos[t].class_count));
      OK(NULL, swiftcl_ticket_scratch(tickets[t], rows, &scratch));
      compare(tickets[t], &infos[t], rows, scratch, expected[t], labels_of);
      if (rows > 49) continue;
      compare(tickets[t], &infos[t], rows, least, expected[t], labels_of);
      compare(tickets[t], &infos[t], rows, least * 5 + 60, expected[t], labels_of);
    }
  }

  /* All of them on one batch: by tickets, by the network, and one by one. */
  size_t rows = quick() ? 11 : 101, counts_of[TASKS];
  float *by_network[TASKS], *by_tickets[TASKS];
  const swiftcl_ticket *list[TASKS];
  for (size_t t = 0; t < count; t++) {
    counts_of[t] = rows * infos[t].class_count;
    by_network[t] = aligned_memory(counts_of[t] * sizeof(float));
    by_tickets[t] = aligned_memory(counts_of[t] * sizeof(float));
    list[t] = tickets[t];
    OK(net, swiftcl_predict(net, tasks[t], inputs, rows, expected[t], counts_of[t]));
  }
  OK(net, swiftcl_predict_tasks(net, tasks, count, inputs, rows, by_network, counts_of));
  for (size_t chunk = 1; chunk < 200; chunk *= 5) {
    void *scratch = aligned_memory(most_scratch * chunk);
    OK(NULL,
       swiftcl_ticket_predict_many(list, count, inputs, rows, by_tickets, counts_of, scratch, most_scratch * chunk));
    for (size_t t = 0; t < count; t++) {
      CHECK(same_floats(by_network[t], expected[t], counts_of[t]));
      CHECK(same_floats(by_tickets[t], expected[t], counts_of[t]));
      memset(by_tickets[t], 0xFF, counts_of[t] * sizeof(float));
    }
    release_memory(scratch);
  }

  /* Exported again, also while another task is open: the same bytes. */
  swiftcl_task next = -1;
  swiftcl_status open = swiftcl_task_begin(net, NULL, &next);
  opened += open == SWIFTCL_OK;
  for (size_t t = 0; t < count; t++) {
    struct blob again = blob_export(net, tasks[t]);
    CHECK(again.size == blobs[t].size && memcmp(again.bytes, blobs[t].bytes, again.size) == 0);
    blob_free(&again);
  }
  if (open == SWIFTCL_OK) OK(net, swiftcl_task_abort(net));
  swiftcl_network_free(net);

  /* The ticket needs the network no longer. */
  for (size_t t = 0; t < count; t++) {
    void *scratch = aligned_memory(most_scratch);
    OK(NULL,
       swiftcl_ticket_predict(tickets[t], inputs, rows, by_tickets[t], counts_of[t], scratch, most_scratch));
    CHECK(same_floats(by_tickets[t], expected[t], counts_of[t]));
    release_memory(scratch);
    release_memory(by_tickets[t]);
    release_memory(by_network[t]);
    swiftcl_ticket_free(tickets[t]);
    blob_free(&blobs[t]);
  }
  if (failures != before) fprintf(stderr, "  in %s\n", name);
}

/* ------------------------------------------------------------ kinds by name */

/* Networks over images of 6 x 7 pixels. */
static const char *image_kind(int kind, swiftcl_options *o, swiftcl_layer *layers) {
  swiftcl_layer convolution = SWIFTCL_IMAGE_CONV(6, 7, 12, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU);
  swiftcl_layer second = SWIFTCL_CONV(20, 4, 3, 2, 1, SWIFTCL_ACTIVATION_RELU);
  swiftcl_layer dense = SWIFTCL_DENSE(24, 4, SWIFTCL_ACTIVATION_RELU), head = SWIFTCL_HEAD(10);
  swiftcl_layer largest = SWIFTCL_MAX_POOL(2, 2, 0), mean = SWIFTCL_AVERAGE_POOL(3, 2, 1);
  swiftcl_layer global = SWIFTCL_GLOBAL_POOL();
  layers[0] = convolution;
  layers[1] = largest;
  layers[2] = second;
  layers[3] = dense;
  layers[4] = head;
  o->layer_count = 5;
  o->input_channels = 3;
  o->inputs = 6 * 7 * 3;
  switch (kind) {
    case 0: return "convolutions, interleaved";
    case 1: o->input_layout = SWIFTCL_LAYOUT_PLANAR; o->input_type = SWIFTCL_INPUT_U8; return "convolutions, planar u8";
    case 2: layers[3] = mean; return "mean of windows before the head";
    case 3: layers[3] = global; layers[0].competition = SWIFTCL_COMPETITION_SAMPLE; return "per sample, global mean";
    default:
      layers[0].kernel_height = layers[0].kernel_width = layers[2].kernel_height = layers[2].kernel_width = 1;
      layers[0].padding = layers[2].padding = 0;
      layers[2].stride = 1;
      return "windows of one pixel";
  }
}

/* Networks from `first` to below `end`. */
static void check_kinds(int first_kind, int end) {
  static const int32_t some[] = {7, 2, 5}, others[] = {0, 9}, rest[] = {3, 1, 4, 6, 8};
  static const int32_t *const subsets[] = {some, others, rest};
  static const uint32_t sizes[] = {3, 2, 5};
  static const float scale[3] = {0.01f, -0.02f, 0.005f}, offset[3] = {0.5f, 0, -0.25f};
  for (int kind = first_kind; kind < end; kind++) {
    const char *name = "";
    swiftcl_layer first = SWIFTCL_DENSE(52, 4, SWIFTCL_ACTIVATION_RELU);
    swiftcl_layer second = SWIFTCL_DENSE(88, 4, SWIFTCL_ACTIVATION_RELU), head = SWIFTCL_HEAD(10);
    swiftcl_layer layers[5];
    layers[0] = first;
    layers[1] = second;
    layers[2] = head;
    swiftcl_options o;
    OK(NULL, swiftcl_options_init(&o));
    o.layers = layers;
    o.layer_count = 3;
    o.inputs = 39;
    o.max_batch = 32;
    o.max_tasks = 4;
    o.expected_tasks = 3;
    o.seed = 100 + (uint64_t)kind;
    int subset = 0;
    switch (kind) {
      case 0: name = "relu"; break;
      case 1: name = "linear"; layers[0].activation = layers[1].activation = 0; break;
      case 2: name = "per sample"; layers[0].competition = SWIFTCL_COMPETITION_SAMPLE; break;
      case 3:
        name = "per sample, linear, twice";
        layers[0].competition = layers[1].competition = SWIFTCL_COMPETITION_SAMPLE;
        layers[0].activation = layers[1].activation = 0;
        break;
      case 4: name = "shared head, subsets"; o.head = SWIFTCL_HEAD_SHARED; subset = 1; break;
      case 5: name = "private head, subsets"; o.head = SWIFTCL_HEAD_TASK; subset = 1; break;
      case 6: name = "u8, interleaved"; o.input_type = SWIFTCL_INPUT_U8; break;
      case 7: name = "i8, planar"; o.input_type = SWIFTCL_INPUT_I8; o.input_layout = SWIFTCL_LAYOUT_PLANAR; break;
      case 8: name = "i16, one channel"; o.input_type = SWIFTCL_INPUT_I16; break;
      case 9: name = "f32, scaled"; break;
      case 10: /* more blocks than the floor, and units that are not enough */
        name = "abstaining blocks";
        o.expected_tasks = 9;
        break;
      case 11: name = "reuse"; o.unserved = SWIFTCL_UNSERVED_REUSE; o.expected_tasks = 9; break;
      case 12:
        name = "one shared ticket, subsets";
        layers[0].block_size = layers[1].block_size = 1;
        o.sharing = SWIFTCL_TICKETS_SHARED;
        subset = 1;
        break;
      case 13: name = "head only"; layers[0] = head; o.layer_count = 1; break;
      case 14: name = "logits without pads"; layers[2].width = 32; break;
      case 15: name = "growing"; o.allocation = SWIFTCL_ALLOCATE_GROWING; break;
      case 16: name = "wide"; layers[0].width = 800; o.inputs = 784; break;
      default: name = image_kind(kind - 17, &o, layers); break;
    }
    if (kind >= 6 && kind <= 9) {
      o.input_channels = kind == 8 ? 1 : 3;
      o.input_scale = scale;
      o.input_offset = offset;
    }
    if (quick() && kind == 16) continue;
    opened = abstained = 0;
    check_network(name, &o, subset ? subsets : NULL, sizes);
    CHECK(opened == 1);
    if (kind == 10) CHECK(abstained > 0);
  }
}

/* -------------------------------------------------------- networks by chance */

static void check_designs(int count) {
  for (int i = 0; i < count; i++) {
    struct design d;
    random_design(&d);
    d.o.loss = SWIFTCL_LOSS_CROSS_ENTROPY;
    char name[32];
    snprintf(name, sizeof name, "design %d", i);
    check_network(name, &d.o, NULL, NULL);
  }
}

/* ------------------------------------------------------------------ threads */

enum { THREADS = 4 };

struct job {
  const swiftcl_ticket *ticket;
  size_t first, rows, scratch_bytes, repeats;
  uint32_t classes;
  const float *wanted;
  int wrong;
};

static void *work(void *context) {
  struct job *job = context;
  size_t count = job->rows * job->classes;
  float *logits = malloc(count * sizeof *logits);
  void *scratch = NULL;
  if (!logits || posix_memalign(&scratch, 64, job->scratch_bytes) != 0) exit(3);
  for (size_t i = 0; i < job->repeats; i++) {
    memset(logits, 0xFF, count * sizeof *logits);
    const float *x = (const float *)(const void *)inputs + job->first * 39;
    swiftcl_status status = swiftcl_ticket_predict(job->ticket, x, job->rows, logits, count, scratch, job->scratch_bytes);
    if (status != SWIFTCL_OK || memcmp(logits, job->wanted + job->first * job->classes, count * sizeof *logits) != 0)
      job->wrong++;
    /* A failure of this thread's is told to no other. */
    if (swiftcl_ticket_predict(job->ticket, x, 0, logits, count, scratch, job->scratch_bytes) != SWIFTCL_E_ARGUMENT)
      job->wrong++;
  }
  free(scratch);
  free(logits);
  return NULL;
}

static void check_threads(void) {
  swiftcl_layer layers[] = {
    SWIFTCL_DENSE(60, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(60, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(10)};
  layers[1].competition = SWIFTCL_COMPETITION_SAMPLE;
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  o.inputs = 39;
  o.max_batch = 32;
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  swiftcl_task tasks[TASKS];
  CHECK(learn(net, &o, NULL, NULL, tasks) > 0);
  fill(&o);
  OK(net, swiftcl_predict(net, tasks[0], inputs, MOST_TEST_ROWS, expected[0], (size_t)MOST_TEST_ROWS * 10));
  struct blob blob = blob_export(net, tasks[0]);
  swiftcl_network_free(net);
  swiftcl_ticket *ticket = open_blob(&blob);
  swiftcl_ticket_info info = ticket_info(ticket);
  struct job jobs[THREADS];
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    struct job job = {
      ticket, i * 40, 180, (size_t)info.row_scratch_bytes * (1 + 20 * i), quick() ? 3 : 200, info.class_count,
      expected[0], 0};
    jobs[i] = job;
  }
  for (size_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
  for (size_t i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(jobs[i].wrong == 0);
  }
  swiftcl_ticket_free(ticket);
  blob_free(&blob);
}

int main(void) {
  noise_state = 77;
  check_kinds(0, 17);
  check_designs(quick() ? 12 : 150);
  check_threads();
  check_kinds(17, 22);
  return finish("ticket_bits");
}

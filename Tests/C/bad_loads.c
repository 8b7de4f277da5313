/*
 * bad_loads.c -- calls that load, and handles that are none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"
#include "crc.h"

static int32_t never_read(void *context, void *data, size_t bytes) {
  (void)context, (void)data, (void)bytes;
  CHECK(!"the stream was read");
  return 1;
}

static int32_t never_written(void *context, const void *data, size_t bytes) {
  (void)context, (void)data, (void)bytes;
  CHECK(!"the stream was written");
  return 1;
}

/* ------------------------------------------------------------ calls that load */

static void loads(void) {
  swiftcl_options o = small_options();
  swiftcl_network *net = create(&o);
  learn(net, NULL, 4);
  struct snapshot image = take_snapshot(net);
  swiftcl_network_free(net);
  const void *data = image.bytes;
  size_t size = image.size;
  struct stream stream = reading(data, size);

  REFUSED_ALONE(swiftcl_checkpoint_inspect(NULL, NULL, OUT_STRUCT(swiftcl_checkpoint_info)), SWIFTCL_E_NULL, "read");
  REFUSED_ALONE(swiftcl_checkpoint_inspect(never_read, NULL, NULL), SWIFTCL_E_NULL, "info");
  static const uint32_t sizes[] = {0, 7, sizeof(swiftcl_checkpoint_info) - 1, UINT32_MAX};
  for (int i = 0; i < 4; i++)
    REFUSED_ALONE(
        swiftcl_checkpoint_inspect(never_read, NULL, OUT_SIZED(swiftcl_checkpoint_info, sizes[i])), SWIFTCL_E_STRUCT,
        "info", "struct_size");
  swiftcl_checkpoint_info info;
  info.struct_size = sizeof info;
  OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
  CHECK(info.file_bytes == size && info.tasks == 1 && info.inputs == INPUTS && info.layer_count == 3);

  REFUSED_ALONE(swiftcl_network_load(NULL, NULL, OUT), SWIFTCL_E_NULL, "path");
  REFUSED_ALONE(swiftcl_network_load("missing", NULL, NULL), SWIFTCL_E_NULL, "network");
#ifdef WITHOUT_FILES
  REFUSED_ALONE(swiftcl_network_load("missing", NULL, OUT), SWIFTCL_E_UNSUPPORTED, "no files");
#else
  REFUSED_ALONE(swiftcl_network_load("missing", NULL, OUT), SWIFTCL_E_IO, "missing", "system error");
#endif
  REFUSED_ALONE(swiftcl_network_load_memory(NULL, size, NULL, OUT), SWIFTCL_E_NULL, "data");
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, NULL, NULL), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_network_load_memory(data, 0, NULL, OUT), SWIFTCL_E_FORMAT, "ends too early");
  REFUSED_ALONE(swiftcl_network_load_from(NULL, NULL, NULL, OUT), SWIFTCL_E_NULL, "read");
  REFUSED_ALONE(swiftcl_network_load_from(never_read, NULL, NULL, NULL), SWIFTCL_E_NULL, "network");
  size_t total = (size_t)info.memory_bytes;
  char *memory = aligned_memory(total + 128);
  REFUSED_ALONE(swiftcl_network_load_in(NULL, NULL, NULL, memory, total, OUT), SWIFTCL_E_NULL, "read");
  REFUSED_ALONE(swiftcl_network_load_in(never_read, NULL, NULL, NULL, total, OUT), SWIFTCL_E_NULL, "memory");
  REFUSED_ALONE(swiftcl_network_load_in(never_read, NULL, NULL, memory, total, NULL), SWIFTCL_E_NULL, "network");
  for (size_t shift = 1; shift < SWIFTCL_ALIGNMENT; shift *= 2) {
    stream = reading(data, size);
    REFUSED_ALONE(
        swiftcl_network_load_in(stream_read, &stream, NULL, memory + shift, total, OUT), SWIFTCL_E_ALIGNMENT, "memory");
  }
  char needed[24];
  snprintf(needed, sizeof needed, "%zu", total);
  const size_t less[] = {0, 64, total / 2, total - 1};
  for (int i = 0; i < 4; i++) {
    stream = reading(data, size);
    REFUSED_ALONE(
        swiftcl_network_load_in(stream_read, &stream, NULL, memory, less[i], OUT), SWIFTCL_E_BUFFER, "bytes", needed);
  }
  release_memory(memory);

  struct {
    swiftcl_load_options options;
    uint8_t tail[16];
  } load;
  memset(&load, 0, sizeof load);
  OK(NULL, swiftcl_load_options_init(&load.options));
  static const uint32_t past[] = {0, 3, sizeof(swiftcl_load_options) - 1, UINT32_MAX};
  for (int i = 0; i < 4; i++) {
    load.options.struct_size = past[i];
    REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_STRUCT, "options");
  }
  load.options.struct_size = sizeof load.options + 16;
  OK(NULL, swiftcl_network_load_memory(data, size, &load.options, &net));
  swiftcl_network_free(net);
  load.tail[15] = 1;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_STRUCT, "options");
  OK(NULL, swiftcl_load_options_init(&load.options));
  load.options.reserved = 1;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_ARGUMENT, "reserved");
  OK(NULL, swiftcl_load_options_init(&load.options));
  struct counter counter = {0};
  load.options.allocator = counting(&counter);
  load.options.allocator.release = NULL;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  load.options.allocator = counting(&counter);
  load.options.allocator.allocate = NULL;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  CHECK(counter.calls == 0);

  /* Another description: each of the things that decide what parameters mean. */
  static const struct field others[] = {
    OPTION(layer_count, U32, 2), OPTION(inputs, U32, 12), OPTION(input_type, I32, SWIFTCL_INPUT_U8),
    OPTION(input_channels, U32, 2), OPTION(loss, I32, SWIFTCL_LOSS_MSE),
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    swiftcl_options expected = small_options();
    set_field(&expected, &others[i]);
    OK(NULL, swiftcl_load_options_init(&load.options));
    load.options.expected = &expected;
    REFUSED_ALONE(
        swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_MISMATCH, others[i].name);
  }
  static const struct field layers_other[] = {
    LAYER(kind, I32, SWIFTCL_LAYER_HEAD), LAYER(width, U32, 32), LAYER(block_size, U32, 1),
    LAYER(activation, I32, SWIFTCL_ACTIVATION_NONE), LAYER(competition, I32, SWIFTCL_COMPETITION_SAMPLE),
  };
  for (size_t i = 0; i < sizeof layers_other / sizeof *layers_other; i++) {
    swiftcl_layer layers[3];
    memcpy(layers, small_layers, sizeof layers);
    set_field(&layers[1], &layers_other[i]);
    swiftcl_options expected = small_options();
    expected.layers = layers;
    load.options.expected = &expected;
    REFUSED_ALONE(
        swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_MISMATCH, layers_other[i].name);
  }
  swiftcl_options expected = small_options();
  expected.layers = NULL;
  load.options.expected = &expected;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_NULL, "expected");
  expected = small_options();
  expected.struct_size = 8;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_STRUCT, "expected");
  expected = small_options();
  expected.learning_rate = 5; /* how it learns is not what it is */
  expected.seed = 1234;
  OK(NULL, swiftcl_network_load_memory(data, size, &load.options, &net));
  swiftcl_network_free(net);
  drop_snapshot(&image);
}

/* ---------------------------------------------------------------- crafted tickets */

/* Numbers of a window that 32 bits would take for negative ones. */
static void windows(void) {
  swiftcl_layer layers[] = {SWIFTCL_CONV(4, 2, 1, 1, 0, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_options o = small_options();
  layers[0].input_height = 1;
  layers[0].input_width = INPUTS;
  o.layers = layers;
  o.layer_count = 2;
  o.input_channels = 1;
  swiftcl_network *net = create(&o);
  swiftcl_task task = learn(net, NULL, 1);
  size_t bytes = 0;
  OK(net, swiftcl_ticket_bytes(net, task, &bytes));
  uint8_t *ticket = aligned_memory(bytes);
  OK(net, swiftcl_ticket_export(net, task, ticket, bytes, NULL));
  size_t window = get32(ticket + get32(ticket + 72) + 56);
  CHECK(window > 0);
  void *handle = aligned_memory(SWIFTCL_TICKET_BYTES);
  for (size_t field = 0; field < 16; field++) {
    uint32_t kept = get32(ticket + window + 4 * field);
    if (field > 6 && field != 12 && field != 13) continue; /* not looked at here, or only whether they are 1 */
    put32(ticket + window + 4 * field, 0x80000001u);
    put32(ticket + 120, crc32c(ticket + 128, bytes - 128));
    put32(ticket + 124, crc32c(ticket, 124));
    REFUSED_ALONE(
        swiftcl_ticket_open_in(ticket, bytes, handle, SWIFTCL_TICKET_BYTES, OUT), SWIFTCL_E_CORRUPT, "impossible");
    put32(ticket + window + 4 * field, kept);
  }
  release_memory(handle);
  release_memory(ticket);
  swiftcl_network_free(net);
}

/* ------------------------------------------------------- calls with no good handle */

static void handles(swiftcl_network *bad, swiftcl_status wanted) {
  swiftcl_task task = 0;
  swiftcl_dataset set = {rows, labels, 1, 0};
#define ON_BAD(call) REFUSED_ALONE(call, wanted, "network")
  ON_BAD(swiftcl_network_warnings(bad, OUT));
  ON_BAD(swiftcl_network_info_get(bad, OUT_STRUCT(swiftcl_network_info)));
  ON_BAD(swiftcl_network_memory(bad, OUT, OUT_TOO));
  ON_BAD(swiftcl_task_begin(bad, NULL, OUT));
  ON_BAD(swiftcl_train_step(bad, rows, labels, 1, OUT_STRUCT(swiftcl_step)));
  ON_BAD(swiftcl_train_step_targets(bad, rows, targets, 1, OUT_STRUCT(swiftcl_step)));
  ON_BAD(swiftcl_fit(bad, rows, labels, 1, NULL, OUT_STRUCT(swiftcl_fit_report)));
  ON_BAD(swiftcl_set_learning_rate(bad, 0.1f));
  ON_BAD(swiftcl_learning_rate_get(bad, OUT));
  ON_BAD(swiftcl_set_threads(bad, 2));
  ON_BAD(swiftcl_threads_get(bad, OUT));
  ON_BAD(swiftcl_task_commit(bad));
  ON_BAD(swiftcl_task_end(bad, OUT_STRUCT(swiftcl_task_info)));
  ON_BAD(swiftcl_task_abort(bad));
  ON_BAD(swiftcl_task_reopen(bad, task, NULL));
  ON_BAD(swiftcl_task_remove(bad, task));
  ON_BAD(swiftcl_predict(bad, task, rows, 1, OUT, 8));
  ON_BAD(swiftcl_predict_labels(bad, task, rows, 1, OUT, 8));
  ON_BAD(swiftcl_evaluate(bad, task, rows, labels, 1, OUT));
  ON_BAD(swiftcl_evaluate_tasks(bad, &set, 1, OUT));
  ON_BAD(swiftcl_task_count(bad, OUT));
  ON_BAD(swiftcl_task_list(bad, OUT, 8, OUT_TOO));
  ON_BAD(swiftcl_task_info_get(bad, task, OUT_STRUCT(swiftcl_task_info)));
  ON_BAD(swiftcl_task_classes(bad, task, OUT, 8, OUT_TOO));
  ON_BAD(swiftcl_layer_info_get(bad, 0, OUT_STRUCT(swiftcl_layer_info)));
  ON_BAD(swiftcl_winners(bad, task, 0, OUT, 8));
  ON_BAD(swiftcl_winner_mask(bad, task, 0, OUT, 8));
  ON_BAD(swiftcl_winner_probabilities(bad, task, 0, OUT, 8));
  ON_BAD(swiftcl_overlap(bad, task, task, 0, OUT, OUT_TOO));
  ON_BAD(swiftcl_capacity_get(bad, 0, OUT_STRUCT(swiftcl_capacity)));
  ON_BAD(swiftcl_accounting_get(bad, OUT_STRUCT(swiftcl_accounting)));
  ON_BAD(swiftcl_parameter_shape(bad, task, 0, OUT, OUT_TOO));
  ON_BAD(swiftcl_parameters_get(bad, task, 0, OUT, 100, OUT_TOO, 100));
  ON_BAD(swiftcl_parameters_set(bad, task, 0, rows, 1, rows, 1));
  ON_BAD(swiftcl_norm_get(bad, task, 1, OUT, OUT, OUT_TOO, 100));
  ON_BAD(swiftcl_norm_set(bad, task, 1, rows, rows, rows, 1));
  ON_BAD(swiftcl_task_calibrate(bad, rows, 1));
  ON_BAD(swiftcl_checkpoint_size(bad, OUT));
  ON_BAD(swiftcl_network_save(bad, "never"));
  ON_BAD(swiftcl_network_save_memory(bad, OUT, 4096, OUT_TOO));
  ON_BAD(swiftcl_network_save_to(bad, never_written, NULL));
#undef ON_BAD
}

int main(void) {
  prepare();
  crc_setup();
  loads();
  windows();
  handles(NULL, SWIFTCL_E_NULL);
  static union {
    uint64_t words[2048];
    double align;
  } nothing; /* no network lives here */
  handles((swiftcl_network *)(void *)nothing.words, SWIFTCL_E_ARGUMENT);
  return finish("bad_loads");
}

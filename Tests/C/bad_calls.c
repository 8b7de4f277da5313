/*
 * bad_calls.c -- every argument of every call, wrong in every way, in every phase a
 * network can be in: outputs and object stay as they were.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"

/* ----------------------------------------- calls that fail whatever a network does */

static void struct_sizes(swiftcl_network *net, swiftcl_task known) {
  static const uint32_t wrong[] = {0, 1, 4, UINT32_MAX, 100000};
  int open = 0;
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  open = swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &info) == SWIFTCL_OK;
#define SIZED(type, call, word)                                                          \
  do {                                                                                   \
    for (int i_ = 0; i_ < 6; i_++) {                                                     \
      uint32_t size = i_ < 5 ? wrong[i_] : (uint32_t)sizeof(type) - 1;                   \
      REFUSED(net, call, SWIFTCL_E_STRUCT, word, "struct_size");                         \
    }                                                                                    \
  } while (0)
  SIZED(swiftcl_network_info, swiftcl_network_info_get(net, OUT_SIZED(swiftcl_network_info, size)), "info");
  SIZED(swiftcl_step, swiftcl_train_step(net, rows, labels, 1, OUT_SIZED(swiftcl_step, size)), "step");
  SIZED(swiftcl_step, swiftcl_train_step_targets(net, rows, targets, 1, OUT_SIZED(swiftcl_step, size)), "step");
  SIZED(swiftcl_fit_report, swiftcl_fit(net, rows, labels, 1, NULL, OUT_SIZED(swiftcl_fit_report, size)), "report");
  SIZED(swiftcl_task_info, swiftcl_task_end(net, OUT_SIZED(swiftcl_task_info, size)), "report");
  SIZED(swiftcl_task_info, swiftcl_task_info_get(net, known, OUT_SIZED(swiftcl_task_info, size)), "info");
  SIZED(swiftcl_layer_info, swiftcl_layer_info_get(net, 0, OUT_SIZED(swiftcl_layer_info, size)), "info");
  SIZED(swiftcl_capacity, swiftcl_capacity_get(net, 0, OUT_SIZED(swiftcl_capacity, size)), "capacity");
  SIZED(swiftcl_accounting, swiftcl_accounting_get(net, OUT_SIZED(swiftcl_accounting, size)), "accounting");
#undef SIZED
  struct {
    swiftcl_fit_options options;
    uint8_t tail[8];
  } fit;
  memset(&fit, 0, sizeof fit);
  OK(NULL, swiftcl_fit_options_init(&fit.options));
  struct {
    swiftcl_task_options options;
    uint8_t tail[8];
  } begin;
  memset(&begin, 0, sizeof begin);
  OK(NULL, swiftcl_task_options_init(&begin.options));
  for (int i = 0; i < 5; i++) {
    fit.options.struct_size = wrong[i];
    REFUSED(
        net, swiftcl_fit(net, rows, labels, 1, &fit.options, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STRUCT,
        "options");
    begin.options.struct_size = wrong[i];
    REFUSED(net, swiftcl_task_begin(net, &begin.options, OUT), SWIFTCL_E_STRUCT, "options");
    REFUSED(net, swiftcl_task_reopen(net, known, &begin.options), SWIFTCL_E_STRUCT, "options");
  }
  fit.options.struct_size = sizeof fit.options + 8;
  fit.tail[7] = 1;
  REFUSED(
      net, swiftcl_fit(net, rows, labels, 1, &fit.options, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STRUCT, "options");
  begin.options.struct_size = sizeof begin.options + 8;
  begin.tail[0] = 1;
  REFUSED(net, swiftcl_task_begin(net, &begin.options, OUT), SWIFTCL_E_STRUCT, "options");
  begin.tail[0] = 0;
  if (!open) {
    swiftcl_task task;
    struct snapshot before = take_snapshot(net);
    OK(net, swiftcl_task_begin(net, &begin.options, &task));
    OK(net, swiftcl_task_abort(net));
    CHECK(unchanged(net, &before));
    drop_snapshot(&before);
  }
}

static void pointers(swiftcl_network *net, swiftcl_task known) {
  swiftcl_dataset set = {rows, labels, 1, known};
  swiftcl_dataset no_inputs = {NULL, labels, 1, known};
  swiftcl_dataset no_labels = {rows, NULL, 1, known};
#define ON(call, word) REFUSED(net, call, SWIFTCL_E_NULL, word)
  ON(swiftcl_network_warnings(net, NULL), "warnings");
  ON(swiftcl_network_info_get(net, NULL), "info");
  ON(swiftcl_task_begin(net, NULL, NULL), "task");
  ON(swiftcl_train_step(net, NULL, labels, 1, OUT_STRUCT(swiftcl_step)), "inputs");
  ON(swiftcl_train_step(net, rows, NULL, 1, OUT_STRUCT(swiftcl_step)), "labels");
  ON(swiftcl_train_step_targets(net, NULL, targets, 1, OUT_STRUCT(swiftcl_step)), "inputs");
  ON(swiftcl_train_step_targets(net, rows, NULL, 1, OUT_STRUCT(swiftcl_step)), "targets");
  ON(swiftcl_fit(net, NULL, labels, 1, NULL, OUT_STRUCT(swiftcl_fit_report)), "inputs");
  ON(swiftcl_fit(net, rows, NULL, 1, NULL, OUT_STRUCT(swiftcl_fit_report)), "labels");
  ON(swiftcl_learning_rate_get(net, NULL), "learning_rate");
  ON(swiftcl_threads_get(net, NULL), "threads");
  ON(swiftcl_predict(net, known, NULL, 1, OUT, 8), "inputs");
  ON(swiftcl_predict(net, known, rows, 1, NULL, 8), "logits");
  ON(swiftcl_predict_labels(net, known, NULL, 1, OUT, 8), "inputs");
  ON(swiftcl_predict_labels(net, known, rows, 1, NULL, 8), "labels");
  ON(swiftcl_evaluate(net, known, NULL, labels, 1, OUT), "inputs");
  ON(swiftcl_evaluate(net, known, rows, NULL, 1, OUT), "labels");
  ON(swiftcl_evaluate(net, known, rows, labels, 1, NULL), "accuracy");
  ON(swiftcl_evaluate_tasks(net, NULL, 1, OUT), "sets");
  ON(swiftcl_evaluate_tasks(net, &set, 1, NULL), "accuracies");
  ON(swiftcl_evaluate_tasks(net, &no_inputs, 1, OUT), "inputs");
  ON(swiftcl_evaluate_tasks(net, &no_labels, 1, OUT), "labels");
  ON(swiftcl_task_count(net, NULL), "count");
  ON(swiftcl_task_list(net, NULL, 8, OUT), "tasks");
  ON(swiftcl_task_info_get(net, known, NULL), "info");
  ON(swiftcl_task_classes(net, known, NULL, 8, OUT), "classes");
  ON(swiftcl_layer_info_get(net, 0, NULL), "info");
  ON(swiftcl_winners(net, known, 0, NULL, 8), "winners");
  ON(swiftcl_winner_mask(net, known, 0, NULL, 8), "mask");
  ON(swiftcl_winner_probabilities(net, known, 0, NULL, 8), "probabilities");
  ON(swiftcl_capacity_get(net, 0, NULL), "capacity");
  ON(swiftcl_accounting_get(net, NULL), "accounting");
  ON(swiftcl_parameters_get(net, known, 0, NULL, 1000, OUT, 100), "weights");
  ON(swiftcl_parameters_get(net, known, 0, OUT, 1000, NULL, 100), "biases");
  ON(swiftcl_parameters_set(net, known, 0, NULL, 1000, rows, 8), "weights");
  ON(swiftcl_parameters_set(net, known, 0, rows, 8, NULL, 100), "biases");
  ON(swiftcl_norm_get(net, known, 0, NULL, OUT, OUT, 8), "scale");
  ON(swiftcl_norm_get(net, known, 0, OUT, NULL, OUT, 8), "mean");
  ON(swiftcl_norm_get(net, known, 0, OUT, OUT, NULL, 8), "variance");
  ON(swiftcl_norm_set(net, known, 0, NULL, rows, rows, 8), "scale");
  ON(swiftcl_norm_set(net, known, 0, rows, NULL, rows, 8), "mean");
  ON(swiftcl_norm_set(net, known, 0, rows, rows, NULL, 8), "variance");
  ON(swiftcl_task_calibrate(net, NULL, 1), "inputs");
  ON(swiftcl_checkpoint_size(net, NULL), "bytes");
  ON(swiftcl_network_save(net, NULL), "path");
  ON(swiftcl_network_save_memory(net, NULL, 1 << 20, OUT), "buffer");
  ON(swiftcl_network_save_to(net, NULL, NULL), "write");
#undef ON
  /* NULL where it is allowed. */
  OK(net, swiftcl_network_memory(net, NULL, NULL));
  OK(net, swiftcl_overlap(net, known, known, 0, NULL, NULL));
  OK(net, swiftcl_parameter_shape(net, known, 0, NULL, NULL));
  swiftcl_task list[64];
  OK(net, swiftcl_task_list(net, list, 64, NULL));
  int32_t classes[64];
  OK(net, swiftcl_task_classes(net, known, classes, 64, NULL));
}

/* Numbers of tasks and layers that are none. */
static void names(swiftcl_network *net, swiftcl_task known, int open, int count_layers) {
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  const swiftcl_task none[] = {known + 100, -2, INT32_MIN, INT32_MAX, SWIFTCL_TASK_OPEN};
  for (int i = 0; i < (open ? 4 : 5); i++) {
    swiftcl_task t = none[i];
    swiftcl_status wanted = t == SWIFTCL_TASK_OPEN ? SWIFTCL_E_STATE : SWIFTCL_E_TASK;
    char number[16] = "";
    if (wanted == SWIFTCL_E_TASK) snprintf(number, sizeof number, "%ld", (long)t);
    swiftcl_dataset set = {rows, labels, 1, t};
#define ON(call) REFUSED(net, call, wanted, "task", number)
    ON(swiftcl_predict(net, t, rows, 1, OUT, 100));
    ON(swiftcl_predict_labels(net, t, rows, 1, OUT, 100));
    ON(swiftcl_evaluate(net, t, rows, labels, 1, OUT));
    ON(swiftcl_evaluate_tasks(net, &set, 1, OUT));
    ON(swiftcl_task_info_get(net, t, OUT_STRUCT(swiftcl_task_info)));
    ON(swiftcl_task_classes(net, t, OUT, 100, OUT_TOO));
    ON(swiftcl_winners(net, t, 0, OUT, 100));
    ON(swiftcl_winner_mask(net, t, 0, OUT, 1000));
    ON(swiftcl_winner_probabilities(net, t, 0, OUT, 1000));
    ON(swiftcl_overlap(net, t, known, 0, OUT, OUT_TOO));
    ON(swiftcl_overlap(net, known, t, 0, OUT, OUT_TOO));
    ON(swiftcl_parameter_shape(net, t, 0, OUT, OUT_TOO));
    ON(swiftcl_parameters_get(net, t, 0, OUT, 2000, OUT_TOO, 100));
    ON(swiftcl_parameters_set(net, t, 0, rows, 8, rows, 8));
#undef ON
    if (!open) {
      REFUSED(net, swiftcl_task_reopen(net, t, NULL), wanted, "task", number);
      REFUSED(net, swiftcl_task_remove(net, t), wanted, "task", number);
    }
  }
  const uint32_t no_layer[] = {(uint32_t)count_layers, 1000, UINT32_MAX};
  for (int i = 0; i < 3; i++) {
    uint32_t l = no_layer[i];
    char number[16];
    snprintf(number, sizeof number, "%lu", (unsigned long)l);
#define ON(call) REFUSED(net, call, SWIFTCL_E_ARGUMENT, "layer", number)
    ON(swiftcl_layer_info_get(net, l, OUT_STRUCT(swiftcl_layer_info)));
    ON(swiftcl_parameter_shape(net, known, l, OUT, OUT_TOO));
    ON(swiftcl_parameters_get(net, known, l, OUT, 2000, OUT_TOO, 100));
    ON(swiftcl_parameters_set(net, known, l, rows, 8, rows, 8));
    if (i == 0) l--, snprintf(number, sizeof number, "%lu", (unsigned long)l); /* the head does not compete */
    ON(swiftcl_winners(net, known, l, OUT, 100));
    ON(swiftcl_winner_mask(net, known, l, OUT, 1000));
    ON(swiftcl_winner_probabilities(net, known, l, OUT, 1000));
    ON(swiftcl_overlap(net, known, known, l, OUT, OUT_TOO));
    ON(swiftcl_capacity_get(net, l, OUT_STRUCT(swiftcl_capacity)));
#undef ON
  }
}

/* Buffers that are too small: the message says how many would do. */
static void buffers(swiftcl_network *net, swiftcl_task task) {
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  OK(net, swiftcl_task_info_get(net, task, &info));
  size_t tasks = 0, size, outputs, inputs;
  uint64_t checkpoint;
  swiftcl_layer_info layer;
  layer.struct_size = sizeof layer;
  OK(net, swiftcl_task_count(net, &tasks));
  OK(net, swiftcl_checkpoint_size(net, &checkpoint));
  OK(net, swiftcl_layer_info_get(net, 0, &layer));
  OK(net, swiftcl_parameter_shape(net, task, 0, &outputs, &inputs));
  char number[24];
#define SHORT(needed, word, call)                                      \
  do {                                                                 \
    size_t need_ = (size_t)(needed);                                   \
    snprintf(number, sizeof number, "%zu", need_);                     \
    for (int i_ = 0; i_ < 2; i_++) {                                   \
      size = i_ ? need_ - 1 : 0;                                       \
      REFUSED(net, call, SWIFTCL_E_BUFFER, word, number);              \
    }                                                                  \
  } while (0)
  SHORT(tasks, "capacity", swiftcl_task_list(net, OUT, size, OUT_TOO));
  SHORT(info.class_count, "capacity", swiftcl_task_classes(net, task, OUT, size, OUT_TOO));
  SHORT(layer.blocks, "count", swiftcl_winners(net, task, 0, OUT, size));
  SHORT(layer.blocks * layer.units_per_block, "count", swiftcl_winner_mask(net, task, 0, OUT, size));
  SHORT(layer.blocks * layer.units_per_block, "count", swiftcl_winner_probabilities(net, task, 0, OUT, size));
  SHORT(2 * info.class_count, "logit_count", swiftcl_predict(net, task, rows, 2, OUT, size));
  SHORT(5, "label_count", swiftcl_predict_labels(net, task, rows, 5, OUT, size));
  SHORT(outputs * inputs, "weight_count", swiftcl_parameters_get(net, task, 0, OUT, size, OUT_TOO, outputs));
  SHORT(outputs, "bias_count", swiftcl_parameters_get(net, task, 0, OUT, outputs * inputs, OUT_TOO, size));
  SHORT(checkpoint, "bytes", swiftcl_network_save_memory(net, OUT, size, OUT_TOO));
  /* Just enough is enough: nothing is written behind the needed bytes. */
  float *exact = malloc(2 * info.class_count * sizeof *exact);
  OK(net, swiftcl_predict(net, task, rows, 2, exact, 2 * info.class_count));
  free(exact);
  uint8_t *mask = malloc((size_t)layer.blocks * layer.units_per_block);
  OK(net, swiftcl_winner_mask(net, task, 0, mask, (size_t)layer.blocks * layer.units_per_block));
  free(mask);
  float *probabilities = malloc((size_t)layer.blocks * layer.units_per_block * sizeof *probabilities);
  OK(net, swiftcl_winner_probabilities(net, task, 0, probabilities, (size_t)layer.blocks * layer.units_per_block));
  free(probabilities);
  int32_t *winners = malloc(layer.blocks * sizeof *winners);
  OK(net, swiftcl_winners(net, task, 0, winners, layer.blocks));
  free(winners);
  float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
  OK(net, swiftcl_parameters_get(net, task, 0, weights, outputs * inputs, biases, outputs));
  free(weights);
  free(biases);
#undef SHORT
}

/* Rows that are none, too many, not finite, or of another class. */
static void row_counts(swiftcl_network *net, swiftcl_task task) {
  const size_t wrong[] = {0, SIZE_MAX, SIZE_MAX / 2 + 1};
  for (int i = 0; i < 3; i++) {
    size_t n = wrong[i];
    int wraps = n > 0; /* as many logits as a size_t can count are never enough */
    swiftcl_dataset set = {rows, labels, n, task};
    REFUSED(
        net, swiftcl_predict(net, task, rows, n, OUT, SIZE_MAX), wraps ? SWIFTCL_E_BUFFER : SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_predict_labels(net, task, rows, n, OUT, SIZE_MAX), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_evaluate(net, task, rows, labels, n, OUT), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_evaluate_tasks(net, &set, 1, OUT), SWIFTCL_E_ARGUMENT, "rows");
  }
  swiftcl_dataset set = {rows, labels, 1, task};
  REFUSED(net, swiftcl_evaluate_tasks(net, &set, 0, OUT), SWIFTCL_E_ARGUMENT, "count");
  REFUSED(net, swiftcl_evaluate_tasks(net, &set, SIZE_MAX, OUT), SWIFTCL_E_ARGUMENT, "count");

  static const float wrongs[] = {NAN, INFINITY, -INFINITY};
  for (size_t r = 0; r < ROWS; r += 5)
    for (int w = 0; w < 3; w++) {
      float bad[ROWS * INPUTS];
      memcpy(bad, rows, sizeof bad);
      bad[r * INPUTS + (size_t)w * 2] = wrongs[w];
      char row[16];
      snprintf(row, sizeof row, "%zu", r);
      swiftcl_dataset sets[2] = {{rows, labels, ROWS, task}, {bad, labels, ROWS, task}};
      REFUSED(net, swiftcl_predict(net, task, bad, ROWS, OUT, 1000), SWIFTCL_E_NONFINITE, "row", row);
      REFUSED(net, swiftcl_predict_labels(net, task, bad, ROWS, OUT, 1000), SWIFTCL_E_NONFINITE, "row", row);
      REFUSED(net, swiftcl_evaluate(net, task, bad, labels, ROWS, OUT), SWIFTCL_E_NONFINITE, "row", row);
      REFUSED(net, swiftcl_evaluate_tasks(net, sets, 2, OUT), SWIFTCL_E_NONFINITE, "row", row);
    }
  static const int32_t strangers[] = {CLASSES, -1, INT32_MAX, INT32_MIN};
  for (int w = 0; w < 4; w++) {
    int32_t bad[ROWS];
    memcpy(bad, labels, sizeof bad);
    bad[7] = strangers[w];
    swiftcl_dataset sets[2] = {{rows, labels, ROWS, task}, {rows, bad, ROWS, task}};
    REFUSED(net, swiftcl_evaluate(net, task, rows, bad, ROWS, OUT), SWIFTCL_E_LABEL, "labels", "7");
    REFUSED(net, swiftcl_evaluate_tasks(net, sets, 2, OUT), SWIFTCL_E_LABEL, "labels", "7");
  }
}

static void rates(swiftcl_network *net) {
  static const float wrong[] = {NAN, INFINITY, -INFINITY, -0.1f, 1.1e6f};
  for (int i = 0; i < 5; i++)
    REFUSED(net, swiftcl_set_learning_rate(net, wrong[i]), SWIFTCL_E_ARGUMENT, "learning_rate");
}

static void threads(swiftcl_network *net) {
  static const uint32_t wrong[] = {0, SWIFTCL_MAX_THREADS + 1, 0x80000000u, UINT32_MAX};
  for (int i = 0; i < 4; i++) REFUSED(net, swiftcl_set_threads(net, wrong[i]), SWIFTCL_E_ARGUMENT, "threads");
}

static void paths(swiftcl_network *net) {
#ifdef WITHOUT_FILES
  REFUSED(net, swiftcl_network_save(net, "no/such/directory/file"), SWIFTCL_E_UNSUPPORTED, "no files");
#else
  static char long_path[5000];
  memset(long_path, 'a', sizeof long_path - 1);
  REFUSED(net, swiftcl_network_save(net, ""), SWIFTCL_E_ARGUMENT, "path");
  REFUSED(net, swiftcl_network_save(net, long_path), SWIFTCL_E_ARGUMENT, "path");
  long_path[4095] = 0; /* allowed, but no file system takes it */
  REFUSED(net, swiftcl_network_save(net, long_path), SWIFTCL_E_IO, "system error");
  REFUSED(net, swiftcl_network_save(net, "no/such/directory/file"), SWIFTCL_E_IO, "system error");
#endif
}

/* What a network with no task open refuses. */
static void closed(swiftcl_network *net, swiftcl_task known) {
  (void)known;
  swiftcl_step step;
  step.struct_size = sizeof step;
  REFUSED(net, swiftcl_train_step(net, rows, labels, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "task");
  swiftcl_fit_options fit;
  OK(NULL, swiftcl_fit_options_init(&fit));
  fit.batch = 4;
  REFUSED(net, swiftcl_fit(net, rows, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STATE, "task");
  REFUSED(
      net, swiftcl_train_step_targets(net, rows, targets, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "task");
  REFUSED(net, swiftcl_task_commit(net), SWIFTCL_E_STATE, "task");
  REFUSED(net, swiftcl_task_end(net, OUT_STRUCT(swiftcl_task_info)), SWIFTCL_E_STATE, "task");
  REFUSED(net, swiftcl_task_abort(net), SWIFTCL_E_STATE, "task");

  swiftcl_task_options o;
#define BEGIN(wanted, ...) REFUSED(net, swiftcl_task_begin(net, &o, OUT), wanted, __VA_ARGS__)
#define FRESH() OK(NULL, swiftcl_task_options_init(&o))
  static const int32_t starts[] = {-1, 3, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) {
    FRESH();
    o.start = starts[i];
    BEGIN(SWIFTCL_E_ARGUMENT, "start");
  }
  FRESH();
  o.mask_classes = 2;
  BEGIN(SWIFTCL_E_ARGUMENT, "mask_classes");
  o.mask_classes = UINT32_MAX;
  BEGIN(SWIFTCL_E_ARGUMENT, "mask_classes");
  FRESH();
  o.class_count = 2;
  BEGIN(SWIFTCL_E_NULL, "classes");
  static const int32_t twice[] = {2, 0, 2}, negative[] = {0, -1}, huge[] = {0, 1, INT32_MAX}, over[] = {65536};
  FRESH();
  o.classes = twice;
  BEGIN(SWIFTCL_E_ARGUMENT, "class_count");
  o.class_count = UINT32_MAX;
  BEGIN(SWIFTCL_E_ARGUMENT, "class_count");
  o.class_count = 65537;
  BEGIN(SWIFTCL_E_ARGUMENT, "class_count");
  o.class_count = 3;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[2]", "2");
  o.classes = negative;
  o.class_count = 2;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[1]", "-1");
  o.classes = huge;
  o.class_count = 3;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[2]");
  o.classes = over;
  o.class_count = 1;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[0]", "65536");
#undef BEGIN
#undef FRESH
}

/* What a network with a task open refuses. */
static void opened(swiftcl_network *net, swiftcl_task known, int mse) {
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_reopen(net, known, NULL), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_reopen(net, known + 100, NULL), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_remove(net, known), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_remove(net, SWIFTCL_TASK_OPEN), SWIFTCL_E_STATE, "open task");
  const size_t counts[] = {0, BATCH + 1, SIZE_MAX, (size_t)1 << 40};
  if (mse) {
    REFUSED(net, swiftcl_train_step(net, rows, labels, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "loss");
    swiftcl_fit_options fit;
    OK(NULL, swiftcl_fit_options_init(&fit));
    fit.batch = 4;
    REFUSED(net, swiftcl_fit(net, rows, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STATE, "loss");
    for (int i = 0; i < 4; i++)
      REFUSED(
          net, swiftcl_train_step_targets(net, rows, targets, counts[i], OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT,
          "rows");
    for (int i = 0; i < 2; i++) {
      float bad[ROWS * CLASSES];
      memcpy(bad, targets, sizeof bad);
      bad[4 * CLASSES + i] = i ? INFINITY : NAN;
      REFUSED(
          net, swiftcl_train_step_targets(net, rows, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE,
          "targets", "4");
      bad[4 * CLASSES + i] = i ? -3e38f : 3e38f; /* finite, but its square is not */
      REFUSED(
          net, swiftcl_train_step_targets(net, rows, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "loss");
    }
    return;
  }
  REFUSED(
      net, swiftcl_train_step_targets(net, rows, targets, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "loss");
  for (int i = 0; i < 4; i++)
    REFUSED(
        net, swiftcl_train_step(net, rows, labels, counts[i], OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT, "rows");
  static const float wrongs[] = {NAN, INFINITY, -INFINITY};
  for (size_t r = 0; r < BATCH; r += 3)
    for (int w = 0; w < 3; w++) {
      float bad[ROWS * INPUTS];
      memcpy(bad, rows, sizeof bad);
      bad[r * INPUTS + (size_t)w] = wrongs[w];
      char row[16];
      snprintf(row, sizeof row, "%zu", r);
      REFUSED(
          net, swiftcl_train_step(net, bad, labels, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "row", row);
      swiftcl_fit_options fit;
      OK(NULL, swiftcl_fit_options_init(&fit));
      fit.batch = BATCH;
      fit.shuffle = 0; /* the bad row is in the first batch: nothing was done */
      REFUSED(
          net, swiftcl_fit(net, bad, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_NONFINITE, "row",
          row);
    }
  static const int32_t strangers[] = {CLASSES, -1, INT32_MAX, INT32_MIN};
  for (int w = 0; w < 4; w++) {
    int32_t bad[ROWS];
    memcpy(bad, labels, sizeof bad);
    bad[5] = strangers[w];
    REFUSED(
        net, swiftcl_train_step(net, rows, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_LABEL, "labels[5]");
    REFUSED(
        net, swiftcl_fit(net, rows, bad, ROWS, NULL, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_LABEL, "labels[5]");
  }
  swiftcl_fit_options fit;
#define FIT(wanted, ...) \
  REFUSED(net, swiftcl_fit(net, rows, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), wanted, __VA_ARGS__)
  static const uint32_t batches[] = {0, BATCH + 1, UINT32_MAX};
  for (int i = 0; i < 3; i++) {
    OK(NULL, swiftcl_fit_options_init(&fit));
    fit.batch = batches[i];
    FIT(SWIFTCL_E_ARGUMENT, "batch");
  }
  OK(NULL, swiftcl_fit_options_init(&fit));
  fit.batch = 4;
  fit.epochs = 0;
  FIT(SWIFTCL_E_ARGUMENT, "epochs");
  fit.epochs = 1;
  fit.shuffle = 2;
  FIT(SWIFTCL_E_ARGUMENT, "shuffle");
  fit.shuffle = 1;
  for (int w = 0; w < 4; w++) {
    int32_t bad[ROWS];
    memcpy(bad, labels, sizeof bad);
    bad[ROWS - 1] = strangers[w];
    REFUSED(
        net, swiftcl_fit(net, rows, bad, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_LABEL, "labels[11]");
  }
  const size_t sizes[] = {0, SIZE_MAX, SIZE_MAX / 2};
  for (int i = 0; i < 3; i++)
    REFUSED(
        net, swiftcl_fit(net, rows, labels, sizes[i], &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_ARGUMENT,
        "rows");
#undef FIT
}

/* Parameters of the open task that are refused. */
static void open_parameters(swiftcl_network *net, swiftcl_task known) {
  for (uint32_t l = 0; l < 3; l++) {
    size_t outputs, inputs;
    OK(net, swiftcl_parameter_shape(net, SWIFTCL_TASK_OPEN, l, &outputs, &inputs));
    float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
    OK(net, swiftcl_parameters_get(net, SWIFTCL_TASK_OPEN, l, weights, outputs * inputs, biases, outputs));
    char number[24];
    snprintf(number, sizeof number, "%zu", outputs * inputs);
#define SET(task, weight_count, bias_count, wanted, word, other)                                                  \
  REFUSED(                                                                                                        \
      net, swiftcl_parameters_set(net, task, l, weights, weight_count, biases, bias_count), wanted, word, other)
    SET(SWIFTCL_TASK_OPEN, outputs * inputs - 1, outputs, SWIFTCL_E_BUFFER, "weight_count", number);
    snprintf(number, sizeof number, "%zu", outputs);
    SET(SWIFTCL_TASK_OPEN, outputs * inputs, outputs - 1, SWIFTCL_E_BUFFER, "bias_count", number);
    static const float wrongs[] = {NAN, INFINITY, -INFINITY};
    for (int w = 0; w < 3; w++) {
      float kept = weights[outputs * inputs - 1];
      weights[outputs * inputs - 1] = wrongs[w];
      SET(SWIFTCL_TASK_OPEN, outputs * inputs, outputs, SWIFTCL_E_NONFINITE, "weights", "");
      weights[outputs * inputs - 1] = kept;
      kept = biases[outputs - 1];
      biases[outputs - 1] = wrongs[w];
      SET(SWIFTCL_TASK_OPEN, outputs * inputs, outputs, SWIFTCL_E_NONFINITE, "biases", "");
      biases[outputs - 1] = kept;
    }
    SET(known, outputs * inputs, outputs, SWIFTCL_E_OWNED, "finished task", "");
    struct snapshot before = take_snapshot(net);
    OK(net, swiftcl_parameters_set(net, SWIFTCL_TASK_OPEN, l, weights, outputs * inputs, biases, outputs));
    CHECK(unchanged(net, &before)); /* the same values are no change */
    drop_snapshot(&before);
#undef SET
    free(weights);
    free(biases);
  }
}

/* ------------------------------------------------------------ every phase, walked */

static void walk(swiftcl_network *net, swiftcl_task known, int open, int mse) {
  pointers(net, known);
  struct_sizes(net, known);
  names(net, known, open, 3);
  buffers(net, known);
  row_counts(net, known);
  rates(net);
  threads(net);
  paths(net);
  if (open) {
    buffers(net, SWIFTCL_TASK_OPEN);
    row_counts(net, SWIFTCL_TASK_OPEN);
    opened(net, known, mse);
    open_parameters(net, known);
  } else {
    closed(net, known);
  }
}

static void phases(void) {
  static const struct {
    int32_t sampler, competition;
    int mse, in_memory;
  } kinds[] = {
    {SWIFTCL_SAMPLER_MEAN, SWIFTCL_COMPETITION_TASK, 0, 0},
    {SWIFTCL_SAMPLER_TOP_K, SWIFTCL_COMPETITION_TASK, 0, 1},
    {SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_COMPETITION_SAMPLE, 1, 0},
  };
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    if (quick() && k) break;
    swiftcl_layer layers[3];
    memcpy(layers, small_layers, sizeof layers);
    layers[0].competition = kinds[k].competition;
    swiftcl_options o = small_options();
    o.layers = layers;
    o.sampler = kinds[k].sampler;
    o.loss = kinds[k].mse ? SWIFTCL_LOSS_MSE : SWIFTCL_LOSS_CROSS_ENTROPY;
    o.unserved = SWIFTCL_UNSERVED_REUSE;
    swiftcl_plan plan;
    plan.struct_size = sizeof plan;
    OK(NULL, swiftcl_network_plan(&o, &plan));
    void *memory = NULL;
    swiftcl_network *net = NULL;
    if (kinds[k].in_memory) {
      memory = aligned_memory((size_t)plan.total_bytes);
      OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
    } else {
      net = create(&o);
    }
#define STEP()                                                                            \
  (kinds[k].mse ? OK(net, swiftcl_train_step_targets(net, rows, targets, BATCH, NULL))    \
                : OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL)))
    swiftcl_task known, open;
    OK(net, swiftcl_task_begin(net, NULL, &known));
    for (int i = 0; i < 3; i++) STEP();
    OK(net, swiftcl_task_end(net, NULL));
    closed(net, known);
    walk(net, known, 0, kinds[k].mse);
    swiftcl_task_options task;
    OK(NULL, swiftcl_task_options_init(&task));
    task.compete_steps = SWIFTCL_COMPETE_ALWAYS;
    OK(net, swiftcl_task_begin(net, &task, &open));
    walk(net, known, 1, kinds[k].mse);
    for (int i = 0; i < 13; i++) STEP();
    walk(net, known, 1, kinds[k].mse);
    OK(net, swiftcl_task_commit(net));
    struct snapshot before = take_snapshot(net);
    OK(net, swiftcl_task_commit(net)); /* its winners stand already */
    CHECK(unchanged(net, &before));
    drop_snapshot(&before);
    STEP();
    walk(net, known, 1, kinds[k].mse);
    OK(net, swiftcl_task_end(net, NULL));
    REFUSED(net, swiftcl_task_end(net, OUT_STRUCT(swiftcl_task_info)), SWIFTCL_E_STATE, "task");
    swiftcl_task_options reopen;
    OK(NULL, swiftcl_task_options_init(&reopen));
    OK(net, swiftcl_task_reopen(net, open, &reopen));
    STEP();
    walk(net, known, 1, kinds[k].mse);
    /* While a task is open again, its number names its finished ticket. */
    size_t outputs, inputs;
    OK(net, swiftcl_parameter_shape(net, open, 2, &outputs, &inputs));
    float *weights = calloc(outputs * inputs + outputs, sizeof *weights);
    REFUSED(
        net, swiftcl_parameters_set(net, open, 2, weights, outputs * inputs, weights, outputs), SWIFTCL_E_OWNED, "task");
    free(weights);
    OK(net, swiftcl_task_abort(net));
    REFUSED(net, swiftcl_task_abort(net), SWIFTCL_E_STATE, "task");
    swiftcl_network_free(net);
    release_memory(memory);
#undef STEP
  }
}

int main(void) {
  prepare();
  phases();
  return finish("bad_calls");
}

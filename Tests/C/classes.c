/*
 * classes.c -- classes across tasks through the C interface: the class head, the rules, the
 * inference of tasks and the evaluation of all of them; good runs, saved and loaded to the byte,
 * and every way to misuse them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"

enum { INPUTS = 6, CLASSES = 6, BATCH = 8, ROWS = 48, RULES = 5 };

static float inputs[ROWS * INPUTS];
static int32_t labels[ROWS];

static const swiftcl_layer layers[] = {
    SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU),
    SWIFTCL_HEAD(CLASSES)};

static swiftcl_options options_of(uint32_t class_head) {
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.max_tasks = 4;
  o.expected_tasks = 3;
  o.replay_rows = 18;
  o.replay_batch = 4;
  o.replay = SWIFTCL_REPLAY_ER;
  o.replay_policy = SWIFTCL_RETAIN_BALANCED;
  o.class_head = class_head;
  return o;
}

/* Rows of two classes from `first` on. */
static void fill(int32_t first) {
  for (int n = 0; n < ROWS; n++) {
    labels[n] = first + n % 2;
    for (int k = 0; k < INPUTS; k++) inputs[n * INPUTS + k] = (k == labels[n] ? 2 : 0) + real(-0.4f, 0.4f);
  }
}

static swiftcl_task learn(swiftcl_network *net, int t, int ends) {
  static const int32_t classes[] = {0, 1, 2, 3, 4, 5};
  swiftcl_task_options o;
  swiftcl_task task = -1;
  OK(NULL, swiftcl_task_options_init(&o));
  o.classes = classes + 2 * t;
  o.class_count = 2;
  fill(2 * t);
  OK(net, swiftcl_task_begin(net, &o, &task));
  for (int n = 0; n < 30; n++) {
    int start = n * BATCH % ROWS;
    OK(net, swiftcl_train_step(net, inputs + start * INPUTS, labels + start, BATCH, NULL));
  }
  if (ends) OK(net, swiftcl_task_end(net, NULL));
  return task;
}

static swiftcl_class_head_info info_of(swiftcl_network *net) {
  swiftcl_class_head_info info = {.struct_size = sizeof info};
  OK(net, swiftcl_class_head_info_get(net, &info));
  return info;
}

/* ---------------------------------------------------------------- a good run */

static void good_run(void) {
  swiftcl_options o = options_of(1);
  swiftcl_plan plan = {.struct_size = sizeof plan};
  OK(NULL, swiftcl_network_plan(&o, &plan));
  CHECK(plan.class_head_bytes > 0);
  CHECK(plan.total_bytes == plan.network_bytes + plan.working_set_bytes + plan.optimizer_bytes
                                + plan.competition_bytes + plan.activation_bytes + plan.ticket_bytes
                                + plan.replay_bytes + plan.class_head_bytes);
  void *memory = aligned_memory(plan.total_bytes), *other = aligned_memory(plan.total_bytes);
  swiftcl_network *net = NULL, *twin = NULL;
  if (!OK(NULL, swiftcl_network_create_in(&o, memory, plan.total_bytes, &net))) return;
  noise_state = 5;
  swiftcl_dataset sets[3];
  static float tests[3][ROWS * INPUTS];
  static int32_t names[3][ROWS];
  double class_il[9], task_il[9];
  uint64_t confusion[CLASSES * CLASSES];
  for (int t = 0; t < 3; t++) {
    swiftcl_task task = learn(net, t, 1);
    fill(2 * t);
    memcpy(tests[t], inputs, sizeof inputs);
    memcpy(names[t], labels, sizeof labels);
    swiftcl_dataset set = {tests[t], names[t], ROWS, task};
    sets[t] = set;
    swiftcl_class_head_info info = {.struct_size = sizeof info};
    OK(net, swiftcl_class_head_fit(net, NULL, &info));
    CHECK(info.fitted == 1 && info.tasks == (uint32_t)t + 1 && info.classes == 2 * (uint32_t)t + 2);
    CHECK(info.rows == 18 && info.bytes == plan.class_head_bytes && info.accuracy > 90);
    swiftcl_evaluate_options given;
    swiftcl_evaluation evaluation = {.struct_size = sizeof evaluation};
    OK(NULL, swiftcl_evaluate_options_init(&given));
    given.rule = SWIFTCL_RULE_CLASS_HEAD;
    given.class_il = class_il;
    given.task_il = task_il;
    given.matrix_tasks = 3;
    given.confusion = confusion;
    given.confusion_classes = CLASSES;
    OK(net, swiftcl_evaluate_all(net, sets, (size_t)t + 1, &given, &evaluation));
    CHECK(evaluation.rows == ROWS * ((uint64_t)t + 1) && evaluation.class_accuracy > 80 && evaluation.task_accuracy > 90);
    CHECK(evaluation.task_forgetting == 0 && evaluation.task_transfer == 0);
    uint64_t all = 0;
    for (int i = 0; i < CLASSES * CLASSES; i++) all += confusion[i];
    CHECK(all == evaluation.rows);
  }
  for (int32_t rule = 0; rule < RULES; rule++) {
    int32_t found[ROWS], tasks[ROWS];
    OK(net, swiftcl_predict_classes(net, rule, tests[1], ROWS, found, ROWS));
    OK(net, swiftcl_infer_task(net, rule, tests[1], ROWS, tasks, ROWS));
    for (int n = 0; n < ROWS; n++) CHECK(found[n] >= 0 && found[n] < CLASSES && tasks[n] == found[n] / 2);
  }
  /* The same bytes, the same scores, in memory of its own. */
  struct snapshot saved = take_snapshot(net);
  struct stream stream = reading(saved.bytes, saved.size);
  OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, other, plan.total_bytes, &twin));
  CHECK(unchanged(twin, &saved));
  float scores[ROWS * CLASSES], again[ROWS * CLASSES];
  OK(net, swiftcl_class_scores(net, SWIFTCL_RULE_CLASS_HEAD, tests[0], ROWS, scores, ROWS * CLASSES));
  OK(twin, swiftcl_class_scores(twin, SWIFTCL_RULE_CLASS_HEAD, tests[0], ROWS, again, ROWS * CLASSES));
  CHECK(memcmp(scores, again, sizeof scores) == 0);
  OK(net, swiftcl_class_head_fit(net, NULL, NULL));
  OK(twin, swiftcl_class_head_fit(twin, NULL, NULL));
  CHECK(unchanged(net, &saved) && unchanged(twin, &saved));
  drop_snapshot(&saved);
  swiftcl_network_free(net);
  swiftcl_network_free(twin);
  release_memory(memory);
  release_memory(other);
}

/* One ticket for all tasks, in units that do not compete. */
static swiftcl_options shared_options(void) {
  static const swiftcl_layer plain[] = {
      SWIFTCL_DENSE(16, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_options o = options_of(1);
  o.layers = plain;
  o.layer_count = 2;
  o.sharing = SWIFTCL_TICKETS_SHARED;
  return o;
}

static void loads(swiftcl_network *net) {
  struct snapshot saved = take_snapshot(net);
  swiftcl_network *twin = NULL;
  if (OK(NULL, swiftcl_network_load_memory(saved.bytes, saved.size, NULL, &twin))) CHECK(unchanged(twin, &saved));
  swiftcl_network_free(twin);
  drop_snapshot(&saved);
}

/* A head goes with the last task that has one of its classes, also where it looks at another. */
static void shared_ticket(void) {
  for (int32_t again = 0; again < 2; again++) {
    swiftcl_options o = shared_options();
    swiftcl_network *net = NULL;
    OK(NULL, swiftcl_network_create(&o, &net));
    learn(net, 0, 1);
    if (again) learn(net, 0, 1);
    learn(net, 1, 1);
    OK(net, swiftcl_class_head_fit(net, NULL, NULL));
    CHECK(info_of(net).tasks == 1 && info_of(net).classes == 4);
    int32_t tasks[ROWS];
    OK(net, swiftcl_task_remove(net, 0));
    loads(net);
    if (again) {
      /* The second task still has its classes. */
      CHECK(info_of(net).fitted);
      OK(net, swiftcl_infer_task(net, SWIFTCL_RULE_CLASS_HEAD, inputs, ROWS, tasks, ROWS));
      for (int n = 0; n < ROWS; n++) CHECK(tasks[n] == 1 || tasks[n] == 2);
      OK(net, swiftcl_task_remove(net, 1));
      loads(net);
    }
    CHECK(!info_of(net).fitted);
    REFUSED(net, swiftcl_infer_task(net, SWIFTCL_RULE_CLASS_HEAD, inputs, ROWS, OUT, ROWS), SWIFTCL_E_STATE, "head");
    OK(net, swiftcl_class_head_fit(net, NULL, NULL));
    CHECK(info_of(net).classes == 2);
    OK(net, swiftcl_infer_task(net, SWIFTCL_RULE_CLASS_HEAD, inputs, ROWS, tasks, ROWS));
    for (int n = 0; n < ROWS; n++) CHECK(tasks[n] == 1 + again);
    loads(net);
    swiftcl_network_free(net);
  }
}

/* Lets the open task's features overflow for inputs of 2, so that logits of the classes in `which` are
   infinity minus infinity and the others -infinity; where `which` is 0, all are -1. */
static void overflow(swiftcl_network *net, unsigned which) {
  size_t outputs, count;
  static float weights[64 * 64], biases[64];
  for (uint32_t l = 0; l < 2; l++) {
    OK(net, swiftcl_parameter_shape(net, SWIFTCL_TASK_OPEN, l, &outputs, &count));
    for (size_t u = 0; u < outputs; u++) {
      biases[u] = l ? -1 : 2;
      for (size_t i = 0; i < count; i++)
        weights[u * count + i] = !which ? 0 : !l ? 3e38f : i % 2 || !(which >> u & 1) ? -1 : 1;
    }
    OK(net, swiftcl_parameters_set(net, SWIFTCL_TASK_OPEN, l, weights, outputs * count, biases, outputs));
  }
}

/* What is no number loses against every number; among none the lowest label is named. */
static void no_numbers(void) {
  static const struct { unsigned first, second; int32_t label[RULES]; } cases[] = {
      /* classes 5, 0, then 3, 1; labels for the last mask, the largest logit, -, probability, entropy */
      {3, 0, {3, 3, 0, 3, 3}}, {0, 3, {1, 5, 0, 5, 5}}, {3, 3, {1, 0, 0, 0, 0}}, {3, 1, {1, 1, 0, 0, 0}},
      {1, 1, {1, 0, 0, 0, 0}}, {2, 3, {1, 5, 0, 0, 1}},
  };
  static const int32_t classes[] = {5, 0, 3, 1};
  float scores[CLASSES], twos[INPUTS] = {2, 2, 2, 2, 2, 2};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static const swiftcl_layer plain[] = {SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
    swiftcl_options o = options_of(0);
    o.layers = plain;
    o.layer_count = 2;
    swiftcl_network *net = NULL;
    OK(NULL, swiftcl_network_create(&o, &net));
    for (int t = 0; t < 2; t++) {
      swiftcl_task_options task;
      swiftcl_task number;
      OK(NULL, swiftcl_task_options_init(&task));
      task.classes = classes + 2 * t;
      task.class_count = 2;
      OK(net, swiftcl_task_begin(net, &task, &number));
      OK(net, swiftcl_task_commit(net));
      overflow(net, t ? cases[i].second : cases[i].first);
      OK(net, swiftcl_task_end(net, NULL));
    }
    for (int32_t rule = 0; rule < RULES; rule++) {
      int32_t label = -1, task = -1;
      if (rule == SWIFTCL_RULE_CLASS_HEAD) continue;
      OK(net, swiftcl_predict_classes(net, rule, twos, 1, &label, 1));
      OK(net, swiftcl_infer_task(net, rule, twos, 1, &task, 1));
      if (!CHECK(label == cases[i].label[rule]))
        fprintf(stderr, "  case %d, rule %d: label %d\n", (int)i, (int)rule, (int)label);
      CHECK(task == (label == 3 || label == 1));
      if (rule == SWIFTCL_RULE_LOWEST_ENTROPY) continue;
      OK(net, swiftcl_class_scores(net, rule, twos, 1, scores, CLASSES));
      for (int c = 0; c < CLASSES; c++) CHECK(scores[c] <= scores[label]);
    }
    /* A task's own head alone. */
    int32_t label = -1;
    OK(net, swiftcl_predict_labels(net, 1, twos, 1, &label, 1));
    CHECK(label == cases[i].label[SWIFTCL_RULE_LAST_MASK]);
    swiftcl_network_free(net);
  }
}

/* -------------------------------------------------------------------- misuse */

/* No call of a rule works, each for `status`. */
static void no_rule(swiftcl_network *net, int32_t rule, swiftcl_status status, const char *word) {
  swiftcl_dataset set = {inputs, labels, ROWS, 0};
  swiftcl_evaluate_options given;
  OK(NULL, swiftcl_evaluate_options_init(&given));
  given.rule = rule;
  REFUSED(net, swiftcl_predict_classes(net, rule, inputs, ROWS, OUT, ROWS), status, word);
  REFUSED(net, swiftcl_infer_task(net, rule, inputs, ROWS, OUT, ROWS), status, word);
  REFUSED(net, swiftcl_class_scores(net, rule, inputs, ROWS, OUT, ROWS * CLASSES), status, word);
  REFUSED(
      net, swiftcl_evaluate_all(net, &set, 1, &given, OUT_STRUCT(swiftcl_evaluation)), status, word);
}

static void bad_moments(void) {
  /* Without a head; with no task, no exemplar, a task open. */
  swiftcl_options o = options_of(0);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  for (int32_t rule = 0; rule < RULES; rule++) no_rule(net, rule, SWIFTCL_E_STATE, "no task is finished");
  learn(net, 0, 1);
  REFUSED(
      net, swiftcl_class_head_fit(net, NULL, OUT_STRUCT(swiftcl_class_head_info)), SWIFTCL_E_STATE, "class_head");
  CHECK(info_of(net).bytes == 0);
  no_rule(net, SWIFTCL_RULE_CLASS_HEAD, SWIFTCL_E_STATE, "class head");
  swiftcl_network_free(net);

  o = options_of(1);
  o.replay_store = SWIFTCL_STORE_EXPLICIT;
  OK(NULL, swiftcl_network_create(&o, &net));
  REFUSED(net, swiftcl_class_head_fit(net, NULL, NULL), SWIFTCL_E_STATE, "no task is finished");
  learn(net, 0, 1);
  REFUSED(net, swiftcl_class_head_fit(net, NULL, NULL), SWIFTCL_E_STATE, "empty");
  OK(net, swiftcl_replay_add(net, inputs, labels, ROWS));
  swiftcl_task open = learn(net, 1, 0);
  REFUSED(net, swiftcl_class_head_fit(net, NULL, NULL), SWIFTCL_E_STATE, "open task");
  no_rule(net, SWIFTCL_RULE_CLASS_HEAD, SWIFTCL_E_STATE, "class head");
  int32_t found[ROWS];
  OK(net, swiftcl_predict_classes(net, SWIFTCL_RULE_LAST_MASK, inputs, ROWS, found, ROWS));
  for (int n = 0; n < ROWS; n++) CHECK(found[n] < 2); /* the open task is not asked */
  swiftcl_dataset set = {inputs, labels, ROWS, open};
  REFUSED(
      net, swiftcl_evaluate_all(net, &set, 1, NULL, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_TASK, "task");
  set.task = SWIFTCL_TASK_OPEN;
  REFUSED(
      net, swiftcl_evaluate_all(net, &set, 1, NULL, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_STATE, "open");
  OK(net, swiftcl_task_end(net, NULL));
  /* Task 1 has no exemplar: its classes are never named. Task 0 is removed: nobody has its classes. */
  OK(net, swiftcl_class_head_fit(net, NULL, NULL));
  CHECK(info_of(net).classes == 2 && info_of(net).tasks == 2);
  OK(net, swiftcl_task_remove(net, 0));
  CHECK(!info_of(net).fitted);
  REFUSED(net, swiftcl_class_head_fit(net, NULL, NULL), SWIFTCL_E_STATE, "class");
  swiftcl_network_free(net);

  /* A regression has no classes. */
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  o.inputs = INPUTS;
  o.loss = SWIFTCL_LOSS_MSE;
  OK(NULL, swiftcl_network_create(&o, &net));
  for (int32_t rule = 0; rule < RULES; rule++) no_rule(net, rule, SWIFTCL_E_STATE, "loss");
  swiftcl_network_free(net);
}

static void bad_arguments(void) {
  swiftcl_options o = options_of(1);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  learn(net, 0, 1);
  swiftcl_task task = learn(net, 1, 1);
  OK(net, swiftcl_class_head_fit(net, NULL, NULL));

  REFUSED(net, swiftcl_class_head_info_get(net, NULL), SWIFTCL_E_NULL, "info");
  REFUSED(net, swiftcl_class_head_info_get(net, OUT_SIZED(swiftcl_class_head_info, 4)), SWIFTCL_E_STRUCT, "info");
  REFUSED(
      net, swiftcl_class_head_fit(net, NULL, OUT_SIZED(swiftcl_class_head_info, 4)), SWIFTCL_E_STRUCT, "info");
  swiftcl_class_head_options head;
  static const struct { size_t offset; uint32_t bits; const char *word; } wrong[] = {
      {offsetof(swiftcl_class_head_options, epochs), 0, "epochs"},
      {offsetof(swiftcl_class_head_options, epochs), 10001, "epochs"},
      {offsetof(swiftcl_class_head_options, epochs), 0xFFFFFFFF, "epochs"},
      {offsetof(swiftcl_class_head_options, learning_rate), 0, "learning_rate"},
      {offsetof(swiftcl_class_head_options, learning_rate), 0x7FC00000, "learning_rate"},
      {offsetof(swiftcl_class_head_options, learning_rate), 0x7F800000, "learning_rate"},
      {offsetof(swiftcl_class_head_options, learning_rate), 0xBF800000, "learning_rate"},
      {offsetof(swiftcl_class_head_options, weight_decay), 0x7FC00000, "weight_decay"},
      {offsetof(swiftcl_class_head_options, weight_decay), 0x40000000, "weight_decay"},
      {offsetof(swiftcl_class_head_options, deviation_floor), 0, "deviation_floor"},
      {offsetof(swiftcl_class_head_options, deviation_floor), 0xFF800000, "deviation_floor"},
      {offsetof(swiftcl_class_head_options, reserved), 0xFFFFFFFF, "reserved"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    OK(NULL, swiftcl_class_head_options_init(&head));
    memcpy((char *)&head + wrong[i].offset, &wrong[i].bits, 4);
    REFUSED(
        net, swiftcl_class_head_fit(net, &head, OUT_STRUCT(swiftcl_class_head_info)), SWIFTCL_E_ARGUMENT,
        wrong[i].word);
  }
  OK(NULL, swiftcl_class_head_options_init(&head));
  head.struct_size = 3;
  REFUSED(net, swiftcl_class_head_fit(net, &head, NULL), SWIFTCL_E_STRUCT, "struct_size");

  static const int32_t rules[] = {-1, 5, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) no_rule(net, rules[i], SWIFTCL_E_ARGUMENT, "rule");
  REFUSED(
      net, swiftcl_class_scores(net, SWIFTCL_RULE_LOWEST_ENTROPY, inputs, 1, OUT, CLASSES), SWIFTCL_E_ARGUMENT, "rule");
  for (int32_t rule = 0; rule < RULES; rule++) {
    REFUSED(net, swiftcl_predict_classes(net, rule, NULL, 1, OUT, 1), SWIFTCL_E_NULL, "inputs");
    REFUSED(net, swiftcl_predict_classes(net, rule, inputs, 1, NULL, 1), SWIFTCL_E_NULL, "labels");
    REFUSED(net, swiftcl_predict_classes(net, rule, inputs, 3, OUT, 2), SWIFTCL_E_BUFFER, "label_count", "3");
    REFUSED(net, swiftcl_predict_classes(net, rule, inputs, 0, OUT, 2), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_predict_classes(net, rule, inputs, SIZE_MAX, OUT, SIZE_MAX), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_infer_task(net, rule, NULL, 1, OUT, 1), SWIFTCL_E_NULL, "inputs");
    REFUSED(net, swiftcl_infer_task(net, rule, inputs, 1, NULL, 1), SWIFTCL_E_NULL, "tasks");
    REFUSED(net, swiftcl_infer_task(net, rule, inputs, 3, OUT, 2), SWIFTCL_E_BUFFER, "task_count", "3");
    REFUSED(net, swiftcl_infer_task(net, rule, inputs, 0, OUT, 2), SWIFTCL_E_ARGUMENT, "rows");
    static const uint32_t strange[] = {0x7FC00000, 0x7F800000, 0xFF800000};
    for (int i = 0; i < 3; i++) {
      float bad[3 * INPUTS] = {0};
      memcpy(bad + 2 * INPUTS + 1, &strange[i], 4);
      REFUSED(net, swiftcl_predict_classes(net, rule, bad, 3, OUT, 3), SWIFTCL_E_NONFINITE, "row is 2");
      REFUSED(net, swiftcl_infer_task(net, rule, bad, 3, OUT, 3), SWIFTCL_E_NONFINITE, "row is 2");
      if (rule == SWIFTCL_RULE_LOWEST_ENTROPY) continue;
      REFUSED(
          net, swiftcl_class_scores(net, rule, bad, 3, OUT, 3 * CLASSES), SWIFTCL_E_NONFINITE, "row is 2");
    }
    if (rule == SWIFTCL_RULE_LOWEST_ENTROPY) continue;
    REFUSED(net, swiftcl_class_scores(net, rule, NULL, 1, OUT, CLASSES), SWIFTCL_E_NULL, "inputs");
    REFUSED(net, swiftcl_class_scores(net, rule, inputs, 1, NULL, CLASSES), SWIFTCL_E_NULL, "scores");
    REFUSED(
        net, swiftcl_class_scores(net, rule, inputs, 2, OUT, 2 * CLASSES - 1), SWIFTCL_E_BUFFER, "score_count", "12");
    REFUSED(net, swiftcl_class_scores(net, rule, inputs, 0, OUT, CLASSES), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_class_scores(net, rule, inputs, SIZE_MAX, OUT, SIZE_MAX), SWIFTCL_E_ARGUMENT, "rows");
  }
  /* Numbers as large as they may be have an answer. */
  float huge[INPUTS] = {3e38f, -3e38f, 3e38f, -3e38f, 3e38f, 3e38f};
  for (int32_t rule = 0; rule < RULES; rule++) {
    int32_t found = -1;
    OK(net, swiftcl_predict_classes(net, rule, huge, 1, &found, 1));
    CHECK(found >= 0 && found < 4);
  }

  /* Evaluation. */
  swiftcl_dataset sets[2] = {{inputs, labels, ROWS, task}, {inputs, labels, ROWS, task}};
  swiftcl_evaluate_options given;
  REFUSED(
      net, swiftcl_evaluate_all(net, NULL, 1, NULL, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_NULL, "sets");
  REFUSED(net, swiftcl_evaluate_all(net, sets, 1, NULL, NULL), SWIFTCL_E_NULL, "evaluation");
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 1, NULL, OUT_SIZED(swiftcl_evaluation, 8)), SWIFTCL_E_STRUCT, "evaluation");
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 0, NULL, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_ARGUMENT, "count");
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, SIZE_MAX, NULL, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_ARGUMENT, "count");
  OK(NULL, swiftcl_evaluate_options_init(&given));
  given.struct_size = 0;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 1, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_STRUCT, "options");
  double matrix[4] = {50, 0, 0, 0}, kept[4];
  uint64_t confusion[CLASSES * CLASSES], empty[CLASSES * CLASSES];
  memset(confusion, 3, sizeof confusion);
  memcpy(kept, matrix, sizeof kept);
  memcpy(empty, confusion, sizeof empty);
  OK(NULL, swiftcl_evaluate_options_init(&given));
  given.class_il = given.task_il = matrix;
  given.matrix_tasks = 1;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_BUFFER, "matrix_tasks", "2");
  given.matrix_tasks = 0xFFFFFFFF;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_BUFFER, "matrix_tasks");
  given.matrix_tasks = 2;
  given.confusion = confusion;
  given.confusion_classes = CLASSES - 1;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_BUFFER, "confusion_classes", "6");
  given.confusion_classes = 0xFFFFFFFF;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_BUFFER, "confusion_classes");
  given.confusion_classes = CLASSES;
  matrix[0] = NAN;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_NONFINITE, "matrix row is 0");
  matrix[0] = 50;
  static const struct { swiftcl_dataset set; swiftcl_status status; const char *word; } bad[] = {
      {{NULL, labels, ROWS, 1}, SWIFTCL_E_NULL, "inputs"},
      {{inputs, NULL, ROWS, 1}, SWIFTCL_E_NULL, "labels"},
      {{inputs, labels, 0, 1}, SWIFTCL_E_ARGUMENT, "rows"},
      {{inputs, labels, SIZE_MAX, 1}, SWIFTCL_E_ARGUMENT, "rows"},
      {{inputs, labels, ROWS, 7}, SWIFTCL_E_TASK, "task"},
      {{inputs, labels, ROWS, -5}, SWIFTCL_E_TASK, "task"},
      {{inputs, labels, ROWS, SWIFTCL_TASK_OPEN}, SWIFTCL_E_STATE, "open"},
      {{inputs, labels, ROWS, 0}, SWIFTCL_E_LABEL, "labels[0]"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    sets[1] = bad[i].set;
    REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), bad[i].status, bad[i].word);
  }
  sets[1] = sets[0];
  int32_t label = labels[5];
  static const int32_t strange[] = {-1, CLASSES, INT32_MAX, INT32_MIN, 0};
  for (int i = 0; i < 5; i++) {
    labels[5] = strange[i];
    REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_LABEL, "labels[5]");
  }
  labels[5] = label;
  float input = inputs[9];
  inputs[9] = NAN;
  REFUSED(
      net, swiftcl_evaluate_all(net, sets, 2, &given, OUT_STRUCT(swiftcl_evaluation)), SWIFTCL_E_NONFINITE, "row is 1");
  inputs[9] = input;
  CHECK(memcmp(matrix, kept, sizeof kept) == 0 && memcmp(confusion, empty, sizeof empty) == 0);
  /* Without matrices there is no forgetting to tell. */
  swiftcl_evaluation evaluation = {.struct_size = sizeof evaluation};
  OK(net, swiftcl_evaluate_all(net, sets, 2, NULL, &evaluation));
  CHECK(isnan(evaluation.class_forgetting) && isnan(evaluation.task_transfer) && evaluation.rows == 2 * ROWS);
  swiftcl_network_free(net);

  /* Without a network. */
  swiftcl_dataset set = {inputs, labels, 1, 0};
  REFUSED_ALONE(swiftcl_class_head_fit(NULL, NULL, NULL), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_class_head_info_get(NULL, OUT), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_predict_classes(NULL, 0, inputs, 1, OUT, 1), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_class_scores(NULL, 0, inputs, 1, OUT, 1), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_infer_task(NULL, 0, inputs, 1, OUT, 1), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_evaluate_all(NULL, &set, 1, NULL, OUT), SWIFTCL_E_NULL, "network");
}

/* ------------------------------------------------------------- options and sizes */

static void bad_descriptions(void) {
  swiftcl_options o = options_of(1);
  o.replay = SWIFTCL_REPLAY_NONE;
  o.replay_rows = 0;
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "class_head");
  o.class_head = 0;
  o.replay_new_rows = SWIFTCL_NEW_ROWS_MASKED;
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "replay_new_rows");
  static const uint32_t heads[] = {2, 0x80000000, 0xFFFFFFFF};
  for (int i = 0; i < 3; i++) {
    o = options_of(heads[i]);
    REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "class_head");
    o = options_of(1);
    o.replay_new_rows = (int32_t)(heads[i] + 1);
    if (o.replay_new_rows == 0) continue;
    REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "replay_new_rows");
  }
  /* As large as a description may be: a plan, or a status. */
  static const swiftcl_layer wide[] = {SWIFTCL_DENSE(65536, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(65536)};
  o = options_of(1);
  o.layers = wide;
  o.layer_count = 2;
  o.max_tasks = 65536;
  o.max_batch = 65536;
  swiftcl_plan plan = {.struct_size = sizeof plan};
  swiftcl_status status = swiftcl_network_plan(&o, &plan);
  CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_MEMORY);
}

/* Sizes of structs in headers before this one. */
static int once_had(size_t size, const char *type) {
  return strcmp(type, "swiftcl_options") == 0
         && (size == offsetof(swiftcl_options, replay_bytes) || size == offsetof(swiftcl_options, class_head)
             || size == offsetof(swiftcl_options, sparsity) || size == offsetof(swiftcl_options, recompute));
}

#define SIZES(init, type)                                                                      \
  do {                                                                                         \
    union { type o; unsigned char bytes[sizeof(type) + 64]; } area;                            \
    static const size_t none[] = {0, 3, 7, 8, sizeof(type) - 1, sizeof(type) - 8,              \
                                  sizeof(type) + 4097, SIZE_MAX};                              \
    for (int i = 0; i < 8; i++)                                                                \
      if (!once_had(none[i], #type))                                                           \
        REFUSED_ALONE(init##_sized(OUT, none[i]), SWIFTCL_E_STRUCT, "bytes");                  \
    REFUSED_ALONE(init##_sized(NULL, sizeof(type)), SWIFTCL_E_NULL, "options");                \
    REFUSED_ALONE(init(NULL), SWIFTCL_E_NULL, "options");                                      \
    for (size_t size = 8; size <= sizeof(type) + 64; size += 8) {                              \
      if (size < sizeof(type) && !once_had(size, #type)) continue;                             \
      memset(&area, 0xA5, sizeof area);                                                        \
      OK(NULL, init##_sized(&area.o, size));                                                   \
      for (size_t n = size; n < sizeof area; n++) CHECK(area.bytes[n] == 0xA5);                \
      for (size_t n = sizeof(type); n < size; n++) CHECK(area.bytes[n] == 0);                  \
      CHECK(area.o.struct_size == size);                                                       \
    }                                                                                          \
  } while (0)

/* An option struct is filled as far as the caller's header knows it, and never further. */
static void sizes(void) {
  SIZES(swiftcl_options_init, swiftcl_options);
  SIZES(swiftcl_options_init_paper, swiftcl_options);
  SIZES(swiftcl_task_options_init, swiftcl_task_options);
  SIZES(swiftcl_fit_options_init, swiftcl_fit_options);
  SIZES(swiftcl_load_options_init, swiftcl_load_options);
  SIZES(swiftcl_class_head_options_init, swiftcl_class_head_options);
  SIZES(swiftcl_evaluate_options_init, swiftcl_evaluate_options);

  /* Programs of older headers, whose options end earlier. */
  static const size_t older[] = {offsetof(swiftcl_options, replay_bytes), offsetof(swiftcl_options, class_head),
                                 offsetof(swiftcl_options, sparsity), offsetof(swiftcl_options, recompute)};
  for (int i = 0; i < 4; i++) {
    swiftcl_options *o = malloc(older[i]);
    swiftcl_network *net = NULL;
    OK(NULL, swiftcl_options_init_sized(o, older[i]));
    o->layers = layers;
    o->layer_count = 3;
    o->inputs = INPUTS;
    OK(NULL, swiftcl_network_create(o, &net));
    swiftcl_network_free(net);
    free(o);
  }
  static const size_t plans[] = {offsetof(swiftcl_plan, input_bytes), offsetof(swiftcl_plan, class_head_bytes)};
  swiftcl_options o = options_of(1);
  for (int i = 0; i < 2; i++) {
    swiftcl_plan *plan = malloc(plans[i]);
    plan->struct_size = (uint32_t)plans[i];
    OK(NULL, swiftcl_network_plan(&o, plan));
    CHECK(plan->struct_size == plans[i] && plan->total_bytes > 0);
    free(plan);
  }
}

int main(void) {
  good_run();
  shared_ticket();
  no_numbers();
  bad_moments();
  bad_arguments();
  bad_descriptions();
  sizes();
  return finish("classes");
}

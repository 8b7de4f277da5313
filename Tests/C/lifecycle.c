/*
 * lifecycle.c -- random calls, right and wrong ones, in any order, on small
 * networks of any kind. A model beside the network says what must come of each;
 * what finished tasks compute, what was counted and what is owned is checked
 * all the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"

enum { PROBES = 3, MOST_TASKS = 24, MOST_LABELS = 64 };

struct learned {
  swiftcl_task task;
  uint32_t count;
  int32_t classes[MOST_LABELS];
  float logits[PROBES * MOST_LABELS];
  uint64_t user_tag;
};

struct world {
  uint64_t seed;
  struct design d;
  swiftcl_network *net;
  void *memory;           /* of create_in and load_in */
  struct counter *counter;
  struct counter counters[2];
  int has_counter;
  uint32_t most_labels;   /* labels a task may have */
  int fixed;              /* cannot grow */
  struct learned tasks[MOST_TASKS];
  int count;
  /* the open task */
  int open, reopens;
  struct learned now;
  swiftcl_task next;
  uint64_t macs;          /* counted so far */
  struct snapshot before; /* when the task was begun */
  struct feed feed, probe;
  const char *call;       /* the last one, for messages */
  swiftcl_error error;
  long line;
};

static int tell(struct world *w, int line, const char *what) {
  if (++failures <= 60)
    fprintf(
        stderr, "lifecycle.c:%d: world %llu, after %s: %s\n", line, (unsigned long long)w->seed, w->call ? w->call : "nothing",
        what);
  return 0;
}

#define MUST(condition) (checks++, (condition) ? 1 : tell(w, __LINE__, #condition))

/* Every call goes through here: statuses are documented ones, a failure is
   recorded with the call's name, a success leaves the record alone. */
static swiftcl_status note(struct world *w, swiftcl_status status, const char *call, int line) {
  const swiftcl_error *error = swiftcl_last_error(w->net);
  size_t length = strcspn(call, "(");
  w->call = call;
  checks++;
  if (status < 0 || status > SWIFTCL_E_UNSUPPORTED) tell(w, line, "a status that is none");
  if (status == SWIFTCL_OK) {
    if (error->status != w->error.status || strcmp(error->message, w->error.message) != 0)
      tell(w, line, "a success changed the record of the last failure");
  } else {
    if (error->status != status) tell(w, line, "the record has another status");
    if (strncmp(error->message, call, length) != 0 || error->message[length] != ':')
      tell(w, line, error->message);
  }
  w->error = *error;
  return status;
}

#define CALL(call) note(w, (call), #call, __LINE__)
#define EXPECT(call, wanted)                                                                            \
  do {                                                                                                  \
    swiftcl_status got_ = CALL(call), wanted_ = (wanted);                                               \
    checks++;                                                                                           \
    if (got_ != wanted_) {                                                                              \
      fprintf(                                                                                          \
          stderr, "  %s instead of %s: %s\n", swiftcl_status_name(got_), swiftcl_status_name(wanted_),  \
          got_ ? swiftcl_last_error(w->net)->message : "");                                             \
      tell(w, __LINE__, #call);                                                                         \
    }                                                                                                   \
  } while (0)

static struct learned *find(struct world *w, swiftcl_task task) {
  for (int i = 0; i < w->count; i++)
    if (w->tasks[i].task == task) return &w->tasks[i];
  return NULL;
}

static int stays(const struct world *w) {
  return w->d.o.protection == SWIFTCL_PROTECT_FROZEN && w->d.o.sharing == SWIFTCL_TICKETS_SEPARATE;
}

/* ------------------------------------------------------------------ invariants */

static void check_layer(struct world *w, swiftcl_task task, uint32_t l, uint32_t *served, uint8_t *owned) {
  swiftcl_layer_info layer;
  layer.struct_size = sizeof layer;
  EXPECT(swiftcl_layer_info_get(w->net, l, &layer), SWIFTCL_OK);
  size_t units = (size_t)layer.blocks * layer.units_per_block;
  uint8_t *mask = malloc(units);
  float *p = malloc(units * sizeof *p);
  int32_t *winners = malloc(layer.blocks * sizeof *winners);
  EXPECT(swiftcl_winner_mask(w->net, task, l, mask, units), SWIFTCL_OK);
  EXPECT(swiftcl_winner_probabilities(w->net, task, l, p, units), SWIFTCL_OK);
  EXPECT(swiftcl_winners(w->net, task, l, winners, layer.blocks), SWIFTCL_OK);
  uint32_t group = w->d.layers[l].competition == SWIFTCL_COMPETITION_SAMPLE ? layer.block_size : 1;
  int open = task == SWIFTCL_TASK_OPEN;
  size_t alive = 0;
  for (uint32_t i = 0; i < layer.blocks; i++) {
    uint32_t set = 0;
    float sum = 0;
    int good = 1;
    for (uint32_t u = 0; u < layer.units_per_block; u++) {
      size_t place = (size_t)i * layer.units_per_block + u;
      set += mask[place];
      sum += p[place];
      if (mask[place] > 1 || !(p[place] >= 0 && p[place] <= 1.0001f) || (!mask[place] && p[place] != 0)) good = 0;
      if (mask[place] && winners[i] >= 0 && u / group != (uint32_t)winners[i]) good = 0;
      if (owned && mask[place]) owned[place] = 1;
    }
    alive += set;
    if (set) ++*served;
    if (winners[i] < -1 || (winners[i] >= 0 && set != group)) good = 0;
    if (!open && winners[i] < 0 && set != 0) good = 0;
    if (open && winners[i] < 0 && set == group) good = 0;
    if (set % group != 0 || set > layer.block_size) good = 0;
    if (open && set > 0 && fabsf(sum - (float)group) > 1e-3f) good = 0;
    MUST(good);
    if (!good) break;
  }
  size_t outputs = 0, inputs = 0;
  EXPECT(swiftcl_parameter_shape(w->net, task, l, &outputs, &inputs), SWIFTCL_OK);
  MUST(outputs == alive);
  free(mask);
  free(p);
  free(winners);
}

/* What a mask keeps is what it says, and what it drops is 0. */
/* A step that updates masks looks at gradients again, by parts and of what is masked. */
static uint64_t most_macs(const struct world *w, uint64_t dense) { return w->d.o.sparsity > 0 ? 2 * dense : dense; }

static swiftcl_mask_info check_mask(
    struct world *w, swiftcl_task task, uint32_t l, size_t outputs, size_t inputs) {
  const swiftcl_options *o = &w->d.o;
  swiftcl_mask_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  EXPECT(swiftcl_mask_info_get(w->net, task, l, &info), SWIFTCL_OK);
  size_t all = outputs * inputs, kept = 0, computed = 0, single = 0;
  uint8_t *mask = malloc(all), *gradients = malloc(all);
  float *weights = malloc(all * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
  EXPECT(swiftcl_weight_mask(w->net, task, l, mask, all), SWIFTCL_OK);
  EXPECT(swiftcl_parameters_get(w->net, task, l, weights, all, biases, outputs), SWIFTCL_OK);
  int good = 1, open = task == SWIFTCL_TASK_OPEN;
  if (open) EXPECT(swiftcl_gradient_mask(w->net, l, gradients, all), SWIFTCL_OK);
  for (size_t i = 0; i < all; i++) {
    kept += mask[i];
    if (mask[i] > 1 || (!mask[i] && weights[i] != 0)) good = 0;
    if (open && (gradients[i] > 1 || gradients[i] > mask[i])) good = 0;
    if (open) computed += gradients[i];
  }
  MUST(good && info.weights == all && info.kept == kept && info.computed == (open ? computed : kept));
  MUST(info.masked <= 1 && info.kept <= info.weights && (info.masked || info.kept == all));
  if (info.masked) {
    MUST(o->sparsity > 0 && info.width == ((o->sparsity_kind & SWIFTCL_SPARSITY_BLOCK) ? 8 : 1));
    MUST(info.form != SWIFTCL_FORM_DENSE && kept <= info.capacity);
    for (size_t k = 0; k < inputs; k++) /* eight outputs of an input together */
      for (size_t n = 0; n < outputs; n++)
        single += info.width == 8 && mask[n * inputs + k] != mask[n / 8 * 8 * inputs + k];
    MUST(single == 0);
  } else {
    MUST(info.form == SWIFTCL_FORM_DENSE);
  }
  free(mask);
  free(gradients);
  free(weights);
  free(biases);
  return info;
}

static void check_task(struct world *w, swiftcl_task task, const struct learned *known) {
  swiftcl_task_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  EXPECT(swiftcl_task_info_get(w->net, task, &info), SWIFTCL_OK);
  MUST(info.task == known->task && info.class_count == known->count && info.user_tag == known->user_tag);
  MUST(info.weight_density > 0 && info.weight_density <= 1 && info.gradient_density <= info.weight_density);
  MUST(info.gradient_density >= 0 && info.owned_edge_share >= 0 && info.owned_edge_share <= 1);
  MUST(info.predict_macs <= info.dense_predict_macs && info.macs <= most_macs(w, info.dense_macs));
  MUST(task != SWIFTCL_TASK_OPEN ? info.phase == SWIFTCL_PHASE_FINISHED && info.ticket_bytes > 0
                                 : info.phase == SWIFTCL_PHASE_COMPETE || info.phase == SWIFTCL_PHASE_SPECIALISE);
  MUST(info.committed_at <= info.steps || info.phase == SWIFTCL_PHASE_COMPETE);
  int32_t classes[MOST_LABELS];
  size_t count = 0;
  EXPECT(swiftcl_task_classes(w->net, task, classes, MOST_LABELS, &count), SWIFTCL_OK);
  MUST(count == known->count && memcmp(classes, known->classes, count * sizeof *classes) == 0);
  uint32_t served = 0;
  uint64_t parameters = 0, edges = 0;
  for (uint32_t l = 0; l < w->d.o.layer_count; l++) {
    size_t outputs = 0, inputs = 0;
    if (!has_units(&w->d.layers[l])) {
      EXPECT(swiftcl_parameter_shape(w->net, task, l, &outputs, &inputs), SWIFTCL_E_ARGUMENT);
      continue;
    }
    EXPECT(swiftcl_parameter_shape(w->net, task, l, &outputs, &inputs), SWIFTCL_OK);
    int normalised = l + 1 < w->d.o.layer_count && w->d.layers[l + 1].kind == SWIFTCL_LAYER_BATCH_NORM;
    swiftcl_mask_info mask = check_mask(w, task, l, outputs, inputs);
    parameters += mask.kept + outputs * (1 + (size_t)normalised);
    edges += mask.kept;
    if (l + 1 < w->d.o.layer_count) check_layer(w, task, l, &served, NULL);
  }
  MUST(served == info.served_blocks && served <= info.blocks && parameters == info.parameters);
  /* A convolution uses every edge for every pixel. */
  if (info.phase != SWIFTCL_PHASE_COMPETE)
    MUST(w->d.layers[0].kind == SWIFTCL_LAYER_CONV2D ? edges <= info.predict_macs : edges == info.predict_macs);
}

static void predict_probes(struct world *w, swiftcl_task task, uint32_t count, float *logits) {
  EXPECT(swiftcl_predict(w->net, task, w->probe.x, PROBES, logits, (size_t)PROBES * count), SWIFTCL_OK);
}

/* What finished tasks compute is what they computed when they ended. */
static void check_memory_of_tasks(struct world *w) {
  for (int i = 0; i < w->count; i++) {
    struct learned *t = &w->tasks[i];
    float logits[PROBES * MOST_LABELS];
    predict_probes(w, t->task, t->count, logits);
    if (stays(w)) {
      int same = memcmp(logits, t->logits, (size_t)PROBES * t->count * sizeof *logits) == 0;
      MUST(same);
      if (!same) memcpy(t->logits, logits, sizeof logits);
    }
    /* One row at a time gives the same bits. */
    size_t row_bytes = w->d.o.inputs * element_bytes(&w->d.o);
    for (int r = 0; r < PROBES; r++) {
      float single[MOST_LABELS];
      EXPECT(swiftcl_predict(w->net, t->task, w->probe.x + (size_t)r * row_bytes, 1, single, t->count), SWIFTCL_OK);
      MUST(memcmp(single, logits + (size_t)r * t->count, t->count * sizeof *single) == 0);
    }
  }
}

static void check_world(struct world *w) {
  size_t count = 99;
  swiftcl_task list[MOST_TASKS];
  EXPECT(swiftcl_task_count(w->net, &count), SWIFTCL_OK);
  MUST(count == (size_t)w->count);
  EXPECT(swiftcl_task_list(w->net, list, MOST_TASKS, NULL), SWIFTCL_OK);
  for (int i = 0; i < w->count; i++) {
    MUST(list[i] == w->tasks[i].task);
    check_task(w, list[i], &w->tasks[i]);
  }
  if (w->open) check_task(w, SWIFTCL_TASK_OPEN, &w->now);
  for (uint32_t l = 0; l + 1 < w->d.o.layer_count; l++) {
    if (!has_units(&w->d.layers[l])) continue;
    swiftcl_layer_info layer;
    layer.struct_size = sizeof layer;
    EXPECT(swiftcl_layer_info_get(w->net, l, &layer), SWIFTCL_OK);
    uint8_t *owned = calloc((size_t)layer.blocks * layer.units_per_block, 1);
    uint32_t served = 0, sum = 0;
    for (int i = 0; i < w->count; i++) check_layer(w, list[i], l, &served, owned);
    for (size_t u = 0; u < (size_t)layer.blocks * layer.units_per_block; u++) sum += owned[u];
    free(owned);
    MUST(sum == layer.owned_units && layer.blocks * layer.block_size == layer.width);
    MUST(layer.units_per_block >= layer.block_size);
    if (w->d.o.allocation != SWIFTCL_ALLOCATE_GROWING) MUST(layer.free_units + layer.owned_units == layer.width);
  }
  swiftcl_accounting a;
  a.struct_size = sizeof a;
  EXPECT(swiftcl_accounting_get(w->net, &a), SWIFTCL_OK);
  MUST(a.macs >= w->macs && a.macs <= most_macs(w, a.dense_macs) && a.macs_vs_dense >= 0 && a.macs_vs_dense <= 2);
  w->macs = a.macs;
  if (w->has_counter) {
    uint64_t current = 0, peak = 0;
    EXPECT(swiftcl_network_memory(w->net, &current, &peak), SWIFTCL_OK);
    MUST(current == w->counter->bytes && peak >= current && peak == w->counter->peak);
  }
  check_memory_of_tasks(w);
}

/* ------------------------------------------------------------------- the calls */

static void forget_open(struct world *w) {
  w->open = w->reopens = 0;
  drop_snapshot(&w->before);
}

static void do_begin(struct world *w) {
  swiftcl_task_options t;
  OK(NULL, swiftcl_task_options_init(&t));
  int32_t classes[MOST_CLASSES];
  uint32_t labels = below(6) ? w->most_labels : MOST_CLASSES;
  t.class_count = 1 + below(labels);
  uint32_t shift = below(labels);
  int32_t largest = 0;
  for (uint32_t c = 0; c < t.class_count; c++) {
    classes[c] = (int32_t)((c + shift) % labels);
    if (classes[c] > largest) largest = classes[c];
  }
  t.classes = classes;
  int defaults = below(4) == 0;
  t.start = (int32_t)below(3);
  t.mask_classes = below(3) != 0;
  t.expected_steps = below(2) ? 0 : below(30);
  t.compete_steps = below(3) == 0 ? SWIFTCL_COMPETE_ALWAYS : below(12);
  t.user_tag = defaults ? 0 : noise();
  uint32_t head = w->d.layers[w->d.o.layer_count - 1].width;
  if (defaults) largest = 0;

  swiftcl_status wanted = SWIFTCL_OK;
  uint32_t served = 0;
  if (w->open) wanted = SWIFTCL_E_STATE;
  else if (defaults)
    for (uint32_t l = 0; l + 1 < w->d.o.layer_count; l++) {
      if (!has_units(&w->d.layers[l])) continue;
      swiftcl_capacity capacity;
      capacity.struct_size = sizeof capacity;
      EXPECT(swiftcl_capacity_get(w->net, l, &capacity), SWIFTCL_OK);
      if (wanted == SWIFTCL_OK) wanted = capacity.status;
      served += capacity.next_served + capacity.next_reused;
      MUST(capacity.blocks_with_free <= capacity.blocks && capacity.floor_blocks >= 1);
    }
  if (w->count >= MOST_TASKS - 1 && !w->open) return;
  struct snapshot before = take_snapshot(w->net);
  swiftcl_task task = -77;
  swiftcl_status got = CALL(swiftcl_task_begin(w->net, defaults ? NULL : &t, &task));
  if (w->open || (defaults && w->d.o.layer_count > 1)) {
    checks++;
    /* What capacity says leaves ticket_bytes aside. */
    int bytes = got == SWIFTCL_E_CAPACITY && strstr(swiftcl_last_error(w->net)->message, "ticket bytes") != NULL;
    if (got != wanted && !(bytes && wanted == SWIFTCL_OK)) {
      fprintf(stderr, "  %s instead of %s\n", swiftcl_status_name(got), swiftcl_status_name(wanted));
      tell(w, __LINE__, "what capacity said is what begin does");
    }
  } else {
    MUST(got == SWIFTCL_OK || got == SWIFTCL_E_CAPACITY);
  }
  if (got != SWIFTCL_OK) {
    MUST(task == -77);
    MUST(unchanged(w->net, &before));
    drop_snapshot(&before);
    return;
  }
  MUST(!w->fixed || (uint32_t)largest < w->most_labels);
  MUST(task == w->next);
  if ((uint32_t)largest >= w->most_labels) w->most_labels = (uint32_t)largest + 1;
  w->open = 1;
  w->reopens = 0;
  w->before = before;
  /* Room that beginning made stays, whatever becomes of the task. */
  EXPECT(swiftcl_network_memory(w->net, &w->before.memory, NULL), SWIFTCL_OK);
  w->now.task = task;
  w->now.user_tag = t.user_tag;
  if (!defaults && t.mask_classes) {
    w->now.count = t.class_count;
    memcpy(w->now.classes, classes, sizeof classes);
  } else {
    w->now.count = (uint32_t)largest + 1 > head ? (uint32_t)largest + 1 : head;
    for (uint32_t c = 0; c < w->now.count; c++) w->now.classes[c] = (int32_t)c;
  }
  random_feed(&w->feed, &w->d.o, w->now.classes, w->now.count);
  if (defaults) {
    swiftcl_task_info info;
    info.struct_size = sizeof info;
    EXPECT(swiftcl_task_info_get(w->net, task, &info), SWIFTCL_OK);
    MUST(info.served_blocks == served);
  }
}

static void do_step(struct world *w) {
  swiftcl_step step;
  memset(&step, 0, sizeof step);
  step.struct_size = sizeof step;
  size_t rows = below(12) == 0 ? w->d.o.max_batch + 1 : 1 + below(w->d.o.max_batch);
  int wrong_loss = below(20) == 0;
  swiftcl_options o = w->d.o;
  if (wrong_loss) o.loss = !o.loss;
  swiftcl_status wanted = !w->open || wrong_loss ? SWIFTCL_E_STATE : rows > o.max_batch ? SWIFTCL_E_ARGUMENT : SWIFTCL_OK;
  struct snapshot before;
  memset(&before, 0, sizeof before);
  if (wanted) before = take_snapshot(w->net);
  swiftcl_status got =
      o.loss == SWIFTCL_LOSS_MSE
          ? CALL(swiftcl_train_step_targets(w->net, w->feed.x, w->feed.targets, rows, &step))
          : CALL(swiftcl_train_step(w->net, w->feed.x, w->feed.labels, rows, &step));
  MUST(got == wanted || (wanted == SWIFTCL_OK && got == SWIFTCL_E_NONFINITE));
  if (wanted) {
    MUST(unchanged(w->net, &before));
    drop_snapshot(&before);
  }
  if (got) return;
  MUST(step.rows == rows && step.macs > 0 && step.macs <= most_macs(w, step.dense_macs) && step.correct <= rows && step.step > 0);
  MUST(step.phase == SWIFTCL_PHASE_COMPETE || step.phase == SWIFTCL_PHASE_SPECIALISE);
  MUST(isfinite(step.loss) && isfinite(step.kl));
}

static void do_fit(struct world *w) {
  swiftcl_fit_options f;
  OK(NULL, swiftcl_fit_options_init(&f));
  f.batch = below(8) == 0 ? w->d.o.max_batch + below(2) : 1 + below(w->d.o.max_batch);
  f.epochs = below(8) ? 1 + below(2) : 0;
  f.shuffle = below(9) ? below(2) : 2;
  size_t rows = 1 + below(MOST_ROWS);
  swiftcl_fit_report report;
  report.struct_size = sizeof report;
  struct snapshot before = take_snapshot(w->net);
  swiftcl_status got = CALL(swiftcl_fit(w->net, w->feed.x, w->feed.labels, rows, &f, &report));
  int bad = f.batch > w->d.o.max_batch || f.epochs == 0 || f.shuffle > 1;
  int state = !w->open || w->d.o.loss == SWIFTCL_LOSS_MSE;
  MUST(
      bad || state ? got == SWIFTCL_E_ARGUMENT || got == SWIFTCL_E_STATE : got == SWIFTCL_OK || got == SWIFTCL_E_NONFINITE);
  if (bad || state) MUST(unchanged(w->net, &before));
  drop_snapshot(&before);
  if (got == SWIFTCL_OK) {
    MUST(report.epochs == f.epochs && report.rows == rows * f.epochs);
    MUST(report.steps == (rows + f.batch - 1) / f.batch * f.epochs && report.accuracy >= 0 && report.accuracy <= 100);
  }
}

static void do_end(struct world *w) {
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  swiftcl_status got = CALL(swiftcl_task_end(w->net, &info));
  MUST(w->open ? got == SWIFTCL_OK || got == SWIFTCL_E_NONFINITE : got == SWIFTCL_E_STATE);
  if (got) return; /* parameters that overflowed leave the task open */
  MUST(info.task == w->now.task && info.phase == SWIFTCL_PHASE_FINISHED);
  struct learned *t = find(w, w->now.task);
  MUST((t != NULL) == w->reopens);
  if (!t) {
    t = &w->tasks[w->count++];
    w->next++;
  }
  *t = w->now;
  predict_probes(w, t->task, t->count, t->logits);
  forget_open(w);
}

static void do_abort(struct world *w) {
  EXPECT(swiftcl_task_abort(w->net), w->open ? SWIFTCL_OK : SWIFTCL_E_STATE);
  if (!w->open) return;
  struct snapshot now = take_snapshot(w->net);
  /* As if it had never begun, but for rows that its own displaced from a replay memory. */
  const swiftcl_options *o = &w->d.o;
  int displaced = o->replay_rows > 0 && o->replay_store == SWIFTCL_STORE_PRESENTED;
  int same = displaced || same_snapshots(&w->before, &now);
  MUST(same);
  if (!same) tell_difference(&w->before, &now);
  w->macs = now.accounting.macs; /* an aborted task's are forgotten with it */
  drop_snapshot(&now);
  forget_open(w);
}

static swiftcl_task any_task(struct world *w) {
  if (w->count && below(5)) return w->tasks[below((uint32_t)w->count)].task;
  static const swiftcl_task strange[] = {-1, -2, INT32_MAX, INT32_MIN, 1000};
  return below(2) ? (swiftcl_task)below(20) : strange[below(5)];
}

static void do_reopen(struct world *w) {
  swiftcl_task task = any_task(w);
  struct learned *t = find(w, task);
  struct snapshot before = take_snapshot(w->net);
  swiftcl_status got = CALL(swiftcl_task_reopen(w->net, task, NULL));
  if (w->open) MUST(got == SWIFTCL_E_STATE);
  else if (!t) MUST(got == (task == SWIFTCL_TASK_OPEN ? SWIFTCL_E_STATE : SWIFTCL_E_TASK));
  else MUST(got == SWIFTCL_OK || (got == SWIFTCL_E_SHARED && stays(w)));
  if (got) {
    MUST(unchanged(w->net, &before));
    drop_snapshot(&before);
    return;
  }
  w->open = w->reopens = 1;
  w->before = before;
  w->now = *t;
  random_feed(&w->feed, &w->d.o, w->now.classes, w->now.count);
}

static void do_remove(struct world *w) {
  swiftcl_task task = any_task(w);
  struct learned *t = find(w, task);
  struct snapshot before = take_snapshot(w->net);
  swiftcl_status got = CALL(swiftcl_task_remove(w->net, task));
  if (w->open) MUST(got == SWIFTCL_E_STATE);
  else if (!t) MUST(got == (task == SWIFTCL_TASK_OPEN ? SWIFTCL_E_STATE : SWIFTCL_E_TASK));
  else MUST(got == SWIFTCL_OK);
  if (got) {
    MUST(unchanged(w->net, &before));
  } else {
    memmove(t, t + 1, (size_t)(w->tasks + w->count - (t + 1)) * sizeof *t);
    w->count--;
  }
  drop_snapshot(&before);
}

static void do_predict(struct world *w) {
  swiftcl_task task = below(3) ? any_task(w) : SWIFTCL_TASK_OPEN;
  struct learned *t = find(w, task);
  int open = w->open && (task == SWIFTCL_TASK_OPEN || (!w->reopens && task == w->now.task));
  if (open) t = &w->now;
  swiftcl_status wanted = t ? SWIFTCL_OK : task == SWIFTCL_TASK_OPEN ? SWIFTCL_E_STATE : SWIFTCL_E_TASK;
  float logits[MOST_ROWS * MOST_LABELS];
  int32_t names[MOST_ROWS];
  struct snapshot before = take_snapshot(w->net);
  size_t rows = 1 + below(MOST_ROWS);
  EXPECT(swiftcl_predict(w->net, task, w->feed.x, rows, logits, sizeof logits / sizeof *logits), wanted);
  EXPECT(swiftcl_predict_labels(w->net, task, w->feed.x, rows, names, MOST_ROWS), wanted);
  if (t) {
    for (size_t r = 0; r < rows; r++) {
      const float *z = logits + r * t->count;
      uint32_t best = 0;
      for (uint32_t c = 1; c < t->count; c++)
        if (z[c] > z[best] || (isnan(z[best]) && (!isnan(z[c]) || t->classes[c] < t->classes[best]))) best = c;
      MUST(names[r] == t->classes[best]);
    }
    double accuracy = -1;
    EXPECT(swiftcl_evaluate(w->net, task, w->feed.x, names, rows, &accuracy), SWIFTCL_OK);
    MUST(accuracy == 100);
    swiftcl_dataset sets[2] = {{w->feed.x, names, rows, task}, {w->feed.x, names, 1, task}};
    double both[2] = {-1, -1};
    EXPECT(swiftcl_evaluate_tasks(w->net, sets, 2, both), SWIFTCL_OK);
    MUST(both[0] == 100 && both[1] == 100);
    int32_t stranger = MOST_LABELS + 1;
    EXPECT(swiftcl_evaluate(w->net, task, w->feed.x, &stranger, 1, &accuracy), SWIFTCL_E_LABEL);
  }
  MUST(unchanged(w->net, &before));
  drop_snapshot(&before);
}

static void do_parameters(struct world *w) {
  uint32_t l = below(w->d.o.layer_count + 1);
  size_t outputs = 0, inputs = 0;
  int exists = l < w->d.o.layer_count && has_units(&w->d.layers[l]);
  swiftcl_status wanted = !exists ? SWIFTCL_E_ARGUMENT : w->open ? SWIFTCL_OK : SWIFTCL_E_STATE;
  EXPECT(swiftcl_parameter_shape(w->net, SWIFTCL_TASK_OPEN, l, &outputs, &inputs), wanted);
  if (wanted) return;
  float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
  EXPECT(
      swiftcl_parameters_get(w->net, SWIFTCL_TASK_OPEN, l, weights, outputs * inputs, biases, outputs), SWIFTCL_OK);
  int finite = 1;
  for (size_t i = 0; i < outputs * inputs; i++) finite = finite && isfinite(weights[i]);
  for (size_t i = 0; i < outputs; i++) finite = finite && isfinite(biases[i]);
  size_t at = below((uint32_t)(outputs * inputs));
  if (finite) {
    weights[at] += 0.01f;
    struct snapshot before = take_snapshot(w->net);
    swiftcl_status got =
        CALL(swiftcl_parameters_set(w->net, SWIFTCL_TASK_OPEN, l, weights, outputs * inputs, biases, outputs));
    uint8_t *mask = malloc(outputs * inputs);
    EXPECT(swiftcl_weight_mask(w->net, SWIFTCL_TASK_OPEN, l, mask, outputs * inputs), SWIFTCL_OK);
    MUST(mask[at] ? got == SWIFTCL_OK || got == SWIFTCL_E_OWNED : got == SWIFTCL_E_ARGUMENT);
    free(mask);
    if (got) MUST(unchanged(w->net, &before));
    if (!got) {
      float *again = malloc(outputs * inputs * sizeof *again);
      EXPECT(
          swiftcl_parameters_get(w->net, SWIFTCL_TASK_OPEN, l, again, outputs * inputs, biases, outputs), SWIFTCL_OK);
      MUST(memcmp(again, weights, outputs * inputs * sizeof *again) == 0);
      free(again);
    }
    drop_snapshot(&before);
  }
  free(weights);
  free(biases);
}

/* Reads and moves what a normalisation knows; estimates it anew. */
static void do_norm(struct world *w) {
  uint32_t l = 1;
  while (l < w->d.o.layer_count && w->d.layers[l].kind != SWIFTCL_LAYER_BATCH_NORM) l++;
  size_t units = 0, inputs = 0;
  float scale[256], mean[256], variance[256];
  if (l < w->d.o.layer_count && w->open) {
    EXPECT(swiftcl_parameter_shape(w->net, SWIFTCL_TASK_OPEN, l - 1, &units, &inputs), SWIFTCL_OK);
    MUST(units <= 256);
    EXPECT(swiftcl_norm_get(w->net, SWIFTCL_TASK_OPEN, l, scale, mean, variance, units), SWIFTCL_OK);
    int finite = 1;
    for (size_t u = 0; u < units; u++) {
      finite = finite && isfinite(scale[u]) && isfinite(mean[u]) && isfinite(variance[u]);
      MUST(variance[u] >= 0 || !finite);
    }
    if (finite) {
      scale[below((uint32_t)units)] *= 1.5f;
      EXPECT(swiftcl_norm_set(w->net, SWIFTCL_TASK_OPEN, l, scale, mean, variance, units), SWIFTCL_OK);
    }
  } else {
    EXPECT(
        swiftcl_norm_get(w->net, SWIFTCL_TASK_OPEN, l, scale, mean, variance, 256),
        l < w->d.o.layer_count ? SWIFTCL_E_STATE : SWIFTCL_E_ARGUMENT);
  }
  struct snapshot before = take_snapshot(w->net);
  swiftcl_status got = CALL(swiftcl_task_calibrate(w->net, w->feed.x, 1 + below(MOST_ROWS)));
  MUST(got == SWIFTCL_OK || got == SWIFTCL_E_STATE || got == SWIFTCL_E_NONFINITE);
  if (!w->open) MUST(got == SWIFTCL_E_STATE);
  if (got || l == w->d.o.layer_count) MUST(unchanged(w->net, &before));
  drop_snapshot(&before);
}

/* Goes on with a copy. */
static void do_reload(struct world *w) {
  struct snapshot image = take_snapshot(w->net);
  if (image.size > 1 << 20) {
    drop_snapshot(&image);
    return;
  }
  struct stream stream = reading(image.bytes, image.size);
  swiftcl_checkpoint_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
  MUST(info.file_bytes == image.size && info.tasks == (uint32_t)w->count);
  swiftcl_network *copy = NULL;
  void *memory = NULL;
  int in_memory = below(3) == 0;
  struct counter *counter = w->counter == &w->counters[0] ? &w->counters[1] : &w->counters[0];
  memset(counter, 0, sizeof *counter);
  if (in_memory) {
    memory = aligned_memory((size_t)info.memory_bytes);
    memset(memory, (int)below(256), (size_t)info.memory_bytes);
    stream = reading(image.bytes, image.size);
    OK(NULL, swiftcl_network_load_in(stream_read, &stream, NULL, memory, (size_t)info.memory_bytes, &copy));
  } else {
    swiftcl_load_options load;
    OK(NULL, swiftcl_load_options_init(&load));
    load.allocator = counting(counter);
    OK(NULL, swiftcl_network_load_memory(image.bytes, image.size, &load, &copy));
  }
  if (!MUST(copy != NULL)) {
    release_memory(memory);
    drop_snapshot(&image);
    return;
  }
  struct snapshot again = take_snapshot(copy);
  MUST(again.size == image.size && memcmp(again.bytes, image.bytes, image.size) == 0);
  drop_snapshot(&again);
  swiftcl_network_free(w->net);
  if (w->has_counter) MUST(w->counter->live == 0 && w->counter->bytes == 0 && w->counter->wrong == 0);
  release_memory(w->memory);
  w->net = copy;
  w->memory = memory;
  w->counter = counter;
  w->has_counter = !in_memory;
  w->fixed = in_memory;
  w->error = *swiftcl_last_error(copy);
  if (w->open) OK(copy, swiftcl_network_memory(copy, &w->before.memory, NULL));
  drop_snapshot(&image);
}

static void do_rate(struct world *w) {
  float rate = below(6) ? real(0, 0.02f) : -1;
  EXPECT(swiftcl_set_learning_rate(w->net, rate), rate < 0 ? SWIFTCL_E_ARGUMENT : SWIFTCL_OK);
  float now = -5;
  EXPECT(swiftcl_learning_rate_get(w->net, &now), SWIFTCL_OK);
  if (rate >= 0) MUST(now == rate);
}

static void do_threads(struct world *w) {
  uint32_t threads = below(5), before = 0, now = 0;
  EXPECT(swiftcl_threads_get(w->net, &before), SWIFTCL_OK);
  EXPECT(swiftcl_set_threads(w->net, threads), threads ? SWIFTCL_OK : SWIFTCL_E_ARGUMENT);
  EXPECT(swiftcl_threads_get(w->net, &now), SWIFTCL_OK);
  MUST(now == (threads ? threads : before));
}

/* A class head is fitted, rules are asked: nothing else changes, and every answer is a class of a
   finished task. */
static void do_classes(struct world *w) {
  const swiftcl_options *o = &w->d.o;
  int classifies = o->loss == SWIFTCL_LOSS_CROSS_ENTROPY && w->count > 0;
  if (below(2)) {
    swiftcl_replay_info replay = {.struct_size = sizeof replay};
    swiftcl_class_head_options options;
    swiftcl_class_head_info info = {.struct_size = sizeof info};
    OK(NULL, swiftcl_class_head_options_init(&options));
    options.epochs = 1 + below(3);
    EXPECT(swiftcl_replay_info_get(w->net, &replay), SWIFTCL_OK);
    swiftcl_status status = CALL(swiftcl_class_head_fit(w->net, &options, &info));
    if (!o->class_head || !classifies || w->open || replay.rows == 0) MUST(status == SWIFTCL_E_STATE);
    if (status == SWIFTCL_OK) MUST(info.fitted == 1 && info.classes > 0 && info.rows <= replay.rows);
    else MUST(status == SWIFTCL_E_STATE || status == SWIFTCL_E_NONFINITE);
  }
  swiftcl_class_head_info head = {.struct_size = sizeof head};
  EXPECT(swiftcl_class_head_info_get(w->net, &head), SWIFTCL_OK);
  int32_t rule = (int32_t)below(5), labels[MOST_ROWS], tasks[MOST_ROWS];
  size_t rows = 1 + below(MOST_ROWS);
  int refused = !classifies || (rule == SWIFTCL_RULE_CLASS_HEAD && !head.fitted);
  EXPECT(swiftcl_predict_classes(w->net, rule, w->probe.x, rows, labels, rows), refused ? SWIFTCL_E_STATE : SWIFTCL_OK);
  EXPECT(swiftcl_infer_task(w->net, rule, w->probe.x, rows, tasks, rows), refused ? SWIFTCL_E_STATE : SWIFTCL_OK);
  for (size_t n = 0; n < rows && !refused; n++) {
    int32_t classes[64];
    size_t count = 0, found = 0;
    EXPECT(swiftcl_task_classes(w->net, tasks[n], classes, 64, &count), SWIFTCL_OK);
    for (size_t c = 0; c < count; c++) found += classes[c] == labels[n];
    MUST(found == 1);
  }
}

static void live(uint64_t seed, int calls) {
  struct world *w = calloc(1, sizeof *w);
  w->seed = seed;
  noise_state = seed;
  random_design(&w->d);
  int in_memory = below(3) == 0;
  w->counter = &w->counters[0];
  w->has_counter = !in_memory;
  w->fixed = in_memory;
  w->most_labels = w->d.o.max_classes ? w->d.o.max_classes : w->d.layers[w->d.o.layer_count - 1].width;
  swiftcl_plan plan;
  plan.struct_size = sizeof plan;
  OK(NULL, swiftcl_network_plan(&w->d.o, &plan));
  if (below(5) == 0) {
    w->d.o.ticket_bytes = plan.full_ticket_bytes * (1 + below(4));
    OK(NULL, swiftcl_network_plan(&w->d.o, &plan));
  }
  if (in_memory) {
    w->memory = aligned_memory((size_t)plan.total_bytes);
    memset(w->memory, 0xD2, (size_t)plan.total_bytes);
    OK(NULL, swiftcl_network_create_in(&w->d.o, w->memory, (size_t)plan.total_bytes, &w->net));
  } else {
    swiftcl_options o = w->d.o;
    o.allocator = counting(w->counter);
    OK(NULL, swiftcl_network_create(&o, &w->net));
  }
  if (w->net) {
    w->error = *swiftcl_last_error(w->net);
    int32_t zero = 0;
    random_feed(&w->probe, &w->d.o, &zero, 1);
    random_feed(&w->feed, &w->d.o, &zero, 1);
    int before = failures;
    for (int n = 0; n < calls && failures == before; n++) {
      switch (below(32)) {
        case 0: case 1: case 2: case 3: do_begin(w); break;
        case 4: case 5: case 6: do_end(w); break;
        case 7: do_abort(w); break;
        case 8: do_reopen(w); break;
        case 9: do_remove(w); break;
        case 10: EXPECT(swiftcl_task_commit(w->net), w->open ? SWIFTCL_OK : SWIFTCL_E_STATE); break;
        case 11: do_reload(w); break;
        case 12: do_fit(w); break;
        case 13: below(2) ? do_rate(w) : do_threads(w); break;
        case 14: case 15: do_parameters(w); break;
        case 16: do_predict(w); break;
        case 17: below(2) ? do_predict(w) : do_classes(w); break;
        case 18: do_classes(w); break;
        case 19: do_norm(w); break;
        default: do_step(w); break;
      }
      if (below(4) == 0) check_world(w);
    }
    check_world(w);
    if (failures != before && failures < 60)
      fprintf(
          stderr, "  world %llu: sampler %d sharing %d allocation %d protection %d head %d loss %d layers %u%s\n",
          (unsigned long long)seed, (int)w->d.o.sampler, (int)w->d.o.sharing, (int)w->d.o.allocation,
          (int)w->d.o.protection, (int)w->d.o.head, (int)w->d.o.loss, (unsigned)w->d.o.layer_count,
          w->fixed ? ", in the caller's memory" : "");
    swiftcl_network_free(w->net);
    if (w->has_counter) MUST(w->counter->live == 0 && w->counter->bytes == 0 && w->counter->wrong == 0);
  }
  if (w->open) drop_snapshot(&w->before);
  release_memory(w->memory);
  free(w);
}

int main(int argc, char **argv) {
  if (argc > 1) { /* one world again */
    live(strtoull(argv[1], NULL, 10), 120);
    return finish("lifecycle");
  }
  int worlds = quick() ? 10 : 500;
  for (int n = 0; n < worlds && failures < 30; n++) live(20000 + (uint64_t)n, 120);
  return finish("lifecycle");
}

/*
 * memory_faults.c -- memory that is refused at any call, misplaced, full of
 * rubbish, or exactly as large as the plan says: nothing leaks, nothing is
 * overrun, nothing depends on what memory held before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"

#if defined(__SANITIZE_ADDRESS__)
#define WATCHES_MALLOC 1
int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));
static volatile int watching;
static volatile long seen_mallocs;
static void on_malloc(const volatile void *memory, size_t bytes) {
  (void)memory, (void)bytes;
  if (watching) seen_mallocs++;
}
static void on_free(const volatile void *memory) { (void)memory; }
#else
#define WATCHES_MALLOC 0
static volatile int watching;
static volatile long seen_mallocs;
#endif

enum { INPUTS = 5, BATCH = 6 };

/* ------------------------------------------------ every allocation refused once */

static float rows[BATCH * INPUTS];

struct run {
  struct counter counter;
  long seen;
  int use;          /* which description */
  uint8_t *image;   /* the network at the end */
  size_t size;
};

/* A call that may be refused memory once: it says so, changes nothing, and does
   its work when it is asked again. */
#define TRY(run, net, call)                                                        \
  do {                                                                             \
    struct snapshot before_;                                                       \
    memset(&before_, 0, sizeof before_);                                           \
    if (net) before_ = take_snapshot(net);                                         \
    swiftcl_status status_ = (call);                                               \
    if ((run)->counter.refusals > (run)->seen) {                                   \
      (run)->seen = (run)->counter.refusals;                                       \
      STATUS(net, status_, SWIFTCL_E_MEMORY);                                      \
      CHECK(strncmp(swiftcl_last_error(net)->message, #call, strcspn(#call, "(")) == 0); \
      if (net) CHECK(unchanged(net, &before_));                                    \
      status_ = (call);                                                            \
    }                                                                              \
    OK(net, status_);                                                              \
    if (net) drop_snapshot(&before_);                                              \
  } while (0)

static void check_counts(struct run *run, swiftcl_network *net) {
  uint64_t current = 0, peak = 0;
  OK(net, swiftcl_network_memory(net, &current, &peak));
  CHECK(current == run->counter.bytes);
  if (!run->counter.fail_at) CHECK(peak == run->counter.peak);
  CHECK(peak >= current);
}

static void train(swiftcl_network *net, const int32_t *classes, int count, int steps) {
  int32_t labels[BATCH];
  for (int r = 0; r < BATCH; r++) labels[r] = classes[r % count];
  for (int i = 0; i < steps; i++) OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
}

static void story(struct run *run) {
  static const swiftcl_layer competing[] = {
    SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(8, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(3)};
  static const swiftcl_layer plain[] = {SWIFTCL_DENSE(8, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(3)};
  static const int32_t first[] = {0, 1, 2}, wide[] = {5, 1}, wider[] = {11, 40};
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = run->use == 2 ? plain : competing;
  o.layer_count = run->use == 2 ? 2 : 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.max_tasks = 1;
  o.seed = 3;
  o.allocation = run->use == 1 ? SWIFTCL_ALLOCATE_GROWING : SWIFTCL_ALLOCATE_FAIR;
  o.sampler = run->use == 1 ? SWIFTCL_SAMPLER_TOP_K : SWIFTCL_SAMPLER_MEAN;
  o.sharing = run->use == 2 ? SWIFTCL_TICKETS_SHARED : SWIFTCL_TICKETS_SEPARATE;
  o.unserved = SWIFTCL_UNSERVED_REUSE;
  o.allocator = counting(&run->counter);
  swiftcl_network *net = NULL;
  swiftcl_network *none = NULL;
  TRY(run, none, swiftcl_network_create(&o, &net));
  check_counts(run, net);
  swiftcl_task_options t;
  OK(NULL, swiftcl_task_options_init(&t));
  swiftcl_task tasks[12];
  for (int n = 0; n < 10; n++) {
    const int32_t *classes = run->use == 2 || n % 4 == 0 ? first : n % 4 == 1 ? wide : n > 4 ? wider : wide;
    t.classes = classes;
    t.class_count = classes == first ? 3 : 2;
    t.compete_steps = 3;
    TRY(run, net, swiftcl_task_begin(net, &t, &tasks[n]));
    check_counts(run, net);
    train(net, classes, (int)t.class_count, 4);
    if (n == 3) {
      OK(net, swiftcl_task_abort(net));
      TRY(run, net, swiftcl_task_begin(net, &t, &tasks[n]));
      train(net, classes, (int)t.class_count, 1);
    }
    TRY(run, net, swiftcl_task_end(net, NULL));
    check_counts(run, net);
    if (n == 5) OK(net, swiftcl_task_remove(net, tasks[2]));
    if (n == 6) {
      OK(net, swiftcl_task_reopen(net, tasks[6], NULL));
      train(net, classes, (int)t.class_count, 2);
      TRY(run, net, swiftcl_task_end(net, NULL));
    }
    check_counts(run, net);
  }
  /* A copy through a checkpoint, in the middle of a task. */
  t.classes = first;
  t.class_count = 3;
  t.compete_steps = 50;
  TRY(run, net, swiftcl_task_begin(net, &t, &tasks[10]));
  train(net, first, 3, 2);
  struct snapshot image = take_snapshot(net);
  swiftcl_load_options load;
  OK(NULL, swiftcl_load_options_init(&load));
  load.allocator = counting(&run->counter);
  swiftcl_network *copy = NULL;
  long live = run->counter.live;
  poison_outputs();
  swiftcl_status status = swiftcl_network_load_memory(image.bytes, image.size, &load, &copy);
  if (run->counter.refusals > run->seen) {
    run->seen = run->counter.refusals;
    STATUS(NULL, status, SWIFTCL_E_MEMORY);
    CHECK(copy == NULL);
    CHECK(run->counter.live == live); /* the half-built network is gone */
    status = swiftcl_network_load_memory(image.bytes, image.size, &load, &copy);
  }
  OK(NULL, status);
  drop_snapshot(&image);
  if (copy) {
    train(net, first, 3, 3);
    train(copy, first, 3, 3);
    TRY(run, copy, swiftcl_task_end(copy, NULL));
    TRY(run, net, swiftcl_task_end(net, NULL));
    struct snapshot one = take_snapshot(net), two = take_snapshot(copy);
    CHECK(one.size == two.size && memcmp(one.bytes, two.bytes, one.size) == 0);
    drop_snapshot(&one);
    drop_snapshot(&two);
    /* Room for more tasks than the checkpoint had. */
    for (int n = 0; n < 8; n++) {
      TRY(run, copy, swiftcl_task_begin(copy, &t, &tasks[11]));
      TRY(run, copy, swiftcl_task_end(copy, NULL));
    }
    swiftcl_network_free(copy);
  }
  image = take_snapshot(net);
  run->image = image.bytes;
  run->size = image.size;
  swiftcl_network_free(net);
  CHECK(run->counter.live == 0 && run->counter.bytes == 0 && run->counter.wrong == 0);
}

static void every_allocation(void) {
  for (int use = 0; use < 3; use++) {
    struct run whole;
    memset(&whole, 0, sizeof whole);
    whole.use = use;
    story(&whole);
    long calls = whole.counter.calls;
    CHECK(calls > 10);
    long stride = quick() ? 7 : 1;
    for (long n = 1; n <= calls; n += stride) {
      struct run run;
      memset(&run, 0, sizeof run);
      run.use = use;
      run.counter.fail_at = n;
      story(&run);
      CHECK(run.counter.refusals == 1);
      CHECK(run.size == whole.size && memcmp(run.image, whole.image, run.size) == 0);
      free(run.image);
      if (failures > 40) break;
    }
    free(whole.image);
  }
}

static void misaligned(void) {
  for (size_t shift = 1; shift < SWIFTCL_ALIGNMENT; shift++) {
    struct design d;
    noise_state = 5;
    random_design(&d);
    struct counter counter;
    memset(&counter, 0, sizeof counter);
    counter.misalign = shift;
    d.o.allocator = counting(&counter);
    REFUSED_ALONE(swiftcl_network_create(&d.o, OUT), SWIFTCL_E_MEMORY, "allocator");
    CHECK(counter.calls > 0 && counter.live == 0 && counter.wrong == 0);
    /* Good memory at first: the tickets are misplaced. */
    counter.misalign = 0;
    swiftcl_network *net = NULL;
    OK(NULL, swiftcl_network_create(&d.o, &net));
    swiftcl_task task;
    OK(net, swiftcl_task_begin(net, NULL, &task));
    counter.misalign = shift;
    REFUSED(net, swiftcl_task_end(net, OUT_STRUCT(swiftcl_task_info)), SWIFTCL_E_MEMORY, "allocator");
    counter.misalign = 0;
    OK(net, swiftcl_task_end(net, NULL));
    swiftcl_network_free(net);
    CHECK(counter.live == 0 && counter.wrong == 0);
  }
}

/* ------------------------------------------------ exactly what the plan says */

/* What a script leaves behind: a checkpoint at every station. */
struct trace {
  uint8_t *bytes;
  size_t size, room;
  int capacity_spent;
};

/* Room for all that is asked, so that the script itself never allocates. */
static uint8_t station[1 << 20];
static float logits[MOST_ROWS * 128];
static float values[1 << 15];
static int32_t winners[1 << 12];
static uint8_t mask[1 << 15];
static struct feed feed;

static void record(struct trace *t, const void *data, size_t bytes) {
  if (bytes == 0) return;
  int watched = watching;
  watching = 0;
  if (t->size + bytes > t->room) {
    t->room = 2 * (t->size + bytes);
    t->bytes = realloc(t->bytes, t->room);
  }
  memcpy(t->bytes + t->size, data, bytes);
  t->size += bytes;
  watching = watched;
}

static void halt(struct trace *t, swiftcl_network *net) {
  size_t written = 0;
  if (OK(net, swiftcl_network_save_memory(net, station, sizeof station, &written))) record(t, station, written);
}

static void ask(struct trace *t, swiftcl_network *net, const swiftcl_options *o, swiftcl_task task) {
  swiftcl_task_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (!OK(net, swiftcl_task_info_get(net, task, &info))) return;
  record(t, &info, sizeof info);
  size_t count = (size_t)MOST_ROWS * info.class_count;
  if (OK(net, swiftcl_predict(net, task, feed.x, MOST_ROWS, logits, sizeof logits / sizeof *logits)))
    record(t, logits, count * sizeof *logits);
  for (uint32_t l = 0; l < o->layer_count; l++) {
    if (!has_units(&o->layers[l])) continue;
    swiftcl_layer_info layer;
    memset(&layer, 0, sizeof layer);
    layer.struct_size = sizeof layer;
    OK(net, swiftcl_layer_info_get(net, l, &layer));
    size_t outputs = 0, inputs = 0;
    OK(net, swiftcl_parameter_shape(net, task, l, &outputs, &inputs));
    OK(net, swiftcl_parameters_get(net, task, l, values, sizeof values / sizeof *values, logits, sizeof logits / sizeof *logits));
    record(t, values, outputs * inputs * sizeof *values);
    record(t, logits, outputs * sizeof *logits);
    if (l + 1 == o->layer_count) continue;
    record(t, &layer, sizeof layer);
    size_t units = (size_t)layer.blocks * layer.units_per_block;
    OK(net, swiftcl_winners(net, task, l, winners, sizeof winners / sizeof *winners));
    OK(net, swiftcl_winner_mask(net, task, l, mask, sizeof mask));
    OK(net, swiftcl_winner_probabilities(net, task, l, values, sizeof values / sizeof *values));
    record(t, winners, layer.blocks * sizeof *winners);
    record(t, mask, units);
    record(t, values, units * sizeof *values);
  }
}

/* A class head, and what it and the other rules say. */
static void tell_classes(struct trace *t, swiftcl_network *net, const swiftcl_options *o) {
  swiftcl_class_head_options options;
  swiftcl_class_head_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  OK(NULL, swiftcl_class_head_options_init(&options));
  options.epochs = 2;
  swiftcl_status status = swiftcl_class_head_fit(net, &options, &info);
  record(t, &status, sizeof status);
  record(t, &info, sizeof info);
  for (int32_t rule = SWIFTCL_RULE_LAST_MASK; rule <= SWIFTCL_RULE_LOWEST_ENTROPY; rule++) {
    int32_t labels[MOST_ROWS];
    memset(labels, 0, sizeof labels);
    status = swiftcl_predict_classes(net, rule, feed.x, o->max_batch, labels, MOST_ROWS);
    record(t, &status, sizeof status);
    record(t, labels, sizeof labels);
  }
}

/* Several tasks, one aborted, one removed, one opened again. Everything is a
   function of the seed. */
static void script(struct trace *t, swiftcl_network *net, const swiftcl_options *o, uint64_t seed) {
  noise_state = seed;
  uint32_t head = o->layers[o->layer_count - 1].width;
  uint32_t labels = o->max_classes ? o->max_classes : head;
  swiftcl_task last = -1;
  for (int n = 0; n < 5; n++) {
    int32_t classes[MOST_CLASSES];
    uint32_t count = 1 + below(labels);
    for (uint32_t c = 0; c < count; c++) classes[c] = (int32_t)((c + (uint32_t)n) % labels);
    swiftcl_task_options options;
    OK(NULL, swiftcl_task_options_init(&options));
    options.start = (int32_t)below(3);
    options.classes = classes;
    options.class_count = count;
    options.mask_classes = below(4) != 0;
    options.compete_steps = below(3) ? 1 + below(8) : SWIFTCL_COMPETE_ALWAYS;
    options.expected_steps = below(2) ? 0 : 10;
    swiftcl_task task = -1;
    swiftcl_status status = swiftcl_task_begin(net, &options, &task);
    record(t, &status, sizeof status);
    if (status == SWIFTCL_E_CAPACITY) {
      t->capacity_spent++;
      if (last >= 0) OK(net, swiftcl_task_remove(net, last));
      last = -1;
      continue;
    }
    if (!OK(net, status)) return;
    random_feed(&feed, o, classes, count);
    halt(t, net);
    for (int i = 0; i < 12; i++) {
      swiftcl_step step;
      memset(&step, 0, sizeof step);
      step.struct_size = sizeof step;
      size_t rows = 1 + below(o->max_batch);
      status = step_on(net, o, &feed, rows, &step);
      CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_NONFINITE);
      record(t, &step, sizeof step);
      if (i == 2 || i == 7) halt(t, net);
      if (i == 5) ask(t, net, o, SWIFTCL_TASK_OPEN);
      if (i == 9 && below(2)) OK(net, swiftcl_task_commit(net));
    }
    if (n == 1) {
      OK(net, swiftcl_task_abort(net));
      continue;
    }
    status = swiftcl_task_end(net, NULL);
    record(t, &status, sizeof status);
    if (status == SWIFTCL_E_NONFINITE) { /* its parameters overflowed */
      OK(net, swiftcl_task_abort(net));
      continue;
    }
    OK(net, status);
    halt(t, net);
    ask(t, net, o, task);
    tell_classes(t, net, o);
    if (n == 2 && last >= 0) OK(net, swiftcl_task_remove(net, last));
    last = task;
    if (n == 3 || n == 4) {
      status = swiftcl_task_reopen(net, task, &options);
      record(t, &status, sizeof status);
      if (OK(net, status)) {
        for (int i = 0; i < 3; i++) {
          status = step_on(net, o, &feed, o->max_batch, NULL);
          CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_NONFINITE);
        }
        halt(t, net);
        status = swiftcl_task_end(net, NULL);
        record(t, &status, sizeof status);
        if (status == SWIFTCL_E_NONFINITE) status = swiftcl_task_abort(net);
        OK(net, status);
        halt(t, net);
        ask(t, net, o, task);
      }
    }
  }
  for (uint32_t l = 0; l + 1 < o->layer_count; l++) {
    if (!has_units(&o->layers[l])) continue;
    swiftcl_capacity capacity;
    memset(&capacity, 0, sizeof capacity);
    capacity.struct_size = sizeof capacity;
    OK(net, swiftcl_capacity_get(net, l, &capacity));
    capacity.status = 0; /* the caller's memory may be spent where the allocator's is not */
    record(t, &capacity, sizeof capacity);
  }
  halt(t, net);
}

static void same_traces(const struct trace *a, const struct trace *b, uint64_t seed, const char *what) {
  checks++;
  if (a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0) return;
  size_t i = 0;
  while (i < a->size && i < b->size && a->bytes[i] == b->bytes[i]) i++;
  if (++failures < 100)
    fprintf(
        stderr, "memory_faults.c: run %llu differs over %s at byte %zu of %zu and %zu\n", (unsigned long long)seed, what,
        i, a->size, b->size);
}

static void exact_plans(void) {
  int designs = quick() ? 8 : 160;
  int spent = 0;
  for (int n = 0; n < designs; n++) {
    uint64_t seed = 1000 + (uint64_t)n;
    struct design d;
    noise_state = seed;
    random_design(&d);
    int before = failures;
    swiftcl_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.struct_size = sizeof plan;
    if (!OK(NULL, swiftcl_network_plan(&d.o, &plan))) continue;
    size_t total = (size_t)plan.total_bytes;
    CHECK(
        plan.total_bytes == plan.network_bytes + plan.working_set_bytes + plan.optimizer_bytes + plan.competition_bytes
                                + plan.activation_bytes + plan.ticket_bytes + plan.replay_bytes + plan.class_head_bytes + plan.data_bytes + plan.mask_bytes);
    CHECK(plan.alignment == SWIFTCL_ALIGNMENT && plan.layer_count == d.o.layer_count);
    struct trace traces[3];
    memset(traces, 0, sizeof traces);
    static const uint8_t rubbish[] = {0x00, 0xFF, 0x5A};
    for (int r = 0; r < 3; r++) {
      uint8_t *memory = aligned_memory(total); /* guarded behind */
      memset(memory, rubbish[r], total);
      REFUSED_ALONE(swiftcl_network_create_in(&d.o, memory, total - 1, OUT), SWIFTCL_E_BUFFER, "bytes");
      CHECK(memory[0] == rubbish[r] && memory[total - 1] == rubbish[r]);
      swiftcl_network *net = NULL;

      seen_mallocs = 0;
      watching = 1;
      if (OK(NULL, swiftcl_network_create_in(&d.o, memory, total, &net))) {
        script(&traces[r], net, &d.o, seed);
        uint64_t current = 0, peak = 0;
        OK(net, swiftcl_network_memory(net, &current, &peak));
        CHECK(current <= total && peak <= total);
        swiftcl_network_free(net);
      }
      watching = 0;
      CHECK(seen_mallocs == 0);
      release_memory(memory);
      if (r) same_traces(&traces[0], &traces[r], seed, "what memory held before");
    }
    spent += traces[0].capacity_spent;
    /* A network in the allocator's blocks does the same; only capacity may be larger. */
    if (!traces[0].capacity_spent) {
      struct trace other;
      memset(&other, 0, sizeof other);
      struct counter counter;
      memset(&counter, 0, sizeof counter);
      swiftcl_options o = d.o;
      o.allocator = counting(&counter);
      swiftcl_network *net = NULL;
      if (OK(NULL, swiftcl_network_create(&o, &net))) {
        script(&other, net, &d.o, seed);
        uint64_t current = 0, peak = 0;
        OK(net, swiftcl_network_memory(net, &current, &peak));
        CHECK(current == counter.bytes && peak == counter.peak);
        swiftcl_network_free(net);
      }
      CHECK(counter.live == 0 && counter.bytes == 0 && counter.wrong == 0);
      same_traces(&traces[0], &other, seed, "where memory comes from");
      free(other.bytes);
    }
    for (int r = 0; r < 3; r++) free(traces[r].bytes);
    if (failures != before)
      fprintf(
          stderr, "  run %llu: sampler %d sharing %d allocation %d protection %d optimizer %d clip %g layers %u tasks %u\n",
          (unsigned long long)seed, (int)d.o.sampler, (int)d.o.sharing, (int)d.o.allocation, (int)d.o.protection,
          (int)d.o.optimizer, (double)d.o.clip_norm, (unsigned)d.o.layer_count, (unsigned)d.o.max_tasks);
    if (failures > 60) break;
  }
  if (!quick()) CHECK(spent > 5); /* capacity was spent in some */
}

int main(void) {
#if WATCHES_MALLOC
  __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  watching = 1;
  free(malloc(3));
  watching = 0;
  CHECK(seen_mallocs == 1);
#endif
  for (int i = 0; i < BATCH * INPUTS; i++) rows[i] = real(-1, 1);
  every_allocation();
  misaligned();
  exact_plans();
  return finish("memory_faults");
}

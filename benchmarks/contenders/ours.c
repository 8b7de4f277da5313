/*
 * ours.c -- libswiftcl as a contender: 784-W-W-10 in blocks of J, float inputs,
 * SGD with momentum.
 *
 *   network W J SAMPLER BATCH ALLOCATION UNSERVED TASKS
 *                 a new network; BATCH rows a step at most, TASKS expected
 *                 (0: not known). SAMPLER, ALLOCATION and UNSERVED are words
 *   data FILE R   trains on R rows of a file from now on: bytes, then labels
 *   learn T N     learns T tasks of N steps of 32 rows and ends them
 *   begin N       begins a task of N expected steps, and commits it if N is 0
 *   step B N      N training steps of B rows of the open task
 *   course B N R E
 *                 the first N steps of a task of E, R times over: per step the units
 *                 alive, the multiply-adds, the phase and median microseconds
 *   predict B N   N predictions of B rows from the ticket of the first task
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "contender.h"
#include "swiftcl.h"

static const struct word {
  const char *name;
  int32_t value;
} words[] = {
    {"mean", SWIFTCL_SAMPLER_MEAN},          {"gumbel", SWIFTCL_SAMPLER_GUMBEL},
    {"top_k", SWIFTCL_SAMPLER_TOP_K},        {"random", SWIFTCL_SAMPLER_RANDOM},
    {"fair", SWIFTCL_ALLOCATE_FAIR},         {"growing", SWIFTCL_ALLOCATE_GROWING},
    {"abstain", SWIFTCL_UNSERVED_ABSTAIN},   {"reuse", SWIFTCL_UNSERVED_REUSE},
};

static int32_t value_of(const char *name) {
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(words[i].name, name) == 0) return words[i].value;
  fail("no such word");
  return 0;
}

static swiftcl_network *net;
static struct pool pool;

static void check(swiftcl_status status) {
  if (status != SWIFTCL_OK) fail(swiftcl_last_error(net)->message);
}

static void begin(uint64_t steps) {
  swiftcl_task_options options;
  swiftcl_task task;
  check(swiftcl_task_options_init(&options));
  options.expected_steps = steps;
  check(swiftcl_task_begin(net, &options, &task));
  if (steps == 0) check(swiftcl_task_commit(net));
}

static void train(size_t rows, swiftcl_step *step) {
  size_t first = pool_next(&pool, rows);
  check(swiftcl_train_step(net, pool.inputs + first * PIXELS, pool.labels + first, rows, step));
}

static void learn(int tasks, int steps) {
  for (int t = 0; t < tasks; t++) {
    begin((uint64_t)steps);
    for (int s = 0; s < steps; s++) train(32, NULL);
    check(swiftcl_task_end(net, NULL));
  }
}

/* Shape of the open task, as in 784-200-200-10. */
static void answer_shape(void) {
  swiftcl_task_info info = {.struct_size = sizeof info};
  check(swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &info));
  printf("{\"kernels\": \"%s\", \"phase\": %d, \"owned_edge_share\": %.4f, \"shape\": \"%d", swiftcl_kernel_name(),
         info.phase, (double)info.owned_edge_share, PIXELS);
  for (uint32_t layer = 0; layer < 3; layer++) {
    size_t outputs;
    check(swiftcl_parameter_shape(net, SWIFTCL_TASK_OPEN, layer, &outputs, NULL));
    printf("-%zu", outputs);
  }
  printf("\"}\n");
}

static void answer_steps(size_t rows, size_t count, double *samples) {
  for (size_t i = 0; i < WARM_UP + count; i++) {
    size_t first = pool_next(&pool, rows);
    struct stopwatch watch = stopwatch_start();
    check(swiftcl_train_step(net, pool.inputs + first * PIXELS, pool.labels + first, rows, NULL));
    if (i >= WARM_UP) samples[i - WARM_UP] = stopwatch_stop(watch);
  }
  answer_times(samples, count);
}

/* Every repetition takes the same steps, as the task is forgotten again and its number given anew. */
static void answer_course(size_t rows, size_t steps, size_t repeats, uint64_t expected) {
  double *times = reserve(steps * repeats * sizeof(double));
  swiftcl_step *course = reserve(steps * sizeof *course);
  for (size_t r = 0; r < repeats; r++) {
    begin(expected);
    pool.next = 0;
    for (size_t s = 0; s < steps; s++) {
      course[s].struct_size = sizeof *course;
      struct stopwatch watch = stopwatch_start();
      train(rows, &course[s]);
      times[s * repeats + r] = stopwatch_stop(watch);
    }
    check(swiftcl_task_abort(net));
  }
  printf("{\"dense_macs\": %llu, \"steps\": [", (unsigned long long)course[0].dense_macs);
  for (size_t s = 0; s < steps; s++)
    printf("%s[%u, %llu, %d, %.2f]", s ? ", " : "", (unsigned)course[s].alive_units, (unsigned long long)course[s].macs,
           (int)course[s].phase, quantile(times + s * repeats, repeats, 0.5));
  printf("]}\n");
  free(times);
  free(course);
}

/* ------------------------------------------------------- prediction from a ticket */

static struct {
  swiftcl_ticket *opened;
  void *data, *scratch;
  size_t scratch_bytes;
} ticket;

static void check_ticket(swiftcl_status status) {
  if (status != SWIFTCL_OK) fail(swiftcl_last_error(NULL)->message);
}

/* The first task's ticket, in a buffer of its own. */
static void open_ticket(void) {
  swiftcl_ticket_info info = {.struct_size = sizeof info};
  size_t bytes;
  if (ticket.opened) return;
  check(swiftcl_ticket_bytes(net, 0, &bytes));
  ticket.data = reserve(bytes);
  check(swiftcl_ticket_export(net, 0, ticket.data, bytes, NULL));
  check_ticket(swiftcl_ticket_open(ticket.data, bytes, NULL, &ticket.opened));
  check_ticket(swiftcl_ticket_info_get(ticket.opened, &info));
  ticket.scratch_bytes = info.fast_scratch_bytes;
  ticket.scratch = reserve(ticket.scratch_bytes);
}

static void close_ticket(void) {
  swiftcl_ticket_free(ticket.opened);
  free(ticket.data);
  free(ticket.scratch);
  memset(&ticket, 0, sizeof ticket);
}

static void predict(const float *inputs, size_t rows, float *logits) {
  check_ticket(swiftcl_ticket_predict(ticket.opened, inputs, rows, logits, rows * CLASSES, ticket.scratch,
                                      ticket.scratch_bytes));
}

static void answer_predictions(size_t rows, size_t count, double *samples) {
  float *logits = reserve(rows * CLASSES * sizeof(float));
  open_ticket();
  for (size_t i = 0; i < WARM_UP + count; i++) {
    size_t first = pool_next(&pool, rows);
    struct stopwatch watch = stopwatch_start();
    predict(pool.inputs + first * PIXELS, rows, logits);
    if (i >= WARM_UP) samples[i - WARM_UP] = stopwatch_stop(watch);
  }
  answer_times(samples, count);
  free(logits);
}

/* ---------------------------------------------------------------------- network */

static void create(uint32_t width, uint32_t block, const char *sampler, uint32_t batch, const char *allocation,
                   const char *unserved, uint32_t tasks) {
  const swiftcl_layer layers[] = {SWIFTCL_DENSE(width, block, SWIFTCL_ACTIVATION_RELU),
                                  SWIFTCL_DENSE(width, block, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_options options;
  close_ticket();
  swiftcl_network_free(net);
  net = NULL;
  check(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = PIXELS;
  options.max_batch = batch;
  options.sampler = value_of(sampler);
  options.allocation = value_of(allocation);
  options.unserved = value_of(unserved);
  options.expected_tasks = tasks;
  options.max_tasks = 32;
  options.learning_rate = LEARNING_RATE;
  options.momentum = MOMENTUM;
  check(swiftcl_network_create(&options, &net));
}

/* ------------------------------------------------------------------------- data */

/* Bytes to (x - .1307) / .3081 with x in [0, 1], as the accuracy benchmarks have it. */
static void read_data(const char *path, size_t rows) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = reserve(rows * PIXELS);
  struct pool read = {reserve(rows * PIXELS * sizeof(float)), reserve(rows * sizeof(int32_t)), rows, 0};
  if (!file || fread(bytes, PIXELS, rows, file) != rows || fread(read.labels, sizeof(int32_t), rows, file) != rows)
    fail("the file of rows cannot be read");
  fclose(file);
  for (size_t i = 0; i < rows * PIXELS; i++) read.inputs[i] = ((float)bytes[i] / 255 - 0.1307f) / 0.3081f;
  free(bytes);
  free(pool.inputs);
  free(pool.labels);
  pool = read;
}

int main(void) {
  double *samples = reserve(MAX_SAMPLES * sizeof(double));
  char line[512], sampler[16], allocation[16], unserved[16], path[384];
  pool = pool_random();
  while (fgets(line, sizeof line, stdin)) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (sscanf(line, "network %u %u %15s %u %15s %15s %u", &a, &b, sampler, &c, allocation, unserved, &d) == 7) {
      create(a, b, sampler, c, allocation, unserved, d);
      printf("{\"kernels\": \"%s\"}\n", swiftcl_kernel_name());
    } else if (sscanf(line, "data %383s %u", path, &a) == 2) {
      read_data(path, a);
      printf("{\"rows\": %u}\n", a);
    } else if (sscanf(line, "learn %u %u", &a, &b) == 2) {
      learn((int)a, (int)b);
      printf("{\"tasks\": %u}\n", a);
    } else if (sscanf(line, "begin %u", &a) == 1) {
      begin(a);
      answer_shape();
    } else if (sscanf(line, "step %u %u", &a, &b) == 2 && b > 0 && b <= MAX_SAMPLES) {
      answer_steps(a, b, samples);
    } else if (sscanf(line, "course %u %u %u %u", &a, &b, &c, &d) == 4) {
      answer_course(a, b, c, d);
    } else if (sscanf(line, "predict %u %u", &a, &b) == 2 && b > 0 && b <= MAX_SAMPLES) {
      answer_predictions(a, b, samples);
    } else {
      fail("no such command");
    }
    fflush(stdout);
  }
  close_ticket();
  swiftcl_network_free(net);
  return 0;
}

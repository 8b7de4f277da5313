/*
 * resident.c -- the plan is what a program really takes: the peak of resident
 * memory, less what the program had resident with the library loaded and used
 * once, is within a tenth of the plan's total. The network learns until every
 * ticket is full, predicts and is saved; once with blocks from the allocator and
 * once in memory of the caller, which nobody touched before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "swiftcl.h"

enum { INPUTS = 784, CLASSES = 10, BATCH = 256 };

static float rows[BATCH * INPUTS];
static int32_t labels[BATCH];
static float logits[BATCH * CLASSES];

#define CHECK(call) \
  do { \
    swiftcl_status status_ = (call); \
    if (status_ != SWIFTCL_OK) { \
      fprintf(stderr, "%s: %s: %s\n", #call, swiftcl_status_name(status_), swiftcl_last_error(net)->message); \
      exit(1); \
    } \
  } while (0)

/* A line of /proc/self/status in bytes; 0 where there is none. Reads without stdio, whose buffers would count. */
static double resident(const char *line) {
  static char text[8192];
  int file = open("/proc/self/status", O_RDONLY);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  if (length < 0) return 0;
  text[length] = 0;
  const char *found = strstr(text, line);
  return found ? 1024 * strtod(found + strlen(line), NULL) : 0;
}

/* The peak starts again from what is resident now, where the system lets it. */
static void forget_peak(void) {
  int file = open("/proc/self/clear_refs", O_WRONLY);
  if (file < 0) return;
  ssize_t written = write(file, "5", 1);
  (void)written;
  close(file);
}

static int32_t count_bytes(void *context, const void *data, size_t bytes) {
  (void)data;
  *(uint64_t *)context += bytes;
  return 0;
}

static void learn(swiftcl_network *net, uint32_t tasks, size_t batch) {
  for (uint32_t t = 0; t < tasks; t++) {
    swiftcl_task task;
    swiftcl_task_options options;
    CHECK(swiftcl_task_options_init(&options));
    options.compete_steps = 2;
    CHECK(swiftcl_task_begin(net, &options, &task));
    for (int n = 0; n < 3; n++) CHECK(swiftcl_train_step(net, rows, labels, batch, NULL));
    CHECK(swiftcl_task_end(net, NULL));
    CHECK(swiftcl_predict(net, task, rows, batch, logits, BATCH * CLASSES));
  }
  uint64_t saved = 0;
  CHECK(swiftcl_network_save_to(net, count_bytes, &saved));
}

struct setting {
  const char *name;
  uint32_t width, block_size, batch, tasks;
  int32_t sampler, optimizer, in_memory;
  float clip_norm;
};

static const struct setting settings[] = {
    {"SGD", 2048, 4, BATCH, 4, SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, 0, 0},
    {"SGD", 2048, 4, BATCH, 4, SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, 1, 0},
    {"Adam, clipped", 1536, 4, 64, 4, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_OPTIMIZER_ADAM, 0, 1},
    {"Adam, clipped", 1536, 4, 64, 4, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_OPTIMIZER_ADAM, 1, 1},
    {"random, many tickets", 2048, 2, BATCH, 12, SWIFTCL_SAMPLER_RANDOM, SWIFTCL_OPTIMIZER_SGD, 1, 0},
    {"top-k", 1536, 4, 64, 4, SWIFTCL_SAMPLER_TOP_K, SWIFTCL_OPTIMIZER_SGD, 1, 0},
};

static swiftcl_network *create(const struct setting *setting, uint32_t width, swiftcl_plan *plan) {
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(width, setting->block_size, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(width, setting->block_size, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(CLASSES),
  };
  swiftcl_network *net = NULL;
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = INPUTS;
  options.max_batch = setting->batch;
  options.max_tasks = setting->tasks;
  options.sampler = setting->sampler;
  options.optimizer = setting->optimizer;
  options.clip_norm = setting->clip_norm;
  options.allocation = SWIFTCL_ALLOCATE_ANY; /* every block of every ticket is served */
  options.protection = SWIFTCL_PROTECT_FROZEN;
  plan->struct_size = sizeof *plan;
  CHECK(swiftcl_network_plan(&options, plan));
  if (!setting->in_memory) {
    CHECK(swiftcl_network_create(&options, &net));
    return net;
  }
  void *memory = mmap(NULL, plan->total_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(1);
  CHECK(swiftcl_network_create_in(&options, memory, plan->total_bytes, &net));
  return net;
}

/* 0: within a tenth; 1: not. */
static int measure(const struct setting *setting) {
  swiftcl_plan plan = {0};
  memset(rows, 0, sizeof rows);
  for (int n = 0; n < BATCH * INPUTS; n++) rows[n] = (float)(n * 37 % 101) / 101;
  for (int n = 0; n < BATCH; n++) labels[n] = n % CLASSES;
  swiftcl_network *small = create(setting, 64, &plan);
  learn(small, 1, setting->batch);
  swiftcl_network_free(small);
  forget_peak();
  double base = resident("VmRSS:");
  swiftcl_network *net = create(setting, setting->width, &plan);
  learn(net, setting->tasks, setting->batch);
  double peak = resident("VmHWM:"), total = (double)plan.total_bytes;
  double share = (peak - base) / total;
  printf("%s, %s: plan %.1f MB (activations %.1f, tickets %.1f), resident %.1f MB beside %.1f: %.1f %%\n", setting->name,
         setting->in_memory ? "create_in" : "create", total / 1e6, (double)plan.activation_bytes / 1e6,
         (double)plan.ticket_bytes / 1e6, (peak - base) / 1e6, base / 1e6, 100 * share);
  return share < 0.9 || share > 1.1;
}

int main(void) {
  int failures = 0;
  if (resident("VmHWM:") == 0) {
    puts("SKIPPED: this system does not tell the peak of resident memory");
    return 0;
  }
  /* Pages of two megabytes would be counted whole. */
  (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      int failed = measure(&settings[s]);
      fflush(stdout);
      _exit(failed);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      printf("%s: FAILED\n", settings[s].name);
      failures++;
    }
  }
  return failures != 0;
}

/*
 * 10_tickets.c -- new: a task as a file that runs by itself.
 *
 * A network learns three machines. Each finished task is exported as a ticket:
 * its winners and their parameters, a few kilobytes that predict without the
 * network. The files are mapped read-only and used where they lie, as they would
 * be in flash; two threads predict with one ticket at once; all three tickets
 * look at one batch. Every logit is compared with the network's, bit for bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/answers.h"
#include "common/show.h"
#include "common/vibration.h"

enum { TASKS = 3, ROWS = 3200, TEST_ROWS = 500, EPOCHS = 10, WIDTH = 128, J = 4 };

static int16_t windows[ROWS * VIBRATION_INPUTS];
static int32_t labels[ROWS];
static const uint32_t widths[] = {VIBRATION_INPUTS, WIDTH, WIDTH, VIBRATION_CLASSES};

/* A file as memory that cannot be written to. */
struct mapping {
  void *bytes;
  size_t size;
};

static struct mapping map_file(const char *path) {
  struct mapping m = {MAP_FAILED, 0};
  struct stat file;
  int descriptor = open(path, O_RDONLY);
  if (descriptor >= 0 && fstat(descriptor, &file) == 0) {
    m.size = (size_t)file.st_size;
    m.bytes = mmap(NULL, m.size, PROT_READ, MAP_SHARED, descriptor, 0);
  }
  if (descriptor >= 0) close(descriptor); /* the mapping stays */
  if (m.bytes == MAP_FAILED) {
    perror(path);
    exit(1);
  }
  return m;
}

static swiftcl_network *learn(void) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(WIDTH, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(WIDTH, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(VIBRATION_CLASSES),
  };
  const float scale = VIBRATION_SCALE;
  swiftcl_options options;
  swiftcl_fit_options fit;
  CHECK(swiftcl_options_init(&options));
  CHECK(swiftcl_fit_options_init(&fit));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16; /* the ticket knows how its inputs are scaled */
  options.input_scale = &scale;
  options.expected_tasks = TASKS;
  fit.epochs = EPOCHS;
  CHECK(swiftcl_network_create(&options, &net));
  for (unsigned machine = 0; machine < TASKS; machine++) {
    swiftcl_task task;
    vibration_windows(1, machine, 0, ROWS, windows, labels);
    CHECK(swiftcl_task_begin(net, NULL, &task));
    CHECK(swiftcl_fit(net, windows, labels, ROWS, &fit, NULL));
    CHECK(swiftcl_task_end(net, NULL));
  }
  return net;
}

/* ------------------------------------------------------------- two threads */

/* Half of the rows: the ticket is shared, scratch and logits are the thread's own. */
struct half {
  const swiftcl_ticket *ticket;
  size_t first, rows;
  float *logits;
  swiftcl_status status;
};

static void *predict_half(void *context) {
  struct half *half = context;
  size_t bytes = 0;
  half->status = swiftcl_ticket_scratch(half->ticket, half->rows, &bytes);
  if (half->status != SWIFTCL_OK) return NULL;
  void *scratch = show_malloc(bytes); /* malloc's alignment is enough */
  half->status = swiftcl_ticket_predict(
      half->ticket, windows + half->first * VIBRATION_INPUTS, half->rows,
      half->logits + half->first * VIBRATION_CLASSES, half->rows * VIBRATION_CLASSES, scratch, bytes);
  free(scratch);
  return NULL;
}

static void predict_with_two_threads(const swiftcl_ticket *ticket, float *logits) {
  swiftcl_network *net = NULL;
  struct half halves[2] = {{ticket, 0, TEST_ROWS / 2, logits, 0}, {ticket, TEST_ROWS / 2, TEST_ROWS / 2, logits, 0}};
  pthread_t thread;
  int failed = pthread_create(&thread, NULL, predict_half, &halves[1]);
  predict_half(&halves[0]);
  if (failed) predict_half(&halves[1]);
  else pthread_join(thread, NULL);
  for (int i = 0; i < 2; i++) CHECK(halves[i].status);
}

int main(void) {
  swiftcl_network *net = learn();
  struct mapping files[TASKS];
  swiftcl_ticket *tickets[TASKS];
  float *wanted[TASKS], *logits[TASKS];
  size_t counts[TASKS];
  int same = 1;

  size_t dense = 0; /* parameters of the ordinary network of the same width */
  for (int l = 0; l < 3; l++) dense += (size_t)widths[l + 1] * (widths[l] + 1);
  printf("dense network      %6zu parameters  %7zu bytes\n", dense, dense * sizeof(float));
  for (int t = 0; t < TASKS; t++) {
    char path[256], name[32];
    swiftcl_ticket_info info = {.struct_size = sizeof info};
    snprintf(name, sizeof name, "machine-%d.ticket", t);
    show_temporary(path, sizeof path, name);
    CHECK(swiftcl_ticket_save(net, t, path));
    files[t] = map_file(path);
    remove(path); /* the mapping stays */
    CHECK(swiftcl_ticket_open(files[t].bytes, files[t].size, NULL, &tickets[t]));
    CHECK(swiftcl_ticket_info_get(tickets[t], &info));
    printf("ticket of machine %d %5" PRIu64 " parameters  %7" PRIu64 " bytes  %2.0f %% of it\n", (int)info.task,
           info.parameters, info.bytes, 100.0 * (double)info.bytes / (double)(dense * sizeof(float)));
    counts[t] = TEST_ROWS * VIBRATION_CLASSES;
    logits[t] = show_malloc(counts[t] * sizeof(float));
  }

  puts("\nmachine  accuracy  two threads on one ticket, against the network");
  for (int t = 0; t < TASKS; t++) {
    double accuracy = 0;
    vibration_windows(1, (unsigned)t, VIBRATION_TEST, TEST_ROWS, windows, labels);
    swiftcl_dataset test = {windows, labels, TEST_ROWS, t};
    CHECK(swiftcl_evaluate(net, t, windows, labels, TEST_ROWS, &accuracy));
    wanted[t] = answers_of(net, &test);
    predict_with_two_threads(tickets[t], logits[t]);
    int equal = memcmp(logits[t], wanted[t], counts[t] * sizeof(float)) == 0;
    same = same && equal;
    printf("%7d  %6.0f %%  %s\n", t, accuracy, equal ? "the same, bit for bit" : "DIFFERENT");
    free(wanted[t]);
  }

  /* Windows of machine 1, and what each ticket makes of them: converted once, seen by all. */
  size_t bytes = 0;
  vibration_windows(1, 1, VIBRATION_TEST, TEST_ROWS, windows, labels);
  for (int t = 0; t < TASKS; t++) {
    size_t needed = 0;
    swiftcl_dataset test = {windows, labels, TEST_ROWS, t};
    CHECK(swiftcl_ticket_scratch(tickets[t], TEST_ROWS, &needed));
    if (needed > bytes) bytes = needed;
    wanted[t] = answers_of(net, &test);
  }
  swiftcl_network_free(net); /* the tickets go on without it */
  net = NULL;
  void *scratch = show_malloc(bytes);
  const swiftcl_ticket *const all[TASKS] = {tickets[0], tickets[1], tickets[2]};
  CHECK(swiftcl_ticket_predict_many(all, TASKS, windows, TEST_ROWS, logits, counts, scratch, bytes));
  puts("\nthe first windows of machine 1, as each ticket sees them");
  printf("%-12s", "condition");
  for (int t = 0; t < TASKS; t++) printf(t == TASKS - 1 ? "  ticket %d\n" : "  ticket %d   ", t);
  for (int n = 0; n < 6; n++) {
    printf("%-12s", vibration_condition[labels[n]]);
    for (int t = 0; t < TASKS; t++) {
      const float *z = logits[t] + n * VIBRATION_CLASSES;
      int best = 0;
      for (int c = 1; c < VIBRATION_CLASSES; c++) best = z[c] > z[best] ? c : best;
      printf(t == TASKS - 1 ? "  %s" : "  %-11s", vibration_condition[best]);
    }
    putchar('\n');
  }
  for (int t = 0; t < TASKS; t++) {
    same = same && memcmp(logits[t], wanted[t], counts[t] * sizeof(float)) == 0;
    free(wanted[t]);
    free(logits[t]);
    swiftcl_ticket_free(tickets[t]);
    munmap(files[t].bytes, files[t].size);
  }
  free(scratch);
  printf("three tickets on one batch, against the network: %s\n", same ? "the same, bit for bit" : "DIFFERENT");
  return same ? 0 : 1;
}

/*
 * 05_save_resume.c -- new: steps of one's own, saving within a task, resuming.
 *
 * A child process trains and saves after every step; the parent kills it again
 * and again, at moments nobody chose, as a power cut would. Each time the file
 * is whole, and the next child goes on from it. In the end the network is the
 * same as one that was never interrupted: all logits and the whole state, bit
 * for bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/show.h"
#include "common/vibration.h"

enum { ROWS = 1600, TEST_ROWS = 500, BATCH = 16, STEPS = 300, CUTS = 8, LOGITS = TEST_ROWS * VIBRATION_CLASSES };

static int16_t windows[ROWS * VIBRATION_INPUTS], test_windows[TEST_ROWS * VIBRATION_INPUTS];
static int32_t labels[ROWS], test_labels[TEST_ROWS];
static char folder[256], path[300];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* A network that knows machine 0 and has begun with machine 1. */
static swiftcl_network *begin(void) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      {.kind = SWIFTCL_LAYER_DENSE, .width = 64, .block_size = 4, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_DENSE, .width = 64, .block_size = 4, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_HEAD, .width = VIBRATION_CLASSES, .block_size = 1},
  };
  const float scale = VIBRATION_SCALE;
  swiftcl_options options;
  swiftcl_task_options task_options;
  swiftcl_task task;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_scale = &scale;
  CHECK(swiftcl_network_create(&options, &net));
  CHECK(swiftcl_task_options_init(&task_options));
  task_options.expected_steps = STEPS;
  for (unsigned machine = 0; machine < 2; machine++) {
    vibration_windows(1, machine, 0, ROWS, windows, labels);
    CHECK(swiftcl_task_begin(net, &task_options, &task));
    if (machine > 0) break;
    CHECK(swiftcl_fit(net, windows, labels, ROWS, NULL, NULL));
    CHECK(swiftcl_task_end(net, NULL));
  }
  return net;
}

/* The next step. Which rows it takes follows from the number of steps so far. */
static uint64_t train(swiftcl_network *net) {
  swiftcl_task_info info = {.struct_size = sizeof info};
  CHECK(swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &info));
  if (info.steps == STEPS) return STEPS;
  size_t row = (size_t)(info.steps * BATCH % ROWS);
  CHECK(swiftcl_train_step(net, windows + row * VIBRATION_INPUTS, labels + row, BATCH, NULL));
  return info.steps + 1;
}

/* The child: goes on from the file, saves after every step, says so; until it is killed. */
static void live(int report) {
  swiftcl_network *net = NULL;
  CHECK(swiftcl_network_load(path, NULL, &net));
  for (;;) {
    train(net);
    CHECK(swiftcl_network_save(net, path));
    if (write(report, "s", 1) != 1) _exit(1);
  }
}

/* Starts a child and kills it some time after it has saved so many times. */
static void one_life(int saves, long nanoseconds) {
  int ends[2];
  char byte;
  if (pipe(ends) != 0) fail("pipe");
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) live(ends[1]);
  close(ends[1]);
  while (saves > 0 && read(ends[0], &byte, 1) == 1) saves--;
  nanosleep(&(struct timespec){0, nanoseconds}, NULL);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(ends[0]);
  if (saves > 0) exit(1); /* it ended by itself, and has said why */
}

/* Removes what an interrupted save left beside the file; 1 if there was anything. */
static int sweep(void) {
  char other[600];
  int found = 0;
  DIR *entries = opendir(folder);
  if (!entries) fail(folder);
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    snprintf(other, sizeof other, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] != '.' && strcmp(other, path) != 0) found = remove(other) == 0;
  }
  closedir(entries);
  return found;
}

/* Ends the task and returns the test logits and, in memory, the whole state. */
static void *finish(swiftcl_network *net, float *logits, size_t *bytes) {
  swiftcl_task_info info = {.struct_size = sizeof info};
  uint64_t size = 0;
  CHECK(swiftcl_task_end(net, &info));
  CHECK(swiftcl_predict(net, info.task, test_windows, TEST_ROWS, logits, LOGITS));
  CHECK(swiftcl_checkpoint_size(net, &size));
  void *state = show_malloc((size_t)size);
  CHECK(swiftcl_network_save_memory(net, state, (size_t)size, bytes));
  swiftcl_network_free(net);
  return state;
}

int main(void) {
  static float expected[LOGITS], resumed[LOGITS];
  int within = 0;
  size_t expected_bytes = 0, resumed_bytes = 0;
  show_temporary(folder, sizeof folder, "XXXXXX");
  if (!mkdtemp(folder)) fail(folder);
  snprintf(path, sizeof path, "%s/network.ckpt", folder);
  vibration_windows(1, 1, VIBRATION_TEST, TEST_ROWS, test_windows, test_labels);

  swiftcl_network *net = begin();
  CHECK(swiftcl_network_save(net, path));
  while (train(net) < STEPS) continue;
  void *expected_state = finish(net, expected, &expected_bytes);

  for (int cut = 1; cut <= CUTS; cut++) {
    one_life(5 * cut, 170000L * cut);
    within += sweep();
    net = NULL;
    CHECK(swiftcl_network_load(path, NULL, &net)); /* fails if the file is not whole */
    swiftcl_task_info info = {.struct_size = sizeof info};
    CHECK(swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &info));
    printf("cut %d: the file is whole, and at step %3" PRIu64 " of %d\n", cut, info.steps, STEPS);
    if (cut < CUTS) swiftcl_network_free(net);
  }
  printf("%d of %d cuts came in the middle of a save\n", within, CUTS);
  while (train(net) < STEPS) continue;
  void *resumed_state = finish(net, resumed, &resumed_bytes);
  remove(path);
  rmdir(folder);

  int same_logits = memcmp(expected, resumed, sizeof expected) == 0;
  int same_state = expected_bytes == resumed_bytes && memcmp(expected_state, resumed_state, expected_bytes) == 0;
  printf("\nagainst a run that was never interrupted\nlogits       %s\nwhole state  %s\n",
         same_logits ? "the same, bit for bit" : "DIFFERENT", same_state ? "the same, bit for bit" : "DIFFERENT");
  free(expected_state);
  free(resumed_state);
  return same_logits && same_state ? 0 : 1;
}

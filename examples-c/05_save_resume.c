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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/answers.h"
#include "common/process.h"
#include "common/show.h"
#include "common/vibration.h"

enum { ROWS = 1600, TEST_ROWS = 500, BATCH = 16, STEPS = 300, CUTS = 8 };

static int16_t windows[ROWS * VIBRATION_INPUTS], test_windows[TEST_ROWS * VIBRATION_INPUTS];
static int32_t labels[ROWS], test_labels[TEST_ROWS];
static swiftcl_dataset test = {test_windows, test_labels, TEST_ROWS, SWIFTCL_TASK_OPEN};
static char path[256];

/* A network that knows machine 0 and has begun with machine 1. */
static swiftcl_network *begin(void) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(64, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(64, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(VIBRATION_CLASSES),
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

  vibration_windows(1, 0, 0, ROWS, windows, labels);
  CHECK(swiftcl_task_begin(net, NULL, &task));
  CHECK(swiftcl_fit(net, windows, labels, ROWS, NULL, NULL));
  CHECK(swiftcl_task_end(net, NULL));

  vibration_windows(1, 1, 0, ROWS, windows, labels);
  CHECK(swiftcl_task_options_init(&task_options));
  task_options.expected_steps = STEPS; /* who steps by hand says how far, for the schedule */
  CHECK(swiftcl_task_begin(net, &task_options, &task));
  return net;
}

static swiftcl_task_info open_task(swiftcl_network *net) {
  swiftcl_task_info info = {.struct_size = sizeof info};
  CHECK(swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &info));
  return info;
}

/* The next step, if there is one left. Which rows it takes follows from the number of steps so far. */
static int train(swiftcl_network *net) {
  uint64_t steps = open_task(net).steps;
  if (steps == STEPS) return 0;
  size_t row = (size_t)(steps * BATCH % ROWS);
  CHECK(swiftcl_train_step(net, windows + row * VIBRATION_INPUTS, labels + row, BATCH, NULL));
  return 1;
}

/* The child: goes on from the file, saves after every step, says so; until it is killed. */
static void live(int report) {
  swiftcl_network *net = NULL;
  CHECK(swiftcl_network_load(path, NULL, &net));
  for (;;) {
    train(net);
    CHECK(swiftcl_network_save(net, path));
    if (write(report, "s", 1) != 1) exit(1);
  }
}

/* Trains to the end, frees the network and returns its test logits and, in memory, its whole state. */
static void *finish(swiftcl_network *net, float **logits, uint64_t *bytes) {
  while (train(net)) continue;
  *logits = answers_of(net, &test);
  CHECK(swiftcl_task_end(net, NULL));
  CHECK(swiftcl_checkpoint_size(net, bytes));
  void *state = show_malloc((size_t)*bytes);
  CHECK(swiftcl_network_save_memory(net, state, (size_t)*bytes, NULL));
  swiftcl_network_free(net);
  return state;
}

int main(void) {
  float *logits[2];
  void *state[2];
  uint64_t bytes[2];
  char part[300];
  int within = 0;
  show_temporary(path, sizeof path, "network.ckpt");
  vibration_windows(1, 1, VIBRATION_TEST, TEST_ROWS, test_windows, test_labels);

  swiftcl_network *net = begin();
  CHECK(swiftcl_network_save(net, path));
  state[0] = finish(net, &logits[0], &bytes[0]);

  puts("cut  file   step        phase");
  for (int cut = 1; cut <= CUTS; cut++) {
    long child = process_cut(live, 5 * cut, 730000L * cut);
    net = NULL;
    CHECK(swiftcl_network_load(path, NULL, &net)); /* fails if the file is not whole */
    swiftcl_task_info task = open_task(net);
    printf("%3d  whole  %3" PRIu64 " of %d  %s\n", cut, task.steps, STEPS,
           task.phase == SWIFTCL_PHASE_COMPETE ? "competing" : "specialising");
    if (cut < CUTS) swiftcl_network_free(net);
    /* A save that was cut short leaves what it had written beside the file. */
    snprintf(part, sizeof part, "%s.%ld.part", path, child);
    within += remove(part) == 0;
  }
  printf("%d of %d cuts came in the middle of a save\n", within, CUTS);
  state[1] = finish(net, &logits[1], &bytes[1]);
  remove(path);

  int same_logits = memcmp(logits[0], logits[1], sizeof(float) * TEST_ROWS * VIBRATION_CLASSES) == 0;
  int same_state = bytes[0] == bytes[1] && memcmp(state[0], state[1], (size_t)bytes[0]) == 0;
  printf("\nat step %d, against a run that was never interrupted\nlogits       %s\nwhole state  %s\n", STEPS,
         same_logits ? "the same, bit for bit" : "DIFFERENT", same_state ? "the same, bit for bit" : "DIFFERENT");
  for (int run = 0; run < 2; run++) {
    free(logits[run]);
    free(state[run]);
  }
  return same_logits && same_state ? 0 : 1;
}

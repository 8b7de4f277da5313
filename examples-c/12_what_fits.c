/*
 * 12_what_fits.c -- a network and a number of bytes. New: swiftcl_network_propose, recompute.
 *
 * A device has less memory than a description needs. The library looks for the
 * fastest setting that fits, changes only what it may, and says which of the
 * changes touch what is learned. Outputs that a step computes again instead of
 * keeping them change nothing: the network below learns the same bits in less.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "common/random.h"
#include "common/show.h"

enum { ROWS = 512, INPUTS = 32, CLASSES = 4, LAYERS = 9, BATCH = 256 };

static float inputs[ROWS][INPUTS];
static int32_t labels[ROWS];

/* What one task makes of the rows, with these options. */
static void learn(const swiftcl_options *options, float logits[ROWS][CLASSES]) {
  swiftcl_network *net = NULL;
  swiftcl_task task;
  swiftcl_fit_options fit;
  CHECK(swiftcl_network_create(options, &net));
  CHECK(swiftcl_fit_options_init(&fit));
  fit.batch = BATCH < options->max_batch ? BATCH : options->max_batch;
  fit.epochs = 4;
  CHECK(swiftcl_task_begin(net, NULL, &task));
  CHECK(swiftcl_fit(net, inputs, labels, ROWS, &fit, NULL));
  CHECK(swiftcl_task_end(net, NULL));
  CHECK(swiftcl_predict(net, task, inputs, ROWS, logits[0], ROWS * CLASSES));
  swiftcl_network_free(net);
}

int main(void) {
  static float described[ROWS][CLASSES], other[ROWS][CLASSES];
  swiftcl_network *net = NULL; /* for CHECK */
  uint64_t random = random_start(1, 0, 0);
  for (int n = 0; n < ROWS; n++) {
    for (int i = 0; i < INPUTS; i++) inputs[n][i] = random_signed(&random);
    labels[n] = (inputs[n][0] > 0) + 2 * (inputs[n][1] > 0);
  }

  swiftcl_layer layers[LAYERS];
  const swiftcl_layer dense = SWIFTCL_DENSE(128, 4, SWIFTCL_ACTIVATION_RELU), head = SWIFTCL_HEAD(CLASSES);
  for (int l = 0; l < LAYERS - 1; l++) layers[l] = dense;
  layers[LAYERS - 1] = head;
  swiftcl_options options, found;
  CHECK(swiftcl_options_init(&options));
  CHECK(swiftcl_options_init(&found));
  options.layers = layers;
  options.layer_count = LAYERS;
  options.inputs = INPUTS;
  options.max_batch = BATCH;
  options.max_tasks = 2;
  learn(&options, described);

  /* Less and less memory; what may change is everything that a step can do without. */
  const uint32_t allowed = SWIFTCL_CHANGE_RECOMPUTE | SWIFTCL_CHANGE_SAMPLER | SWIFTCL_CHANGE_BATCH;
  printf("kB there  kB taken  recompute  sampler  rows a step  the same bits\n");
  printf("--------  --------  ---------  -------  -----------  -------------\n");
  for (uint64_t kilobytes = 4000; kilobytes >= 1000; kilobytes -= 600) {
    swiftcl_proposal report = {.struct_size = sizeof report};
    if (swiftcl_network_propose(&options, 1000 * kilobytes, allowed, &found, &report) != SWIFTCL_OK) {
      printf("\n%s\n", swiftcl_last_error(NULL)->message);
      break;
    }
    learn(&found, other);
    printf(
        "%8u  %8u  %9u  %7s  %11u  %13s\n", (unsigned)kilobytes, (unsigned)(report.total_bytes / 1000), found.recompute,
        report.changes & SWIFTCL_CHANGE_SAMPLER ? "top-2" : "mean", found.max_batch,
        memcmp(described, other, sizeof other) == 0 ? "yes" : "no");
  }
  return 0;
}

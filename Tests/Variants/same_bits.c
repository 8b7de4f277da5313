/*
 * same_bits.c -- the rounding rule: whichever instruction set the kernels are
 * compiled for, a network learns the same bits. It is trained once with each
 * variant this processor can run, and the checkpoints must be equal byte for byte;
 * so must what the first task's ticket predicts, also beside the network.
 *
 * swiftcl_kernels_select is no part of the interface; this program is linked with
 * the objects of the library before their names are hidden.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swiftcl.h"

int32_t swiftcl_kernels_select(int32_t level);

enum { INPUTS = 75, CLASSES = 5, ROWS = 37, STEPS = 60, VARIANTS = 3 };

#define CHECK(call) \
  do { \
    swiftcl_status status_ = (call); \
    if (status_ != SWIFTCL_OK) { \
      fprintf(stderr, "%s: %s: %s\n", #call, swiftcl_status_name(status_), swiftcl_last_error(net)->message); \
      exit(1); \
    } \
  } while (0)

struct setting {
  const char *name;
  int32_t sampler, optimizer, competition;
  float clip_norm, weight_decay;
  int residual; /* convolutions with normalisation and a shortcut instead of dense layers */
};

static const struct setting settings[] = {
    {"mean-field, SGD", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_COMPETITION_TASK, 0, 0, 0},
    {"Gumbel, Adam", SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_OPTIMIZER_ADAM, SWIFTCL_COMPETITION_TASK, 0, 0, 0},
    {"straight-through, clipped, decayed", SWIFTCL_SAMPLER_STRAIGHT_THROUGH, SWIFTCL_OPTIMIZER_SGD,
     SWIFTCL_COMPETITION_TASK, 0.5f, 1e-3f, 0},
    {"top-k", SWIFTCL_SAMPLER_TOP_K, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_COMPETITION_TASK, 0, 0, 0},
    {"per sample", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_COMPETITION_SAMPLE, 0, 0, 0},
    {"residual convolutions, SGD", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_COMPETITION_TASK, 0, 1e-3f, 1},
    {"residual convolutions, Adam", SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_OPTIMIZER_ADAM, SWIFTCL_COMPETITION_TASK, 0.5f, 0, 1},
};

static uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

/* The ticket of task 0 against the network, in one pass and row by row; `logits` receives them. */
static void predict(swiftcl_network *net, float *logits) {
  static float rows[ROWS][INPUTS], again[ROWS * CLASSES];
  static unsigned char data[1 << 17] __attribute__((aligned(64))), scratch[1 << 17] __attribute__((aligned(64)));
  uint64_t state = 9;
  for (int i = 0; i < ROWS * INPUTS; i++) rows[i / INPUTS][i % INPUTS] = (float)(next_random(&state) % 2001) / 1000 - 1;
  swiftcl_ticket *ticket;
  swiftcl_ticket_info info = {.struct_size = sizeof info};
  CHECK(swiftcl_ticket_export(net, 0, data, sizeof data, NULL));
  CHECK(swiftcl_ticket_open(data, sizeof data, NULL, &ticket));
  CHECK(swiftcl_ticket_info_get(ticket, &info));
  CHECK(swiftcl_predict(net, 0, rows, ROWS, logits, ROWS * CLASSES));
  for (int pass = 0; pass < 2; pass++) {
    CHECK(swiftcl_ticket_predict(ticket, rows, ROWS, again, ROWS * CLASSES, scratch,
                                 pass ? sizeof scratch : (size_t)info.row_scratch_bytes));
    if (memcmp(logits, again, sizeof again) != 0) {
      printf("%s: the ticket is DIFFERENT from the network\n", swiftcl_kernel_name());
      exit(1);
    }
  }
  swiftcl_ticket_free(ticket);
}

/* Two tasks, the second one left open half way; returns the checkpoint, and logits behind it. */
static unsigned char *learn(const struct setting *setting, size_t *bytes) {
  const swiftcl_layer layers[] = {
      {.kind = SWIFTCL_LAYER_DENSE, .width = 96, .block_size = 4, .activation = SWIFTCL_ACTIVATION_RELU, .competition = setting->competition},
      {.kind = SWIFTCL_LAYER_DENSE, .width = 72, .block_size = 4, .activation = SWIFTCL_ACTIVATION_RELU, .competition = setting->competition},
      {.kind = SWIFTCL_LAYER_HEAD, .width = CLASSES, .block_size = 1},
  };
  /* An image of 5 x 5 in 3 channels; the shortcut has fewer pixels and more maps. */
  static const swiftcl_layer residual[] = {
      SWIFTCL_IMAGE_CONV(5, 5, 24, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_BATCH_NORM(),
      SWIFTCL_CONV(24, 4, 3, 1, 1, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(), SWIFTCL_ADD(1, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_CONV(40, 4, 3, 2, 1, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(),
      SWIFTCL_CONV_FROM(4, 40, 4, 1, 2, 0, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(), SWIFTCL_ADD(6, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_MAX_POOL(2, 1, 0), SWIFTCL_HEAD(CLASSES)};
  swiftcl_network *net = NULL;
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = setting->residual ? residual : layers;
  options.layer_count = setting->residual ? sizeof residual / sizeof *residual : 3;
  options.input_channels = setting->residual ? 3 : 1;
  options.inputs = INPUTS;
  options.seed = 11;
  options.sampler = setting->sampler;
  options.optimizer = setting->optimizer;
  options.learning_rate = setting->optimizer == SWIFTCL_OPTIMIZER_ADAM ? 1e-3f : 0.03f;
  options.clip_norm = setting->clip_norm;
  options.weight_decay = setting->weight_decay;
  CHECK(swiftcl_network_create(&options, &net));
  uint64_t state = 5;
  for (int task = 0; task < 2; task++) {
    swiftcl_task number;
    CHECK(swiftcl_task_begin(net, NULL, &number));
    for (int step = 0; step < (task == 0 ? STEPS : STEPS / 2); step++) {
      static float rows[ROWS][INPUTS];
      static int32_t labels[ROWS];
      size_t count = 1 + next_random(&state) % ROWS;
      for (size_t r = 0; r < count; r++) {
        labels[r] = (int32_t)(next_random(&state) % CLASSES);
        for (int i = 0; i < INPUTS; i++) {
          rows[r][i] = (float)(next_random(&state) % 2001) / 1000 - 1 + (i % CLASSES == labels[r] ? 1 : 0);
        }
      }
      CHECK(swiftcl_train_step(net, rows, labels, count, NULL));
    }
    if (task == 0) CHECK(swiftcl_task_end(net, NULL));
  }
  uint64_t size = 0;
  CHECK(swiftcl_checkpoint_size(net, &size));
  static float logits[ROWS * CLASSES];
  predict(net, logits);
  unsigned char *image = malloc(size + sizeof logits);
  CHECK(swiftcl_network_save_memory(net, image, size, bytes));
  memcpy(image + *bytes, logits, sizeof logits);
  *bytes += sizeof logits;
  swiftcl_network_free(net);
  return image;
}

int main(void) {
  int failures = 0;
  for (int32_t level = 1; level < VARIANTS; level++) {
    if (swiftcl_kernels_select(level) != level) {
      printf("SKIPPED: kernel variant %d, which this processor cannot run\n", (int)level);
    }
  }
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
    size_t expected_bytes = 0, bytes = 0;
    swiftcl_kernels_select(0);
    unsigned char *expected = learn(&settings[s], &expected_bytes);
    for (int32_t level = 1; level < VARIANTS; level++) {
      if (swiftcl_kernels_select(level) != level) continue;
      unsigned char *image = learn(&settings[s], &bytes);
      int same = bytes == expected_bytes && memcmp(image, expected, bytes) == 0;
      printf("%s, %s: %s\n", settings[s].name, swiftcl_kernel_name(), same ? "the same bits as base" : "DIFFERENT from base");
      failures += !same;
      free(image);
    }
    free(expected);
  }
  return failures != 0;
}

/*
 * bad_values.c -- inputs of any kind, and numbers that run away: nothing that is not finite
 * gets into a finished task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"

/* ------------------------------------------------------------- inputs of any kind */

static void input_types(void) {
  static const int32_t types[] = {SWIFTCL_INPUT_F32, SWIFTCL_INPUT_U8, SWIFTCL_INPUT_I8, SWIFTCL_INPUT_I16};
  static const size_t widths[] = {4, 1, 1, 2};
  for (int i = 0; i < 4; i++) {
    static const float scale[2] = {0.01f, 0.02f}, offset[2] = {-1, 1};
    swiftcl_options o = small_options();
    o.input_type = types[i];
    o.input_channels = 2;
    o.input_layout = i % 2;
    o.input_scale = scale;
    o.input_offset = offset;
    swiftcl_network *net = create(&o);
    size_t bytes = ROWS * INPUTS * widths[i];
    char *aligned = malloc(bytes), *shifted = malloc(bytes + 1);
    if (types[i] == SWIFTCL_INPUT_F32) memcpy(aligned, rows, bytes);
    else
      for (size_t b = 0; b < bytes; b++) aligned[b] = (char)(37 * b + 11);
    memcpy(shifted + 1, aligned, bytes);
    swiftcl_task task;
    OK(net, swiftcl_task_begin(net, NULL, &task));
    OK(net, swiftcl_train_step(net, shifted + 1, labels, BATCH, NULL)); /* any alignment */
    float one[ROWS * CLASSES], two[ROWS * CLASSES];
    OK(net, swiftcl_predict(net, task, aligned, ROWS, one, ROWS * CLASSES));
    OK(net, swiftcl_predict(net, task, shifted + 1, ROWS, two, ROWS * CLASSES));
    CHECK(memcmp(one, two, sizeof one) == 0);
    if (types[i] == SWIFTCL_INPUT_F32) {
      float huge[ROWS * INPUTS];
      memcpy(huge, rows, sizeof huge);
      huge[3 * INPUTS + 1] = -INFINITY;
      memcpy(shifted + 1, huge, bytes);
      REFUSED(
          net, swiftcl_train_step(net, shifted + 1, labels, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "row",
          "3");
      REFUSED(net, swiftcl_predict(net, task, shifted + 1, ROWS, OUT, 1000), SWIFTCL_E_NONFINITE, "row", "3");
    }
    free(aligned);
    free(shifted);
    swiftcl_network_free(net);
  }
  /* Scaling that leaves the range of a float. */
  static const float large = 1e30f;
  swiftcl_options o = small_options();
  o.input_scale = &large;
  swiftcl_network *net = create(&o);
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  float huge[ROWS * INPUTS];
  memcpy(huge, rows, sizeof huge);
  huge[2 * INPUTS] = 1e10f;
  REFUSED(net, swiftcl_train_step(net, huge, labels, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "row", "2");
  REFUSED(net, swiftcl_predict(net, task, huge, ROWS, OUT, 1000), SWIFTCL_E_NONFINITE, "row", "2");
  swiftcl_network_free(net);
}

/* A task whose parameters have overflowed is refused and stays open. */
static int end_or_abort(swiftcl_network *net) {
  struct snapshot before = take_snapshot(net);
  swiftcl_status status = swiftcl_task_end(net, NULL);
  if (status != SWIFTCL_OK) {
    STATUS(net, status, SWIFTCL_E_NONFINITE);
    CHECK(unchanged(net, &before));
    OK(net, swiftcl_task_abort(net));
  }
  drop_snapshot(&before);
  return status == SWIFTCL_OK;
}

/* A step whose loss is finite and whose gradients are not: what follows may be
   useless, but it must neither trap nor overrun. */
static void runaway(void) {
  static const int32_t samplers[] = {
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH, SWIFTCL_SAMPLER_TOP_K};
  for (int s = 0; s < 4; s++)
    for (int32_t competition = 0; competition < 2; competition++)
      for (int form = SWIFTCL_KL_ANALYTIC; form <= SWIFTCL_KL_RELAXED; form++) {
        swiftcl_layer layers[3];
        memcpy(layers, small_layers, sizeof layers);
        layers[0].competition = competition;
        swiftcl_options o = small_options();
        o.layers = layers;
        o.sampler = samplers[s];
        o.kl_form = form;
        o.resample_interval = 1;
        o.prune_interval = 3;
        if (o.sampler == SWIFTCL_SAMPLER_TOP_K && competition) continue;
        swiftcl_network *net = create(&o);
        swiftcl_task task;
        OK(net, swiftcl_task_begin(net, NULL, &task));
        static const float sizes[] = {1e18f, 3e19f, 1e12f};
        for (uint32_t l = 0; l < 3; l++) {
          size_t outputs, inputs;
          OK(net, swiftcl_parameter_shape(net, task, l, &outputs, &inputs));
          float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
          for (size_t i = 0; i < outputs * inputs; i++) weights[i] = sizes[form % 3] * real(-1, 1);
          for (size_t i = 0; i < outputs; i++) biases[i] = l == 2 ? 0 : 1;
          if (l == 1) for (size_t i = 0; i < outputs * inputs; i++) weights[i] = real(-1, 1) * 1e-18f;
          OK(net, swiftcl_parameters_set(net, task, l, weights, outputs * inputs, biases, outputs));
          free(weights);
          free(biases);
        }
        for (int i = 0; i < 12; i++) {
          swiftcl_status status = swiftcl_train_step(net, rows, labels, BATCH, NULL);
          CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_NONFINITE);
        }
        float out[ROWS * CLASSES];
        OK(net, swiftcl_predict(net, task, rows, ROWS, out, ROWS * CLASSES));
        if (end_or_abort(net)) OK(net, swiftcl_predict(net, task, rows, ROWS, out, ROWS * CLASSES));
        swiftcl_network_free(net);
      }
}

/* Inputs that are finite and a loss that is not. */
static void overflowing(void) {
  for (int32_t sampler = 0; sampler <= SWIFTCL_SAMPLER_RANDOM; sampler++) {
    swiftcl_options o = small_options();
    o.sampler = sampler;
    swiftcl_network *net = create(&o);
    swiftcl_task task;
    OK(net, swiftcl_task_begin(net, NULL, &task));
    for (uint32_t l = 0; l < 3; l++) {
      size_t outputs, inputs;
      OK(net, swiftcl_parameter_shape(net, task, l, &outputs, &inputs));
      float *weights = malloc(outputs * inputs * sizeof *weights), *biases = calloc(outputs, sizeof *biases);
      for (size_t i = 0; i < outputs * inputs; i++) weights[i] = 1e30f;
      OK(net, swiftcl_parameters_set(net, task, l, weights, outputs * inputs, biases, outputs));
      free(weights);
      free(biases);
    }
    float large[ROWS * INPUTS];
    for (int i = 0; i < ROWS * INPUTS; i++) large[i] = 1e30f;
    for (int phase = 0; phase < 2; phase++) {
      REFUSED(
          net, swiftcl_train_step(net, large, labels, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "loss");
      float out[ROWS * CLASSES];
      OK(net, swiftcl_predict(net, task, large, ROWS, out, ROWS * CLASSES));
      OK(net, swiftcl_task_commit(net));
    }
    swiftcl_network_free(net);
  }
}

/* Units whose shares of a logit cancel: the loss is finite, the gradients of
   the gates are not, and posteriors stay numbers. */
static void infinite_gates(void) {
  static const swiftcl_layer layers[] = {SWIFTCL_DENSE(8, 4, SWIFTCL_ACTIVATION_NONE), SWIFTCL_HEAD(CLASSES)};
  for (uint32_t run = 0; run < 200; run++) {
    int32_t sampler = (int32_t)(run % 5);
    swiftcl_options o = small_options();
    o.seed = run;
    o.layers = layers;
    o.layer_count = 2;
    o.sampler = sampler;
    o.top_k = 3;
    o.resample_interval = 1;
    o.prune_interval = 4;
    swiftcl_network *net = create(&o);
    swiftcl_task task;
    OK(net, swiftcl_task_begin(net, NULL, &task));
    for (uint32_t l = 0; l < 2; l++) {
      size_t outputs, inputs;
      OK(net, swiftcl_parameter_shape(net, task, l, &outputs, &inputs));
      float *weights = calloc(outputs * inputs, sizeof *weights), *biases = calloc(outputs, sizeof *biases);
      if (l == 0) for (size_t i = 0; i < outputs * inputs; i++) weights[i] = 1.7e18f;
      else for (size_t i = 0; i < 4 && i < inputs; i++) weights[i] = i % 2 ? 5e19f : -5e19f; /* of the first block */
      if (l == 1) biases[1] = 1000;
      OK(net, swiftcl_parameters_set(net, task, l, weights, outputs * inputs, biases, outputs));
      free(weights);
      free(biases);
    }
    float ones[ROWS * INPUTS];
    int32_t zeros[ROWS] = {0};
    for (int i = 0; i < ROWS * INPUTS; i++) ones[i] = 1;
    for (int i = 0; i < 9; i++) {
      swiftcl_status status = swiftcl_train_step(net, ones, zeros, 1, NULL);
      CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_NONFINITE);
    }
    swiftcl_layer_info info;
    info.struct_size = sizeof info;
    OK(net, swiftcl_layer_info_get(net, 0, &info));
    float probabilities[64];
    uint8_t mask[64];
    int32_t winners[8];
    OK(net, swiftcl_winner_probabilities(net, task, 0, probabilities, 64));
    for (int u = 0; u < 4; u++) CHECK(isfinite(probabilities[u]));
    OK(net, swiftcl_winner_mask(net, task, 0, mask, 64));
    struct snapshot image = take_snapshot(net);
    swiftcl_network *loaded = NULL;
    OK(NULL, swiftcl_network_load_memory(image.bytes, image.size, NULL, &loaded));
    if (loaded) {
      struct snapshot again = take_snapshot(loaded);
      CHECK(again.size == image.size && memcmp(again.bytes, image.bytes, image.size) == 0);
      drop_snapshot(&again);
    }
    swiftcl_network_free(loaded);
    drop_snapshot(&image);
    float out[ROWS * CLASSES];
    OK(net, swiftcl_predict(net, task, rows, ROWS, out, ROWS * CLASSES));
    if (end_or_abort(net)) {
      OK(net, swiftcl_winners(net, task, 0, winners, 8));
      CHECK(winners[0] >= 0 && winners[0] < 4);
    }
    swiftcl_network_free(net);
  }
}

int main(void) {
  prepare();
  input_types();
  overflowing();
  runaway();
  infinite_gates();
  return finish("bad_values");
}

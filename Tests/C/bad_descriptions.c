/*
 * bad_descriptions.c -- every field of a description, wrong in every way, and the calls that
 * need no network: each gets its status, a message that names it, and outputs as
 * they were.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"

/* ------------------------------------------------------- calls without a network */

static void constants(void) {
  for (swiftcl_status s = 0; s <= SWIFTCL_E_UNSUPPORTED; s++)
    CHECK(strncmp(swiftcl_status_name(s), s ? "SWIFTCL_E_" : "SWIFTCL_OK", 10) == 0);
  CHECK(strcmp(swiftcl_status_name(-1), "unknown status") == 0);
  CHECK(strcmp(swiftcl_status_name(SWIFTCL_E_UNSUPPORTED + 1), "unknown status") == 0);
  CHECK(strcmp(swiftcl_status_name(INT32_MAX), "unknown status") == 0);
  CHECK(strcmp(swiftcl_status_name(INT32_MIN), "unknown status") == 0);
  CHECK(strcmp(swiftcl_warning_text(0), "unknown warning") == 0);
  CHECK(strcmp(swiftcl_warning_text(3), "unknown warning") == 0);
  CHECK(strcmp(swiftcl_warning_text(UINT32_MAX), "unknown warning") == 0);
  for (uint32_t bit = 1; bit <= SWIFTCL_WARN_FAST_MSE; bit *= 2)
    CHECK(strcmp(swiftcl_warning_text(bit), "unknown warning") != 0);
  CHECK(swiftcl_last_error(NULL) != NULL);
  char version[32];
  snprintf(
      version, sizeof version, "%d.%d.%d", SWIFTCL_VERSION_MAJOR, SWIFTCL_VERSION_MINOR, SWIFTCL_VERSION_PATCH);
  CHECK(strcmp(swiftcl_version(), version) == 0);
  CHECK(swiftcl_abi_version() == SWIFTCL_ABI_VERSION);
  CHECK(*swiftcl_flavour() && *swiftcl_kernel_name());
  swiftcl_network_free(NULL);
}

static void inits(void) {
  REFUSED_ALONE(swiftcl_options_init(NULL), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_options_init_paper(NULL), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_task_options_init(NULL), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_fit_options_init(NULL), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_load_options_init(NULL), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_forecast_options_init(NULL), SWIFTCL_E_NULL, "options");
}

static swiftcl_forecast_options small_protocol(void) {
  swiftcl_forecast_options p;
  OK(NULL, swiftcl_forecast_options_init(&p));
  p.samples = 1000;
  return p;
}

/* The calls that read a description, each as it should refuse it. */
static void refuse_description(const swiftcl_options *o, swiftcl_status wanted, const char *word, int line) {
  static const char *const calls[] = {"swiftcl_network_plan(", "swiftcl_network_create(", "swiftcl_network_create_in(",
                                      "swiftcl_network_forecast(", "swiftcl_network_propose("};
  static swiftcl_options proposed;
  proposed.struct_size = sizeof proposed;
  void *memory = aligned_memory(4096);
  swiftcl_forecast_options protocol = small_protocol();
  for (int call = 0; call < 5; call++) {
    poison_outputs();
    swiftcl_status got =
        call == 0   ? swiftcl_network_plan(o, OUT_STRUCT(swiftcl_plan))
        : call == 1 ? swiftcl_network_create(o, OUT)
        : call == 4 ? swiftcl_network_propose(o, UINT64_MAX, 0, &proposed, OUT_STRUCT(swiftcl_proposal))
        : call == 3 ? swiftcl_network_forecast(o, &protocol, OUT_STRUCT(swiftcl_forecast))
                    : swiftcl_network_create_in(o, memory, 4096, OUT);
    refusal_check(__FILE__, line, calls[call], NULL, got, wanted, WORDS(word));
  }
  release_memory(memory);
}

/* Normalisations, sums and sources that cannot be. */
static void bad_streams(void) {
  static const swiftcl_layer good[] = {
    SWIFTCL_IMAGE_CONV(6, 5, 16, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV(8, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_CONV(16, 4, 3, 1, 1, SWIFTCL_ACTIVATION_NONE),
    SWIFTCL_BATCH_NORM(), SWIFTCL_ADD(1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_GLOBAL_POOL(), SWIFTCL_HEAD(CLASSES)};
  enum { COUNT = sizeof good / sizeof *good };
  static const struct { int layer; struct field field; const char *word; } wrong[] = {
    /* the source: none, itself, forward, out of range, inside of what another is made of */
    {5, LAYER(source, U32, 0), "source[5]"}, {5, LAYER(source, U32, 5), "source[5]"},
    {5, LAYER(source, U32, 6), "source[5]"}, {5, LAYER(source, U32, 7), "source[5]"},
    {5, LAYER(source, U32, COUNT + 1), "source[5]"}, {5, LAYER(source, U32, UINT32_MAX), "source[5]"},
    {5, LAYER(source, U32, 2147483648.0), "source[5]"}, {5, LAYER(source, U32, 1), "source[5]"},
    {5, LAYER(source, U32, 4), "source[5]"}, {0, LAYER(source, U32, 1), "source[0]"},
    {2, LAYER(source, U32, 3), "source[2]"}, {2, LAYER(source, U32, 9), "source[2]"},
    {1, LAYER(source, U32, 1), "source[1]"}, {6, LAYER(source, U32, 2), "source[6]"},
    {7, LAYER(source, U32, UINT32_MAX), "source[7]"},
    /* other maps, blocks, pixels, ways to compete */
    {5, LAYER(source, U32, 3), "source[5]"}, {3, LAYER(width, U32, 8), "source[5]"},
    {3, LAYER(block_size, U32, 2), "source[5]"}, {0, LAYER(block_size, U32, 8), "source[5]"},
    {3, LAYER(padding, U32, 0), "source[5]"}, {3, LAYER(stride, U32, 2), "source[5]"},
    {3, LAYER(competition, I32, 1), "source[5]"}, {0, LAYER(competition, I32, 1), "source[5]"},
    {3, LAYER(activation, I32, 1), "kind[5]"}, {5, LAYER(activation, I32, 2), "activation[5]"},
    {5, LAYER(activation, I32, -1), "activation[5]"}, {5, LAYER(width, U32, 16), "width[5]"},
    {5, LAYER(block_size, U32, 4), "width[5]"}, {5, LAYER(stride, U32, 1), "kernel_height[5]"},
    {5, LAYER(rate, F32, 0.5), "rate"},
    /* a normalisation where there are no sums, and what it has not */
    {6, LAYER(kind, I32, SWIFTCL_LAYER_BATCH_NORM), "kind[6]"}, {0, LAYER(kind, I32, SWIFTCL_LAYER_BATCH_NORM), "kind[0]"},
    {0, LAYER(kind, I32, SWIFTCL_LAYER_ADD), "kind[0]"}, {7, LAYER(kind, I32, SWIFTCL_LAYER_ADD), "kind[7]"},
    {1, LAYER(rate, F32, -0.1), "rate"}, {1, LAYER(rate, F32, 1.1), "rate"}, {1, LAYER(rate, F32, NAN), "rate"},
    {1, LAYER(width, U32, 16), "width[1]"}, {1, LAYER(activation, I32, 1), "width[1]"},
    {1, LAYER(kernel_width, U32, 1), "kernel_height[1]"},
    /* nobody reads the layer between */
    {3, LAYER(source, U32, 2), "layers is 2"},
  };
  swiftcl_options o = small_options();
  swiftcl_layer layers[COUNT];
  o.layers = layers;
  o.layer_count = COUNT;
  o.input_channels = 3;
  o.inputs = 90;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    memcpy(layers, good, sizeof layers);
    set_field(&layers[wrong[i].layer], &wrong[i].field);
    refuse_description(&o, SWIFTCL_E_ARGUMENT, wrong[i].word, __LINE__);
  }
  /* Behind a flat row there is no image. */
  memcpy(layers, good, sizeof layers);
  layers[1].kind = SWIFTCL_LAYER_FLATTEN;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[2]", __LINE__);
  memcpy(layers, good, sizeof layers);
  layers[5] = layers[6];
  layers[5].kind = SWIFTCL_LAYER_FLATTEN;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[6]", __LINE__);
  static const int twice[][2] = {{1, SWIFTCL_LAYER_BATCH_NORM}, {4, SWIFTCL_LAYER_ADD}, {6, SWIFTCL_LAYER_ADD}};
  for (int i = 0; i < 3; i++) {
    memcpy(layers, good, sizeof layers);
    swiftcl_layer again = good[twice[i][1] == SWIFTCL_LAYER_ADD ? 5 : 1];
    layers[twice[i][0] + (i == 0)] = again;
    if (i == 1) layers[6] = again; /* two sums in a row */
    if (i == 0) layers[3] = good[1];
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "", __LINE__);
  }
  /* 33 layers with parameters, and one more than may be in all. */
  swiftcl_layer many[97];
  for (int l = 0; l < 96; l++) {
    swiftcl_layer dense = SWIFTCL_DENSE(8, 2, SWIFTCL_ACTIVATION_RELU), flatten = good[6];
    flatten.kind = SWIFTCL_LAYER_FLATTEN;
    many[l] = l < 32 ? dense : flatten;
  }
  swiftcl_layer head = SWIFTCL_HEAD(CLASSES);
  o.layers = many;
  many[32] = head;
  o.layer_count = 33;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[32]", __LINE__);
  many[32] = many[40];
  many[31] = many[40];
  many[96] = head;
  o.layer_count = 97;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "layer_count", __LINE__);
  many[95] = head;
  o.layer_count = 96;
  swiftcl_plan plan;
  memset(&plan, 0, sizeof plan);
  plan.struct_size = sizeof plan;
  CHECK(swiftcl_network_plan(&o, &plan) == SWIFTCL_OK);
}

/* Images, windows and poolings that do not fit each other. */
static void bad_images(void) {
  static const swiftcl_layer good[] = {
    SWIFTCL_IMAGE_CONV(6, 5, 16, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_MAX_POOL(2, 2, 0),
    SWIFTCL_CONV(16, 4, 2, 1, 0, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  static const struct { int layer; struct field field; const char *word; } wrong[] = {
    {0, LAYER(input_height, U32, 0), "input_height[0]"}, {0, LAYER(input_height, U32, 65536), "input_height[0]"},
    {0, LAYER(input_height, U32, 7), "input_width[0]"}, {0, LAYER(input_width, U32, 0), "input_width[0]"},
    {0, LAYER(input_width, U32, 6), "input_width[0]"}, {0, LAYER(input_width, U32, UINT32_MAX), "input_width[0]"},
    {0, LAYER(kernel_height, U32, 0), "kernel_height[0]"}, {0, LAYER(kernel_height, U32, 9), "kernel_height[0]"},
    {0, LAYER(kernel_height, U32, 256), "kernel_height[0]"}, {0, LAYER(kernel_height, U32, UINT32_MAX), "kernel_height[0]"},
    {0, LAYER(kernel_width, U32, 0), "kernel_width[0]"}, {0, LAYER(kernel_width, U32, 8), "kernel_width[0]"},
    {0, LAYER(stride, U32, 0), "stride[0]"}, {0, LAYER(stride, U32, 256), "stride[0]"},
    {0, LAYER(stride, U32, UINT32_MAX), "stride[0]"}, {0, LAYER(padding, U32, 3), "padding[0]"},
    {0, LAYER(padding, U32, 255), "padding[0]"}, {0, LAYER(padding, U32, UINT32_MAX), "padding[0]"},
    {1, LAYER(kernel_height, U32, 0), "kernel_height[1]"}, {1, LAYER(kernel_height, U32, 7), "kernel_height[1]"},
    {1, LAYER(kernel_width, U32, 6), "kernel_width[1]"}, {1, LAYER(stride, U32, 0), "stride[1]"},
    {1, LAYER(padding, U32, 2), "padding[1]"}, {1, LAYER(width, U32, 16), "width[1]"},
    {1, LAYER(block_size, U32, 1), "width[1]"}, {1, LAYER(activation, I32, 1), "width[1]"},
    {1, LAYER(competition, I32, 1), "width[1]"}, {1, LAYER(input_height, U32, 5), "input_height[1]"},
    {1, LAYER(input_width, U32, 6), "input_width[1]"}, {1, LAYER(kind, I32, SWIFTCL_LAYER_FLATTEN), "kernel_height[1]"},
    {1, LAYER(kind, I32, SWIFTCL_LAYER_GLOBAL_POOL), "kernel_height[1]"},
    {1, LAYER(kind, I32, SWIFTCL_LAYER_DENSE), "width[1]"},
    {2, LAYER(kernel_height, U32, 4), "kernel_height[2]"}, {2, LAYER(kernel_width, U32, 3), "kernel_width[2]"},
    {2, LAYER(input_height, U32, 6), "input_height[2]"}, {2, LAYER(input_width, U32, 5), "input_width[2]"},
    {2, LAYER(kind, I32, SWIFTCL_LAYER_MAX_POOL), "width[2]"}, {2, LAYER(width, U32, 18), "block_size[2]"},
    {3, LAYER(kernel_height, U32, 1), "kernel_height[3]"}, {3, LAYER(stride, U32, 1), "kernel_height[3]"},
    {0, LAYER(kind, I32, SWIFTCL_LAYER_MAX_POOL), "kind[0]"}, {0, LAYER(kind, I32, SWIFTCL_LAYER_FLATTEN), "kind[0]"},
    {3, LAYER(kind, I32, SWIFTCL_LAYER_GLOBAL_POOL), "kind[3]"},
    {0, LAYER(rate, F32, 0.5), "rate"}, {1, LAYER(rate, F32, 0.1), "rate"}, {3, LAYER(rate, F32, NAN), "rate"},
    {1, LAYER(kind, I32, SWIFTCL_LAYER_DROPOUT), "kernel_height[1]"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    swiftcl_layer layers[4];
    swiftcl_options o = small_options();
    memcpy(layers, good, sizeof layers);
    o.layers = layers;
    o.layer_count = 4;
    o.input_channels = 3;
    o.inputs = 90;
    set_field(&layers[wrong[i].layer], &wrong[i].field);
    refuse_description(&o, SWIFTCL_E_ARGUMENT, wrong[i].word, __LINE__);
  }
  static const float rates[] = {-0.1f, 1, 2, NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    swiftcl_layer layers[] = {good[0], SWIFTCL_DROPOUT(0), good[3]};
    swiftcl_options o = small_options();
    layers[1].rate = rates[i];
    o.layers = layers;
    o.layer_count = 3;
    o.input_channels = 3;
    o.inputs = 90;
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "rate", __LINE__);
  }
  {
    swiftcl_layer layers[] = {good[0], SWIFTCL_DROPOUT(0.5f), SWIFTCL_DROPOUT(0.5f), good[3]};
    swiftcl_options o = small_options();
    o.layers = layers;
    o.layer_count = 4;
    o.input_channels = 3;
    o.inputs = 90;
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[2]", __LINE__);
  }

  /* Two poolings in a row, and inputs that are no image. */
  swiftcl_layer twice[] = {good[0], good[1], good[1], good[3]};
  swiftcl_options o = small_options();
  o.layers = twice;
  o.layer_count = 4;
  o.input_channels = 3;
  o.inputs = 90;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[2]", __LINE__);
  o.layers = good;
  o.inputs = 91;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "", __LINE__);
  o.inputs = UINT32_MAX;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "", __LINE__);
  o.inputs = 90;
  o.input_channels = 0;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "", __LINE__);
  o.input_channels = UINT32_MAX;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "", __LINE__);
}

static void descriptions(void) {
  static const struct field fields[] = {
    OPTION(layer_count, U32, 0), OPTION(layer_count, U32, 97), OPTION(layer_count, U32, UINT32_MAX),
    OPTION(inputs, U32, 0), OPTION(inputs, U32, 1048577), OPTION(inputs, U32, UINT32_MAX),
    CHOICE(input_type, SWIFTCL_INPUT_I16), CHOICE(input_layout, SWIFTCL_LAYOUT_PLANAR),
    OPTION(input_channels, U32, 0), OPTION(input_channels, U32, 4), OPTION(input_channels, U32, 7),
    OPTION(input_channels, U32, UINT32_MAX),
    OPTION(max_batch, U32, 0), OPTION(max_batch, U32, 65537), OPTION(max_batch, U32, UINT32_MAX),
    OPTION(max_tasks, U32, 0), OPTION(max_tasks, U32, 65537), OPTION(max_tasks, U32, UINT32_MAX),
    OPTION(max_classes, U32, 1), OPTION(max_classes, U32, CLASSES - 1), OPTION(max_classes, U32, 65537),
    OPTION(max_classes, U32, UINT32_MAX),
    CHOICE(allocation, SWIFTCL_ALLOCATE_GROWING), CHOICE(unserved, SWIFTCL_UNSERVED_REUSE),
    CHOICE(protection, SWIFTCL_PROTECT_NONE), CHOICE(sharing, SWIFTCL_TICKETS_SHARED), CHOICE(head, SWIFTCL_HEAD_TASK),
    OPTION(expected_tasks, U32, 65537), OPTION(expected_tasks, U32, UINT32_MAX),
    REAL(slow_rate), OPTION(slow_rate, F32, -0.001), OPTION(slow_rate, F32, 1.001),
    REAL(usage_bias), OPTION(usage_bias, F32, 101), OPTION(usage_bias, F32, -101),
    CHOICE(sampler, SWIFTCL_SAMPLER_RANDOM),
    REAL(temperature), OPTION(temperature, F32, 0), OPTION(temperature, F32, -1),
    REAL(posterior_floor), OPTION(posterior_floor, F32, -0.001), OPTION(posterior_floor, F32, 0.11),
    OPTION(top_k, U32, 0), OPTION(top_k, U32, UINT32_MAX),
    OPTION(resample_interval, U32, 0), OPTION(resample_interval, U32, UINT32_MAX),
    REAL(logit_learning_rate), OPTION(logit_learning_rate, F32, -0.1), OPTION(logit_learning_rate, F32, 1e7),
    REAL(logit_init), OPTION(logit_init, F32, -0.1),
    OPTION(kl_form, I32, 0), OPTION(kl_form, I32, 5), OPTION(kl_form, I32, INT32_MIN),
    REAL(kl_weight), OPTION(kl_weight, F32, -0.1),
    REAL(prune_threshold), OPTION(prune_threshold, F32, 1.01),
    OPTION(prune_interval, U32, 0), OPTION(prune_interval, U32, UINT32_MAX),
    CHOICE(loss, SWIFTCL_LOSS_MSE), CHOICE(optimizer, SWIFTCL_OPTIMIZER_ADAM), CHOICE(schedule, SWIFTCL_SCHEDULE_CONSTANT),
    REAL(learning_rate), OPTION(learning_rate, F32, -0.1), OPTION(learning_rate, F32, 1e7),
    REAL(final_rate), OPTION(final_rate, F32, -0.1),
    REAL(momentum), OPTION(momentum, F32, -0.1), OPTION(momentum, F32, 1),
    REAL(adam_beta1), OPTION(adam_beta1, F32, -0.1), OPTION(adam_beta1, F32, 1),
    REAL(adam_beta2), OPTION(adam_beta2, F32, -0.1), OPTION(adam_beta2, F32, 1),
    REAL(adam_epsilon), OPTION(adam_epsilon, F32, 0), OPTION(adam_epsilon, F32, -1),
    REAL(weight_decay), OPTION(weight_decay, F32, -0.1),
    REAL(clip_norm), OPTION(clip_norm, F32, -0.1),
    CHOICE(clip_scope, SWIFTCL_CLIP_LAYER),
    OPTION(recompute, U32, 33), OPTION(recompute, U32, UINT32_MAX),
    OPTION(replay_u8, U32, 2), OPTION(replay_u8, U32, UINT32_MAX),
    REAL(replay_low), REAL(replay_high), OPTION(replay_high, F32, -1), OPTION(replay_low, F32, 1),
    OPTION(replay_high, F32, 2e30), OPTION(replay_high, F32, 1e-40),
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    swiftcl_options o = small_options();
    set_field(&o, &fields[i]);
    int before = failures;
    refuse_description(&o, fields[i].status, fields[i].name, __LINE__);
    if (failures != before && failures < 100) fprintf(stderr, "  with %s = %g\n", fields[i].name, fields[i].value);
  }

  static const struct field in_layers[] = {
    LAYER(kind, I32, 0), LAYER(kind, I32, 1000), LAYER(kind, I32, -1), LAYER(kind, I32, INT32_MIN),
    LAYER(width, U32, 0), LAYER(width, U32, 65540), LAYER(width, U32, UINT32_MAX),
    LAYER(block_size, U32, 0), LAYER(block_size, U32, 3), LAYER(block_size, U32, 17), LAYER(block_size, U32, UINT32_MAX),
    LAYER(activation, I32, -1), LAYER(activation, I32, 2), LAYER(activation, I32, INT32_MAX),
    LAYER(competition, I32, -1), LAYER(competition, I32, 2), LAYER(competition, I32, INT32_MAX),
  };
  for (int l = 0; l < 3; l++)
    for (size_t i = 0; i < sizeof in_layers / sizeof *in_layers; i++) {
      swiftcl_layer layers[3];
      memcpy(layers, small_layers, sizeof layers);
      set_field(&layers[l], &in_layers[i]);
      swiftcl_options o = small_options();
      o.layers = layers;
      char place[32];
      snprintf(place, sizeof place, "%s[%d]", in_layers[i].name, l);
      int before = failures;
      refuse_description(&o, in_layers[i].status, place, __LINE__);
      if (failures != before && failures < 100) fprintf(stderr, "  with %s = %g\n", place, in_layers[i].value);
    }
  for (int l = 0; l < 3; l++)
    for (int r = 0; r < 3; r++) {
      swiftcl_layer layers[3];
      memcpy(layers, small_layers, sizeof layers);
      layers[l].reserved[r] = r % 2 ? 1 : UINT32_MAX;
      swiftcl_options o = small_options();
      o.layers = layers;
      refuse_description(&o, SWIFTCL_E_ARGUMENT, "reserved", __LINE__);
    }

  bad_images();
  bad_streams();

  /* Combinations that cannot be. */
  swiftcl_options o = small_options();
  o.layers = NULL;
  refuse_description(&o, SWIFTCL_E_NULL, "layers", __LINE__);
  o = small_options();
  o.layer_count = 2; /* the last layer is no head */
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[1]", __LINE__);
  o = small_options();
  o.sharing = SWIFTCL_TICKETS_SHARED;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "block_size[0]", __LINE__);
  {
    swiftcl_layer layers[3];
    memcpy(layers, small_layers, sizeof layers);
    layers[0].kind = SWIFTCL_LAYER_HEAD;
    layers[0].block_size = 1;
    o = small_options();
    o.layers = layers;
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "kind[0]", __LINE__);
    memcpy(layers, small_layers, sizeof layers);
    layers[2].activation = SWIFTCL_ACTIVATION_RELU;
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "activation[2]", __LINE__);
    memcpy(layers, small_layers, sizeof layers);
    layers[2].competition = SWIFTCL_COMPETITION_SAMPLE;
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "competition[2]", __LINE__);
    memcpy(layers, small_layers, sizeof layers);
    layers[1].competition = SWIFTCL_COMPETITION_SAMPLE;
    o.sampler = SWIFTCL_SAMPLER_TOP_K;
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "competition[1]", __LINE__);
  }
  static const float wrong[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    float scale[3] = {1, 1, 1}, offset[3] = {0, 0, 0};
    o = small_options();
    o.input_channels = 3;
    o.input_scale = scale;
    o.input_offset = offset;
    scale[i] = wrong[i];
    refuse_description(&o, SWIFTCL_E_NONFINITE, "input_scale", __LINE__);
    scale[i] = 1;
    offset[i] = wrong[i];
    refuse_description(&o, SWIFTCL_E_NONFINITE, "input_offset", __LINE__);
    offset[i] = 0;
    o.input_type = SWIFTCL_INPUT_I16;
    scale[i] = 3e38f; /* no integer input could stay finite */
    refuse_description(&o, SWIFTCL_E_ARGUMENT, "input_scale", __LINE__);
  }

  /* Half an allocator. */
  struct counter counter = {0};
  o = small_options();
  o.allocator = counting(&counter);
  o.allocator.release = NULL;
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  o.allocator = counting(&counter);
  o.allocator.allocate = NULL;
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  CHECK(counter.calls == 0);
}

/* Sizes that are each in range and together are not to be had. */
static void large_descriptions(void) {
  swiftcl_layer wide[32];
  for (int l = 0; l < 31; l++) {
    swiftcl_layer dense = SWIFTCL_DENSE(65536, 8, SWIFTCL_ACTIVATION_RELU);
    wide[l] = dense;
  }
  swiftcl_layer head = SWIFTCL_HEAD(65536);
  wide[31] = head;
  struct counter counter = {0};
  counter.limit = 1 << 20;
  swiftcl_options o = small_options();
  o.layers = wide;
  o.layer_count = 32;
  o.inputs = 1048576;
  o.max_batch = 65536;
  o.max_tasks = 65536;
  o.optimizer = SWIFTCL_OPTIMIZER_ADAM;
  o.protection = SWIFTCL_PROTECT_SOFT;
  o.clip_norm = 1;
  o.sampler = SWIFTCL_SAMPLER_TOP_K;
  o.top_k = 65536;
  o.allocator = counting(&counter);
  swiftcl_plan plan;
  memset(&plan, 0, sizeof plan);
  plan.struct_size = sizeof plan;
  swiftcl_status status = swiftcl_network_plan(&o, &plan);
  CHECK(status == SWIFTCL_OK || status == SWIFTCL_E_MEMORY);
  if (status == SWIFTCL_OK) {
    CHECK(
        plan.total_bytes == plan.network_bytes + plan.working_set_bytes + plan.optimizer_bytes
                                + plan.competition_bytes + plan.activation_bytes + plan.ticket_bytes
                                + plan.replay_bytes + plan.class_head_bytes + plan.data_bytes);
    CHECK(plan.total_bytes > UINT64_C(1) << 40);
  }
  REFUSED_ALONE(swiftcl_network_create(&o, OUT), SWIFTCL_E_MEMORY, "");
  CHECK(counter.live == 0);
  o = small_options();
  o.ticket_bytes = UINT64_MAX;
  refuse_description(&o, SWIFTCL_E_MEMORY, "memory", __LINE__);
  o.ticket_bytes = UINT64_MAX / 2 + 1;
  refuse_description(&o, SWIFTCL_E_MEMORY, "memory", __LINE__);
  static const uint64_t nearly[] = {UINT64_MAX / 8, UINT64_MAX / 8 - 63, UINT64_C(1) << 60};
  for (int i = 0; i < 3; i++) {
    o.ticket_bytes = nearly[i];
    void *memory = aligned_memory(64);
    poison_outputs();
    status = swiftcl_network_create_in(&o, memory, 64, OUT);
    CHECK(status == SWIFTCL_E_BUFFER || status == SWIFTCL_E_MEMORY);
    CHECK(outputs_untouched());
    release_memory(memory);
  }
}

static void description_calls(void) {
  swiftcl_options o = small_options();
  REFUSED_ALONE(swiftcl_network_plan(NULL, OUT_STRUCT(swiftcl_plan)), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_network_plan(&o, NULL), SWIFTCL_E_NULL, "plan");
  static const uint32_t sizes[] = {0, 1, 3, sizeof(swiftcl_plan) - 1, sizeof(swiftcl_plan) + 100000, UINT32_MAX};
  for (int i = 0; i < 6; i++)
    REFUSED_ALONE(
        swiftcl_network_plan(&o, OUT_SIZED(swiftcl_plan, sizes[i])), SWIFTCL_E_STRUCT, "plan", "struct_size");
  REFUSED_ALONE(swiftcl_network_create(NULL, OUT), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_network_create(&o, NULL), SWIFTCL_E_NULL, "network");

  swiftcl_plan plan;
  plan.struct_size = sizeof plan;
  OK(NULL, swiftcl_network_plan(&o, &plan));
  size_t total = (size_t)plan.total_bytes;
  char needed[24];
  snprintf(needed, sizeof needed, "%zu", total);
  char *memory = aligned_memory(total + 128);
  REFUSED_ALONE(swiftcl_network_create_in(NULL, memory, total, OUT), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_network_create_in(&o, NULL, total, OUT), SWIFTCL_E_NULL, "memory");
  REFUSED_ALONE(swiftcl_network_create_in(&o, memory, total, NULL), SWIFTCL_E_NULL, "network");
  for (size_t shift = 1; shift < SWIFTCL_ALIGNMENT; shift++)
    REFUSED_ALONE(swiftcl_network_create_in(&o, memory + shift, total, OUT), SWIFTCL_E_ALIGNMENT, "memory");
  static const size_t less[] = {0, 1, 64, 1000};
  for (int i = 0; i < 4; i++)
    REFUSED_ALONE(swiftcl_network_create_in(&o, memory, less[i], OUT), SWIFTCL_E_BUFFER, "bytes", needed);
  REFUSED_ALONE(swiftcl_network_create_in(&o, memory, total - 1, OUT), SWIFTCL_E_BUFFER, "bytes", needed);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create_in(&o, memory, SIZE_MAX, &net)); /* more is left alone */
  swiftcl_network_free(net);
  release_memory(memory);

  /* Option structs from the past and the future. */
  struct {
    swiftcl_options options;
    uint8_t tail[64];
  } grown;
  memset(&grown, 0, sizeof grown);
  grown.options = small_options();
  static const uint32_t past[] = {0, 1, 4, sizeof(swiftcl_options) - 1, UINT32_MAX, sizeof(swiftcl_options) + (1u << 20)};
  for (int i = 0; i < 6; i++) {
    grown.options.struct_size = past[i];
    refuse_description(&grown.options, SWIFTCL_E_STRUCT, "options", __LINE__);
  }
  static const uint32_t tails[] = {1, 4, 8, 64};
  for (int i = 0; i < 4; i++) {
    grown.options.struct_size = (uint32_t)sizeof grown.options + tails[i];
    OK(NULL, swiftcl_network_plan(&grown.options, &plan));
    OK(NULL, swiftcl_network_create(&grown.options, &net));
    swiftcl_network_free(net);
    grown.tail[tails[i] - 1] = 1;
    refuse_description(&grown.options, SWIFTCL_E_STRUCT, "options", __LINE__);
    grown.tail[tails[i] - 1] = 0;
  }

  /* A larger output struct is written as far as this version knows it. */
  poison_outputs();
  OK(NULL, swiftcl_network_plan(&o, OUT_SIZED(swiftcl_plan, sizeof(swiftcl_plan) + 32)));
  uint32_t kept;
  memcpy(&kept, out_area.bytes, sizeof kept);
  CHECK(kept == sizeof(swiftcl_plan) + 32);
  out_skip = sizeof(swiftcl_plan);
  CHECK(outputs_untouched());

  /* A plan once ended before input_bytes: programs of that time get as much. */
  poison_outputs();
  OK(NULL, swiftcl_network_plan(&o, OUT_SIZED(swiftcl_plan, offsetof(swiftcl_plan, input_bytes))));
  out_skip = offsetof(swiftcl_plan, input_bytes);
  CHECK(outputs_untouched());
}

/* What fits: every argument wrong in every way. */
static void proposals(void) {
  swiftcl_options o = small_options();
  o.replay = SWIFTCL_REPLAY_ER;
  o.replay_rows = 50;
  swiftcl_options found = o;
  swiftcl_proposal report;
  memset(&report, 0, sizeof report);
  report.struct_size = sizeof report;
  const uint32_t all = SWIFTCL_CHANGE_RECOMPUTE | SWIFTCL_CHANGE_SAMPLER | SWIFTCL_CHANGE_DRAWS | SWIFTCL_CHANGE_BATCH
                       | SWIFTCL_CHANGE_REPLAY_U8 | SWIFTCL_CHANGE_ROWS;
  REFUSED_ALONE(
      swiftcl_network_propose(NULL, 1000, all, &found, OUT_STRUCT(swiftcl_proposal)), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_network_propose(&o, 1000, all, NULL, OUT_STRUCT(swiftcl_proposal)), SWIFTCL_E_NULL, "proposed");
  REFUSED_ALONE(swiftcl_network_propose(&o, 1000, all, OUT_STRUCT(swiftcl_options), NULL), SWIFTCL_E_NULL, "report");
  static const uint32_t sizes[] = {0, 1, 4, sizeof report - 1, sizeof report + 100000, UINT32_MAX};
  for (int i = 0; i < 6; i++)
    REFUSED_ALONE(
        swiftcl_network_propose(&o, UINT64_MAX, all, &found, OUT_SIZED(swiftcl_proposal, sizes[i])), SWIFTCL_E_STRUCT,
        "report", "struct_size");
  static const uint32_t lengths[] = {0, 1, 4, offsetof(swiftcl_options, recompute), sizeof o - 1, sizeof o + 100000, UINT32_MAX};
  for (int i = 0; i < 7; i++)
    REFUSED_ALONE(
        swiftcl_network_propose(&o, UINT64_MAX, all, OUT_SIZED(swiftcl_options, lengths[i]), &report), SWIFTCL_E_STRUCT,
        "proposed", "struct_size");
  static const uint32_t bits[] = {64, 128, UINT32_MAX, 1u << 31};
  for (int i = 0; i < 4; i++)
    REFUSED_ALONE(
        swiftcl_network_propose(&o, UINT64_MAX, bits[i], &found, OUT_STRUCT(swiftcl_proposal)), SWIFTCL_E_ARGUMENT,
        "allowed");
  static const uint64_t few[] = {0, 1, 64, 1000};
  for (int i = 0; i < 4; i++)
    for (uint32_t allowed = 0; allowed <= all; allowed++)
      REFUSED_ALONE(
          swiftcl_network_propose(&o, few[i], allowed, &found, OUT_STRUCT(swiftcl_proposal)), SWIFTCL_E_BUFFER, "bytes",
          "expected at least", "missing", "_bytes = ");
  CHECK(memcmp(&found, &o, sizeof o) == 0 && report.tried == 0);

  /* The message's number is enough, and one byte less is not; nothing else than allowed changes. */
  unsigned long long least = 0;
  sscanf(strstr(swiftcl_last_error(NULL)->message, "at least ") + 9, "%llu", &least);
  REFUSED_ALONE(
      swiftcl_network_propose(&o, least - 1, all, &found, OUT_STRUCT(swiftcl_proposal)), SWIFTCL_E_BUFFER, "bytes");
  OK(NULL, swiftcl_network_propose(&o, least, all, &found, &report));
  CHECK(report.total_bytes == least && (report.changes & ~all) == 0 && report.described_bytes > least);
  swiftcl_plan plan;
  plan.struct_size = sizeof plan;
  OK(NULL, swiftcl_network_plan(&found, &plan));
  CHECK(plan.total_bytes == least);
  void *memory = aligned_memory((size_t)least);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create_in(&found, memory, (size_t)least, &net));
  swiftcl_task task = -7;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  for (int i = 0; i < 3; i++) OK(net, swiftcl_train_step(net, rows, labels, found.max_batch, NULL));
  OK(net, swiftcl_task_end(net, NULL));
  swiftcl_network_free(net);
  release_memory(memory);
  OK(NULL, swiftcl_network_propose(&o, UINT64_MAX, 0, &found, &report));
  CHECK(memcmp(&found, &o, sizeof o) == 0 && report.changes == 0 && report.tried == 1);
  /* Into the description itself. */
  OK(NULL, swiftcl_network_propose(&o, least, all, &o, &report));
  CHECK(report.total_bytes == least);
}

/* Rows in eight bits: where they are none, and where they are so already. */
static void bad_codes(void) {
  swiftcl_options o = small_options();
  o.replay_u8 = 1;
  o.replay_low = -1;
  o.replay_high = 1;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "replay_u8", __LINE__);
  o.replay_rows = 50;
  swiftcl_plan plan;
  plan.struct_size = sizeof plan;
  OK(NULL, swiftcl_network_plan(&o, &plan));
  o.input_type = SWIFTCL_INPUT_U8;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "replay_u8", __LINE__);
  o.input_type = SWIFTCL_INPUT_I8;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "replay_u8", __LINE__);
  o.input_type = SWIFTCL_INPUT_I16;
  OK(NULL, swiftcl_network_plan(&o, &plan));
  o.replay_high = 40000;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "replay_high", __LINE__);
  o.input_type = SWIFTCL_INPUT_F32;
  o.replay_high = o.replay_low;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "replay_high", __LINE__);
  static const float scale[] = {1e30f};
  o.replay_high = 1e30f;
  o.input_scale = scale;
  refuse_description(&o, SWIFTCL_E_ARGUMENT, "input_scale", __LINE__);
}

/* What a protocol costs: every argument wrong in every way. */
static void forecasts(void) {
  swiftcl_options o = small_options();
  swiftcl_forecast_options p = small_protocol();
  REFUSED_ALONE(swiftcl_network_forecast(NULL, &p, OUT_STRUCT(swiftcl_forecast)), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_network_forecast(&o, NULL, OUT_STRUCT(swiftcl_forecast)), SWIFTCL_E_NULL, "protocol");
  REFUSED_ALONE(swiftcl_network_forecast(&o, &p, NULL), SWIFTCL_E_NULL, "forecast");
  static const uint32_t sizes[] = {0, 1, 4, sizeof(swiftcl_forecast) - 1, sizeof(swiftcl_forecast) + 100000, UINT32_MAX};
  for (int i = 0; i < 6; i++)
    REFUSED_ALONE(
        swiftcl_network_forecast(&o, &p, OUT_SIZED(swiftcl_forecast, sizes[i])), SWIFTCL_E_STRUCT, "forecast",
        "struct_size");
  struct {
    swiftcl_forecast_options options;
    uint8_t tail[8];
  } grown;
  memset(&grown, 0, sizeof grown);
  grown.options = p;
  static const uint32_t past[] = {0, 1, 4, sizeof p - 1, sizeof p + 100000, UINT32_MAX};
  for (int i = 0; i < 6; i++) {
    grown.options.struct_size = past[i];
    REFUSED_ALONE(
        swiftcl_network_forecast(&o, &grown.options, OUT_STRUCT(swiftcl_forecast)), SWIFTCL_E_STRUCT, "protocol",
        "struct_size");
  }
  grown.options.struct_size = sizeof p + 8;
  swiftcl_forecast forecast;
  forecast.struct_size = sizeof forecast;
  OK(NULL, swiftcl_network_forecast(&o, &grown.options, &forecast));
  grown.tail[7] = 1;
  REFUSED_ALONE(
      swiftcl_network_forecast(&o, &grown.options, OUT_STRUCT(swiftcl_forecast)), SWIFTCL_E_STRUCT, "protocol");

#define WRONG(object, field, value)                                                                          \
  do {                                                                                                       \
    o = small_options();                                                                                     \
    p = small_protocol();                                                                                    \
    object.field = value;                                                                                    \
    REFUSED_ALONE(                                                                                           \
        swiftcl_network_forecast(&o, &p, OUT_STRUCT(swiftcl_forecast)), SWIFTCL_E_ARGUMENT, #field, "expected"); \
  } while (0)
  WRONG(p, draws, 3);
  WRONG(p, draws, UINT32_MAX);
  WRONG(p, samples, 0);
  WRONG(p, classes, 65537);
  WRONG(p, tasks, 65537);
  WRONG(p, tasks, UINT32_MAX);
  static const double shares[] = {0, -0.0, -1, 1.0000000001, 2, 1e300, NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 9; i++) WRONG(p, kept_share, shares[i]);
  static const float none[] = {-0.1f, 1, 1.5f, NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 6; i++) {
    WRONG(o, sparsity, none[i]);
    WRONG(o, gradient_sparsity, none[i]);
  }
#undef WRONG
  o = small_options();
  p = small_protocol();
  o.sparsity = 0.75f;
  o.gradient_sparsity = 0.5f;
  REFUSED_ALONE(
      swiftcl_network_forecast(&o, &p, OUT_STRUCT(swiftcl_forecast)), SWIFTCL_E_ARGUMENT, "gradient_sparsity", "0.500");

  /* The most of everything is still a number. */
  o = small_options();
  o.sparsity = 0.99999f;
  p.samples = UINT64_MAX;
  p.draws = 2;
  p.classes = p.tasks = 65536;
  p.kept_share = 5e-324;
  OK(NULL, swiftcl_network_forecast(&o, &p, &forecast));
  CHECK(isfinite(forecast.full_dense_macs) && forecast.full_dense_macs > forecast.paper_dense_macs);
  CHECK(forecast.paper_macs >= 0 && forecast.full_macs >= 0 && forecast.masked_row_macs > 0);

  /* Accounting once ended before paper_macs. */
  swiftcl_network *net = create(&o);
  poison_outputs();
  OK(net, swiftcl_accounting_get(net, OUT_SIZED(swiftcl_accounting, offsetof(swiftcl_accounting, paper_macs))));
  out_skip = offsetof(swiftcl_accounting, paper_macs);
  CHECK(outputs_untouched());
  swiftcl_network_free(net);
}

static void scores(void) {
  static const double fine[9] = {50, 0, 0, 50, 60, 0, 40, 60, 70};
  double matrix[9];
  REFUSED_ALONE(swiftcl_score(NULL, 3, OUT_STRUCT(swiftcl_scores)), SWIFTCL_E_NULL, "matrix");
  REFUSED_ALONE(swiftcl_score(fine, 3, NULL), SWIFTCL_E_NULL, "scores");
  REFUSED_ALONE(swiftcl_score(fine, 0, OUT_STRUCT(swiftcl_scores)), SWIFTCL_E_ARGUMENT, "tasks");
  REFUSED_ALONE(swiftcl_score(fine, 65537, OUT_STRUCT(swiftcl_scores)), SWIFTCL_E_ARGUMENT, "tasks");
  REFUSED_ALONE(swiftcl_score(fine, SIZE_MAX, OUT_STRUCT(swiftcl_scores)), SWIFTCL_E_ARGUMENT, "tasks");
  REFUSED_ALONE(swiftcl_score(fine, 3, OUT_SIZED(swiftcl_scores, 0)), SWIFTCL_E_STRUCT, "scores");
  REFUSED_ALONE(
      swiftcl_score(fine, 3, OUT_SIZED(swiftcl_scores, sizeof(swiftcl_scores) - 1)), SWIFTCL_E_STRUCT, "scores");
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < 3; i++) {
      memcpy(matrix, fine, sizeof matrix);
      matrix[3 * k + i] = i % 2 ? (double)NAN : (double)INFINITY;
      swiftcl_scores s;
      s.struct_size = sizeof s;
      char row[16];
      snprintf(row, sizeof row, "%d", k);
      if (i > k) OK(NULL, swiftcl_score(matrix, 3, &s)); /* never read */
      else REFUSED_ALONE(swiftcl_score(matrix, 3, OUT_STRUCT(swiftcl_scores)), SWIFTCL_E_NONFINITE, "matrix", row);
    }
}

int main(void) {
  prepare();
  constants();
  inits();
  descriptions();
  large_descriptions();
  description_calls();
  forecasts();
  bad_codes();
  proposals();
  scores();
  return finish("bad_descriptions");
}

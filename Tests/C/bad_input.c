/*
 * bad_input.c -- every argument of every call, wrong in every way: each gets
 * its status, a message that names it, outputs as they were and an object as
 * it was, in every phase a network can be in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "adversary.h"

enum { INPUTS = 6, BATCH = 8, ROWS = 12, CLASSES = 3 };

static const swiftcl_layer small_layers[] = {
  SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU),
  SWIFTCL_DENSE(8, 2, SWIFTCL_ACTIVATION_RELU),
  SWIFTCL_HEAD(CLASSES),
};

static float rows[ROWS * INPUTS];
static int32_t labels[ROWS];
static float targets[ROWS * CLASSES];

static swiftcl_options small_options(void) {
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = small_layers;
  o.layer_count = 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.max_tasks = 4;
  o.seed = 7;
  return o;
}

static swiftcl_network *create(const swiftcl_options *o) {
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(o, &net));
  return net;
}

static swiftcl_task learn(swiftcl_network *net, const swiftcl_task_options *options, int steps) {
  swiftcl_task task = -7;
  OK(net, swiftcl_task_begin(net, options, &task));
  for (int i = 0; i < steps; i++) OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
  OK(net, swiftcl_task_end(net, NULL));
  return task;
}

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
}

/* The three calls that read a description, each as it should refuse it. */
static void refuse_description(const swiftcl_options *o, swiftcl_status wanted, const char *word, int line) {
  static const char *const calls[] = {"swiftcl_network_plan(", "swiftcl_network_create(", "swiftcl_network_create_in("};
  void *memory = aligned_memory(4096);
  for (int call = 0; call < 3; call++) {
    poison_outputs();
    swiftcl_status got =
        call == 0   ? swiftcl_network_plan(o, OUT_STRUCT(swiftcl_plan))
        : call == 1 ? swiftcl_network_create(o, OUT)
                    : swiftcl_network_create_in(o, memory, 4096, OUT);
    refusal_check(__FILE__, line, calls[call], NULL, got, wanted, WORDS(word));
  }
  release_memory(memory);
}

enum field_type { U32, I32, F32, U64 };

struct field {
  const char *name;
  size_t offset;
  enum field_type type;
  double value;
  swiftcl_status status;
};

#define OPTION(name, type, value) {#name, offsetof(swiftcl_options, name), type, value, SWIFTCL_E_ARGUMENT}
#define LAYER(name, type, value) {#name, offsetof(swiftcl_layer, name), type, value, SWIFTCL_E_ARGUMENT}
#define CHOICE(name, last) \
  OPTION(name, I32, -1), OPTION(name, I32, (last) + 1), OPTION(name, I32, INT32_MAX), OPTION(name, I32, INT32_MIN)
#define REAL(name) OPTION(name, F32, NAN), OPTION(name, F32, INFINITY), OPTION(name, F32, -INFINITY)

static void set_field(void *object, const struct field *f) {
  char *place = (char *)object + f->offset;
  uint32_t u32 = 0;
  int32_t i32 = 0;
  uint64_t u64 = 0;
  float f32 = (float)f->value;
  switch (f->type) {
    case U32: u32 = (uint32_t)f->value; memcpy(place, &u32, sizeof u32); break;
    case I32: i32 = (int32_t)f->value; memcpy(place, &i32, sizeof i32); break;
    case U64: u64 = f->value >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)f->value; memcpy(place, &u64, sizeof u64); break;
    case F32: memcpy(place, &f32, sizeof f32); break;
  }
}

static void descriptions(void) {
  static const struct field fields[] = {
    OPTION(layer_count, U32, 0), OPTION(layer_count, U32, 33), OPTION(layer_count, U32, UINT32_MAX),
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
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    swiftcl_options o = small_options();
    set_field(&o, &fields[i]);
    int before = failures;
    refuse_description(&o, fields[i].status, fields[i].name, __LINE__);
    if (failures != before && failures < 100) fprintf(stderr, "  with %s = %g\n", fields[i].name, fields[i].value);
  }

  static const struct field in_layers[] = {
    LAYER(kind, I32, 0), LAYER(kind, I32, 3), LAYER(kind, I32, -1), LAYER(kind, I32, INT32_MIN),
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
    for (int r = 0; r < 11; r++) {
      swiftcl_layer layers[3];
      memcpy(layers, small_layers, sizeof layers);
      layers[l].reserved[r] = r % 2 ? 1 : UINT32_MAX;
      swiftcl_options o = small_options();
      o.layers = layers;
      refuse_description(&o, SWIFTCL_E_ARGUMENT, "reserved", __LINE__);
    }

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
                                + plan.replay_bytes);
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

static int32_t never_read(void *context, void *data, size_t bytes) {
  (void)context, (void)data, (void)bytes;
  CHECK(!"the stream was read");
  return 1;
}

static int32_t never_written(void *context, const void *data, size_t bytes) {
  (void)context, (void)data, (void)bytes;
  CHECK(!"the stream was written");
  return 1;
}

/* ------------------------------------------------------------ calls that load */

static void loads(void) {
  swiftcl_options o = small_options();
  swiftcl_network *net = create(&o);
  learn(net, NULL, 4);
  struct snapshot image = take_snapshot(net);
  swiftcl_network_free(net);
  const void *data = image.bytes;
  size_t size = image.size;
  struct stream stream = reading(data, size);

  REFUSED_ALONE(swiftcl_checkpoint_inspect(NULL, NULL, OUT_STRUCT(swiftcl_checkpoint_info)), SWIFTCL_E_NULL, "read");
  REFUSED_ALONE(swiftcl_checkpoint_inspect(never_read, NULL, NULL), SWIFTCL_E_NULL, "info");
  static const uint32_t sizes[] = {0, 7, sizeof(swiftcl_checkpoint_info) - 1, UINT32_MAX};
  for (int i = 0; i < 4; i++)
    REFUSED_ALONE(
        swiftcl_checkpoint_inspect(never_read, NULL, OUT_SIZED(swiftcl_checkpoint_info, sizes[i])), SWIFTCL_E_STRUCT,
        "info", "struct_size");
  swiftcl_checkpoint_info info;
  info.struct_size = sizeof info;
  OK(NULL, swiftcl_checkpoint_inspect(stream_read, &stream, &info));
  CHECK(info.file_bytes == size && info.tasks == 1 && info.inputs == INPUTS && info.layer_count == 3);

  REFUSED_ALONE(swiftcl_network_load(NULL, NULL, OUT), SWIFTCL_E_NULL, "path");
  REFUSED_ALONE(swiftcl_network_load("missing", NULL, NULL), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_network_load("missing", NULL, OUT), SWIFTCL_E_IO, "missing", "system error");
  REFUSED_ALONE(swiftcl_network_load_memory(NULL, size, NULL, OUT), SWIFTCL_E_NULL, "data");
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, NULL, NULL), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_network_load_memory(data, 0, NULL, OUT), SWIFTCL_E_FORMAT, "ends too early");
  REFUSED_ALONE(swiftcl_network_load_from(NULL, NULL, NULL, OUT), SWIFTCL_E_NULL, "read");
  REFUSED_ALONE(swiftcl_network_load_from(never_read, NULL, NULL, NULL), SWIFTCL_E_NULL, "network");
  size_t total = (size_t)info.memory_bytes;
  char *memory = aligned_memory(total + 128);
  REFUSED_ALONE(swiftcl_network_load_in(NULL, NULL, NULL, memory, total, OUT), SWIFTCL_E_NULL, "read");
  REFUSED_ALONE(swiftcl_network_load_in(never_read, NULL, NULL, NULL, total, OUT), SWIFTCL_E_NULL, "memory");
  REFUSED_ALONE(swiftcl_network_load_in(never_read, NULL, NULL, memory, total, NULL), SWIFTCL_E_NULL, "network");
  for (size_t shift = 1; shift < SWIFTCL_ALIGNMENT; shift *= 2) {
    stream = reading(data, size);
    REFUSED_ALONE(
        swiftcl_network_load_in(stream_read, &stream, NULL, memory + shift, total, OUT), SWIFTCL_E_ALIGNMENT, "memory");
  }
  char needed[24];
  snprintf(needed, sizeof needed, "%zu", total);
  const size_t less[] = {0, 64, total / 2, total - 1};
  for (int i = 0; i < 4; i++) {
    stream = reading(data, size);
    REFUSED_ALONE(
        swiftcl_network_load_in(stream_read, &stream, NULL, memory, less[i], OUT), SWIFTCL_E_BUFFER, "bytes", needed);
  }
  release_memory(memory);

  struct {
    swiftcl_load_options options;
    uint8_t tail[16];
  } load;
  memset(&load, 0, sizeof load);
  OK(NULL, swiftcl_load_options_init(&load.options));
  static const uint32_t past[] = {0, 3, sizeof(swiftcl_load_options) - 1, UINT32_MAX};
  for (int i = 0; i < 4; i++) {
    load.options.struct_size = past[i];
    REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_STRUCT, "options");
  }
  load.options.struct_size = sizeof load.options + 16;
  OK(NULL, swiftcl_network_load_memory(data, size, &load.options, &net));
  swiftcl_network_free(net);
  load.tail[15] = 1;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_STRUCT, "options");
  OK(NULL, swiftcl_load_options_init(&load.options));
  load.options.reserved = 1;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_ARGUMENT, "reserved");
  OK(NULL, swiftcl_load_options_init(&load.options));
  struct counter counter = {0};
  load.options.allocator = counting(&counter);
  load.options.allocator.release = NULL;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  load.options.allocator = counting(&counter);
  load.options.allocator.allocate = NULL;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  CHECK(counter.calls == 0);

  /* Another description: each of the things that decide what parameters mean. */
  static const struct field others[] = {
    OPTION(layer_count, U32, 2), OPTION(inputs, U32, 12), OPTION(input_type, I32, SWIFTCL_INPUT_U8),
    OPTION(input_channels, U32, 2), OPTION(loss, I32, SWIFTCL_LOSS_MSE),
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    swiftcl_options expected = small_options();
    set_field(&expected, &others[i]);
    OK(NULL, swiftcl_load_options_init(&load.options));
    load.options.expected = &expected;
    REFUSED_ALONE(
        swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_MISMATCH, others[i].name);
  }
  static const struct field layers_other[] = {
    LAYER(kind, I32, SWIFTCL_LAYER_HEAD), LAYER(width, U32, 32), LAYER(block_size, U32, 1),
    LAYER(activation, I32, SWIFTCL_ACTIVATION_NONE), LAYER(competition, I32, SWIFTCL_COMPETITION_SAMPLE),
  };
  for (size_t i = 0; i < sizeof layers_other / sizeof *layers_other; i++) {
    swiftcl_layer layers[3];
    memcpy(layers, small_layers, sizeof layers);
    set_field(&layers[1], &layers_other[i]);
    swiftcl_options expected = small_options();
    expected.layers = layers;
    load.options.expected = &expected;
    REFUSED_ALONE(
        swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_MISMATCH, layers_other[i].name);
  }
  swiftcl_options expected = small_options();
  expected.layers = NULL;
  load.options.expected = &expected;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_NULL, "expected");
  expected = small_options();
  expected.struct_size = 8;
  REFUSED_ALONE(swiftcl_network_load_memory(data, size, &load.options, OUT), SWIFTCL_E_STRUCT, "expected");
  expected = small_options();
  expected.learning_rate = 5; /* how it learns is not what it is */
  expected.seed = 1234;
  OK(NULL, swiftcl_network_load_memory(data, size, &load.options, &net));
  swiftcl_network_free(net);
  drop_snapshot(&image);
}

/* ------------------------------------------------------- calls with no good handle */

static void handles(swiftcl_network *bad, swiftcl_status wanted) {
  swiftcl_task task = 0;
  swiftcl_dataset set = {rows, labels, 1, 0};
#define ON_BAD(call) REFUSED_ALONE(call, wanted, "network")
  ON_BAD(swiftcl_network_warnings(bad, OUT));
  ON_BAD(swiftcl_network_info_get(bad, OUT_STRUCT(swiftcl_network_info)));
  ON_BAD(swiftcl_network_memory(bad, OUT, OUT_TOO));
  ON_BAD(swiftcl_task_begin(bad, NULL, OUT));
  ON_BAD(swiftcl_train_step(bad, rows, labels, 1, OUT_STRUCT(swiftcl_step)));
  ON_BAD(swiftcl_train_step_targets(bad, rows, targets, 1, OUT_STRUCT(swiftcl_step)));
  ON_BAD(swiftcl_fit(bad, rows, labels, 1, NULL, OUT_STRUCT(swiftcl_fit_report)));
  ON_BAD(swiftcl_set_learning_rate(bad, 0.1f));
  ON_BAD(swiftcl_learning_rate_get(bad, OUT));
  ON_BAD(swiftcl_task_commit(bad));
  ON_BAD(swiftcl_task_end(bad, OUT_STRUCT(swiftcl_task_info)));
  ON_BAD(swiftcl_task_abort(bad));
  ON_BAD(swiftcl_task_reopen(bad, task, NULL));
  ON_BAD(swiftcl_task_remove(bad, task));
  ON_BAD(swiftcl_predict(bad, task, rows, 1, OUT, 8));
  ON_BAD(swiftcl_predict_labels(bad, task, rows, 1, OUT, 8));
  ON_BAD(swiftcl_evaluate(bad, task, rows, labels, 1, OUT));
  ON_BAD(swiftcl_evaluate_tasks(bad, &set, 1, OUT));
  ON_BAD(swiftcl_task_count(bad, OUT));
  ON_BAD(swiftcl_task_list(bad, OUT, 8, OUT_TOO));
  ON_BAD(swiftcl_task_info_get(bad, task, OUT_STRUCT(swiftcl_task_info)));
  ON_BAD(swiftcl_task_classes(bad, task, OUT, 8, OUT_TOO));
  ON_BAD(swiftcl_layer_info_get(bad, 0, OUT_STRUCT(swiftcl_layer_info)));
  ON_BAD(swiftcl_winners(bad, task, 0, OUT, 8));
  ON_BAD(swiftcl_winner_mask(bad, task, 0, OUT, 8));
  ON_BAD(swiftcl_winner_probabilities(bad, task, 0, OUT, 8));
  ON_BAD(swiftcl_overlap(bad, task, task, 0, OUT, OUT_TOO));
  ON_BAD(swiftcl_capacity_get(bad, 0, OUT_STRUCT(swiftcl_capacity)));
  ON_BAD(swiftcl_accounting_get(bad, OUT_STRUCT(swiftcl_accounting)));
  ON_BAD(swiftcl_parameter_shape(bad, task, 0, OUT, OUT_TOO));
  ON_BAD(swiftcl_parameters_get(bad, task, 0, OUT, 100, OUT_TOO, 100));
  ON_BAD(swiftcl_parameters_set(bad, task, 0, rows, 1, rows, 1));
  ON_BAD(swiftcl_checkpoint_size(bad, OUT));
  ON_BAD(swiftcl_network_save(bad, "never"));
  ON_BAD(swiftcl_network_save_memory(bad, OUT, 4096, OUT_TOO));
  ON_BAD(swiftcl_network_save_to(bad, never_written, NULL));
#undef ON_BAD
}

/* ----------------------------------------- calls that fail whatever a network does */

static void struct_sizes(swiftcl_network *net, swiftcl_task known) {
  static const uint32_t wrong[] = {0, 1, 4, UINT32_MAX, 100000};
  int open = 0;
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  open = swiftcl_task_info_get(net, SWIFTCL_TASK_OPEN, &info) == SWIFTCL_OK;
#define SIZED(type, call, word)                                                          \
  do {                                                                                   \
    for (int i_ = 0; i_ < 6; i_++) {                                                     \
      uint32_t size = i_ < 5 ? wrong[i_] : (uint32_t)sizeof(type) - 1;                   \
      REFUSED(net, call, SWIFTCL_E_STRUCT, word, "struct_size");                         \
    }                                                                                    \
  } while (0)
  SIZED(swiftcl_network_info, swiftcl_network_info_get(net, OUT_SIZED(swiftcl_network_info, size)), "info");
  SIZED(swiftcl_step, swiftcl_train_step(net, rows, labels, 1, OUT_SIZED(swiftcl_step, size)), "step");
  SIZED(swiftcl_step, swiftcl_train_step_targets(net, rows, targets, 1, OUT_SIZED(swiftcl_step, size)), "step");
  SIZED(swiftcl_fit_report, swiftcl_fit(net, rows, labels, 1, NULL, OUT_SIZED(swiftcl_fit_report, size)), "report");
  SIZED(swiftcl_task_info, swiftcl_task_end(net, OUT_SIZED(swiftcl_task_info, size)), "report");
  SIZED(swiftcl_task_info, swiftcl_task_info_get(net, known, OUT_SIZED(swiftcl_task_info, size)), "info");
  SIZED(swiftcl_layer_info, swiftcl_layer_info_get(net, 0, OUT_SIZED(swiftcl_layer_info, size)), "info");
  SIZED(swiftcl_capacity, swiftcl_capacity_get(net, 0, OUT_SIZED(swiftcl_capacity, size)), "capacity");
  SIZED(swiftcl_accounting, swiftcl_accounting_get(net, OUT_SIZED(swiftcl_accounting, size)), "accounting");
#undef SIZED
  struct {
    swiftcl_fit_options options;
    uint8_t tail[8];
  } fit;
  memset(&fit, 0, sizeof fit);
  OK(NULL, swiftcl_fit_options_init(&fit.options));
  struct {
    swiftcl_task_options options;
    uint8_t tail[8];
  } begin;
  memset(&begin, 0, sizeof begin);
  OK(NULL, swiftcl_task_options_init(&begin.options));
  for (int i = 0; i < 5; i++) {
    fit.options.struct_size = wrong[i];
    REFUSED(
        net, swiftcl_fit(net, rows, labels, 1, &fit.options, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STRUCT,
        "options");
    begin.options.struct_size = wrong[i];
    REFUSED(net, swiftcl_task_begin(net, &begin.options, OUT), SWIFTCL_E_STRUCT, "options");
    REFUSED(net, swiftcl_task_reopen(net, known, &begin.options), SWIFTCL_E_STRUCT, "options");
  }
  fit.options.struct_size = sizeof fit.options + 8;
  fit.tail[7] = 1;
  REFUSED(
      net, swiftcl_fit(net, rows, labels, 1, &fit.options, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STRUCT, "options");
  begin.options.struct_size = sizeof begin.options + 8;
  begin.tail[0] = 1;
  REFUSED(net, swiftcl_task_begin(net, &begin.options, OUT), SWIFTCL_E_STRUCT, "options");
  begin.tail[0] = 0;
  if (!open) {
    swiftcl_task task;
    struct snapshot before = take_snapshot(net);
    OK(net, swiftcl_task_begin(net, &begin.options, &task));
    OK(net, swiftcl_task_abort(net));
    CHECK(unchanged(net, &before));
    drop_snapshot(&before);
  }
}

static void pointers(swiftcl_network *net, swiftcl_task known) {
  swiftcl_dataset set = {rows, labels, 1, known};
  swiftcl_dataset no_inputs = {NULL, labels, 1, known};
  swiftcl_dataset no_labels = {rows, NULL, 1, known};
#define ON(call, word) REFUSED(net, call, SWIFTCL_E_NULL, word)
  ON(swiftcl_network_warnings(net, NULL), "warnings");
  ON(swiftcl_network_info_get(net, NULL), "info");
  ON(swiftcl_task_begin(net, NULL, NULL), "task");
  ON(swiftcl_train_step(net, NULL, labels, 1, OUT_STRUCT(swiftcl_step)), "inputs");
  ON(swiftcl_train_step(net, rows, NULL, 1, OUT_STRUCT(swiftcl_step)), "labels");
  ON(swiftcl_train_step_targets(net, NULL, targets, 1, OUT_STRUCT(swiftcl_step)), "inputs");
  ON(swiftcl_train_step_targets(net, rows, NULL, 1, OUT_STRUCT(swiftcl_step)), "targets");
  ON(swiftcl_fit(net, NULL, labels, 1, NULL, OUT_STRUCT(swiftcl_fit_report)), "inputs");
  ON(swiftcl_fit(net, rows, NULL, 1, NULL, OUT_STRUCT(swiftcl_fit_report)), "labels");
  ON(swiftcl_learning_rate_get(net, NULL), "learning_rate");
  ON(swiftcl_predict(net, known, NULL, 1, OUT, 8), "inputs");
  ON(swiftcl_predict(net, known, rows, 1, NULL, 8), "logits");
  ON(swiftcl_predict_labels(net, known, NULL, 1, OUT, 8), "inputs");
  ON(swiftcl_predict_labels(net, known, rows, 1, NULL, 8), "labels");
  ON(swiftcl_evaluate(net, known, NULL, labels, 1, OUT), "inputs");
  ON(swiftcl_evaluate(net, known, rows, NULL, 1, OUT), "labels");
  ON(swiftcl_evaluate(net, known, rows, labels, 1, NULL), "accuracy");
  ON(swiftcl_evaluate_tasks(net, NULL, 1, OUT), "sets");
  ON(swiftcl_evaluate_tasks(net, &set, 1, NULL), "accuracies");
  ON(swiftcl_evaluate_tasks(net, &no_inputs, 1, OUT), "inputs");
  ON(swiftcl_evaluate_tasks(net, &no_labels, 1, OUT), "labels");
  ON(swiftcl_task_count(net, NULL), "count");
  ON(swiftcl_task_list(net, NULL, 8, OUT), "tasks");
  ON(swiftcl_task_info_get(net, known, NULL), "info");
  ON(swiftcl_task_classes(net, known, NULL, 8, OUT), "classes");
  ON(swiftcl_layer_info_get(net, 0, NULL), "info");
  ON(swiftcl_winners(net, known, 0, NULL, 8), "winners");
  ON(swiftcl_winner_mask(net, known, 0, NULL, 8), "mask");
  ON(swiftcl_winner_probabilities(net, known, 0, NULL, 8), "probabilities");
  ON(swiftcl_capacity_get(net, 0, NULL), "capacity");
  ON(swiftcl_accounting_get(net, NULL), "accounting");
  ON(swiftcl_parameters_get(net, known, 0, NULL, 1000, OUT, 100), "weights");
  ON(swiftcl_parameters_get(net, known, 0, OUT, 1000, NULL, 100), "biases");
  ON(swiftcl_parameters_set(net, known, 0, NULL, 1000, rows, 8), "weights");
  ON(swiftcl_parameters_set(net, known, 0, rows, 8, NULL, 100), "biases");
  ON(swiftcl_checkpoint_size(net, NULL), "bytes");
  ON(swiftcl_network_save(net, NULL), "path");
  ON(swiftcl_network_save_memory(net, NULL, 1 << 20, OUT), "buffer");
  ON(swiftcl_network_save_to(net, NULL, NULL), "write");
#undef ON
  /* NULL where it is allowed. */
  OK(net, swiftcl_network_memory(net, NULL, NULL));
  OK(net, swiftcl_overlap(net, known, known, 0, NULL, NULL));
  OK(net, swiftcl_parameter_shape(net, known, 0, NULL, NULL));
  swiftcl_task list[64];
  OK(net, swiftcl_task_list(net, list, 64, NULL));
  int32_t classes[64];
  OK(net, swiftcl_task_classes(net, known, classes, 64, NULL));
}

/* Numbers of tasks and layers that are none. */
static void names(swiftcl_network *net, swiftcl_task known, int open, int count_layers) {
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  const swiftcl_task none[] = {known + 100, -2, INT32_MIN, INT32_MAX, SWIFTCL_TASK_OPEN};
  for (int i = 0; i < (open ? 4 : 5); i++) {
    swiftcl_task t = none[i];
    swiftcl_status wanted = t == SWIFTCL_TASK_OPEN ? SWIFTCL_E_STATE : SWIFTCL_E_TASK;
    char number[16] = "";
    if (wanted == SWIFTCL_E_TASK) snprintf(number, sizeof number, "%ld", (long)t);
    swiftcl_dataset set = {rows, labels, 1, t};
#define ON(call) REFUSED(net, call, wanted, "task", number)
    ON(swiftcl_predict(net, t, rows, 1, OUT, 100));
    ON(swiftcl_predict_labels(net, t, rows, 1, OUT, 100));
    ON(swiftcl_evaluate(net, t, rows, labels, 1, OUT));
    ON(swiftcl_evaluate_tasks(net, &set, 1, OUT));
    ON(swiftcl_task_info_get(net, t, OUT_STRUCT(swiftcl_task_info)));
    ON(swiftcl_task_classes(net, t, OUT, 100, OUT_TOO));
    ON(swiftcl_winners(net, t, 0, OUT, 100));
    ON(swiftcl_winner_mask(net, t, 0, OUT, 1000));
    ON(swiftcl_winner_probabilities(net, t, 0, OUT, 1000));
    ON(swiftcl_overlap(net, t, known, 0, OUT, OUT_TOO));
    ON(swiftcl_overlap(net, known, t, 0, OUT, OUT_TOO));
    ON(swiftcl_parameter_shape(net, t, 0, OUT, OUT_TOO));
    ON(swiftcl_parameters_get(net, t, 0, OUT, 2000, OUT_TOO, 100));
    ON(swiftcl_parameters_set(net, t, 0, rows, 8, rows, 8));
#undef ON
    if (!open) {
      REFUSED(net, swiftcl_task_reopen(net, t, NULL), wanted, "task", number);
      REFUSED(net, swiftcl_task_remove(net, t), wanted, "task", number);
    }
  }
  const uint32_t no_layer[] = {(uint32_t)count_layers, 1000, UINT32_MAX};
  for (int i = 0; i < 3; i++) {
    uint32_t l = no_layer[i];
    char number[16];
    snprintf(number, sizeof number, "%lu", (unsigned long)l);
#define ON(call) REFUSED(net, call, SWIFTCL_E_ARGUMENT, "layer", number)
    ON(swiftcl_layer_info_get(net, l, OUT_STRUCT(swiftcl_layer_info)));
    ON(swiftcl_parameter_shape(net, known, l, OUT, OUT_TOO));
    ON(swiftcl_parameters_get(net, known, l, OUT, 2000, OUT_TOO, 100));
    ON(swiftcl_parameters_set(net, known, l, rows, 8, rows, 8));
    if (i == 0) l--, snprintf(number, sizeof number, "%lu", (unsigned long)l); /* the head does not compete */
    ON(swiftcl_winners(net, known, l, OUT, 100));
    ON(swiftcl_winner_mask(net, known, l, OUT, 1000));
    ON(swiftcl_winner_probabilities(net, known, l, OUT, 1000));
    ON(swiftcl_overlap(net, known, known, l, OUT, OUT_TOO));
    ON(swiftcl_capacity_get(net, l, OUT_STRUCT(swiftcl_capacity)));
#undef ON
  }
}

/* Buffers that are too small: the message says how many would do. */
static void buffers(swiftcl_network *net, swiftcl_task task) {
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  OK(net, swiftcl_task_info_get(net, task, &info));
  size_t tasks = 0, size, outputs, inputs;
  uint64_t checkpoint;
  swiftcl_layer_info layer;
  layer.struct_size = sizeof layer;
  OK(net, swiftcl_task_count(net, &tasks));
  OK(net, swiftcl_checkpoint_size(net, &checkpoint));
  OK(net, swiftcl_layer_info_get(net, 0, &layer));
  OK(net, swiftcl_parameter_shape(net, task, 0, &outputs, &inputs));
  char number[24];
#define SHORT(needed, word, call)                                      \
  do {                                                                 \
    size_t need_ = (size_t)(needed);                                   \
    snprintf(number, sizeof number, "%zu", need_);                     \
    for (int i_ = 0; i_ < 2; i_++) {                                   \
      size = i_ ? need_ - 1 : 0;                                       \
      REFUSED(net, call, SWIFTCL_E_BUFFER, word, number);              \
    }                                                                  \
  } while (0)
  SHORT(tasks, "capacity", swiftcl_task_list(net, OUT, size, OUT_TOO));
  SHORT(info.class_count, "capacity", swiftcl_task_classes(net, task, OUT, size, OUT_TOO));
  SHORT(layer.blocks, "count", swiftcl_winners(net, task, 0, OUT, size));
  SHORT(layer.blocks * layer.units_per_block, "count", swiftcl_winner_mask(net, task, 0, OUT, size));
  SHORT(layer.blocks * layer.units_per_block, "count", swiftcl_winner_probabilities(net, task, 0, OUT, size));
  SHORT(2 * info.class_count, "logit_count", swiftcl_predict(net, task, rows, 2, OUT, size));
  SHORT(5, "label_count", swiftcl_predict_labels(net, task, rows, 5, OUT, size));
  SHORT(outputs * inputs, "weight_count", swiftcl_parameters_get(net, task, 0, OUT, size, OUT_TOO, outputs));
  SHORT(outputs, "bias_count", swiftcl_parameters_get(net, task, 0, OUT, outputs * inputs, OUT_TOO, size));
  SHORT(checkpoint, "bytes", swiftcl_network_save_memory(net, OUT, size, OUT_TOO));
  /* Just enough is enough: nothing is written behind the needed bytes. */
  float *exact = malloc(2 * info.class_count * sizeof *exact);
  OK(net, swiftcl_predict(net, task, rows, 2, exact, 2 * info.class_count));
  free(exact);
  uint8_t *mask = malloc((size_t)layer.blocks * layer.units_per_block);
  OK(net, swiftcl_winner_mask(net, task, 0, mask, (size_t)layer.blocks * layer.units_per_block));
  free(mask);
  float *probabilities = malloc((size_t)layer.blocks * layer.units_per_block * sizeof *probabilities);
  OK(net, swiftcl_winner_probabilities(net, task, 0, probabilities, (size_t)layer.blocks * layer.units_per_block));
  free(probabilities);
  int32_t *winners = malloc(layer.blocks * sizeof *winners);
  OK(net, swiftcl_winners(net, task, 0, winners, layer.blocks));
  free(winners);
  float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
  OK(net, swiftcl_parameters_get(net, task, 0, weights, outputs * inputs, biases, outputs));
  free(weights);
  free(biases);
#undef SHORT
}

/* Rows that are none, too many, not finite, or of another class. */
static void row_counts(swiftcl_network *net, swiftcl_task task) {
  const size_t wrong[] = {0, SIZE_MAX, SIZE_MAX / 2 + 1};
  for (int i = 0; i < 3; i++) {
    size_t n = wrong[i];
    int wraps = n > 0; /* as many logits as a size_t can count are never enough */
    swiftcl_dataset set = {rows, labels, n, task};
    REFUSED(
        net, swiftcl_predict(net, task, rows, n, OUT, SIZE_MAX), wraps ? SWIFTCL_E_BUFFER : SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_predict_labels(net, task, rows, n, OUT, SIZE_MAX), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_evaluate(net, task, rows, labels, n, OUT), SWIFTCL_E_ARGUMENT, "rows");
    REFUSED(net, swiftcl_evaluate_tasks(net, &set, 1, OUT), SWIFTCL_E_ARGUMENT, "rows");
  }
  swiftcl_dataset set = {rows, labels, 1, task};
  REFUSED(net, swiftcl_evaluate_tasks(net, &set, 0, OUT), SWIFTCL_E_ARGUMENT, "count");
  REFUSED(net, swiftcl_evaluate_tasks(net, &set, SIZE_MAX, OUT), SWIFTCL_E_ARGUMENT, "count");

  static const float wrongs[] = {NAN, INFINITY, -INFINITY};
  for (size_t r = 0; r < ROWS; r += 5)
    for (int w = 0; w < 3; w++) {
      float bad[ROWS * INPUTS];
      memcpy(bad, rows, sizeof bad);
      bad[r * INPUTS + (size_t)w * 2] = wrongs[w];
      char row[16];
      snprintf(row, sizeof row, "%zu", r);
      swiftcl_dataset sets[2] = {{rows, labels, ROWS, task}, {bad, labels, ROWS, task}};
      REFUSED(net, swiftcl_predict(net, task, bad, ROWS, OUT, 1000), SWIFTCL_E_NONFINITE, "row", row);
      REFUSED(net, swiftcl_predict_labels(net, task, bad, ROWS, OUT, 1000), SWIFTCL_E_NONFINITE, "row", row);
      REFUSED(net, swiftcl_evaluate(net, task, bad, labels, ROWS, OUT), SWIFTCL_E_NONFINITE, "row", row);
      REFUSED(net, swiftcl_evaluate_tasks(net, sets, 2, OUT), SWIFTCL_E_NONFINITE, "row", row);
    }
  static const int32_t strangers[] = {CLASSES, -1, INT32_MAX, INT32_MIN};
  for (int w = 0; w < 4; w++) {
    int32_t bad[ROWS];
    memcpy(bad, labels, sizeof bad);
    bad[7] = strangers[w];
    swiftcl_dataset sets[2] = {{rows, labels, ROWS, task}, {rows, bad, ROWS, task}};
    REFUSED(net, swiftcl_evaluate(net, task, rows, bad, ROWS, OUT), SWIFTCL_E_LABEL, "labels", "7");
    REFUSED(net, swiftcl_evaluate_tasks(net, sets, 2, OUT), SWIFTCL_E_LABEL, "labels", "7");
  }
}

static void rates(swiftcl_network *net) {
  static const float wrong[] = {NAN, INFINITY, -INFINITY, -0.1f, 1.1e6f};
  for (int i = 0; i < 5; i++)
    REFUSED(net, swiftcl_set_learning_rate(net, wrong[i]), SWIFTCL_E_ARGUMENT, "learning_rate");
}

static void paths(swiftcl_network *net) {
  static char long_path[5000];
  memset(long_path, 'a', sizeof long_path - 1);
  REFUSED(net, swiftcl_network_save(net, ""), SWIFTCL_E_ARGUMENT, "path");
  REFUSED(net, swiftcl_network_save(net, long_path), SWIFTCL_E_ARGUMENT, "path");
  long_path[4095] = 0; /* allowed, but no file system takes it */
  REFUSED(net, swiftcl_network_save(net, long_path), SWIFTCL_E_IO, "system error");
  REFUSED(net, swiftcl_network_save(net, "no/such/directory/file"), SWIFTCL_E_IO, "system error");
}

/* What a network with no task open refuses. */
static void closed(swiftcl_network *net, swiftcl_task known) {
  (void)known;
  swiftcl_step step;
  step.struct_size = sizeof step;
  REFUSED(net, swiftcl_train_step(net, rows, labels, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "task");
  swiftcl_fit_options fit;
  OK(NULL, swiftcl_fit_options_init(&fit));
  fit.batch = 4;
  REFUSED(net, swiftcl_fit(net, rows, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STATE, "task");
  REFUSED(
      net, swiftcl_train_step_targets(net, rows, targets, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "task");
  REFUSED(net, swiftcl_task_commit(net), SWIFTCL_E_STATE, "task");
  REFUSED(net, swiftcl_task_end(net, OUT_STRUCT(swiftcl_task_info)), SWIFTCL_E_STATE, "task");
  REFUSED(net, swiftcl_task_abort(net), SWIFTCL_E_STATE, "task");

  swiftcl_task_options o;
#define BEGIN(wanted, ...) REFUSED(net, swiftcl_task_begin(net, &o, OUT), wanted, __VA_ARGS__)
#define FRESH() OK(NULL, swiftcl_task_options_init(&o))
  static const int32_t starts[] = {-1, 3, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) {
    FRESH();
    o.start = starts[i];
    BEGIN(SWIFTCL_E_ARGUMENT, "start");
  }
  FRESH();
  o.mask_classes = 2;
  BEGIN(SWIFTCL_E_ARGUMENT, "mask_classes");
  o.mask_classes = UINT32_MAX;
  BEGIN(SWIFTCL_E_ARGUMENT, "mask_classes");
  FRESH();
  o.class_count = 2;
  BEGIN(SWIFTCL_E_NULL, "classes");
  static const int32_t twice[] = {2, 0, 2}, negative[] = {0, -1}, huge[] = {0, 1, INT32_MAX}, over[] = {65536};
  FRESH();
  o.classes = twice;
  BEGIN(SWIFTCL_E_ARGUMENT, "class_count");
  o.class_count = UINT32_MAX;
  BEGIN(SWIFTCL_E_ARGUMENT, "class_count");
  o.class_count = 65537;
  BEGIN(SWIFTCL_E_ARGUMENT, "class_count");
  o.class_count = 3;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[2]", "2");
  o.classes = negative;
  o.class_count = 2;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[1]", "-1");
  o.classes = huge;
  o.class_count = 3;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[2]");
  o.classes = over;
  o.class_count = 1;
  BEGIN(SWIFTCL_E_ARGUMENT, "classes[0]", "65536");
#undef BEGIN
#undef FRESH
}

/* What a network with a task open refuses. */
static void opened(swiftcl_network *net, swiftcl_task known, int mse) {
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_reopen(net, known, NULL), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_reopen(net, known + 100, NULL), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_remove(net, known), SWIFTCL_E_STATE, "open task");
  REFUSED(net, swiftcl_task_remove(net, SWIFTCL_TASK_OPEN), SWIFTCL_E_STATE, "open task");
  const size_t counts[] = {0, BATCH + 1, SIZE_MAX, (size_t)1 << 40};
  if (mse) {
    REFUSED(net, swiftcl_train_step(net, rows, labels, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "loss");
    swiftcl_fit_options fit;
    OK(NULL, swiftcl_fit_options_init(&fit));
    fit.batch = 4;
    REFUSED(net, swiftcl_fit(net, rows, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_STATE, "loss");
    for (int i = 0; i < 4; i++)
      REFUSED(
          net, swiftcl_train_step_targets(net, rows, targets, counts[i], OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT,
          "rows");
    for (int i = 0; i < 2; i++) {
      float bad[ROWS * CLASSES];
      memcpy(bad, targets, sizeof bad);
      bad[4 * CLASSES + i] = i ? INFINITY : NAN;
      REFUSED(
          net, swiftcl_train_step_targets(net, rows, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE,
          "targets", "4");
      bad[4 * CLASSES + i] = i ? -3e38f : 3e38f; /* finite, but its square is not */
      REFUSED(
          net, swiftcl_train_step_targets(net, rows, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "loss");
    }
    return;
  }
  REFUSED(
      net, swiftcl_train_step_targets(net, rows, targets, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_STATE, "loss");
  for (int i = 0; i < 4; i++)
    REFUSED(
        net, swiftcl_train_step(net, rows, labels, counts[i], OUT_STRUCT(swiftcl_step)), SWIFTCL_E_ARGUMENT, "rows");
  static const float wrongs[] = {NAN, INFINITY, -INFINITY};
  for (size_t r = 0; r < BATCH; r += 3)
    for (int w = 0; w < 3; w++) {
      float bad[ROWS * INPUTS];
      memcpy(bad, rows, sizeof bad);
      bad[r * INPUTS + (size_t)w] = wrongs[w];
      char row[16];
      snprintf(row, sizeof row, "%zu", r);
      REFUSED(
          net, swiftcl_train_step(net, bad, labels, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_NONFINITE, "row", row);
      swiftcl_fit_options fit;
      OK(NULL, swiftcl_fit_options_init(&fit));
      fit.batch = BATCH;
      fit.shuffle = 0; /* the bad row is in the first batch: nothing was done */
      REFUSED(
          net, swiftcl_fit(net, bad, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_NONFINITE, "row",
          row);
    }
  static const int32_t strangers[] = {CLASSES, -1, INT32_MAX, INT32_MIN};
  for (int w = 0; w < 4; w++) {
    int32_t bad[ROWS];
    memcpy(bad, labels, sizeof bad);
    bad[5] = strangers[w];
    REFUSED(
        net, swiftcl_train_step(net, rows, bad, BATCH, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_LABEL, "labels[5]");
    REFUSED(
        net, swiftcl_fit(net, rows, bad, ROWS, NULL, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_LABEL, "labels[5]");
  }
  swiftcl_fit_options fit;
#define FIT(wanted, ...) \
  REFUSED(net, swiftcl_fit(net, rows, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), wanted, __VA_ARGS__)
  static const uint32_t batches[] = {0, BATCH + 1, UINT32_MAX};
  for (int i = 0; i < 3; i++) {
    OK(NULL, swiftcl_fit_options_init(&fit));
    fit.batch = batches[i];
    FIT(SWIFTCL_E_ARGUMENT, "batch");
  }
  OK(NULL, swiftcl_fit_options_init(&fit));
  fit.batch = 4;
  fit.epochs = 0;
  FIT(SWIFTCL_E_ARGUMENT, "epochs");
  fit.epochs = 1;
  fit.shuffle = 2;
  FIT(SWIFTCL_E_ARGUMENT, "shuffle");
  fit.shuffle = 1;
  for (int w = 0; w < 4; w++) {
    int32_t bad[ROWS];
    memcpy(bad, labels, sizeof bad);
    bad[ROWS - 1] = strangers[w];
    REFUSED(
        net, swiftcl_fit(net, rows, bad, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_LABEL, "labels[11]");
  }
  const size_t sizes[] = {0, SIZE_MAX, SIZE_MAX / 2};
  for (int i = 0; i < 3; i++)
    REFUSED(
        net, swiftcl_fit(net, rows, labels, sizes[i], &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_ARGUMENT,
        "rows");
#undef FIT
}

/* Parameters of the open task that are refused. */
static void open_parameters(swiftcl_network *net, swiftcl_task known) {
  for (uint32_t l = 0; l < 3; l++) {
    size_t outputs, inputs;
    OK(net, swiftcl_parameter_shape(net, SWIFTCL_TASK_OPEN, l, &outputs, &inputs));
    float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
    OK(net, swiftcl_parameters_get(net, SWIFTCL_TASK_OPEN, l, weights, outputs * inputs, biases, outputs));
    char number[24];
    snprintf(number, sizeof number, "%zu", outputs * inputs);
#define SET(task, weight_count, bias_count, wanted, word, other)                                                  \
  REFUSED(                                                                                                        \
      net, swiftcl_parameters_set(net, task, l, weights, weight_count, biases, bias_count), wanted, word, other)
    SET(SWIFTCL_TASK_OPEN, outputs * inputs - 1, outputs, SWIFTCL_E_BUFFER, "weight_count", number);
    snprintf(number, sizeof number, "%zu", outputs);
    SET(SWIFTCL_TASK_OPEN, outputs * inputs, outputs - 1, SWIFTCL_E_BUFFER, "bias_count", number);
    static const float wrongs[] = {NAN, INFINITY, -INFINITY};
    for (int w = 0; w < 3; w++) {
      float kept = weights[outputs * inputs - 1];
      weights[outputs * inputs - 1] = wrongs[w];
      SET(SWIFTCL_TASK_OPEN, outputs * inputs, outputs, SWIFTCL_E_NONFINITE, "weights", "");
      weights[outputs * inputs - 1] = kept;
      kept = biases[outputs - 1];
      biases[outputs - 1] = wrongs[w];
      SET(SWIFTCL_TASK_OPEN, outputs * inputs, outputs, SWIFTCL_E_NONFINITE, "biases", "");
      biases[outputs - 1] = kept;
    }
    SET(known, outputs * inputs, outputs, SWIFTCL_E_OWNED, "finished task", "");
    struct snapshot before = take_snapshot(net);
    OK(net, swiftcl_parameters_set(net, SWIFTCL_TASK_OPEN, l, weights, outputs * inputs, biases, outputs));
    CHECK(unchanged(net, &before)); /* the same values are no change */
    drop_snapshot(&before);
#undef SET
    free(weights);
    free(biases);
  }
}

/* ------------------------------------------------------------ every phase, walked */

static void walk(swiftcl_network *net, swiftcl_task known, int open, int mse) {
  pointers(net, known);
  struct_sizes(net, known);
  names(net, known, open, 3);
  buffers(net, known);
  row_counts(net, known);
  rates(net);
  paths(net);
  if (open) {
    buffers(net, SWIFTCL_TASK_OPEN);
    row_counts(net, SWIFTCL_TASK_OPEN);
    opened(net, known, mse);
    open_parameters(net, known);
  } else {
    closed(net, known);
  }
}

static void phases(void) {
  static const struct {
    int32_t sampler, competition;
    int mse, in_memory;
  } kinds[] = {
    {SWIFTCL_SAMPLER_MEAN, SWIFTCL_COMPETITION_TASK, 0, 0},
    {SWIFTCL_SAMPLER_TOP_K, SWIFTCL_COMPETITION_TASK, 0, 1},
    {SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_COMPETITION_SAMPLE, 1, 0},
  };
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    if (quick() && k) break;
    swiftcl_layer layers[3];
    memcpy(layers, small_layers, sizeof layers);
    layers[0].competition = kinds[k].competition;
    swiftcl_options o = small_options();
    o.layers = layers;
    o.sampler = kinds[k].sampler;
    o.loss = kinds[k].mse ? SWIFTCL_LOSS_MSE : SWIFTCL_LOSS_CROSS_ENTROPY;
    o.unserved = SWIFTCL_UNSERVED_REUSE;
    swiftcl_plan plan;
    plan.struct_size = sizeof plan;
    OK(NULL, swiftcl_network_plan(&o, &plan));
    void *memory = NULL;
    swiftcl_network *net = NULL;
    if (kinds[k].in_memory) {
      memory = aligned_memory((size_t)plan.total_bytes);
      OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
    } else {
      net = create(&o);
    }
#define STEP()                                                                            \
  (kinds[k].mse ? OK(net, swiftcl_train_step_targets(net, rows, targets, BATCH, NULL))    \
                : OK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL)))
    swiftcl_task known, open;
    OK(net, swiftcl_task_begin(net, NULL, &known));
    for (int i = 0; i < 3; i++) STEP();
    OK(net, swiftcl_task_end(net, NULL));
    closed(net, known);
    walk(net, known, 0, kinds[k].mse);
    swiftcl_task_options task;
    OK(NULL, swiftcl_task_options_init(&task));
    task.compete_steps = SWIFTCL_COMPETE_ALWAYS;
    OK(net, swiftcl_task_begin(net, &task, &open));
    walk(net, known, 1, kinds[k].mse);
    for (int i = 0; i < 13; i++) STEP();
    walk(net, known, 1, kinds[k].mse);
    OK(net, swiftcl_task_commit(net));
    struct snapshot before = take_snapshot(net);
    OK(net, swiftcl_task_commit(net)); /* its winners stand already */
    CHECK(unchanged(net, &before));
    drop_snapshot(&before);
    STEP();
    walk(net, known, 1, kinds[k].mse);
    OK(net, swiftcl_task_end(net, NULL));
    REFUSED(net, swiftcl_task_end(net, OUT_STRUCT(swiftcl_task_info)), SWIFTCL_E_STATE, "task");
    swiftcl_task_options reopen;
    OK(NULL, swiftcl_task_options_init(&reopen));
    OK(net, swiftcl_task_reopen(net, open, &reopen));
    STEP();
    walk(net, known, 1, kinds[k].mse);
    /* While a task is open again, its number names its finished ticket. */
    size_t outputs, inputs;
    OK(net, swiftcl_parameter_shape(net, open, 2, &outputs, &inputs));
    float *weights = calloc(outputs * inputs + outputs, sizeof *weights);
    REFUSED(
        net, swiftcl_parameters_set(net, open, 2, weights, outputs * inputs, weights, outputs), SWIFTCL_E_OWNED, "task");
    free(weights);
    OK(net, swiftcl_task_abort(net));
    REFUSED(net, swiftcl_task_abort(net), SWIFTCL_E_STATE, "task");
    swiftcl_network_free(net);
    release_memory(memory);
#undef STEP
  }
}

/* ------------------------------------------------------- what finished tasks share */

static void shared_edges(void) {
  swiftcl_options o = small_options();
  o.unserved = SWIFTCL_UNSERVED_REUSE;
  o.allocation = SWIFTCL_ALLOCATE_GREEDY;
  o.max_tasks = 8;
  swiftcl_network *net = create(&o);
  swiftcl_task tasks[6];
  for (int t = 0; t < 6; t++) tasks[t] = learn(net, NULL, 5);
  /* Layer 0 has four units a block: the fifth and sixth task reuse. */
  uint32_t shared[6] = {0};
  for (int a = 0; a < 6; a++)
    for (int b = a + 1; b < 6; b++) {
      uint32_t here = 0;
      OK(net, swiftcl_overlap(net, tasks[a], tasks[b], 0, &here, NULL));
      if (here) shared[a] = 1;
    }
  int refused = 0;
  for (int a = 0; a < 6; a++) {
    if (shared[a]) {
      REFUSED(net, swiftcl_task_reopen(net, tasks[a], NULL), SWIFTCL_E_SHARED, "task");
      refused++;
    }
  }
  CHECK(refused > 0);
  OK(net, swiftcl_task_reopen(net, tasks[5], NULL)); /* nothing came after it */
  OK(net, swiftcl_task_abort(net));

  /* Owned edges of an open task. */
  swiftcl_task open;
  OK(net, swiftcl_task_begin(net, NULL, &open));
  OK(net, swiftcl_task_commit(net));
  size_t outputs, inputs;
  OK(net, swiftcl_parameter_shape(net, open, 0, &outputs, &inputs));
  float *weights = malloc(outputs * inputs * sizeof *weights), *biases = malloc(outputs * sizeof *biases);
  OK(net, swiftcl_parameters_get(net, open, 0, weights, outputs * inputs, biases, outputs));
  for (size_t i = 0; i < outputs * inputs; i++) {
    float kept = weights[i];
    weights[i] += 1;
    char place[32];
    snprintf(place, sizeof place, "weights[%zu]", i);
    REFUSED(
        net, swiftcl_parameters_set(net, open, 0, weights, outputs * inputs, biases, outputs), SWIFTCL_E_OWNED, place);
    weights[i] = kept;
  }
  for (size_t i = 0; i < outputs; i++) {
    float kept = biases[i];
    biases[i] += 1;
    char place[32];
    snprintf(place, sizeof place, "biases[%zu]", i);
    REFUSED(
        net, swiftcl_parameters_set(net, open, 0, weights, outputs * inputs, biases, outputs), SWIFTCL_E_OWNED, place);
    biases[i] = kept;
  }
  free(weights);
  free(biases);
  swiftcl_network_free(net);
}

/* ---------------------------------------------------------------- what is spent */

static void spent(void) {
  /* max_tasks and max_classes of memory that is the caller's. */
  swiftcl_options o = small_options();
  o.max_tasks = 2;
  o.max_classes = 5;
  swiftcl_plan plan;
  plan.struct_size = sizeof plan;
  OK(NULL, swiftcl_network_plan(&o, &plan));
  void *memory = aligned_memory((size_t)plan.total_bytes);
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
  static const int32_t five[] = {4, 0, 2}, six[] = {5};
  swiftcl_task_options t;
  OK(NULL, swiftcl_task_options_init(&t));
  t.classes = six;
  t.class_count = 1;
  REFUSED(net, swiftcl_task_begin(net, &t, OUT), SWIFTCL_E_CAPACITY, "max_classes", "5");
  t.mask_classes = 0;
  REFUSED(net, swiftcl_task_begin(net, &t, OUT), SWIFTCL_E_CAPACITY, "max_classes", "5");
  t.mask_classes = 1;
  t.classes = five;
  t.class_count = 3;
  swiftcl_task task, first;
  OK(net, swiftcl_task_begin(net, &t, &first));
  static const int32_t other[] = {1};
  REFUSED(net, swiftcl_train_step(net, rows, other, 1, OUT_STRUCT(swiftcl_step)), SWIFTCL_E_LABEL, "labels[0]", "1");
  OK(net, swiftcl_task_end(net, NULL));
  learn(net, NULL, 2);
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "max_tasks", "2");
  swiftcl_capacity capacity;
  capacity.struct_size = sizeof capacity;
  OK(net, swiftcl_capacity_get(net, 0, &capacity));
  CHECK(capacity.status == SWIFTCL_E_CAPACITY);
  OK(net, swiftcl_task_remove(net, first));
  REFUSED(net, swiftcl_task_remove(net, first), SWIFTCL_E_TASK, "task");
  OK(net, swiftcl_task_begin(net, NULL, &task));
  CHECK(task == 2); /* numbers are never used again */
  swiftcl_network_free(net);
  release_memory(memory);

  /* Units: greedy tasks take one a block each and never reuse, until an eighth of
     the blocks cannot be served from free units nor from owned ones. */
  for (int in_memory = 0; in_memory < 2; in_memory++) {
    o = small_options();
    o.allocation = SWIFTCL_ALLOCATE_GREEDY;
    o.unserved = SWIFTCL_UNSERVED_ABSTAIN;
    o.max_tasks = 16;
    o.ticket_bytes = 0;
    net = NULL;
    memory = NULL;
    if (in_memory) {
      OK(NULL, swiftcl_network_plan(&o, &plan));
      memory = aligned_memory((size_t)plan.total_bytes);
      OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
    } else {
      net = create(&o);
    }
    for (int n = 0; n < 16; n++) {
      swiftcl_status predicted = SWIFTCL_OK;
      uint32_t served = 0;
      for (uint32_t l = 0; l < 2; l++) {
        OK(net, swiftcl_capacity_get(net, l, &capacity));
        if (predicted == SWIFTCL_OK) predicted = capacity.status;
        served += capacity.next_served + capacity.next_reused;
        CHECK(capacity.next_served + capacity.next_reused >= (predicted ? 0 : capacity.floor_blocks));
      }
      swiftcl_status got = swiftcl_task_begin(net, NULL, &task);
      STATUS(net, got, predicted);
      if (got) break;
      swiftcl_task_info info;
      info.struct_size = sizeof info;
      OK(net, swiftcl_task_end(net, &info));
      CHECK(info.served_blocks == served);
    }
    swiftcl_network_free(net);
    release_memory(memory);
  }

  /* Ticket bytes. */
  for (int in_memory = 0; in_memory < 2; in_memory++) {
    o = small_options();
    o.max_tasks = 16;
    o.allocation = SWIFTCL_ALLOCATE_GROWING;
    OK(NULL, swiftcl_network_plan(&o, &plan));
    o.ticket_bytes = 2 * plan.full_ticket_bytes + 100;
    OK(NULL, swiftcl_network_plan(&o, &plan));
    net = NULL;
    memory = NULL;
    if (in_memory) {
      memory = aligned_memory((size_t)plan.total_bytes);
      OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
    } else {
      net = create(&o);
    }
    for (int n = 0; n < 2; n++) learn(net, NULL, 1);
    static const int32_t seven[] = {7};
    OK(NULL, swiftcl_task_options_init(&t));
    REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "ticket");
    t.classes = seven; /* would grow the head first */
    t.class_count = 1;
    REFUSED(
        net, swiftcl_task_begin(net, &t, OUT), SWIFTCL_E_CAPACITY, in_memory ? "max_classes" : "ticket");
    OK(net, swiftcl_task_remove(net, 0));
    OK(net, swiftcl_task_begin(net, NULL, &task));
    swiftcl_network_free(net);
    release_memory(memory);
  }
  o = small_options();
  o.ticket_bytes = 1; /* room for nothing */
  net = create(&o);
  REFUSED(net, swiftcl_task_begin(net, NULL, OUT), SWIFTCL_E_CAPACITY, "ticket");
  swiftcl_network_free(net);
}

/* ------------------------------------------------------------------------- fit */

struct progress {
  int calls, stop_at;
  swiftcl_progress last;
};

static int32_t on_progress(void *context, const swiftcl_progress *progress) {
  struct progress *p = context;
  p->last = *progress;
  return ++p->calls == p->stop_at ? -5 : 0;
}

static void fits(void) {
  swiftcl_options o = small_options();
  swiftcl_network *net = create(&o);
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  struct progress progress = {0};
  progress.stop_at = 2;
  swiftcl_fit_options fit;
  OK(NULL, swiftcl_fit_options_init(&fit));
  fit.batch = 4;
  fit.epochs = 3;
  fit.progress = on_progress;
  fit.progress_context = &progress;
  swiftcl_fit_report report;
  memset(&report, 0, sizeof report);
  report.struct_size = sizeof report;
  STATUS(net, swiftcl_fit(net, rows, labels, ROWS, &fit, &report), SWIFTCL_E_STOPPED);
  CHECK(strstr(swiftcl_last_error(net)->message, "swiftcl_fit") && strstr(swiftcl_last_error(net)->message, "progress"));
  CHECK(report.steps == 2 && report.epochs == 0 && report.rows == 8 && progress.calls == 2 && progress.last.step == 2);
  CHECK(progress.last.steps == 9);
  swiftcl_task_info info;
  info.struct_size = sizeof info;
  OK(net, swiftcl_task_info_get(net, task, &info));
  CHECK(info.steps == 2);
  progress.stop_at = 0;
  progress.calls = 0;
  OK(net, swiftcl_fit(net, rows, labels, ROWS, &fit, &report));
  CHECK(report.steps == 9 && report.epochs == 3 && progress.calls == 9);
  /* A row of the second batch: inputs are checked before the first step. */
  float bad[ROWS * INPUTS];
  memcpy(bad, rows, sizeof bad);
  bad[5 * INPUTS] = NAN;
  fit.shuffle = 0;
  progress.calls = 0;
  REFUSED(
      net, swiftcl_fit(net, bad, labels, ROWS, &fit, OUT_STRUCT(swiftcl_fit_report)), SWIFTCL_E_NONFINITE, "row", "5");
  CHECK(progress.calls == 0);
  swiftcl_network_free(net);
}

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
   the gates are not, and no sampler may stumble over posteriors of NaN. */
static void infinite_gates(void) {
  static const swiftcl_layer layers[] = {SWIFTCL_DENSE(8, 4, SWIFTCL_ACTIVATION_NONE), SWIFTCL_HEAD(CLASSES)};
  int reached = 0;
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
    if (isnan(probabilities[0])) reached++;
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
  CHECK(reached > 0);
}

int main(void) {
  noise_state = 11;
  fill_rows(rows, labels, ROWS, INPUTS, NULL, CLASSES, 0);
  for (int i = 0; i < ROWS * CLASSES; i++) targets[i] = real(-1, 1);
  constants();
  inits();
  descriptions();
  large_descriptions();
  description_calls();
  scores();
  loads();
  handles(NULL, SWIFTCL_E_NULL);
  static union {
    uint64_t words[2048];
    double align;
  } nothing; /* no network lives here */
  handles((swiftcl_network *)(void *)nothing.words, SWIFTCL_E_ARGUMENT);
  phases();
  shared_edges();
  spent();
  fits();
  input_types();
  overflowing();
  runaway();
  infinite_gates();
  return finish("bad_input");
}

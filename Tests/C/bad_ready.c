/*
 * bad_ready.c -- the descriptions of well-known networks, every argument wrong in every way;
 * and arguments by chance: what is described can be planned, what is not leaves all as it was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bad_input.h"

enum { MOST = 64 };

/* One call with all its arguments; a shape leaves out what it has none of. */
struct request {
  int shape;
  swiftcl_layer *layers;
  uint32_t capacity, *count, height, width;
  const uint32_t *widths;
  uint32_t width_count, block_size, classes;
  int32_t normalised;
};

enum { MLP, LENET, ALEXNET, RESNET, SHAPES };

static const char *const call_name[SHAPES] = {
  "swiftcl_describe_mlp(", "swiftcl_describe_lenet(", "swiftcl_describe_alexnet(", "swiftcl_describe_resnet18("};
static const uint32_t layer_count[SHAPES] = {3, 7, 14, 50};
static const uint32_t mlp_widths[2] = {24, 16}, lenet_widths[4] = {8, 16, 24, 8},
                      alexnet_widths[5] = {8, 8, 16, 24, 8}, maps[1] = {16};
static const uint32_t *const good_widths[SHAPES] = {mlp_widths, lenet_widths, alexnet_widths, maps};
static const uint32_t good_counts[SHAPES] = {2, 4, 5, 1};

static struct request good(int shape) {
  struct request r = {shape, NULL, 0, NULL, 32, 30, NULL, 0, 8, 10, 0};
  r.widths = good_widths[shape];
  r.width_count = good_counts[shape];
  return r;
}

static swiftcl_status describe(const struct request *r) {
  switch (r->shape) {
    case MLP:
      return swiftcl_describe_mlp(
          r->layers, r->capacity, r->count, r->widths, r->width_count, r->block_size, r->classes);
    case LENET:
      return swiftcl_describe_lenet(
          r->layers, r->capacity, r->count, r->height, r->width, r->widths, r->width_count, r->block_size, r->classes);
    case ALEXNET:
      return swiftcl_describe_alexnet(
          r->layers, r->capacity, r->count, r->height, r->width, r->widths, r->width_count, r->block_size, r->classes,
          r->normalised);
    default:
      return swiftcl_describe_resnet18(
          r->layers, r->capacity, r->count, r->height, r->width, r->widths ? *r->widths : 0, r->block_size, r->classes);
  }
}

/* The call fails, names what is wrong, and writes neither layers nor their number. */
static void refuse(struct request r, swiftcl_status wanted, const char *word, int line) {
  static swiftcl_layer layers[MOST], kept[MOST];
  memset(layers, 0xA5, sizeof layers);
  memcpy(kept, layers, sizeof kept);
  uint32_t count = 4711;
  int gives_room = r.layers == NULL && r.capacity == 0;
  for (int room = 0; room < 1 + gives_room; room++) {
    if (room) {
      r.layers = layers;
      r.capacity = MOST;
    } else if (r.layers) r.layers = layers;
    if (r.count) r.count = &count;
    poison_outputs();
    swiftcl_status got = describe(&r);
    refusal_check(__FILE__, line, call_name[r.shape], NULL, got, wanted, WORDS(word));
    CHECK(count == 4711);
    CHECK(memcmp(layers, kept, sizeof kept) == 0);
  }
}

static void arguments(void) {
  static const uint32_t no_sides[] = {0, 65536, UINT32_MAX}, no_classes[] = {0, 65537, UINT32_MAX};
  uint32_t count;
  for (int shape = 0; shape < SHAPES; shape++) {
    struct request fine = good(shape), r;
    fine.count = &count;
    const char *widths = shape == RESNET ? "maps is" : "widths[0] is";
    for (int i = 0; i < 3; i++) {
      r = fine, r.classes = no_classes[i], refuse(r, SWIFTCL_E_ARGUMENT, "classes", __LINE__);
      r = fine, r.block_size = no_classes[i], refuse(r, SWIFTCL_E_ARGUMENT, "block_size", __LINE__);
      r = fine, r.widths = &no_classes[i];
      if (shape != RESNET) r.width_count = 1;
      if (shape == LENET || shape == ALEXNET) refuse(r, SWIFTCL_E_ARGUMENT, "width_count", __LINE__);
      else refuse(r, SWIFTCL_E_ARGUMENT, widths, __LINE__);
      if (shape == MLP) continue;
      r = fine, r.height = no_sides[i], refuse(r, SWIFTCL_E_ARGUMENT, "height", __LINE__);
      r = fine, r.width = no_sides[i], refuse(r, SWIFTCL_E_ARGUMENT, "width", __LINE__);
    }
    for (uint32_t J = 3; J < 8; J++) {
      if (J == 4) continue;
      r = fine, r.block_size = J;
      refuse(r, SWIFTCL_E_ARGUMENT, shape == RESNET ? "maps is 16, expected a multiple of block_size" : "a multiple of", __LINE__);
    }
    r = fine, r.count = NULL, refuse(r, SWIFTCL_E_NULL, "count", __LINE__);
    r = fine, r.capacity = 1, refuse(r, SWIFTCL_E_NULL, "layers", __LINE__);
    r = fine, r.capacity = UINT32_MAX, refuse(r, SWIFTCL_E_NULL, "layers", __LINE__);
    static swiftcl_layer any;
    for (uint32_t room = 0; room < layer_count[shape]; room++) {
      r = fine, r.layers = &any, r.capacity = room;
      char wanted[32];
      snprintf(wanted, sizeof wanted, "at least %u", (unsigned)layer_count[shape]);
      refuse(r, SWIFTCL_E_BUFFER, wanted, __LINE__);
    }
    if (shape == RESNET) continue;
    r = fine, r.widths = NULL, refuse(r, SWIFTCL_E_NULL, "widths", __LINE__);
    if (shape == MLP) {
      r.width_count = 0, refuse(r, SWIFTCL_E_NULL, "widths", __LINE__);
      static const uint32_t many[32] = {8};
      r = fine, r.widths = many, r.width_count = 0, refuse(r, SWIFTCL_E_ARGUMENT, "width_count", __LINE__);
      r.width_count = 32, refuse(r, SWIFTCL_E_ARGUMENT, "width_count", __LINE__);
      r.width_count = UINT32_MAX, refuse(r, SWIFTCL_E_ARGUMENT, "width_count", __LINE__);
      r.width_count = 31, refuse(r, SWIFTCL_E_ARGUMENT, "widths[1]", __LINE__);
      continue;
    }
    r = fine, r.width_count = 0, refuse(r, SWIFTCL_E_ARGUMENT, "width_count", __LINE__);
    r = fine, r.width_count++, refuse(r, SWIFTCL_E_ARGUMENT, "width_count", __LINE__);
    for (uint32_t i = 0; i < fine.width_count; i++) {
      uint32_t widths_here[5];
      char wanted[32];
      snprintf(wanted, sizeof wanted, "widths[%u]", (unsigned)i);
      for (int k = 0; k < 4; k++) {
        memcpy(widths_here, fine.widths, fine.width_count * sizeof *widths_here);
        widths_here[i] = k < 3 ? no_classes[k] : 12;
        r = fine, r.widths = widths_here, refuse(r, SWIFTCL_E_ARGUMENT, wanted, __LINE__);
      }
    }
  }
  struct request r = good(ALEXNET);
  r.count = &count;
  static const int32_t no_flags[] = {-1, 2, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) r.normalised = no_flags[i], refuse(r, SWIFTCL_E_ARGUMENT, "normalised", __LINE__);
  r.normalised = 0;
  r.height = 18, refuse(r, SWIFTCL_E_ARGUMENT, "height", __LINE__);
  r.height = 19, r.width = 18, refuse(r, SWIFTCL_E_ARGUMENT, "width", __LINE__);
  /* More pixels than a row may have elements, and more elements of maps. */
  for (int shape = LENET; shape < SHAPES; shape++) {
    static const uint32_t wide[5] = {65536, 8, 8, 8, 8}, widest[1] = {8192}, wider[1] = {8200};
    r = good(shape), r.count = &count;
    r.height = r.width = 65535, refuse(r, SWIFTCL_E_ARGUMENT, "1048576 pixels", __LINE__);
    r.height = 1025, r.width = 1024, refuse(r, SWIFTCL_E_ARGUMENT, "1048576 pixels", __LINE__);
    r.height = 1024, r.width = 1024, r.widths = shape == RESNET ? widest : wide;
    refuse(r, SWIFTCL_E_ARGUMENT, "too many elements", __LINE__);
    if (shape == RESNET) r.widths = wider, refuse(r, SWIFTCL_E_ARGUMENT, "1 to 8192", __LINE__);
  }
}

/* Nothing is written behind the last layer; more room is fine. */
static void room(void) {
  for (int shape = 0; shape < SHAPES; shape++) {
    struct request r = good(shape);
    uint32_t count = 0;
    r.count = &count;
    OK(NULL, describe(&r));
    CHECK(count == layer_count[shape]);
    swiftcl_layer *layers = malloc(count * sizeof *layers); /* AddressSanitizer watches its end */
    r.layers = layers;
    r.capacity = count;
    OK(NULL, describe(&r));
    swiftcl_layer roomy[MOST];
    memset(roomy, 0xA5, sizeof roomy);
    r.layers = roomy;
    r.capacity = MOST;
    OK(NULL, describe(&r));
    CHECK(memcmp(roomy, layers, count * sizeof *layers) == 0);
    for (size_t i = count * sizeof *layers; i < sizeof roomy; i++) CHECK(((uint8_t *)roomy)[i] == 0xA5);
    r.capacity = UINT32_MAX; /* room is the caller's word */
    OK(NULL, describe(&r));
    free(layers);
  }
}

/* What is described is a description: networks are planned from it, and made where they are small. */
static void by_chance(void) {
  static const uint32_t sides[] = {1, 2, 3, 5, 8, 19, 20, 32, 33, 64, 224, 1024, 65535, 65536};
  static const uint32_t units[] = {1, 2, 4, 6, 8, 12, 20, 64, 100, 4096, 8192, 65536, 65537, 0};
  int planned = 0, refused = 0;
  for (int run = 0; run < (quick() ? 200 : 4000); run++) {
    uint32_t widths[32], count = 4711;
    swiftcl_layer layers[MOST];
    struct request r = good((int)below(SHAPES));
    for (int i = 0; i < 32; i++) widths[i] = units[below(below(4) ? 9 : 14)];
    r.height = sides[below(14)];
    r.width = sides[below(14)];
    r.widths = below(8) ? widths : NULL;
    r.width_count = below(8) ? good_counts[r.shape] : below(34);
    if (r.shape == MLP && below(2)) r.width_count = below(34);
    r.block_size = below(8) ? 1u << below(4) : units[below(14)];
    r.classes = below(8) ? 1 + below(20) : units[below(14)];
    r.normalised = (int32_t)below(2);
    r.count = &count;
    r.layers = layers;
    r.capacity = MOST;
    memset(layers, 0xA5, sizeof layers);
    swiftcl_status status = describe(&r);
    if (status != SWIFTCL_OK) {
      CHECK(status == SWIFTCL_E_ARGUMENT || status == SWIFTCL_E_NULL);
      CHECK(count == 4711 && layers[0].kind != SWIFTCL_LAYER_CONV2D && layers[0].kind != SWIFTCL_LAYER_DENSE);
      refused++;
      continue;
    }
    swiftcl_options o;
    OK(NULL, swiftcl_options_init(&o));
    o.layers = layers;
    o.layer_count = count;
    o.input_channels = 1;
    o.inputs = r.shape == MLP ? 5 : r.height * r.width;
    o.max_batch = 1;
    o.max_tasks = 1;
    swiftcl_plan plan;
    plan.struct_size = sizeof plan;
    status = swiftcl_network_plan(&o, &plan);
    if (status == SWIFTCL_E_MEMORY) continue; /* it does not fit the address space */
    STATUS(NULL, status, SWIFTCL_OK);
    planned++;
    if (plan.total_bytes > (quick() ? 1u << 18 : 4u << 20)) continue;
    swiftcl_network *net = create(&o);
    if (net) {
      float *row = calloc(o.inputs, sizeof *row);
      int32_t label = 0;
      swiftcl_task task;
      OK(net, swiftcl_task_begin(net, NULL, &task));
      OK(net, swiftcl_train_step(net, row, &label, 1, NULL));
      OK(net, swiftcl_task_end(net, NULL));
      free(row);
    }
    swiftcl_network_free(net);
  }
  CHECK(planned > 10 && refused > 10);
}

int main(void) {
  noise_state = 5;
  arguments();
  room();
  by_chance();
  return finish("bad_ready");
}

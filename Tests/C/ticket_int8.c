/*
 * ticket_int8.c -- int8 tickets: the same integers for any scratch and number of rows, from read-only
 * pages; tickets that are cut, flipped and forged; wrong arguments. Whether the integers are right,
 * Tests/Python/test_int8.py asks numpy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ticket_forge.h"

enum { INPUTS = 18, CLASSES = 3, ROWS = 20, KINDS = 6, R_SCALE = 0, R_LARGEST = 4, R_SHIFT = 8, R_ADDED = 12,
       R_ADDED_SHIFT = 16, R_RESERVED = 20, RANGE = 32, H_RANGES = 96 };

static float rows[ROWS * INPUTS];
static uint8_t bytes_of_rows[ROWS * INPUTS];
static int32_t labels[ROWS];

/* 0 dense, 1 bytes with a scale, 2 one winner a row, scaled floats, 3 planar shorts under windows, 4 residual,
   5 pixels that only integers must gather. */
static const void *inputs_of(int kind) {
  static int16_t shorts[ROWS * INPUTS];
  for (int i = 0; i < ROWS * INPUTS; i++) {
    bytes_of_rows[i] = (uint8_t)(128 + 20 * rows[i]);
    shorts[i] = (int16_t)(1000 * rows[i]);
  }
  return kind == 1 ? (const void *)bytes_of_rows : kind == 3 ? (const void *)shorts : (const void *)rows;
}

static swiftcl_network *trained(int kind) {
  swiftcl_layer plain[] = {
    SWIFTCL_DENSE(24, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(40, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_layer maps[] = {
    SWIFTCL_IMAGE_CONV(3, 3, 24, 4, 2, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_MAX_POOL(2, 2, 0),
    SWIFTCL_CONV(40, 2, 2, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_layer residual[] = {
    SWIFTCL_IMAGE_CONV(3, 3, 8, 2, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV(8, 2, 3, 1, 1, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(), SWIFTCL_ADD(1, SWIFTCL_ACTIVATION_RELU),
    SWIFTCL_GLOBAL_POOL(), SWIFTCL_HEAD(CLASSES)};
  swiftcl_layer pixels[] = {
    SWIFTCL_IMAGE_CONV(3, 3, 24, 4, 1, 1, 0, SWIFTCL_ACTIVATION_RELU), SWIFTCL_GLOBAL_POOL(), SWIFTCL_HEAD(CLASSES)};
  static const float scale[2] = {0.05f, 0.02f}, offset[2] = {-6, -2.5f};
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = kind == 3 ? maps : kind == 4 ? residual : kind == 5 ? pixels : plain;
  o.layer_count = kind == 3 ? 4 : kind == 4 ? 7 : 3;
  if (kind == 2) plain[0].competition = SWIFTCL_COMPETITION_SAMPLE;
  o.inputs = INPUTS;
  o.input_channels = 2;
  o.input_type = kind == 1 ? SWIFTCL_INPUT_U8 : kind == 3 ? SWIFTCL_INPUT_I16 : SWIFTCL_INPUT_F32;
  if (kind == 3) o.input_layout = SWIFTCL_LAYOUT_PLANAR;
  if (kind >= 1 && kind <= 3) o.input_scale = scale, o.input_offset = offset;
  o.max_batch = ROWS;
  o.max_tasks = 2;
  o.seed = 5;
  o.learning_rate = 1e-3f;
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  for (int i = 0; i < 6; i++) OK(net, swiftcl_train_step(net, inputs_of(kind), labels, ROWS, NULL));
  OK(net, swiftcl_task_end(net, NULL));
  return net;
}

/* The float ticket of a kind, and the int8 ticket made of it, read-only. */
static struct blob float_blob(int kind) {
  swiftcl_network *net = trained(kind);
  struct blob made = blob_export(net, 0);
  swiftcl_network_free(net);
  return made;
}

static struct blob int8_blob(int kind, const struct blob *floats) {
  swiftcl_ticket *ticket = open_blob(floats);
  size_t size = 0, written = 0, scratch_bytes = (size_t)ticket_info(ticket).row_scratch_bytes;
  OK(NULL, swiftcl_ticket_quantized_bytes(ticket, &size));
  struct blob made = blob_make(size);
  void *scratch = aligned_memory(scratch_bytes);
  OK(NULL, swiftcl_ticket_quantize(ticket, NULL, inputs_of(kind), ROWS, made.bytes, size, &written, scratch, scratch_bytes));
  CHECK(written == size);
  release_memory(scratch);
  swiftcl_ticket_free(ticket);
  blob_protect(&made, PROT_READ);
  return made;
}

/* ------------------------------------------------------------- same integers */

static void same_integers(int kind) {
  struct blob floats = float_blob(kind), blob = int8_blob(kind, &floats);
  swiftcl_ticket *exact = open_blob(&floats), *ticket = open_blob(&blob);
  swiftcl_ticket_info info = ticket_info(ticket), wide = ticket_info(exact);
  CHECK(info.weights == SWIFTCL_WEIGHTS_I8 && info.logit_scale > 0 && info.format_minor == 1);
  CHECK(wide.weights == SWIFTCL_WEIGHTS_F32 && wide.logit_scale == 0 && wide.format_minor == 0);
  CHECK(info.predict_macs == wide.predict_macs && info.bytes == blob.size && info.row_scratch_bytes <= wide.row_scratch_bytes + 64);
  const uint8_t *x = inputs_of(kind);
  size_t row = INPUTS * (info.input_type == SWIFTCL_INPUT_F32 ? 4 : info.input_type == SWIFTCL_INPUT_I16 ? 2 : 1);
  enum { COUNT = ROWS * CLASSES };
  int32_t all[COUNT], some[COUNT], named[ROWS];
  float logits[COUNT], exactly[COUNT];
  size_t fast = 0, most = (size_t)(wide.row_scratch_bytes * ROWS + info.row_scratch_bytes * ROWS);
  OK(NULL, swiftcl_ticket_scratch(ticket, ROWS, &fast));
  void *scratch = aligned_memory(most);
  memset(scratch, 0xA5, most);
  OK(NULL, swiftcl_ticket_predict_integers(ticket, x, ROWS, all, COUNT, scratch, fast));
  for (size_t bytes = (size_t)info.row_scratch_bytes; bytes < fast; bytes += bytes / 3) {
    memset(scratch, 0x5A, most);
    OK(NULL, swiftcl_ticket_predict_integers(ticket, x, ROWS, some, COUNT, scratch, bytes));
    CHECK(memcmp(all, some, sizeof all) == 0);
  }
  for (size_t n = 0; n < ROWS; n++) {
    OK(NULL, swiftcl_ticket_predict_integers(ticket, x + n * row, 1, some, COUNT, scratch, (size_t)info.row_scratch_bytes));
    CHECK(memcmp(all + n * CLASSES, some, CLASSES * sizeof *some) == 0);
  }
  OK(NULL, swiftcl_ticket_predict(ticket, x, ROWS, logits, COUNT, scratch, fast));
  OK(NULL, swiftcl_ticket_predict_labels(ticket, x, ROWS, named, ROWS, scratch, fast));
  OK(NULL, swiftcl_ticket_predict(exact, x, ROWS, exactly, COUNT, scratch, most));
  float largest = 0;
  for (int i = 0; i < COUNT; i++) {
    CHECK(logits[i] == (float)all[i] * info.logit_scale);
    if (fabsf(exactly[i]) > largest) largest = fabsf(exactly[i]);
  }
  for (int i = 0; i < COUNT; i++) CHECK(fabsf(logits[i] - exactly[i]) <= 0.05f * largest);
  for (int n = 0; n < ROWS; n++) CHECK(all[n * CLASSES + named[n]] >= all[n * CLASSES + (named[n] + 1) % CLASSES]);

  /* Float and int8 tickets on one batch, in any order and with the least scratch. */
  const swiftcl_ticket *orders[2][3] = {{ticket, exact, ticket}, {exact, ticket, exact}};
  size_t least = (size_t)(info.row_scratch_bytes > wide.row_scratch_bytes ? info.row_scratch_bytes : wide.row_scratch_bytes);
  for (int o = 0; o < 2; o++)
    for (int k = 1; k <= ROWS; k += 6) {
      float got[3][COUNT], *arrays[3] = {got[0], got[1], got[2]};
      size_t counts[3] = {COUNT, COUNT, COUNT};
      OK(NULL, swiftcl_ticket_predict_many(orders[o], 3, x, ROWS, arrays, counts, scratch, least * (size_t)k));
      for (int t = 0; t < 3; t++) CHECK(memcmp(got[t], orders[o][t] == ticket ? logits : exactly, sizeof logits) == 0);
    }
  swiftcl_comparison found;
  memset(&found, 0, sizeof found);
  found.struct_size = sizeof found;
  OK(NULL, swiftcl_ticket_compare(exact, ticket, x, named, ROWS, scratch, most, &found));
  CHECK(found.rows == ROWS && found.accuracy == 100 && found.lost == found.reference_accuracy - 100);
  CHECK(found.agreement == found.reference_accuracy);
  release_memory(scratch);
  swiftcl_ticket_free(exact);
  swiftcl_ticket_free(ticket);
  blob_free(&floats);
  blob_free(&blob);
}

/* ------------------------------------------------------------------ forgeries */

static void forge_ranges(size_t layers) {
  size_t ranges = get32(image.bytes + H_RANGES);
  static const uint32_t bad_shifts[] = {0, 63, 64, 0x80000000, 0xFFFFFFFF};
  forge(H_RANGES, 0, SWIFTCL_E_CORRUPT);
  forge(H_RANGES, (uint32_t)ranges + 4, SWIFTCL_E_CORRUPT);
  forge(H_RANGES, (uint32_t)image.size & ~63u, SWIFTCL_E_CORRUPT);
  forge(H_RANGES + 4, 1, SWIFTCL_E_CORRUPT);
  forge(H_FLAGS, 0, SWIFTCL_E_UNSUPPORTED); /* a float ticket with int8 layers */
  forge(H_FLAGS, 3, SWIFTCL_E_UNSUPPORTED);
  for (size_t s = 0; s <= layers; s++) {
    size_t at = ranges + s * RANGE;
    uint32_t most = s == layers ? 1u << 24 : 32768u;
    static const float bad[] = {0, -1, INFINITY, NAN, 1e-44f};
    for (size_t i = 0; i < 5; i++) forge_real(at + R_SCALE, bad[i], SWIFTCL_E_CORRUPT);
    forge(at + R_LARGEST, 0, SWIFTCL_E_CORRUPT);
    forge(at + R_LARGEST, most, SWIFTCL_E_CORRUPT);
    forge(at + R_LARGEST, 0xFFFFFFFF, SWIFTCL_E_CORRUPT);
    forge(at + R_LARGEST, 1, SWIFTCL_OK);
    for (size_t i = 0; i < 5; i++) {
      forge(at + R_SHIFT, bad_shifts[i], SWIFTCL_E_CORRUPT);
      forge(at + R_ADDED_SHIFT, bad_shifts[i], SWIFTCL_E_CORRUPT);
    }
    forge(at + R_SHIFT, 62, SWIFTCL_OK);
    forge(at + R_SHIFT, 1, SWIFTCL_OK);
    forge(at + R_ADDED, 0x80000000, SWIFTCL_OK);
    for (size_t i = 0; i < 3; i++) forge(at + R_RESERVED + 4 * i, 1, SWIFTCL_E_CORRUPT);
  }
  if (get32(image.bytes + H_TYPE) == SWIFTCL_INPUT_F32) return;
  size_t channel = ranges + (layers + 1) * RANGE;
  forge(channel, 12345, SWIFTCL_OK); /* a summand that needs words of 64 bits */
  forge(channel, 0xFFFFFFFF, SWIFTCL_OK);
  forge(channel + 4, 0x0FFFFFFF, SWIFTCL_OK);
  forge(channel + 4, 0x10000001, SWIFTCL_E_CORRUPT); /* beyond 2^60 */
  forge(channel + 4, 0xE0000000, SWIFTCL_E_CORRUPT);
  forge(channel + 4, 0x80000000, SWIFTCL_E_CORRUPT);
  forge(channel + 8, 0x80000000, SWIFTCL_OK); /* any factor */
  /* Together, as 32 bits hold them or do not: outputs are compared between processors. */
  for (int i = 0; i < (quick() ? 600 : 6000); i++) {
    restore();
    uint32_t large = (uint32_t)noise() % 0x80000000u >> below(3), high = 0x7FFFu >> below(5);
    if (below(8) == 0) large = 0x7FFFFFFF, high = 0x0FFFFFFFu >> below(24);
    put32(target.bytes + channel, below(4) ? (uint32_t)noise() & 0xFFFF0000u : (uint32_t)noise());
    put32(target.bytes + channel + 4, below(2) ? ~high : high);
    put32(target.bytes + channel + 8, below(2) ? large : 0 - large);
    put32(target.bytes + ranges + R_SHIFT, 14 + below(20));
    put32(target.bytes + ranges + R_LARGEST, 32767u >> (below(3) ? 0 : below(15)));
    seal(target.bytes, target.size);
    CHECK(try_target() == SWIFTCL_OK);
  }
  forge(channel + 12, 1, SWIFTCL_E_CORRUPT);
}

/* Weights and biases with which a sum could leave 32 bits. */
static void forge_sums(size_t layers) {
  for (size_t l = 0; l < layers; l++) {
    size_t record = HEADER + l * RECORD, bias = get32(image.bytes + record + L_BIAS);
    uint32_t padded = (get32(image.bytes + record + L_UNITS) + 15) / 16 * 16;
    for (uint32_t o = 0; o < padded; o += 5) forge(bias + 4 * o, 0x80000000, SWIFTCL_E_CORRUPT);
    forge(bias, 0x7FFFFFFF, SWIFTCL_E_CORRUPT); /* of a pad, whose weights are 0, it would do */
    forge(bias + 4 * padded, 0x80000000, SWIFTCL_OK); /* any factor */
    forge(bias + 4 * padded, 0x7FFFFFFF, SWIFTCL_OK);
    forge(record + L_ELEMENT, 0, SWIFTCL_E_UNSUPPORTED);
    forge(record + L_ELEMENT, 2, SWIFTCL_E_UNSUPPORTED);
    forge(record + L_WEIGHTS, (uint32_t)image.size & ~63u, SWIFTCL_E_CORRUPT);
    forge(record + L_BIAS, (uint32_t)image.size & ~63u, SWIFTCL_E_CORRUPT);

    /* All weights -128: whether that fits hangs on the inputs' range alone. */
    restore();
    size_t weights = get32(image.bytes + record + L_WEIGHTS);
    uint32_t inputs = get32(image.bytes + record + L_INPUTS), quads = (inputs + 3) / 4;
    memset(target.bytes + weights, 0x80, (size_t)padded * quads * 4);
    seal(target.bytes, target.size);
    try_target();
  }
}

static void windows(size_t layers) {
  static const uint32_t values[] = {0, 1, 2, 3, 5, 17, 255, 256, 65535, 1u << 26, 0x80000000, 0xFFFFFFFF};
  for (size_t l = 0; l < layers; l++) {
    size_t window = get32(image.bytes + HEADER + l * RECORD + L_WINDOW);
    if (window == 0) continue;
    for (size_t field = 0; field < 16; field++)
      for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int again = 0; again < (quick() ? 1 : 6); again++) {
          restore();
          put32(target.bytes + window + 4 * field, values[i]);
          if (again > 0) put32(target.bytes + window + 4 * below(16), values[below(12)]);
          seal(target.bytes, target.size);
          try_target();
        }
    forge(window + 4 * 14, 1, SWIFTCL_E_CORRUPT); /* normalised: was folded, or has no room */
  }
}

static void bad_tickets(int kind) {
  struct blob floats = float_blob(kind), blob = int8_blob(kind, &floats);
  image = blob_make(blob.size);
  memcpy(image.bytes, blob.bytes, blob.size);
  target = blob_make(blob.size);
  truncations();
  flips();
  size_t layers = get32(image.bytes + H_LAYERS), first_bias = get32(image.bytes + HEADER + L_BIAS);
  forge_ranges(layers);
  forge_sums(layers);
  windows(layers);
  mutations(quick() ? 300 : 10000, first_bias + 256);
  blob_free(&image);
  blob_free(&target);
  blob_free(&blob);
  blob_free(&floats);
}

/* ---------------------------------------------------------------- wrong calls */

static void wrong_calls(void) {
  struct blob floats = float_blob(0), blob = int8_blob(0, &floats), others = float_blob(1);
  swiftcl_ticket *exact = open_blob(&floats), *ticket = open_blob(&blob), *other = open_blob(&others);
  enum { COUNT = ROWS * CLASSES, SCRATCH = 100000 };
  uint8_t *scratch = aligned_memory(SCRATCH);
  size_t least = (size_t)ticket_info(ticket).row_scratch_bytes, size = blob.size;
  char needed[2][16];
  snprintf(needed[0], sizeof needed[0], "%zu", size);
  snprintf(needed[1], sizeof needed[1], "%zu", least);
  swiftcl_quantize_options options, bad;
  OK(NULL, swiftcl_quantize_options_init(&options));
  CHECK(options.struct_size == sizeof options && options.activation_bits == 16);
  REFUSED_ALONE(swiftcl_quantize_options_init_sized(NULL, sizeof options), SWIFTCL_E_NULL, "options");
  REFUSED_ALONE(swiftcl_quantize_options_init_sized(OUT, 3), SWIFTCL_E_STRUCT, "bytes is 3");

  REFUSED_ALONE(swiftcl_ticket_quantized_bytes(NULL, OUT), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_quantized_bytes(exact, NULL), SWIFTCL_E_NULL, "bytes");
  REFUSED_ALONE(swiftcl_ticket_quantized_bytes(ticket, OUT), SWIFTCL_E_ARGUMENT, "int8");

  const uint8_t *odd = (const uint8_t *)rows + 1;
  CHECK(size <= OUT_BYTES);
#define FOUND OUT_SIZED(swiftcl_comparison, sizeof(swiftcl_comparison))
  REFUSED_ALONE(swiftcl_ticket_quantize(NULL, &options, rows, ROWS, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_quantize(ticket, &options, rows, ROWS, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "int8");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, NULL, ROWS, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_NULL, "inputs");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, odd, ROWS - 1, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_ALIGNMENT, "inputs");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, 0, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, SIZE_MAX, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, ROWS, NULL, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_NULL, "buffer");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, ROWS, OUT, size - 1, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_BUFFER, "capacity", needed[0]);
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, ROWS, OUT, 0, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_BUFFER, needed[0]);
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, ROWS, OUT, size, OUT_TOO, NULL, SCRATCH), SWIFTCL_E_NULL, "scratch");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, ROWS, OUT, size, OUT_TOO, scratch + 4, SCRATCH - 4), SWIFTCL_E_ALIGNMENT, "scratch");
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &options, rows, ROWS, OUT, size, OUT_TOO, scratch, 8), SWIFTCL_E_BUFFER, "scratch_bytes");
  static const uint32_t bits[] = {0, 3, 17, 0xFFFFFFFF};
  for (int i = 0; i < 4; i++) {
    bad = options;
    bad.activation_bits = bits[i];
    REFUSED_ALONE(swiftcl_ticket_quantize(exact, &bad, rows, ROWS, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "activation_bits");
  }
  bad = options;
  bad.struct_size = 4;
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, &bad, rows, ROWS, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_STRUCT, "struct_size is 4");

  int32_t *out = (int32_t *)OUT;
  REFUSED_ALONE(swiftcl_ticket_predict_integers(NULL, rows, ROWS, out, COUNT, scratch, SCRATCH), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(exact, rows, ROWS, out, COUNT, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "float");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, NULL, ROWS, out, COUNT, scratch, SCRATCH), SWIFTCL_E_NULL, "inputs");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, odd, 1, out, COUNT, scratch, SCRATCH), SWIFTCL_E_ALIGNMENT, "inputs");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, 0, out, COUNT, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, ROWS, NULL, COUNT, scratch, SCRATCH), SWIFTCL_E_NULL, "logits");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, ROWS, out, COUNT - 1, scratch, SCRATCH), SWIFTCL_E_BUFFER, "60");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, ROWS, out, COUNT, NULL, SCRATCH), SWIFTCL_E_NULL, "scratch");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, ROWS, out, COUNT, scratch + 8, SCRATCH - 8), SWIFTCL_E_ALIGNMENT, "scratch");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, ROWS, out, COUNT, scratch, least - 1), SWIFTCL_E_BUFFER, needed[1]);

  REFUSED_ALONE(swiftcl_ticket_compare(NULL, ticket, rows, labels, ROWS, scratch, SCRATCH, FOUND), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, NULL, rows, labels, ROWS, scratch, SCRATCH, FOUND), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, other, rows, labels, ROWS, scratch, SCRATCH, FOUND), SWIFTCL_E_ARGUMENT, "same input");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, NULL, labels, ROWS, scratch, SCRATCH, FOUND), SWIFTCL_E_NULL, "inputs");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, NULL, ROWS, scratch, SCRATCH, FOUND), SWIFTCL_E_NULL, "labels");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, labels, 0, scratch, SCRATCH, FOUND), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, labels, SIZE_MAX, scratch, SCRATCH, FOUND), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, labels, ROWS, scratch, least - 1, FOUND), SWIFTCL_E_BUFFER, "scratch_bytes");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, labels, ROWS, scratch, SCRATCH, NULL), SWIFTCL_E_NULL, "comparison");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, labels, ROWS, scratch, SCRATCH, OUT_SIZED(swiftcl_comparison, 8)),
                SWIFTCL_E_STRUCT, "struct_size is 8");

  float value = rows[7 * INPUTS + 2];
  rows[7 * INPUTS + 2] = NAN;
  REFUSED_ALONE(swiftcl_ticket_quantize(exact, NULL, rows, ROWS, OUT, size, OUT_TOO, scratch, SCRATCH), SWIFTCL_E_NONFINITE, "row is 7,");
  REFUSED_ALONE(swiftcl_ticket_predict_integers(ticket, rows, ROWS, out, COUNT, scratch, least), SWIFTCL_E_NONFINITE, "row is 7,");
  REFUSED_ALONE(swiftcl_ticket_compare(exact, ticket, rows, labels, ROWS, scratch, SCRATCH, FOUND), SWIFTCL_E_NONFINITE, "row is 7,");
  rows[7 * INPUTS + 2] = value;
  release_memory(scratch);
  swiftcl_ticket_free(exact);
  swiftcl_ticket_free(ticket);
  swiftcl_ticket_free(other);
  blob_free(&floats);
  blob_free(&blob);
  blob_free(&others);
}

int main(void) {
  crc_setup();
  noise_state = 31;
  fill_rows(rows, labels, ROWS, INPUTS, NULL, CLASSES, 0);
  wrong_calls();
  for (int kind = 0; kind < KINDS; kind++) {
    same_integers(kind);
    bad_tickets(kind);
  }
  return finish("ticket_int8");
}

/*
 * ticket_faults.c -- tickets that are cut, flipped, forged or from the future,
 * in read-only pages that end where they end; calls with wrong pointers, sizes,
 * alignments and handles; inputs that are not finite.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ticket_forge.h"

enum { INPUTS = 6, CLASSES = 3, ROWS = 20 };

static float rows[ROWS * INPUTS];
static int32_t labels[ROWS];

static swiftcl_network *trained(int kind) {
  swiftcl_layer layers[] = {
    SWIFTCL_DENSE(24, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(40, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  static const float scale[2] = {0.5f, 2}, offset[2] = {0, 0.25f};
  swiftcl_layer maps[] = {
    SWIFTCL_IMAGE_CONV(3, INPUTS / 6, 24, 4, 2, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_MAX_POOL(2, 2, 0),
    SWIFTCL_CONV(40, 2, 2, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  if (kind == 1) layers[0].competition = SWIFTCL_COMPETITION_SAMPLE;
  swiftcl_options o;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 3;
  if (kind == 2) o.layers = maps, o.layer_count = 4, o.input_layout = SWIFTCL_LAYOUT_PLANAR;
  o.inputs = INPUTS;
  o.max_batch = ROWS;
  o.max_tasks = 3;
  o.seed = 5;
  o.input_channels = 2;
  if (kind == 1) {
    o.input_scale = scale;
    o.input_offset = offset;
  }
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_network_create(&o, &net));
  swiftcl_task task;
  OK(net, swiftcl_task_begin(net, NULL, &task));
  for (int i = 0; i < 6; i++) OK(net, swiftcl_train_step(net, rows, labels, ROWS, NULL));
  OK(net, swiftcl_task_end(net, NULL));
  return net;
}

/* ------------------------------------------------------- what must be refused */

static float before[ROWS * CLASSES];

static void load_images(int kind) {
  swiftcl_network *net = trained(kind);
  image = blob_export(net, 0);
  blob_protect(&image, PROT_READ | PROT_WRITE);
  target = blob_make(image.size);
  OK(net, swiftcl_predict(net, 0, rows, ROWS, before, ROWS * CLASSES));
  swiftcl_network_free(net);
}

static void drop_images(void) {
  blob_free(&image);
  blob_free(&target);
}

/* ------------------------------------------------------------------ forgeries */

/* Every field by name. */
static void fields(int kind) {
  size_t head = HEADER + 2 * RECORD;
  uint32_t size = (uint32_t)image.size;
  forge(H_HINTS, 0xFFFFFFFF, SWIFTCL_OK); /* what a reader may pass over */
  forge(HEADER + L_WINDOW, 77, SWIFTCL_E_CORRUPT);
  forge(H_MINOR, 9, SWIFTCL_OK);
  forge(H_MAJOR, 2, SWIFTCL_E_VERSION);
  forge(H_MAJOR, 0, SWIFTCL_E_FORMAT);
  forge(H_ENDIANNESS, 0x04030201, SWIFTCL_E_FORMAT);
  forge(H_MAGIC, 0, SWIFTCL_E_FORMAT);
  forge(H_FLAGS, 1, SWIFTCL_E_CORRUPT); /* int8, without ranges */
  forge(H_FLAGS, 2, SWIFTCL_E_UNSUPPORTED);
  forge(H_RESERVED, 1, SWIFTCL_E_UNSUPPORTED);
  forge(H_TYPE, 4, SWIFTCL_E_UNSUPPORTED);
  forge(H_TYPE, 0x80000000, SWIFTCL_E_CORRUPT);
  forge(H_BYTES, size + 64, SWIFTCL_E_FORMAT);
  forge(H_BYTES + 4, 1, SWIFTCL_E_FORMAT);
  forge(H_BYTES, 127, SWIFTCL_E_CORRUPT);
  forge(H_BYTES, 128, SWIFTCL_E_CORRUPT);
  static const struct { size_t at; uint32_t value; } sizes[] = {
    {H_INPUTS, 0}, {H_INPUTS, INPUTS - 2}, {H_INPUTS, 0xFFFFFFFE}, {H_INPUTS, 1048578}, {H_CHANNELS, 0}, {H_CHANNELS, 4},
    {H_CHANNELS, 0xFFFFFFFF}, {H_LAYOUT, 2}, {H_LAYOUT, 0x80000000}, {H_CLASSES, 0}, {H_CLASSES, CLASSES + 1},
    {H_CLASSES, 0xFFFFFFFF}, {H_LAYERS, 0}, {H_LAYERS, 2}, {H_LAYERS, 33}, {H_LAYERS, 0xFFFFFFFF},
    {H_RECORDS, 0}, {H_RECORDS, 64}, {H_RECORDS, HEADER + 8}, {H_RECORDS + 4, 1}, {H_LABELS, 0}, {H_LABELS, 0xFFFFFFC0},
    {H_LABELS + 4, 0xFFFFFFFF}, {H_SCALE, 4}, {H_SCALE, 64}, {H_SCALE + 4, 0x80000000}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) forge(sizes[i].at, sizes[i].value, SWIFTCL_E_CORRUPT);
  forge(H_LAYERS, 4, SWIFTCL_E_UNSUPPORTED); /* labels, taken for a record: no kind of layer */
  for (size_t l = HEADER; l <= head; l += RECORD) {
    forge(l + L_KIND, 0, SWIFTCL_E_UNSUPPORTED);
    forge(l + L_KIND, 2, SWIFTCL_E_CORRUPT); /* no window */
    forge(l + L_KIND, 3, SWIFTCL_E_UNSUPPORTED);
    forge(l + L_ELEMENT, 1, SWIFTCL_E_UNSUPPORTED);
    forge(l + L_FLAGS, 4, SWIFTCL_E_UNSUPPORTED);
    forge(l + L_RESERVED, 1, SWIFTCL_E_UNSUPPORTED);
    static const uint32_t bad[] = {0, 1, 2, 17, 65537, 0x7FFFFFFF, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      forge(l + L_INPUTS, bad[i], SWIFTCL_E_CORRUPT);
      forge(l + L_UNITS, bad[i], SWIFTCL_E_CORRUPT);
      if (bad[i] != 1 && !(kind == 1 && bad[i] == 2)) forge(l + L_BLOCK, bad[i], SWIFTCL_E_CORRUPT);
      if (bad[i] > 2 && bad[i] != 17) forge(l + L_BLOCKS, bad[i], SWIFTCL_E_CORRUPT);
    }
    for (size_t field = L_BIAS; field <= L_WEIGHTS; field += 8) {
      forge(l + field, 0, SWIFTCL_E_CORRUPT);
      forge(l + field, size, SWIFTCL_E_CORRUPT);
      forge(l + field, size & ~63u, SWIFTCL_E_CORRUPT);
      forge(l + field, HEADER + 4, SWIFTCL_E_CORRUPT);
      forge(l + field + 4, 1, SWIFTCL_E_CORRUPT);
      forge(l + field + 4, 0xFFFFFFFF, SWIFTCL_E_CORRUPT);
    }
    forge(l + L_WINNERS, 8, SWIFTCL_E_CORRUPT);
    forge(l + L_WINNERS + 4, 0x7FFFFFFF, SWIFTCL_E_CORRUPT);
    forge_real(get32(image.bytes + l + L_BIAS), INFINITY, SWIFTCL_E_NONFINITE);
    forge_real(get32(image.bytes + l + L_WEIGHTS) + 64, NAN, SWIFTCL_E_NONFINITE);
  }
  forge(head + L_BLOCKS, 1, SWIFTCL_E_CORRUPT); /* blocks, and no winners */
  if (kind == 1) {
    size_t scale = get32(image.bytes + H_SCALE);
    forge_real(scale, NAN, SWIFTCL_E_NONFINITE);
    forge_real(scale + 8, -INFINITY, SWIFTCL_E_NONFINITE);
    forge_real(scale, 1e38f, SWIFTCL_OK);
    restore();
    put32(target.bytes + H_TYPE, SWIFTCL_INPUT_I16); /* an i16 times 1e38 is no float */
    put32(target.bytes + scale, 0x7E967699);
    seal(target.bytes, target.size);
    STATUS(NULL, try_target(), SWIFTCL_E_NONFINITE);
  }
}

/* Windows and poolings that are not those of the layers: refused, or run within their bytes. */
static void windows(void) {
  static const uint32_t values[] = {0, 1, 2, 3, 4, 5, 6, 7, 17, 254, 255, 256, 65535, 65536, 1u << 26, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  long refused = 0;
  for (size_t l = HEADER; l < HEADER + 3 * RECORD; l += RECORD) {
    size_t window = get32(image.bytes + l + L_WINDOW);
    if (!CHECK(window != 0)) continue;
    for (size_t field = 0; field < 12; field++)
      for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t other = 0; other < 12; other += quick() ? 5 : 1) {
          restore();
          put32(target.bytes + window + 4 * field, values[i]);
          if (other != field) put32(target.bytes + window + 4 * other, values[below(sizeof values / sizeof *values)]);
          seal(target.bytes, target.size);
          refused += try_target() != SWIFTCL_OK;
        }
  }
  CHECK(refused > 1000 / (quick() ? 5 : 1));
}

static void bad_tickets(void) {
  for (int kind = 0; kind < 3; kind++) {
    load_images(kind);
    truncations();
    flips();
    if (kind < 2) fields(kind);
    else windows();
    mutations(quick() ? 300 : 10000, HEADER + 3 * RECORD);

    /* More bytes than the ticket has are not looked at. */
    uint8_t *longer = aligned_memory(image.size + 100);
    memset(longer, 0xFF, image.size + 100);
    memcpy(longer, image.bytes, image.size);
    swiftcl_ticket *ticket = NULL;
    OK(NULL, swiftcl_ticket_open(longer, image.size + 100, NULL, &ticket));
    swiftcl_ticket_free(ticket);
    release_memory(longer);
    drop_images();
  }
}

/* ---------------------------------------------------------------- wrong calls */

static void wrong_exports(void) {
  swiftcl_network *net = trained(0);
  size_t bytes = 0;
  uint8_t *buffer = OUT;
  OK(net, swiftcl_ticket_bytes(net, 0, &bytes));
  char needed[32];
  snprintf(needed, sizeof needed, "%zu", bytes);
  CHECK(bytes < OUT_BYTES);
  for (int open = 0; open < 2; open++) {
    REFUSED(net, swiftcl_ticket_bytes(net, 0, NULL), SWIFTCL_E_NULL, "bytes");
    REFUSED(net, swiftcl_ticket_bytes(net, 7, OUT), SWIFTCL_E_TASK, "7");
    REFUSED(net, swiftcl_ticket_bytes(net, SWIFTCL_TASK_OPEN, OUT), SWIFTCL_E_STATE, "");
    REFUSED(net, swiftcl_ticket_export(net, 0, NULL, bytes, OUT), SWIFTCL_E_NULL, "buffer");
    REFUSED(net, swiftcl_ticket_export(net, 0, buffer, bytes - 1, OUT_TOO), SWIFTCL_E_BUFFER, "capacity", needed);
    REFUSED(net, swiftcl_ticket_export(net, 0, buffer, 0, OUT_TOO), SWIFTCL_E_BUFFER, needed);
    REFUSED(net, swiftcl_ticket_export(net, open ? 1 : 9, buffer, bytes, OUT_TOO),
            open ? SWIFTCL_E_STATE : SWIFTCL_E_TASK, "");
    REFUSED(net, swiftcl_ticket_save(net, 0, NULL), SWIFTCL_E_NULL, "path");
    REFUSED(net, swiftcl_ticket_save(net, SWIFTCL_TASK_OPEN, "t"), SWIFTCL_E_STATE, "");
    REFUSED(net, swiftcl_ticket_save(net, 0, ""), SWIFTCL_E_ARGUMENT, "path");
    REFUSED(net, swiftcl_ticket_save(net, 0, "no/such/folder/t"), SWIFTCL_E_IO, "no/such/folder/t");
    if (!open) OK(net, swiftcl_task_begin(net, NULL, OUT));
  }
  REFUSED_ALONE(swiftcl_ticket_bytes(NULL, 0, OUT), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_ticket_export(NULL, 0, OUT, bytes, NULL), SWIFTCL_E_NULL, "network");
  REFUSED_ALONE(swiftcl_ticket_save(NULL, 0, "t"), SWIFTCL_E_NULL, "network");

  /* A file has the bytes of the buffer, and replaces another whole. */
  uint8_t *memory = malloc(bytes), *read = malloc(bytes + 1);
  OK(net, swiftcl_ticket_export(net, 0, memory, bytes, NULL));
  for (int again = 0; again < 2; again++) {
    OK(net, swiftcl_ticket_save(net, 0, "task.ticket"));
    FILE *file = fopen("task.ticket", "rb");
    CHECK(file && fread(read, 1, bytes + 1, file) == bytes && memcmp(read, memory, bytes) == 0);
    if (file) fclose(file);
  }
  remove("task.ticket");
  free(read);
  free(memory);

  /* Many tasks on one batch. */
  swiftcl_task tasks[2] = {0, 1}, absent[2] = {0, 9};
  float one[ROWS * CLASSES], other[ROWS * CLASSES];
  float *arrays[2] = {(float *)OUT, (float *)OUT_TOO}, *hole[2] = {(float *)OUT, NULL}, *both[2] = {one, other};
  size_t counts[2] = {ROWS * CLASSES, ROWS * CLASSES}, few[2] = {ROWS * CLASSES, ROWS * CLASSES - 1};
  REFUSED(net, swiftcl_predict_tasks(net, NULL, 2, rows, ROWS, arrays, counts), SWIFTCL_E_NULL, "tasks");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 0, rows, ROWS, arrays, counts), SWIFTCL_E_ARGUMENT, "count");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, SIZE_MAX, rows, ROWS, arrays, counts), SWIFTCL_E_ARGUMENT, "count");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, NULL, ROWS, arrays, counts), SWIFTCL_E_NULL, "inputs");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, rows, 0, arrays, counts), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, rows, ROWS, NULL, counts), SWIFTCL_E_NULL, "logits");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, rows, ROWS, hole, counts), SWIFTCL_E_NULL, "index is 1");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, rows, ROWS, arrays, NULL), SWIFTCL_E_NULL, "logit_counts");
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, rows, ROWS, arrays, few), SWIFTCL_E_BUFFER, "60");
  REFUSED(net, swiftcl_predict_tasks(net, absent, 2, rows, ROWS, arrays, counts), SWIFTCL_E_TASK, "9");
  REFUSED_ALONE(swiftcl_predict_tasks(NULL, tasks, 2, rows, ROWS, arrays, counts), SWIFTCL_E_NULL, "network");
  float value = rows[ROWS * INPUTS - 1];
  rows[ROWS * INPUTS - 1] = NAN;
  REFUSED(net, swiftcl_predict_tasks(net, tasks, 2, rows, ROWS, arrays, counts), SWIFTCL_E_NONFINITE, "19");
  rows[ROWS * INPUTS - 1] = value;
  OK(net, swiftcl_predict_tasks(net, tasks, 2, rows, ROWS, both, counts)); /* the open one too */
  float single[ROWS * CLASSES];
  for (int t = 0; t < 2; t++) {
    OK(net, swiftcl_predict(net, tasks[t], rows, ROWS, single, ROWS * CLASSES));
    CHECK(memcmp(single, both[t], sizeof single) == 0);
  }
  swiftcl_network_free(net);
}

static void wrong_opens(void) {
  load_images(0);
  const uint8_t *data = image.bytes;
  size_t bytes = image.size;
  REFUSED_ALONE(swiftcl_ticket_open(NULL, bytes, NULL, OUT), SWIFTCL_E_NULL, "data");
  REFUSED_ALONE(swiftcl_ticket_open(data, bytes, NULL, NULL), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_open(data, 0, NULL, OUT), SWIFTCL_E_FORMAT, "ends too early");

  /* At every address but multiples of 16. */
  uint8_t *room = aligned_memory(bytes + 64);
  for (size_t shift = 0; shift < 64; shift++) {
    memcpy(room + shift, data, bytes);
    swiftcl_ticket *ticket = NULL;
    if (shift % 16) {
      REFUSED_ALONE(swiftcl_ticket_open(room + shift, bytes, NULL, OUT), SWIFTCL_E_ALIGNMENT, "data", "16");
      continue;
    }
    OK(NULL, swiftcl_ticket_open(room + shift, bytes, NULL, &ticket));
    float logits[ROWS * CLASSES];
    void *scratch = aligned_memory(100000);
    OK(NULL, swiftcl_ticket_predict(ticket, rows, ROWS, logits, ROWS * CLASSES, scratch, 100000));
    CHECK(memcmp(logits, before, sizeof logits) == 0);
    release_memory(scratch);
    swiftcl_ticket_free(ticket);
  }
  release_memory(room);

  /* The allocator is asked once, and given everything back. */
  struct counter counter;
  memset(&counter, 0, sizeof counter);
  swiftcl_allocator allocator = counting(&counter), half = {counter_allocate, NULL, &counter};
  swiftcl_ticket *ticket = NULL;
  REFUSED_ALONE(swiftcl_ticket_open(data, bytes, &half, OUT), SWIFTCL_E_ARGUMENT, "allocator");
  REFUSED_ALONE(swiftcl_ticket_open(data, bytes - 1, &allocator, OUT), SWIFTCL_E_FORMAT, "");
  CHECK(counter.calls == 0);
  OK(NULL, swiftcl_ticket_open(data, bytes, &allocator, &ticket));
  CHECK(counter.live == 1 && counter.bytes == SWIFTCL_TICKET_BYTES);
  swiftcl_ticket_free(ticket);
  CHECK(counter.live == 0 && counter.wrong == 0);
  counter.fail_at = 2;
  REFUSED_ALONE(swiftcl_ticket_open(data, bytes, &allocator, OUT), SWIFTCL_E_MEMORY, "handle");
  counter.misalign = 8;
  REFUSED_ALONE(swiftcl_ticket_open(data, bytes, &allocator, OUT), SWIFTCL_E_MEMORY, "handle");
  CHECK(counter.live == 0);

  uint8_t *memory = aligned_memory(SWIFTCL_TICKET_BYTES + 16);
  char needed[16];
  snprintf(needed, sizeof needed, "%d", SWIFTCL_TICKET_BYTES);
  REFUSED_ALONE(swiftcl_ticket_open_in(NULL, bytes, memory, SWIFTCL_TICKET_BYTES, OUT), SWIFTCL_E_NULL, "data");
  REFUSED_ALONE(swiftcl_ticket_open_in(data, bytes, NULL, SWIFTCL_TICKET_BYTES, OUT), SWIFTCL_E_NULL, "memory");
  REFUSED_ALONE(swiftcl_ticket_open_in(data, bytes, memory, SWIFTCL_TICKET_BYTES, NULL), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_open_in(data, bytes, memory + 8, SWIFTCL_TICKET_BYTES, OUT), SWIFTCL_E_ALIGNMENT, "memory");
  REFUSED_ALONE(swiftcl_ticket_open_in(data, bytes, memory, SWIFTCL_TICKET_BYTES - 1, OUT), SWIFTCL_E_BUFFER, needed);
  REFUSED_ALONE(swiftcl_ticket_open_in(data, bytes - 1, memory, SWIFTCL_TICKET_BYTES, OUT), SWIFTCL_E_FORMAT, "");
  OK(NULL, swiftcl_ticket_open_in(data, bytes, memory + 16, SWIFTCL_TICKET_BYTES, &ticket));
  CHECK((uint8_t *)ticket == memory + 16);
  swiftcl_ticket_free(ticket);
  swiftcl_ticket_free(ticket); /* freed, in memory that is still there */
  REFUSED_ALONE(swiftcl_ticket_scratch(ticket, 1, OUT), SWIFTCL_E_ARGUMENT, "no ticket");
  release_memory(memory);
  swiftcl_ticket_free(NULL);
  drop_images();
}

/* Everything but the argument in question is right. */
static void wrong_predictions(void) {
  swiftcl_network *nets[2];
  struct blob blobs[2];
  swiftcl_ticket *list[2];
  for (int kind = 0; kind < 2; kind++) {
    nets[kind] = trained(kind);
    blobs[kind] = blob_export(nets[kind], 0);
    list[kind] = open_blob(&blobs[kind]);
  }
  const swiftcl_ticket *t = list[0], *pair[2] = {list[0], list[0]}, *mixed[2] = {list[0], list[1]}, *hole[2] = {t, NULL};
  enum { COUNT = ROWS * CLASSES, SCRATCH = 100000 };
  uint8_t *scratch = aligned_memory(SCRATCH);
  uint64_t zeros[SWIFTCL_TICKET_BYTES / 8] = {0};
  const swiftcl_ticket *none = (const swiftcl_ticket *)(const void *)zeros;
  swiftcl_ticket_info info = ticket_info(t);
  size_t least = (size_t)info.row_scratch_bytes;
  char needed[16];
  snprintf(needed, sizeof needed, "%zu", least);
  float *out = (float *)OUT;
  int32_t *names = (int32_t *)OUT;
  const uint8_t *odd = (const uint8_t *)rows + 1;

  REFUSED_ALONE(swiftcl_ticket_predict(NULL, rows, ROWS, out, COUNT, scratch, SCRATCH), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_predict(none, rows, ROWS, out, COUNT, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "no ticket");
  REFUSED_ALONE(swiftcl_ticket_predict((const swiftcl_ticket *)(const void *)nets[0], rows, ROWS, out, COUNT, scratch, SCRATCH),
                SWIFTCL_E_ARGUMENT, "no ticket");
  REFUSED_ALONE(swiftcl_ticket_predict(t, NULL, ROWS, out, COUNT, scratch, SCRATCH), SWIFTCL_E_NULL, "inputs");
  REFUSED_ALONE(swiftcl_ticket_predict(t, odd, ROWS - 1, out, COUNT, scratch, SCRATCH), SWIFTCL_E_ALIGNMENT, "inputs");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, 0, out, COUNT, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, SIZE_MAX / 8, out, SIZE_MAX, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, SIZE_MAX, out, SIZE_MAX, scratch, SCRATCH), SWIFTCL_E_BUFFER, "logit_count");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, ROWS, NULL, COUNT, scratch, SCRATCH), SWIFTCL_E_NULL, "logits");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, ROWS, out, COUNT - 1, scratch, SCRATCH), SWIFTCL_E_BUFFER, "logit_count", "60");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, ROWS, out, COUNT, NULL, SCRATCH), SWIFTCL_E_NULL, "scratch");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, ROWS, out, COUNT, scratch + 8, SCRATCH - 8), SWIFTCL_E_ALIGNMENT, "scratch", "16");
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, ROWS, out, COUNT, scratch, least - 1), SWIFTCL_E_BUFFER, "scratch_bytes", needed);
  REFUSED_ALONE(swiftcl_ticket_predict(t, rows, ROWS, out, COUNT, scratch, 0), SWIFTCL_E_BUFFER, needed);
  REFUSED_ALONE(swiftcl_ticket_predict_labels(NULL, rows, ROWS, names, ROWS, scratch, SCRATCH), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_predict_labels(t, NULL, ROWS, names, ROWS, scratch, SCRATCH), SWIFTCL_E_NULL, "inputs");
  REFUSED_ALONE(swiftcl_ticket_predict_labels(t, rows, 0, names, ROWS, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "rows");
  REFUSED_ALONE(swiftcl_ticket_predict_labels(t, rows, ROWS, NULL, ROWS, scratch, SCRATCH), SWIFTCL_E_NULL, "labels");
  REFUSED_ALONE(swiftcl_ticket_predict_labels(t, rows, ROWS, names, ROWS - 1, scratch, SCRATCH), SWIFTCL_E_BUFFER, "label_count");
  REFUSED_ALONE(swiftcl_ticket_predict_labels(t, rows, ROWS, names, ROWS, scratch, least - 1), SWIFTCL_E_BUFFER, needed);
  float *arrays[2] = {(float *)OUT, (float *)OUT_TOO}, *missing[2] = {(float *)OUT, NULL};
  size_t counts[2] = {COUNT, COUNT}, few[2] = {COUNT, COUNT - 1};
  REFUSED_ALONE(swiftcl_ticket_predict_many(NULL, 2, rows, ROWS, arrays, counts, scratch, SCRATCH), SWIFTCL_E_NULL, "tickets");
  REFUSED_ALONE(swiftcl_ticket_predict_many(hole, 2, rows, ROWS, arrays, counts, scratch, SCRATCH), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, 0, rows, ROWS, arrays, counts, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "count");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, SIZE_MAX, rows, ROWS, arrays, counts, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "count");
  REFUSED_ALONE(swiftcl_ticket_predict_many(mixed, 2, rows, ROWS, arrays, counts, scratch, SCRATCH), SWIFTCL_E_ARGUMENT, "same input", "is 1");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, 2, rows, ROWS, NULL, counts, scratch, SCRATCH), SWIFTCL_E_NULL, "logits");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, 2, rows, ROWS, missing, counts, scratch, SCRATCH), SWIFTCL_E_NULL, "index is 1");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, 2, rows, ROWS, arrays, NULL, scratch, SCRATCH), SWIFTCL_E_NULL, "logit_counts");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, 2, rows, ROWS, arrays, few, scratch, SCRATCH), SWIFTCL_E_BUFFER, "60");
  REFUSED_ALONE(swiftcl_ticket_predict_many(pair, 2, rows, ROWS, arrays, counts, scratch, least - 1), SWIFTCL_E_BUFFER, needed);

  /* A value that is not finite anywhere: found before anything is written, whatever the chunk. */
  for (int kind = 0; kind < 2; kind++) {
    size_t row_bytes = (size_t)ticket_info(list[kind]).row_scratch_bytes;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < ROWS * INPUTS; i++) {
      float value = rows[i];
      char row[16];
      rows[i] = bad[i % 3];
      snprintf(row, sizeof row, "row is %zu,", i / INPUTS);
      REFUSED_ALONE(swiftcl_ticket_predict(list[kind], rows, ROWS, out, COUNT, scratch, row_bytes * (1 + i % 25)), SWIFTCL_E_NONFINITE, row);
      REFUSED_ALONE(swiftcl_ticket_predict_labels(list[kind], rows, ROWS, names, ROWS, scratch, row_bytes * (1 + i % 25)), SWIFTCL_E_NONFINITE, row);
      rows[i] = value;
    }
  }

  /* What is asked of a ticket. */
  REFUSED_ALONE(swiftcl_ticket_info_get(NULL, OUT), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_info_get(t, NULL), SWIFTCL_E_NULL, "info");
  REFUSED_ALONE(swiftcl_ticket_info_get(t, OUT_SIZED(swiftcl_ticket_info, 8)), SWIFTCL_E_STRUCT, "struct_size is 8");
  REFUSED_ALONE(swiftcl_ticket_classes(NULL, OUT, 9, OUT_TOO), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_classes(t, NULL, 9, OUT), SWIFTCL_E_NULL, "classes");
  REFUSED_ALONE(swiftcl_ticket_classes(t, OUT, 2, OUT_TOO), SWIFTCL_E_BUFFER, "at least 3");
  REFUSED_ALONE(swiftcl_ticket_winners(NULL, 0, OUT, 99, OUT_TOO), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_winners(t, 0, NULL, 99, OUT), SWIFTCL_E_NULL, "winners");
  REFUSED_ALONE(swiftcl_ticket_winners(t, 2, OUT, 99, OUT_TOO), SWIFTCL_E_ARGUMENT, "layer is 2");
  REFUSED_ALONE(swiftcl_ticket_winners(t, UINT32_MAX, OUT, 99, OUT_TOO), SWIFTCL_E_ARGUMENT, "layer");
  REFUSED_ALONE(swiftcl_ticket_winners(t, 0, OUT, 5, OUT_TOO), SWIFTCL_E_BUFFER, "at least 6");
  REFUSED_ALONE(swiftcl_ticket_scratch(NULL, 1, OUT), SWIFTCL_E_NULL, "ticket");
  REFUSED_ALONE(swiftcl_ticket_scratch(t, 1, NULL), SWIFTCL_E_NULL, "bytes");
  REFUSED_ALONE(swiftcl_ticket_scratch(t, 0, OUT), SWIFTCL_E_ARGUMENT, "rows");

  release_memory(scratch);
  for (int kind = 0; kind < 2; kind++) {
    swiftcl_ticket_free(list[kind]);
    blob_free(&blobs[kind]);
    swiftcl_network_free(nets[kind]);
  }
}

int main(void) {
  crc_setup();
  noise_state = 31;
  fill_rows(rows, labels, ROWS, INPUTS, NULL, CLASSES, 0);
  wrong_exports();
  wrong_opens();
  wrong_predictions();
  bad_tickets();
  return finish("ticket_faults");
}

/*
 * learn.c -- a device learns three people, one after the other, on its own.
 *
 *   learn windows.bin EPOCHS METHOD [>ticket.bin] ...     methods: compete, random, dense
 *
 * Windows of sensor samples come from a file (windows.py); a device would take them from its sensor.
 * `compete` and `random` keep a ticket for each person. `dense` trains one ordinary network of the
 * same width on one person after the other, and forgets. For each method: accuracy, the bytes that
 * were used, and checksums of winners and checkpoint, which are the same on every processor. The ticket of the last person may go to a file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { PEOPLE = 3, CHANNELS = 6, INPUTS = 192, WIDTH = 64, J = 4, CLASSES = 6, BATCH = 16 };
#ifndef ARENA_BYTES
#define ARENA_BYTES 234688
#endif
enum { MOST_ROWS = 255 };

/* The library's memory. Of the windows, a batch at a time is in RAM. */
static uint8_t arena[ARENA_BYTES] __attribute__((aligned(64)));
static int16_t rows[BATCH][INPUTS];
static int32_t labels[BATCH];

static struct {
  char magic[4];
  uint32_t people, inputs, classes, channels;
  float scale[CHANNELS], offset[CHANNELS];
  struct { uint32_t count[2], at[2]; } person[PEOPLE]; /* of training rows, of test rows */
} windows;
static int file;

static void fail(const char *what) {
  board_print("%s\n", what);
  board_exit(1);
}

static void open_windows(const char *name) {
  file = board_open(name);
  if (file < 0 || !board_read(file, 0, &windows, sizeof windows)) fail("no file of windows");
  if (windows.people != PEOPLE || windows.inputs != INPUTS || windows.classes != CLASSES || windows.channels != CHANNELS)
    fail("not the windows this program was made for");
}

/* Reads row `number` of a person to place `n` of the batch. */
static void read_row(int person, int test, uint32_t number, uint32_t n) {
  uint8_t label;
  uint32_t at = windows.person[person].at[test], all = windows.person[person].count[test];
  if (!board_read(file, at + number * (uint32_t)sizeof rows[0], rows[n], sizeof rows[0]) ||
      !board_read(file, at + all * (uint32_t)sizeof rows[0] + number, &label, 1))
    fail("the file of windows is cut short");
  labels[n] = label;
}

/* ------------------------------------------------------------------ checksums */

struct sum {
  uint32_t crc, bytes;
};

/* CRC-32 of zlib: the library's own files end with their CRC-32C, and would all give one number. */
static int32_t add(void *context, const void *data, size_t bytes) {
  struct sum *sum = context;
  for (size_t i = 0; i < bytes; i++) {
    sum->crc ^= ((const uint8_t *)data)[i];
    for (int bit = 0; bit < 8; bit++) sum->crc = sum->crc >> 1 ^ (sum->crc & 1 ? 0xEDB88320u : 0);
  }
  sum->bytes += (uint32_t)bytes;
  return 0;
}

/* -------------------------------------------------------------------- methods */

static swiftcl_network *create(const char *method, uint32_t epochs) {
  int dense = method[0] == 'd';
  swiftcl_network *net = NULL;
  swiftcl_layer layers[] = {
      SWIFTCL_DENSE(WIDTH, dense ? 1 : J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(WIDTH, dense ? 1 : J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(CLASSES),
  };
  swiftcl_options options;
  swiftcl_plan plan;
  CHECK(NULL, swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_channels = CHANNELS;
  options.input_scale = windows.scale;
  options.input_offset = windows.offset;
  options.max_batch = BATCH;
  options.max_tasks = PEOPLE;
  options.expected_tasks = PEOPLE;
  options.learning_rate = 0.02f;
  if (method[0] == 'r') options.sampler = SWIFTCL_SAMPLER_RANDOM;
  if (dense) {
    options.sharing = SWIFTCL_TICKETS_SHARED;
    options.protection = SWIFTCL_PROTECT_NONE;
  }
  plan.struct_size = sizeof plan;
  CHECK(NULL, swiftcl_network_plan(&options, &plan));
  board_print("%s, %u epochs: the network takes %u bytes\n", method, epochs, (uint32_t)plan.total_bytes);
  if (plan.total_bytes > sizeof arena) fail("more than the arena has");
  CHECK(NULL, swiftcl_network_create_in(&options, arena, sizeof arena, &net));
  return net;
}

/* A new order of the windows, the same on every board. */
static void shuffle(uint8_t *order, uint32_t count, uint32_t *state) {
  for (uint32_t n = count - 1; n > 0; n--) {
    *state = *state * 1664525u + 1013904223u;
    uint32_t other = (*state >> 8) % (n + 1);
    uint8_t kept = order[n];
    order[n] = order[other];
    order[other] = kept;
  }
}

static swiftcl_task learn(swiftcl_network *net, int person, uint32_t epochs) {
  uint8_t order[MOST_ROWS];
  uint32_t count = windows.person[person].count[0], state = (uint32_t)person + 1;
  swiftcl_task task;
  swiftcl_task_options options;
  if (count > MOST_ROWS) fail("more windows than there are numbers for");
  CHECK(net, swiftcl_task_options_init(&options));
  options.expected_steps = (uint64_t)epochs * ((count + BATCH - 1) / BATCH);
  CHECK(net, swiftcl_task_begin(net, &options, &task));
  for (uint32_t n = 0; n < count; n++) order[n] = (uint8_t)n;
  for (uint32_t epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, count, &state);
    for (uint32_t first = 0; first < count; first += BATCH) {
      uint32_t size = count - first < BATCH ? count - first : BATCH;
      for (uint32_t n = 0; n < size; n++) read_row(person, 0, order[first + n], n);
      CHECK(net, swiftcl_train_step(net, rows, labels, size, NULL));
    }
  }
  CHECK(net, swiftcl_task_end(net, NULL));
  return task;
}

/* Right answers in ten thousand. */
static uint32_t accuracy(swiftcl_network *net, swiftcl_task task, int person) {
  int32_t answers[BATCH];
  uint32_t all = windows.person[person].count[1], right = 0;
  for (uint32_t first = 0; first < all; first += BATCH) {
    uint32_t size = all - first < BATCH ? all - first : BATCH;
    for (uint32_t n = 0; n < size; n++) read_row(person, 1, first + n, n);
    CHECK(net, swiftcl_predict_labels(net, task, rows, size, answers, size));
    for (uint32_t n = 0; n < size; n++) right += answers[n] == labels[n];
  }
  return (right * 10000 + all / 2) / all;
}

/* Writes the ticket of a task to a file, for ticket.c; for computers, as the buffer is large. */
static void export_ticket(swiftcl_network *net, swiftcl_task task, const char *name) {
#ifdef __linux__
  static uint8_t ticket[80 * 1024] __attribute__((aligned(64)));
  size_t bytes;
  CHECK(net, swiftcl_ticket_export(net, task, ticket, sizeof ticket, &bytes));
  int out = board_create(name);
  if (out < 0 || !board_write(out, ticket, bytes)) fail("the ticket cannot be written");
  board_close(out);
#else
  (void)net, (void)task, (void)name;
#endif
}

static void run(const char *method, uint32_t epochs, const char *ticket) {
  swiftcl_network *net = create(method, epochs);
  swiftcl_task tasks[PEOPLE];
  uint32_t mean = 0;
  uint64_t peak;
  struct sum winners = {~0u, 0}, checkpoint = {~0u, 0};
  for (int p = 0; p < PEOPLE; p++) {
    tasks[p] = learn(net, p, epochs);
    board_print("  person %d: %u windows learned, %h %% right\n", p + 1, windows.person[p].count[0],
                accuracy(net, tasks[p], p));
  }
  for (int p = 0; p < PEOPLE; p++) {
    uint32_t now = accuracy(net, tasks[p], p);
    board_print("  person %d: %h %% right at the end\n", p + 1, now);
    mean += now;
    for (uint32_t l = 0; l < 2; l++) {
      int32_t won[WIDTH];
      uint32_t blocks = method[0] == 'd' ? WIDTH : WIDTH / J;
      CHECK(net, swiftcl_winners(net, tasks[p], l, won, blocks));
      add(&winners, won, blocks * sizeof won[0]);
    }
  }
  CHECK(net, swiftcl_network_save_to(net, add, &checkpoint));
  CHECK(net, swiftcl_network_memory(net, NULL, &peak));
  board_print("  accuracy %h\n  winners %x\n  checkpoint %x of %u bytes\n  arena %u\n", mean / PEOPLE, ~winners.crc,
              ~checkpoint.crc, checkpoint.bytes, (uint32_t)peak);
  if (ticket) export_ticket(net, tasks[PEOPLE - 1], ticket);
  swiftcl_network_free(net);
}

int program(void) {
  char word[64], next[64];
  uint32_t epochs = 0;
  if (!board_argument(1, word, sizeof word)) fail("learn windows.bin EPOCHS METHOD...");
  open_windows(word);
  if (board_argument(2, word, sizeof word))
    for (const char *digit = word; *digit; digit++) epochs = epochs * 10 + (uint32_t)(*digit - '0');
  for (int n = 3; board_argument(n, word, sizeof word); n++) {
    int exports = board_argument(n + 1, next, sizeof next) && next[0] == '>';
    run(word, epochs, exports ? next + 1 : NULL);
    n += exports;
  }
  board_close(file);
  board_print("stack %u of %u, data %u, RAM %u\n", board_stack_used(), board_stack_bytes(), board_data_bytes(),
              board_stack_used() + board_data_bytes());
  return 0;
}

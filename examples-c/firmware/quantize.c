/*
 * quantize.c -- on the computer: a ticket with eight-bit weights for the board.
 *
 *   quantize windows.bin ticket.bin ticket8.bin
 *
 * The training windows of person 3 set the scales, the test windows tell what is lost. ticket.c runs
 * either ticket.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { INPUTS = 192, PERSON = 2, MOST_ROWS = 255, MOST_BYTES = 80 * 1024 };

static uint8_t from[MOST_BYTES] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static uint8_t to[MOST_BYTES] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static uint8_t scratch[MOST_BYTES] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static int16_t rows[MOST_ROWS][INPUTS];
static uint8_t bytes[MOST_ROWS];
static int32_t labels[MOST_ROWS];

static void fail(const char *what) {
  board_print("%s\n", what);
  board_exit(1);
}

static int opened(int index) {
  char name[256];
  int file = board_argument(index, name, sizeof name) ? board_open(name) : -1;
  if (file < 0) fail("quantize windows.bin ticket.bin ticket8.bin: a file cannot be opened");
  return file;
}

/* Reads the person's rows, of training or of test, and returns how many there are. */
static uint32_t read_rows(int file, int test) {
  uint32_t places[4]; /* behind 20 bytes and two times six floats */
  if (!board_read(file, 20 + 48 + 16 * PERSON, places, sizeof places)) fail("no file of windows");
  uint32_t count = places[test], at = places[2 + test];
  if (count > MOST_ROWS) fail("more windows than there is room for");
  if (!board_read(file, at, rows, count * sizeof rows[0]) ||
      !board_read(file, at + count * (uint32_t)sizeof rows[0], bytes, count))
    fail("the file of windows is cut short");
  for (uint32_t n = 0; n < count; n++) labels[n] = bytes[n];
  return count;
}

int program(void) {
  char name[256];
  swiftcl_ticket *ticket, *small;
  swiftcl_comparison lost;
  size_t length, written;
  int windows = opened(1), file = opened(2), out;
  length = board_length(file);
  if (length > sizeof from || !board_read(file, 0, from, length)) fail("the ticket cannot be read");
  board_close(file);
  CHECK(NULL, swiftcl_ticket_open(from, length, NULL, &ticket));

  uint32_t count = read_rows(windows, 0);
  CHECK(NULL, swiftcl_ticket_quantize(ticket, NULL, rows, count, to, sizeof to, &written, scratch, sizeof scratch));
  CHECK(NULL, swiftcl_ticket_open(to, written, NULL, &small));

  count = read_rows(windows, 1);
  lost.struct_size = sizeof lost;
  CHECK(NULL, swiftcl_ticket_compare(ticket, small, rows, labels, count, scratch, sizeof scratch, &lost));
  board_print("ticket of %u bytes, with eight-bit weights %u\n%h %% right, before %h %%; the same label for %h %%\n",
              (uint32_t)length, (uint32_t)written, (uint32_t)(lost.accuracy * 100 + 0.5),
              (uint32_t)(lost.reference_accuracy * 100 + 0.5), (uint32_t)(lost.agreement * 100 + 0.5));
  out = board_argument(3, name, sizeof name) ? board_create(name) : -1;
  if (out < 0 || !board_write(out, to, written)) fail("the ticket cannot be written");
  board_close(out);
  board_close(windows);
  swiftcl_ticket_free(small);
  swiftcl_ticket_free(ticket);
  return 0;
}

/*
 * ticket.c -- a device that only predicts: the ticket lies in flash and is used there.
 *
 *   ticket windows.bin
 *
 * The ticket is that of person 3, made on a computer (learn.c) and linked in as constant data. RAM is
 * what its scratch takes for one row, and the row. The sum over the bits of all logits is the same on
 * every processor.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { INPUTS = 192, CLASSES = 6, PERSON = 2, TEST = 1 };
/* swiftcl_ticket_info.row_scratch_bytes; the program says so when it is another number. */
#ifndef SCRATCH_BYTES
#define SCRATCH_BYTES 896
#endif

extern const uint8_t ticket_data[], ticket_end[];
static uint8_t handle[SWIFTCL_TICKET_BYTES] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static uint8_t scratch[SCRATCH_BYTES] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static int16_t row[INPUTS];
static float logits[CLASSES];

static void fail(const char *what) {
  board_print("%s\n", what);
  board_exit(1);
}

int program(void) {
  char name[64];
  swiftcl_ticket *ticket;
  swiftcl_ticket_info info;
  uint32_t places[4], right = 0, sum = 2166136261u;
#ifdef BOARD_COUNTS
  uint32_t spent = 0;
#endif
  info.struct_size = sizeof info;
  CHECK(NULL, swiftcl_ticket_open_in(ticket_data, (size_t)(ticket_end - ticket_data), handle, sizeof handle, &ticket));
  CHECK(NULL, swiftcl_ticket_info_get(ticket, &info));
  board_print("ticket of %u bytes, scratch %u\n", (uint32_t)info.bytes, (uint32_t)info.row_scratch_bytes);
  if (info.inputs != INPUTS || info.class_count != CLASSES) fail("a ticket of another network");
  if (info.row_scratch_bytes > sizeof scratch) fail("scratch is too small for a row");

  /* The directory of windows.bin is behind 20 bytes and two times six floats. */
  int file = board_argument(1, name, sizeof name) ? board_open(name) : -1;
  if (file < 0 || !board_read(file, 20 + 48 + 16 * PERSON, places, sizeof places)) fail("no file of windows");
  uint32_t rows = places[TEST], at = places[2 + TEST];
  for (uint32_t n = 0; n < rows; n++) {
    uint8_t label;
    int best = 0;
    if (!board_read(file, at + n * (uint32_t)sizeof row, row, sizeof row) ||
        !board_read(file, at + rows * (uint32_t)sizeof row + n, &label, 1))
      fail("the file of windows is cut short");
#ifdef BOARD_COUNTS
    uint32_t before = board_count();
#endif
    CHECK(NULL, swiftcl_ticket_predict(ticket, row, 1, logits, CLASSES, scratch, sizeof scratch));
#ifdef BOARD_COUNTS
    spent += board_count() - before;
#endif
    for (int c = 0; c < CLASSES; c++) {
      uint32_t bits;
      __builtin_memcpy(&bits, &logits[c], sizeof bits);
      sum = (sum ^ bits) * 16777619u;
      if (logits[c] > logits[best]) best = c;
    }
    right += best == label;
  }
  board_print("%u windows, %h %% right\nlogits %x\n", rows, (right * 10000 + rows / 2) / rows, sum);
#ifdef BOARD_COUNTS
  board_print("%u instructions a window\n", spent / rows);
#endif
  board_close(file);
  swiftcl_ticket_free(ticket);
  board_print("stack %u of %u, data %u, RAM %u\n", board_stack_used(), board_stack_bytes(), board_data_bytes(),
              board_stack_used() + board_data_bytes());
  return 0;
}

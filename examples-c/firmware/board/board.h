/*
 * board.h -- what the programs ask of the board they run on: text out, files in, the arguments they
 * were started with, how deep the stack went, and how many instructions ran.
 *
 * Emulated boards answer by semihosting; host.c answers the same on a computer, so that one program
 * runs on both and its results can be compared bit for bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/** Prints: %s text, %d %u numbers of 32 bits, %x eight hexadecimal digits, %h hundredths ("81.25"), %%. */
void board_print(const char *format, ...);
/** Ends the program; 0 is success. */
void board_exit(int status) __attribute__((noreturn));

/** Argument number `index` from 1 on, copied; 0 if there is none. */
int board_argument(int index, char *text, size_t bytes);

/** Opens a file for reading; negative if it is not there. */
int board_open(const char *name);
/** Opens a file for writing; negative if that fails. */
int board_create(const char *name);
/** 1 if all bytes were read from `offset` on. */
int board_read(int file, uint32_t offset, void *data, size_t bytes);
/** 1 if all bytes were written behind what was written before. */
int board_write(int file, const void *data, size_t bytes);
/** Bytes of an open file. */
uint32_t board_length(int file);
void board_close(int file);

/** Bytes of stack that were ever used, by the paint that start-up left; 0 where that is not known. */
uint32_t board_stack_used(void);
/** Paints what is free of the stack anew, and returns how much is in use. */
uint32_t board_stack_paint(void);
/** Bytes of RAM the image has for data, and for the stack. */
uint32_t board_data_bytes(void);
uint32_t board_stack_bytes(void);
/** Instructions since some moment, under QEMU's -icount; 0 where nothing counts them. Differences of
    up to 2^32 are right; they are multiples of board_count_step. */
uint32_t board_count(void);

/** For text.c: puts so many characters out. */
void board_put(const char *text, size_t length);

/** A library call that must succeed: otherwise its message is printed and the program ends. */
#define CHECK(net, call)                                                                            \
  do {                                                                                              \
    if ((call) != SWIFTCL_OK) {                                                                     \
      board_print("%s\n", swiftcl_last_error(net)->message);                                        \
      board_exit(1);                                                                                \
    }                                                                                               \
  } while (0)

#endif

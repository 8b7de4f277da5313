/*
 * show.h -- what the examples share for talking to a person.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHOW_H
#define SHOW_H

#include <stddef.h>

#include "swiftcl.h"

#if defined(__GNUC__)
#define SHOW_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define SHOW_PRINTF(text, first)
#endif

/**
 * Makes a call of the library; if it fails, prints what the library has to say
 * about it and ends the program with 1. Expects the network in a variable `net`
 * (NULL as long as there is none).
 */
#define CHECK(call)                                                                             \
  do {                                                                                          \
    swiftcl_status check_status = (call);                                                       \
    if (check_status != SWIFTCL_OK) show_failure(net, check_status, #call, __FILE__, __LINE__); \
  } while (0)

void show_failure(swiftcl_network *net, swiftcl_status status, const char *call, const char *file, int line);

/** malloc, or a message and the end of the program. */
void *show_malloc(size_t bytes);
/**
 * The program's only argument, a whole number from 1 to a million; 0 if it was
 * called without. Anything else: says what the number means, and ends the program.
 */
size_t show_number(int argc, char **argv, const char *meaning);
/** Writes the path of a file for a short while: in $TMPDIR or /tmp, of this process alone. */
void show_temporary(char *path, size_t bytes, const char *name);
/** Seconds since some moment. */
double show_seconds(void);

/**
 * A line on stderr that is written over by the next one; ten a second at most,
 * and none at all when no terminal is there to show it. done of total: a bar.
 */
void show_progress(unsigned long long done, unsigned long long total, const char *format, ...) SHOW_PRINTF(3, 4);
/** Wipes that line away. Call it before printing anything else. */
void show_progress_end(void);

/** A table whose columns line up: the first to the left, the others to the right. */
struct show_table {
  size_t rows;
  char cells[32][8][32];
};

/** Adds a row, the first one is the head: a printf format with | between the cells. */
void show_row(struct show_table *table, const char *format, ...) SHOW_PRINTF(2, 3);
/** Prints the table and empties it. */
void show_print(struct show_table *table);

#endif

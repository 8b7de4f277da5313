/* show.c -- see show.h. SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "show.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void show_failure(swiftcl_network *net, swiftcl_status status, const char *call, const char *file, int line) {
  const char *name = strrchr(file, '/');
  const swiftcl_error *error = swiftcl_last_error(net);
  if (!error || error->status != status) error = swiftcl_last_error(NULL);
  show_progress_end();
  fflush(stdout);
  fprintf(stderr, "%s:%d: %s\n  %s", name ? name + 1 : file, line, call, swiftcl_status_name(status));
  if (error && error->status == status) fprintf(stderr, ": %s", error->message);
  fputc('\n', stderr);
  exit(1);
}

void *show_malloc(size_t bytes) {
  void *memory = malloc(bytes);
  if (memory) return memory;
  fprintf(stderr, "out of memory: %zu bytes\n", bytes);
  exit(1);
}

size_t show_number(int argc, char **argv, const char *meaning) {
  if (argc < 2) return 0;
  char *end = argv[1];
  unsigned long long value = argv[1][0] >= '0' && argv[1][0] <= '9' ? strtoull(argv[1], &end, 10) : 0;
  if (argc == 2 && *end == 0 && value > 0 && value <= 1000000) return (size_t)value;
  fprintf(stderr, "usage: %s [%s, 1 to 1000000]\n", argv[0], meaning);
  exit(2);
}

void show_temporary(char *path, size_t bytes, const char *name) {
  const char *folder = getenv("TMPDIR");
  snprintf(path, bytes, "%s/swiftcl-%ld-%s", folder && *folder ? folder : "/tmp", (long)getpid(), name);
}

double show_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---------------------------------------------------------------- progress */

static int progress_shown = 0;

void show_progress(unsigned long long done, unsigned long long total, const char *format, ...) {
  static double last = -1;
  static const char bar[] = "####################--------------------";
  double now = show_seconds();
  if (!isatty(2) || (now - last < 0.1 && done < total)) return;
  last = now;
  int filled = total > 0 ? (int)(20 * done / total) : 0;
  if (filled > 20) filled = 20;
  fprintf(stderr, "\r[%.20s] ", bar + 20 - filled);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputs("\033[K", stderr);
  progress_shown = 1;
}

void show_progress_end(void) {
  if (progress_shown) fputs("\r\033[K", stderr);
  progress_shown = 0;
}

/* ------------------------------------------------------------------- table */

#define ROWS (sizeof table->cells / sizeof table->cells[0])
#define COLUMNS (sizeof table->cells[0] / sizeof table->cells[0][0])
#define WIDTH (sizeof table->cells[0][0])

void show_row(struct show_table *table, const char *format, ...) {
  char line[COLUMNS * WIDTH];
  va_list arguments;
  if (table->rows == ROWS) return;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  char (*row)[WIDTH] = table->cells[table->rows++];
  memset(row, 0, sizeof table->cells[0]);
  const char *cell = line;
  for (size_t c = 0; c < COLUMNS && cell; c++) {
    const char *end = strchr(cell, '|');
    size_t length = end ? (size_t)(end - cell) : strlen(cell);
    memcpy(row[c], cell, length < WIDTH ? length : WIDTH - 1);
    cell = end ? end + 1 : NULL;
  }
}

void show_print(struct show_table *table) {
  size_t widths[COLUMNS] = {0};
  for (size_t r = 0; r < table->rows; r++)
    for (size_t c = 0; c < COLUMNS; c++)
      if (strlen(table->cells[r][c]) > widths[c]) widths[c] = strlen(table->cells[r][c]);
  for (size_t r = 0; r < table->rows; r++) {
    printf("%-*s", (int)widths[0], table->cells[r][0]);
    for (size_t c = 1; c < COLUMNS && widths[c] > 0; c++) printf("  %*s", (int)widths[c], table->cells[r][c]);
    putchar('\n');
    if (r > 0) continue;
    for (size_t c = 0; c < COLUMNS && widths[c] > 0; c++)
      for (size_t k = 0; k < widths[c] + (c > 0 ? 2 : 0); k++) putchar(c > 0 && k < 2 ? ' ' : '-');
    putchar('\n');
  }
  table->rows = 0;
}
